// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/adapt/welford.hpp"
#include "erg/detail/tree_sum.hpp"
#include "erg/exec/policies.hpp"
#include "erg/run/plan.hpp"
#include "erg/run/profile.hpp"
#include "erg/run/step_tile.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace erg {

/// The tile an energy runs in under a kernel: lanes wherever both can, else blocks.
template <class Exec, class T, class E, class Kernel = NoKernel>
using tile_for = std::conditional_t<LaneEnergy<E, lane_for<Exec, T>> && !kernel_traits<Kernel>::steps_in_blocks,
                                    LaneTile<lane_for<Exec, T>, (static_dim<E> <= detail::most_static ? static_dim<E> : dynamic)>,
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

/// What a run counts of each chain while it samples.
struct ChainTotals {
  std::vector<unsigned char> moved;
  std::vector<std::int64_t> divergent, non_finite;

  explicit ChainTotals(std::ptrdiff_t n = 0)
      : moved(static_cast<std::size_t>(n)), divergent(static_cast<std::size_t>(n)), non_finite(static_cast<std::size_t>(n)) {}
};

/// The start positions of a plan; false where it leaves them to the seed.
template <class T>
[[gnu::cold]] bool place_as_planned(const Plan& plan, const EnsembleView<T>& chains) {
  if (plan.start.empty()) return false;
  const bool same = plan.start.size() == static_cast<std::size_t>(chains.dim);
  for (int d = 0; d < chains.dim; ++d) {
    for (std::ptrdiff_t c = 0; c < chains.stride; ++c) {  // padding chains stand with the last
      const auto chain = static_cast<std::size_t>(c < plan.n_chains ? c : plan.n_chains - 1);
      const auto column = static_cast<std::size_t>(d);
      chains.position(d)[c] = static_cast<T>(same ? plan.start[column] : plan.start[chain + column * static_cast<std::size_t>(plan.n_chains)]);
    }
  }
  return true;
}

/// The engine that an execution policy runs on: this file's on the CPU; exec/cuda brings another.
template <class T, class Exec, class Kernel, class E>
class Engine;
template <class Exec>
struct EngineOf {
  template <class T, class Kernel, class E>
  using type = Engine<T, Exec, Kernel, E>;
};
template <class T, class Exec, class Kernel, class E>
using engine_for = typename EngineOf<Exec>::template type<T, Kernel, E>;

/// Steps the chains of an ensemble, tile by tile, on the workers of an execution policy.
///
/// What a run asks of any engine: place, initialise and advance the chains; the sums over chains that adaptation feeds on (accept_of_launch,
/// pool); memory for draws (reserve_draws, launch_draws, wait_for_draws); and chains and counts to look at, save and load.
template <class T, class Exec, class Kernel, class E>
class Engine {
 public:
  using Tile = tile_for<Exec, T, E, Kernel>;
  using L = typename Tile::Lane;
  using Kern = decltype(kernel_view<T>(std::declval<const Kernel&>()));
  static constexpr bool is_block = is_column<typename Tile::PerChain>;
  static constexpr bool keeps_draws_away = false;  ///< draws lie where the host reads them
  static constexpr int n_batches = 1;              ///< batches of draws under way at once
  static constexpr int parts = n_parts<Kernel>;

  Engine(const Exec& exec, const E& energy, int n_chains)
      : energy_(energy), chains_(n_chains, dim_of(energy), n_extra_columns<Tile, Kern>(dim_of(energy))), crew_(exec.n_workers()),
        slots_(static_cast<std::size_t>(crew_.n_workers())), accept_(static_cast<std::size_t>(parts * chains_.stride())),
        totals_(chains_.stride()), chains_per_block_(share_of(n_chains, exec.n_workers())) {}

  Ensemble<T>& chains() { return chains_; }
  void chains_changed() {}
  int n_workers() const { return crew_.n_workers(); }
  std::string place_name() const { return {}; }
  bool contracts() const { return erg::contracts<L>(); }

  void use(const Kernel& kernel) { kernel_.emplace(kernel_view<T>(kernel)); }

  /// Start positions: the plan's, or scaled normals at the key's address.
  [[gnu::cold]] void place(const Plan& plan, random::Key key) {
    if (place_as_planned(plan, chains_.view())) return;
    for_each_tile([&](int tile, Slot& slot) { place_tile(key, plan.start_scale, slot, chains_.view(), place_of(tile)); });
  }
  /// Evaluates energies and gradients of the positions, and lets the kernel set up what it carries.
  void initialise(random::Key key) {
    for_each_tile([&](int tile, Slot& slot) {
      std::uint64_t step = key.step();
      guarded(step, tile, [&] { initialise_tile(*kernel_, energy_, key, slot, chains_.view(), place_of(tile)); });
    });
  }
  /// The steps of a launch; those that count add to the totals.
  void advance(const Launch<T>& launch, bool counts) {
    const CountsView<T, parts> view{accept_.data(), counts ? totals_.moved.data() : nullptr, counts ? totals_.divergent.data() : nullptr,
                                    counts ? totals_.non_finite.data() : nullptr, chains_.stride(), &ledger_};
    for_each_tile([&](int tile, Slot& slot) { run_tile(launch, tile, slot, view); });
    for (int p = 0; p < parts; ++p) {
      const T* a = accept_.data() + p * chains_.stride();
      ledger_.accept[p] = tree_sum([a](std::ptrdiff_t c) { return static_cast<double>(a[c]); }, chains_.n_chains());
    }
    ledger_.close(counts);
  }

