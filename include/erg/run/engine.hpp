// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/policies.hpp"
#include "erg/kernel/view.hpp"
#include "erg/run/plan.hpp"
#include "erg/run/profile.hpp"
#include "erg/tile/ensemble.hpp"

#include <stdexcept>

namespace erg {

/// The tile an energy runs in: lanes wherever it can be evaluated on lanes, else blocks.
template <class Exec, class T, class E>
using tile_for = std::conditional_t<LaneEnergy<E, lane_for<Exec, T>>,
                                    LaneTile<lane_for<Exec, T>, (static_dim<E> <= 128 ? static_dim<E> : dynamic)>,
                                    BlockTile<lane_for<Exec, T>>>;

/// An exception of the energy, with the place. The original is nested in it.
class EnergyError : public std::runtime_error {
 public:
  EnergyError(const std::string& what, std::uint64_t step, int chain) : std::runtime_error(what), step_(step), chain_(chain) {}
  std::uint64_t step() const { return step_; }
  int first_chain() const { return chain_; }

 private:
  std::uint64_t step_;
  int chain_;
};

namespace detail {

/// Per chain and part, what a launch adds up.
struct StepCounts {
  std::vector<double> accept;               ///< [part, chain]
  std::vector<unsigned char> moved;         ///< [part, chain]
  std::vector<std::int64_t> divergent, non_finite;  ///< [chain]
  std::vector<double> transitions;          ///< [part]
  double gradients = 0.0;                   ///< per chain

