// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/view.hpp"
#include "erg/tile/ensemble.hpp"

/// What a run does with one tile of chains: the same functions for a group of SIMD lanes, a block and the one chain of a CUDA thread.
/// They see plain views of memory, throw nothing themselves and reach for nothing else.
namespace erg::detail {

/// Sums over the steps of a launch, and of all launches that count.
template <int parts>
struct Ledger {
  double accept[parts];              ///< of the last launch, over chains and transitions
  double accept_total[parts];        ///< of the launches that count
  double transitions_total[parts];   ///< of one chain
  double gradients_total;            ///< of one chain, whether or not the launch counts
  double transitions[parts];         ///< of the last launch, of one chain
  double gradients;

  /// After the last launch, whose `accept` is summed over chains.
  ERG_FN void close(bool counts) {
    gradients_total += gradients;
    for (int p = 0; p < parts && counts; ++p) {
      accept_total[p] += accept[p];
      transitions_total[p] += transitions[p];
    }
  }
};

/// Per chain, what a launch leaves.
template <class T, int parts>
struct CountsView {
  T* accept = nullptr;                  ///< [part, chain], of the launch
  unsigned char* moved = nullptr;       ///< [chain], whether it ever did; null, like the next two, where the launch does not count
  std::int64_t* divergent = nullptr;    ///< [chain]
  std::int64_t* non_finite = nullptr;   ///< [chain]
  std::ptrdiff_t stride = 0;
  Ledger<parts>* ledger = nullptr;
};

/// Draws of several steps, [draw, column, chain], columns dim positions and the energy.
template <class T>
struct DrawBuffer {
  T* data = nullptr;      ///< null: nothing is recorded
  std::ptrdiff_t stride = 0;
  int n_columns = 0;
  ERG_FN T* draw(int i) const { return data + static_cast<std::ptrdiff_t>(i) * n_columns * stride; }
};

/// Steps to do: n from key.step() on; every thin-th, counted from `origin`, is recorded.
template <class T>
struct Launch {
  random::Key key;
  int n = 0;
  DrawBuffer<T> draws{};
  std::uint64_t origin = 0;
  int thin = 1;
};

/// Where a tile is: its first chain and, of a block, how many lanes it holds.
struct Place {
  std::ptrdiff_t first = 0;
  int n_groups = 1;
};

/// Sums over the steps of a launch, for one part and one tile of chains, in registers.
template <class T>
struct PartSums {
  typename T::PerChain accept;
  typename T::Mask moved;
  int transitions = 0;
};

/// All that a tile needs while it is stepped.
template <class Kernel, class T>
struct TileSlot {
  ChainState<T> state;
  typename Kernel::template Extra<T> extra;
  typename Kernel::template Scratch<T> scratch;
};

template <class L, class F>
ERG_FN void for_each_lane(const L& values, F&& f) {
  alignas(64) scalar_t<L> v[static_cast<std::size_t>(width_v<L>)];
  lane::store(v, values);
  for (int i = 0; i < width_v<L>; ++i) f(i, v[i]);
}
template <class L, class F>
void for_each_lane(const Column<L>& values, F&& f) {
  for (int g = 0; g < values.n_groups; ++g) {
    for_each_lane(values.group[g], [&](int i, auto v) { f(g * width_v<L> + i, v); });
  }
}
template <class L, class M>
ERG_FN ERG_INLINE auto ones(const M& mask) {
  return per_chain([](const mask_t<L>& m) __attribute__((always_inline)) { return lane::select(m, L(1.0), L(0.0)); }, mask);
}
template <class L>
ERG_FN ERG_INLINE bool any_of(const mask_t<L>& m, const L&) {
  return lane::any<L>(m);
}
template <class L>
bool any_of(const MaskColumn<L>& m, const Column<L>&) {
  for (int g = 0; g < m.n_groups; ++g) {
    if (lane::any<L>(m.group[g])) return true;
  }
  return false;
}

// ---- between the ensemble and a tile --------------------------------------------------------------------------------------

template <class L, int D>
ERG_FN ERG_INLINE void set_chains(ChainState<LaneTile<L, D>>& s, const Place& at) {
  s.chains.id = lane_ops<L>::iota(static_cast<typename lane_traits<scalar_t<L>>::Bits>(at.first));
}
template <class L>
void set_chains(ChainState<BlockTile<L>>& s, const Place& at) {
  s.chains.first = static_cast<std::uint32_t>(at.first);
  s.chains.n_groups = at.n_groups;
}

/// f(field, memory) on everything that a kernel carries, in order.
template <class Tile, class T, class X, class F>
ERG_FN ERG_INLINE void for_extra_columns(X& extra, const EnsembleView<T>& chains, const Place& at, F&& f) {
  int column = 0;
  for_each_field(extra, [&](auto& field) {
    f(field, chains.extra(column) + at.first);
    column += std::is_same_v<std::remove_cvref_t<decltype(field)>, typename Tile::Position> ? chains.dim : 1;
  });
}
template <class Tile, class Kernel>
ERG_FN int n_extra_columns(int dim) {
  typename Kernel::template Extra<Tile> x;
  int columns = 0;
  for_each_field(x, [&](auto& field) {
    columns += std::is_same_v<std::remove_cvref_t<decltype(field)>, typename Tile::Position> ? dim : 1;
  });
  return columns;
}
template <class Kernel, class Tile, class T>
ERG_FN ERG_INLINE void load_tile(TileSlot<Kernel, Tile>& slot, const EnsembleView<T>& chains, const Place& at) {
  ChainState<Tile>& s = slot.state;
  set_chains(s, at);
  load_columns(s.position, chains.position() + at.first, chains.stride, chains.dim, at.n_groups);
  load_columns(s.gradient, chains.gradient() + at.first, chains.stride, chains.dim, at.n_groups);
  load_column(s.energy, chains.energy() + at.first, at.n_groups);
  for_extra_columns<Tile>(slot.extra, chains, at, [&](auto& field, const T* p) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, typename Tile::Position>) {
      load_columns(field, p, chains.stride, chains.dim, at.n_groups);
    } else {
      load_column(field, p, at.n_groups);
    }
  });
}
template <class Kernel, class Tile, class T>
ERG_FN ERG_INLINE void save_tile(TileSlot<Kernel, Tile>& slot, const EnsembleView<T>& chains, const Place& at) {
  ChainState<Tile>& s = slot.state;
  store_columns(s.position, chains.position() + at.first, chains.stride);
  store_columns(s.gradient, chains.gradient() + at.first, chains.stride);
  store_column(s.energy, chains.energy() + at.first);
  for_extra_columns<Tile>(slot.extra, chains, at, [&](auto& field, T* p) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field)>, typename Tile::Position>) {
      store_columns(field, p, chains.stride);
    } else {
      store_column(field, p);
    }
  });
}