  const Ledger<parts>& ledger() { return ledger_; }
  void set_ledger(const Ledger<parts>& ledger) { ledger_ = ledger; }
  const ChainTotals& totals() { return totals_; }
  void set_totals(ChainTotals totals) { totals_ = std::move(totals); }

  /// Adds the present positions of all chains to the moments of a metric.
  void pool(adapt::Welford& moments) {
    moments.add(chains_.n_chains(), [&](auto&& f) { return tree_sum(f, chains_.n_chains()); },
                [&](int c, int d) { return chains_(c, d); });
  }

  /// Room for draws; returns how many fit in a batch.
  [[gnu::cold]] int reserve_draws(int most, bool) {
    const int columns = chains_.dim() + 1;
    if (n_draws_ == 0) {
      const auto bytes = static_cast<std::size_t>(columns) * static_cast<std::size_t>(chains_.stride()) * sizeof(T);
      n_draws_ = std::max(1, std::min(most, static_cast<int>((std::size_t{1} << 22) / bytes)));
      draws_ = Ensemble<T>(chains_.n_chains(), (columns * n_draws_ + 1) / 2, 0);
    }
    return n_draws_;
  }
  DrawBuffer<T> draws_of(int) { return {draws_.data(), chains_.stride(), chains_.dim() + 1}; }
  void send_draws(int, int) {}
  DrawBuffer<T> wait_for_draws(int batch) { return draws_of(batch); }

 private:
  using Slot = TileSlot<Kern, Tile>;

  void run_tile(const Launch<T>& launch, int tile, Slot& slot, const CountsView<T, parts>& counts) {
    const Place at = place_of(tile);
    load_tile(slot, chains_.view(), at);
    std::uint64_t step = 0;
    if constexpr (fits_registers<Slot>) {
      Slot local = slot;
      guarded(step, tile, [&]() __attribute__((always_inline)) { step_tile(*kernel_, energy_, launch, local, counts, at, step); });
      slot = local;
    } else {
      guarded(step, tile, [&]() __attribute__((always_inline)) { step_tile(*kernel_, energy_, launch, slot, counts, at, step); });
    }
    save_tile(slot, chains_.view(), at);
  }

  /// Chains that step together: in blocks as many as give every worker the same, and 32 or a multiple, for fewer would read the weights of a
  /// network in vain.
  int chains_per_tile() const {
    if constexpr (is_block) {
      return chains_per_block_;
    } else {
      return width_v<L>;
    }
  }
  static int share_of(int n_chains, int n_workers) {
    const int rounds = (n_chains + n_workers * block_capacity - 1) / (n_workers * block_capacity), n_tiles = std::max(1, rounds * n_workers);
    return ((n_chains + n_tiles - 1) / n_tiles + 31) / 32 * 32;
  }
  std::ptrdiff_t first(int tile) const { return static_cast<std::ptrdiff_t>(tile) * chains_per_tile(); }
  int n_tiles() const { return static_cast<int>((chains_.n_chains() + chains_per_tile() - 1) / chains_per_tile()); }
  Place place_of(int tile) const {
    const auto left = chains_.stride() - first(tile);
    return {first(tile), static_cast<int>(left < chains_per_tile() ? left : chains_per_tile()) / width_v<L>};
  }

  template <class F>
  void for_each_tile(F&& f) {
    crew_.launch([&](int worker) {
      const auto [begin, end] = crew_.share(n_tiles(), worker);
      for (int tile = begin; tile < end; ++tile) f(tile, slots_[static_cast<std::size_t>(worker)]);
    });
  }

  /// Runs f; an exception leaves with the step and the chains attached.
  template <class F>
  ERG_INLINE void guarded(const std::uint64_t& step, int tile, F&& f) const {
    try {
      f();
    } catch (const std::exception& e) {
      rethrow(e.what(), step, tile);
    } catch (...) {
      rethrow("not a std::exception", step, tile);
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
  Ensemble<T> chains_, draws_;
  Crew crew_;
  std::vector<Slot> slots_;
  std::optional<Kern> kernel_;  // a view of the kernel: made anew when parameters change, not at every launch
  std::vector<T> accept_;       // [part, chain]
  ChainTotals totals_;
  Ledger<parts> ledger_{};
  int chains_per_block_;
  int n_draws_ = 0;
};

}  // namespace detail
}  // namespace erg