  StepCounts(int parts, std::ptrdiff_t n)
      : accept(static_cast<std::size_t>(parts * n)), moved(accept.size()), divergent(static_cast<std::size_t>(n)), non_finite(divergent.size()),
        transitions(static_cast<std::size_t>(parts)) {}
  void clear() {
    accept.assign(accept.size(), 0.0);
    moved.assign(moved.size(), 0);
    divergent.assign(divergent.size(), 0);
    non_finite.assign(non_finite.size(), 0);
    transitions.assign(transitions.size(), 0.0);
    gradients = 0.0;
  }
};

/// Draws of several steps, [draw, column, chain], columns dim positions and the energy.
template <class T>
struct DrawBuffer {
  T* data = nullptr;      ///< null: nothing is recorded
  std::ptrdiff_t stride = 0;
  int n_columns = 0;
  T* draw(int i) const { return data + static_cast<std::ptrdiff_t>(i) * n_columns * stride; }
};

/// Sums over the steps of a launch, for one part and one tile of chains, in registers.
template <class T>
struct PartSums {
  typename T::PerChain accept;
  typename T::Mask moved;
  int transitions = 0;
};

template <class L, class F>
void for_each_lane(const L& values, F&& f) {
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
ERG_INLINE auto ones(const M& mask) {
  return per_chain([](const mask_t<L>& m) __attribute__((always_inline)) { return lane::select(m, L(1.0), L(0.0)); }, mask);
}
template <class L>
ERG_INLINE bool any_of(const mask_t<L>& m, const L&) {
  return lane::any<L>(m);
}
template <class L>
bool any_of(const MaskColumn<L>& m, const Column<L>&) {
  for (int g = 0; g < m.n_groups; ++g) {
    if (lane::any<L>(m.group[g])) return true;
  }
  return false;
}
template <class X>
ERG_INLINE void set_groups(X&, int) {}
template <class L, class V>
void set_groups(Column<L, V>& c, int n) {
  c.n_groups = n;
}

/// Steps the chains of an ensemble, tile by tile, on the workers of an execution policy.
template <class T, class Exec, class Kernel, class E>
class Engine {
 public:
  using Tile = tile_for<Exec, T, E>;
  using L = typename Tile::Lane;
  using Kern = decltype(kernel_view<T>(std::declval<const Kernel&>()));
  static constexpr bool is_block = !LaneEnergy<E, L>;
  static constexpr int parts = n_parts<Kernel>;
  using Extra = typename Kern::template Extra<Tile>;

  Engine(const Exec& exec, const E& energy, int n_chains)
      : energy_(energy), dim_(dim_of(energy)), chains_(n_chains, dim_, n_extra_columns()), crew_(exec.n_workers()),
        slots_(static_cast<std::size_t>(crew_.n_workers())) {}

  Ensemble<T>& chains() { return chains_; }
  int n_workers() const { return crew_.n_workers(); }

  /// Start positions: the plan's, or scaled normals at the key's address.
  [[gnu::cold]] void place(const Plan& plan, random::Key key) {
    if (plan.start.empty()) {
      for_each_tile([&](int tile, Slot& slot) {
        set_chains(slot.state, tile);
        fill_normal(slot.state.position, key, slot.state.chains, dim_);
        scale(slot.state.position, L(plan.start_scale));
        store_columns(slot.state.position, chains_.position() + first(tile), chains_.stride());
      });
      return;
    }
    const bool same = plan.start.size() == static_cast<std::size_t>(dim_);
    for (int d = 0; d < dim_; ++d) {
      for (std::ptrdiff_t c = 0; c < chains_.stride(); ++c) {  // padding chains stand with the last
        const auto chain = static_cast<std::size_t>(c < plan.n_chains ? c : plan.n_chains - 1);
        const auto column = static_cast<std::size_t>(d);
        chains_.position(d)[c] = static_cast<T>(same ? plan.start[column] : plan.start[chain + column * static_cast<std::size_t>(plan.n_chains)]);
      }
    }
  }

  /// Evaluates energies and gradients of the positions, and lets the kernel set up what it carries.
  void initialise(const Kern& k, random::Key key) {
    for_each_tile([&](int tile, Slot& slot) {
      const int n = groups(tile);
      ChainState<Tile>& s = slot.state;
      load_columns(s.position, chains_.position() + first(tile), chains_.stride(), dim_, n);
      set_chains(s, tile);
      guarded(key, tile, [&] { s.energy = value_and_gradient(energy_, s.position, s.gradient); });
      init_extra(k, key.purpose(random::Purpose::start), s, slot.extra);
      save(slot.state, slot.extra, tile);
    });
  }

  /// n steps from key.step() on; records after every thin-th of the steps counted from `origin`.
  void advance(const Kern& k, random::Key key, int n, StepCounts& counts, const DrawBuffer<T>& draws, std::uint64_t origin, int thin) {
    for_each_tile([&](int tile, Slot& slot) { run_tile(k, key, n, tile, slot, counts, draws, origin, thin); });
  }

 private:
  struct Slot {
    ChainState<Tile> state;
    Extra extra;
    typename Kern::template Scratch<Tile> scratch;
  };

  void run_tile(const Kern& kernel, random::Key key, int n, int tile, Slot& slot, StepCounts& counts, const DrawBuffer<T>& draws,
                std::uint64_t origin, int thin) {
    load(slot.state, slot.extra, tile);
    if constexpr (in_registers) {
      Slot local = slot;
      step_tile(kernel, key, n, tile, local, counts, draws, origin, thin);
      slot = local;
    } else {
      step_tile(kernel, key, n, tile, slot, counts, draws, origin, thin);
    }
    save(slot.state, slot.extra, tile);
  }
  /// Small states live in registers over all steps of a launch. For that no address of theirs, of the energy's or of a report's
  /// may leave the loop: what is passed on from there is a copy.
  static constexpr bool in_registers = std::is_trivially_copyable_v<Slot> && sizeof(Slot) <= 4096;
  template <class X>
  using Here = std::conditional_t<std::is_trivially_copyable_v<X> && sizeof(X) <= 4096, const X, const X&>;

  ERG_INLINE void step_tile(const Kern& kernel, random::Key key, int n, int tile, Slot& slot, StepCounts& counts, const DrawBuffer<T>& draws,
                            std::uint64_t origin, int thin) {
    using traits = kernel_traits<Kern>;
    Here<E> energy = energy_;
    Here<Kern> moves = kernel;
    PartSums<Tile> sums[parts];
    for (auto& sum : sums) {
      sum.accept = per_chain([](const L&) __attribute__((always_inline)) { return L(0.0); }, slot.state.energy);
      sum.moved = per_chain([](const L& z) __attribute__((always_inline)) { return z < L(0.0); }, sum.accept);
      sum.transitions = 0;
    }
    int gradients = 0;
    std::uint64_t at = key.step();
    int until_draw = draws.data == nullptr ? 0 : thin - static_cast<int>((at - origin) % static_cast<std::uint64_t>(thin));
    int draw = 0;
    // A kernel that can draws the noise of the next step beside the gradient of this one: the same numbers, sooner.
    constexpr bool draws_ahead = requires { moves.template draw_ahead<Tile>(key, slot.state, slot.scratch); };
    if constexpr (draws_ahead) moves.template draw_ahead<Tile>(key, slot.state, slot.scratch);
    const auto step = [&]() __attribute__((always_inline)) {
      if constexpr (draws_ahead) {
        return moves.step_ahead(energy, slot.state, slot.extra, slot.scratch, [&]() __attribute__((always_inline)) {
          moves.template draw_ahead<Tile>(key.at(at + 1), slot.state, slot.scratch);
        });
      } else {
        return moves.step(key.at(at), energy, slot.state, slot.extra, slot.scratch);
      }
    };
    const auto body = [&]() __attribute__((always_inline)) {
      for (int i = 0; i < n; ++i, ++at) {
        const auto info = step();
        refresh<traits::leaves, traits::needs>(energy, slot.state);
        for_each_info(info, [&](const StepInfo<Tile>& part, int p) __attribute__((always_inline)) {
          gradients += part.n_gradients;
          if (part.n_steps == 0) return;
          sums[p].transitions += part.n_steps;
          sums[p].accept = sums[p].accept + part.accept_prob;
          sums[p].moved = sums[p].moved || part.accepted;
          if (any_of(part.diverged || part.non_finite, part.accept_prob)) [[unlikely]] {
            add_flags(typename Tile::Mask(part.diverged), counts.divergent, tile);
            add_flags(typename Tile::Mask(part.non_finite), counts.non_finite, tile);
          }
        });
        if (--until_draw == 0) {
          until_draw = thin;
          if constexpr (in_registers) {
            record(ChainState<Tile>(slot.state), draws.draw(draw++), draws.stride, tile);
          } else {
            record(slot.state, draws.draw(draw++), draws.stride, tile);
          }
        }
      }
    };
    guarded(key, tile, body, &at);
    for (int p = 0; p < parts; ++p) {
      const auto offset = static_cast<std::size_t>(p * chains_.stride() + first(tile));
      const auto accept = sums[p].accept;
      for_each_lane(accept, [&](int c, T v) { counts.accept[offset + static_cast<std::size_t>(c)] += static_cast<double>(v); });
      for_each_lane(ones<L>(sums[p].moved), [&](int c, T v) { counts.moved[offset + static_cast<std::size_t>(c)] |= v != T(0); });
      if (tile == 0) counts.transitions[static_cast<std::size_t>(p)] += sums[p].transitions;
    }
    if (tile == 0) counts.gradients += gradients;
  }

  [[gnu::noinline]] void record(const ChainState<Tile>& s, T* out, std::ptrdiff_t stride, int tile) const {
    store_columns(s.position, out + first(tile), stride);
    if constexpr (holds(kernel_traits<Kern>::leaves, Cache::energy)) {
      store_column(s.energy, out + first(tile) + dim_ * stride);
    } else {
      store_column(value(energy_, s.position), out + first(tile) + dim_ * stride);
    }
  }
  [[gnu::noinline, gnu::cold]] void add_flags(const typename Tile::Mask& mask, std::vector<std::int64_t>& to, int tile) const {
    for_each_lane(ones<L>(mask), [&](int c, T v) { to[static_cast<std::size_t>(first(tile) + c)] += v != T(0); });
  }

  static constexpr int chains_per_tile() { return is_block ? block_capacity : width_v<L>; }
  std::ptrdiff_t first(int tile) const { return static_cast<std::ptrdiff_t>(tile) * chains_per_tile(); }
  int n_tiles() const { return static_cast<int>((chains_.n_chains() + chains_per_tile() - 1) / chains_per_tile()); }
  int groups(int tile) const {
    const auto left = (chains_.stride() - first(tile)) / width_v<L>;
    return static_cast<int>(left < block_capacity / width_v<L> ? left : block_capacity / width_v<L>);
  }

  template <class F>
  void for_each_tile(F&& f) {
    crew_.launch([&](int worker) {
      const auto [begin, end] = crew_.share(n_tiles(), worker);
      for (int tile = begin; tile < end; ++tile) f(tile, slots_[static_cast<std::size_t>(worker)]);
    });
  }
  void set_chains(ChainState<Tile>& s, int tile) const {
    const auto chain = static_cast<std::uint32_t>(first(tile));
    if constexpr (is_block) {
      s.chains.first = chain;
      s.chains.n_groups = groups(tile);
    } else {
      s.chains.id = lane_ops<L>::iota(static_cast<typename lane_traits<scalar_t<L>>::Bits>(chain));
    }
  }
  void load(ChainState<Tile>& s, Extra& x, int tile) {
    const int n = groups(tile);
    const auto at = first(tile);
    set_chains(s, tile);
    load_columns(s.position, chains_.position() + at, chains_.stride(), dim_, n);
    load_columns(s.gradient, chains_.gradient() + at, chains_.stride(), dim_, n);
    load_column(s.energy, chains_.energy() + at, n);
    int column = 0;
    std::apply([&](auto&... field) { (load_field(field, column, tile), ...); }, x.fields());
  }
  void save(ChainState<Tile>& s, Extra& x, int tile) {
    const auto at = first(tile);
    store_columns(s.position, chains_.position() + at, chains_.stride());
    store_columns(s.gradient, chains_.gradient() + at, chains_.stride());
    store_column(s.energy, chains_.energy() + at);
    int column = 0;
    std::apply([&](auto&... field) { (save_field(field, column, tile), ...); }, x.fields());
  }
  template <class Field>
  void load_field(Field& field, int& column, int tile) {
    T* p = chains_.extra(column) + first(tile);
    if constexpr (std::is_same_v<Field, typename Tile::Position>) {
      load_columns(field, p, chains_.stride(), dim_, groups(tile));
      column += dim_;
    } else {
      load_column(field, p, groups(tile));
      column += 1;
    }
  }
  template <class Field>
  void save_field(Field& field, int& column, int tile) {
    T* p = chains_.extra(column) + first(tile);
    if constexpr (std::is_same_v<Field, typename Tile::Position>) {
      store_columns(field, p, chains_.stride());
      column += dim_;
    } else {
      store_column(field, p);
      column += 1;
    }
  }
  int n_extra_columns() const {
    Extra x;
    int columns = 0;
    const auto count = [&]<class Field>(Field&) { columns += std::is_same_v<Field, typename Tile::Position> ? dim_ : 1; };
    std::apply([&](auto&... field) { (count(field), ...); }, x.fields());
    return columns;
  }

  /// Runs f; an exception leaves with the step and the chains attached.
  template <class F>
  ERG_INLINE void guarded(random::Key key, int tile, F&& f, const std::uint64_t* at = nullptr) const {
    try {
      f();
    } catch (const std::exception& e) {
      rethrow(e.what(), at == nullptr ? key.step() : *at, tile);
    } catch (...) {
      rethrow("not a std::exception", at == nullptr ? key.step() : *at, tile);
    }
  }
  [[noreturn, gnu::cold]] void rethrow(const std::string& what, std::uint64_t step, int tile) const {
    const auto last = first(tile) + chains_per_tile() < chains_.n_chains() ? first(tile) + chains_per_tile() : chains_.n_chains();
    const std::string where = last - first(tile) == 1 ? "chain " + std::to_string(first(tile))
                                                      : "one of chains " + std::to_string(first(tile)) + " to " + std::to_string(last - 1);
    std::throw_with_nested(EnergyError("the energy threw at step " + std::to_string(step) + ", " + where + ": " + what, step,
                                       static_cast<int>(first(tile))));
  }

  const E& energy_;
  int dim_;
  Ensemble<T> chains_;
  Crew crew_;
  std::vector<Slot> slots_;
};

}  // namespace detail
}  // namespace erg