// ---- the three things done to a tile --------------------------------------------------------------------------------------

/// Start positions: normals at the key's address, scaled.
template <class Kernel, class Tile, class T>
ERG_FN void place_tile(random::Key key, double scale_by, TileSlot<Kernel, Tile>& slot, const EnsembleView<T>& chains, const Place& at) {
  ChainState<Tile>& s = slot.state;
  set_chains(s, at);
  fill_normal(s.position, key, s.chains, chains.dim);
  scale(s.position, typename Tile::Lane(scale_by));
  store_columns(s.position, chains.position() + at.first, chains.stride);
}

/// Energies and gradients at the start positions, and what the kernel sets up there.
template <class Kernel, class E, class Tile, class T>
ERG_FN void initialise_tile(const Kernel& kernel, const E& energy, random::Key key, TileSlot<Kernel, Tile>& slot,
                            const EnsembleView<T>& chains, const Place& at) {
  ChainState<Tile>& s = slot.state;
  load_columns(s.position, chains.position() + at.first, chains.stride, chains.dim, at.n_groups);
  set_chains(s, at);
  s.energy = value_and_gradient(energy, s.position, s.gradient);
  init_extra(kernel, key.purpose(random::Purpose::start), s, slot.extra);
  save_tile(slot, chains, at);
}

/// Small states live in registers over all steps of a launch. For that no address of theirs, of the energy's or of a report's
/// may leave the loop: what is passed on from there is a copy.
template <class X>
inline constexpr bool fits_registers = std::is_trivially_copyable_v<X> && sizeof(X) <= 4096;
template <class X>
using Here = std::conditional_t<fits_registers<X> && !is_device_pass, const X, const X&>;  // a kernel argument is near enough

template <class Kernel, class E, class Tile, class T>
ERG_FN [[gnu::noinline]] void record_tile(const E& energy, const ChainState<Tile>& s, T* out, std::ptrdiff_t stride) {
  store_columns(s.position, out, stride);
  if constexpr (holds(kernel_traits<Kernel>::leaves, Cache::energy)) {
    store_column(s.energy, out + s.position.size() * stride);
  } else {
    store_column(value(energy, s.position), out + s.position.size() * stride);
  }
}
template <class L, class M>
ERG_FN [[gnu::noinline, gnu::cold]] void add_flags(const M& mask, std::int64_t* to) {
  if (to == nullptr) return;
  for_each_lane(ones<L>(mask), [&](int c, auto v) { to[c] += v != decltype(v)(0); });
}

/// The steps of a launch. `at_step` is the step under way, for whoever has to say where something was thrown.
template <class Kernel, class E, class Tile, class T, int parts>
ERG_FN ERG_INLINE void step_tile(const Kernel& kernel, const E& u, const Launch<T>& launch, TileSlot<Kernel, Tile>& slot,
                                 const CountsView<T, parts>& counts, const Place& at, std::uint64_t& at_step) {
  using traits = kernel_traits<Kernel>;
  using L = typename Tile::Lane;
  Here<E> energy = u;
  Here<Kernel> moves = kernel;
  PartSums<Tile> sums[parts];
  for (auto& sum : sums) {
    sum.accept = per_chain([](const L&) __attribute__((always_inline)) { return L(0.0); }, slot.state.energy);
    sum.moved = per_chain([](const L& z) __attribute__((always_inline)) { return z < L(0.0); }, sum.accept);
    sum.transitions = 0;
  }
  int gradients = 0;
  const random::Key key = launch.key;
  const DrawBuffer<T> draws = launch.draws;
  const int thin = launch.thin;
  std::uint64_t now = key.step();
  at_step = now;
  int until_draw = draws.data == nullptr ? 0 : thin - static_cast<int>((now - launch.origin) % static_cast<std::uint64_t>(thin));
  int draw = 0;
  // A kernel that can draws the noise of the next step beside the gradient of this one: the same numbers, sooner.
  constexpr bool draws_ahead = requires { moves.template draw_ahead<Tile>(key, slot.state, slot.scratch); };
  if constexpr (draws_ahead) moves.template draw_ahead<Tile>(key, slot.state, slot.scratch);
  const auto step = [&]() __attribute__((always_inline)) {
    if constexpr (draws_ahead) {
      return moves.step_ahead(energy, slot.state, slot.extra, slot.scratch, [&]() __attribute__((always_inline)) {
        moves.template draw_ahead<Tile>(key.at(now + 1), slot.state, slot.scratch);
      });
    } else {
      return moves.step(key.at(now), energy, slot.state, slot.extra, slot.scratch);
    }
  };
  for (int i = 0; i < launch.n; ++i, ++now, at_step = now) {
    const auto info = step();
    refresh<traits::leaves, traits::needs>(energy, slot.state);
    for_each_info(info, [&](const StepInfo<Tile>& part, int p) __attribute__((always_inline)) {
      gradients += part.n_gradients;
      if (part.n_steps == 0) return;
      sums[p].transitions += part.n_steps;
      sums[p].accept = sums[p].accept + part.accept_prob;
      sums[p].moved = sums[p].moved || part.accepted;
      if (any_of(part.diverged || part.non_finite, part.accept_prob)) [[unlikely]] {
        if (counts.divergent != nullptr) {
          add_flags<L>(typename Tile::Mask(part.diverged), counts.divergent + at.first);
          add_flags<L>(typename Tile::Mask(part.non_finite), counts.non_finite + at.first);
        }
      }
    });
    if (--until_draw == 0) {
      until_draw = thin;
      if constexpr (fits_registers<TileSlot<Kernel, Tile>>) {
        record_tile<Kernel>(energy, ChainState<Tile>(slot.state), draws.draw(draw++) + at.first, draws.stride);
      } else {
        record_tile<Kernel>(energy, slot.state, draws.draw(draw++) + at.first, draws.stride);
      }
    }
  }
  for (int p = 0; p < parts; ++p) {
    T* accept = counts.accept + p * counts.stride + at.first;
    for_each_lane(sums[p].accept, [&](int c, T v) { accept[c] = v; });
    if (counts.moved != nullptr) {
      unsigned char* moved = counts.moved + at.first;
      for_each_lane(ones<L>(sums[p].moved), [&](int c, T v) { moved[c] = static_cast<unsigned char>(moved[c] | (v != T(0))); });
    }
    if (at.first == 0) counts.ledger->transitions[p] = sums[p].transitions;
  }
  if (at.first == 0) counts.ledger->gradients = gradients;
}

}  // namespace erg::detail
