// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/data.hpp"
#include "erg/exec/cuda/copy.hpp"
#include "erg/exec/cuda/machine.hpp"
#include "erg/run/device_sums.hpp"
#include "erg/run/device_threads.hpp"
#include "erg/run/engine.hpp"
#include "erg/run/moments_window.hpp"

namespace erg::detail {

/// Steps the chains of a run on a machine of its own: one chain a thread, many steps a launch, everything that is per chain in the memory
/// of the device. What comes to the host: a few sums a launch while parameters adapt, draws where a sink asks for them, and at the end
/// what the report counts. Interface: see Engine.
template <class T, class Exec, class Kernel, class E>
class DeviceEngine {
 public:
  using Machine = machine_for<Exec>;
  using Tile = thread_tile<T, E>;
  using Kern = decltype(kernel_view<T>(std::declval<const Kernel&>()));
  static constexpr bool keeps_draws_away = true;
  static constexpr int n_batches = 2;
  static constexpr int parts = n_parts<Kernel>;

  DeviceEngine(const Exec& exec, const E& energy, int n_chains)
      : machine_(exec), energy_(energy), mirror_(n_chains, dim_of(energy), n_extra_columns<Tile, Kern>(dim_of(energy))),
        chains_(machine_, mirror_.bytes() / sizeof(T), "the chains"), accept_(machine_, parts * padded(), "counts"),
        moved_(machine_, padded(), "counts"), divergent_(machine_, padded(), "counts"), non_finite_(machine_, padded(), "counts"),
        books_(machine_, 1, "counts"), strands_(machine_, n_chains > tree_width ? rows_at_once * tree_width : 0, "sums over chains"),
        necks_(machine_, rows_at_once * tree_neck, "sums over chains"),
        mean_(machine_, static_cast<std::size_t>(mirror_.dim()), "sums over chains"),
        row_sums_(machine_, rows_at_once, "sums over chains"), totals_(mirror_.stride()), energy_copies_(machine_), kernel_copies_(machine_),
        energy_there_(energy_copies_.copy(energy)) {}
  DeviceEngine(const DeviceEngine&) = delete;
  DeviceEngine& operator=(const DeviceEngine&) = delete;
  ~DeviceEngine() {
    machine_.synchronize();
    for (void* p : pinned_) {
      if (p != nullptr) machine_.release_pinned(p);
    }
  }

  Machine& machine() { return machine_; }
  int n_workers() const { return static_cast<int>(arena_.n_threads > 0 ? arena_.n_threads : mirror_.n_chains()); }
  std::string place_name() const { return ", a thread of " + machine_.name(); }
  bool contracts() {
    machine_.launch(LookForContraction<T>{row_sums_.data()}, 1);
    double found = 0.0;
    row_sums_.download(&found, 1);
    return found != 0.0 || erg::contracts<Pack<T>>();
  }

  void use(const Kernel& kernel) {
    if constexpr (Tile::dim == dynamic) {
      if (arena_.n_threads == 0) make_arena(kernel);
    }
    kernel_copies_.restart();
    const Kern view = kernel_view<T>(
        kernel, [this](const auto* p, std::size_t n) { return static_cast<decltype(p)>(kernel_copies_.place(p, n * sizeof *p)); });
    kernel_there_ = kernel_copies_.copy(view);
  }

  [[gnu::cold]] void place(const Plan& plan, random::Key key) {
    if (place_as_planned(plan, mirror_.view())) {
      chains_changed();
      return;
    }
    launch_chains(PlaceChains<T, Kern, Tile>{arena_, view(), mirror_.n_chains(), key, plan.start_scale});
    is_fresh_ = false;
  }
  void initialise(random::Key key) {
    launch_chains(InitialiseChains<T, Kern, Tile, E>{kernel_there_, energy_there_, arena_, view(), mirror_.n_chains(), key});
    is_fresh_ = false;
  }
  void advance(const Launch<T>& launch, bool counts) {
    const CountsView<T, parts> per_chain{accept_.data(), counts ? moved_.data() : nullptr, counts ? divergent_.data() : nullptr,
                                         counts ? non_finite_.data() : nullptr, mirror_.stride(), books_.data()};
    launch_chains(StepChains<T, Kern, Tile, E, parts>{kernel_there_, energy_there_, arena_, view(), mirror_.n_chains(), launch, per_chain});
    sum_on_device(machine_, AcceptTerms<T>{accept_.data(), mirror_.stride()}, mirror_.n_chains(), parts, strands_.data(), necks_.data(),
                  [&](const auto& terms, std::ptrdiff_t n) {
                    machine_.launch(CloseLaunch<std::decay_t<decltype(terms)>, parts>{terms, n, books_.data(), counts}, 1);
                  });
    is_fresh_ = books_are_fresh_ = false;
  }

  /// What follows comes from the device where the host's copy is old.
  const Ledger<parts>& ledger() {
    if (!std::exchange(books_are_fresh_, true)) books_.download(&ledger_, 1);
    return ledger_;
  }
  void set_ledger(const Ledger<parts>& ledger) {
    ledger_ = ledger;
    books_.upload(&ledger_, 1);
    books_are_fresh_ = true;
  }
  const ChainTotals& totals() {
    moved_.download(totals_.moved.data(), padded());
    divergent_.download(totals_.divergent.data(), padded());
    non_finite_.download(totals_.non_finite.data(), padded());
    return totals_;
  }
  void set_totals(ChainTotals totals) {
    totals_ = std::move(totals);
    moved_.upload(totals_.moved.data(), padded());
    divergent_.upload(totals_.divergent.data(), padded());
    non_finite_.upload(totals_.non_finite.data(), padded());
  }
  Ensemble<T>& chains() {
    if (!std::exchange(is_fresh_, true)) chains_.download(mirror_.data(), chains_.size());
    return mirror_;
  }
  /// After the host wrote to chains().
  void chains_changed() {
    chains_.upload(mirror_.data(), chains_.size());
    is_fresh_ = true;
  }

  void pool(adapt::Welford& moments) {
    const int dim = mirror_.dim(), n = mirror_.n_chains();
    std::vector<double> mean(static_cast<std::size_t>(dim));
    sum_rows(dim, mean.data(), [&](int first) { return PositionTerms<T>{view(), first}; });
    for (double& m : mean) m /= n;
    mean_.upload(mean.data(), mean.size());
    if (!moments.is_dense()) {
      std::vector<double> sum(mean.size());
      sum_rows(dim, sum.data(), [&](int first) { return DeviationTerms<T>{view(), mean_.data(), nullptr, first}; });
      moments.merge(n, mean, sum);
      return;
    }
    reserve_pool(true);
    std::vector<double> triangle(pairs_.size() / 2), sum(mean.size() * mean.size());
    sum_rows(static_cast<int>(triangle.size()), triangle.data(),
             [&](int first) { return DeviationTerms<T>{view(), mean_.data(), pairs_.data(), first}; });
    std::size_t k = 0;
    for (int i = 0; i < dim; ++i) {
      for (int j = 0; j <= i; ++j) sum[static_cast<std::size_t>(i * dim + j)] = triangle[k++];
    }
    moments.merge(n, mean, sum);
  }

  /// Room for two batches of draws on the device and on the host: one is copied while the next is made.
  [[gnu::cold]] int reserve_draws(int most, bool for_host) {
    if (n_draws_ == 0) {
      const std::size_t bytes = bytes_of_draw();
      n_draws_ = std::max(1, std::min(most, static_cast<int>(most_batch_bytes / bytes)));
      for (auto& d : draws_) d = Buffer<T, Machine>(machine_, static_cast<std::size_t>(n_draws_) * bytes / sizeof(T), "draws");
    }
    for (void*& p : pinned_) {
      if (for_host && p == nullptr) p = machine_.allocate_pinned(static_cast<std::size_t>(n_draws_) * bytes_of_draw());
    }
    return n_draws_;
  }
  DrawBuffer<T> draws_of(int batch) {
    machine_.hold_for(batch % n_batches);
    return {draws_[batch % n_batches].data(), mirror_.stride(), mirror_.dim() + 1};
  }
  void send_draws(int batch, int n) {
    const int slot = batch % n_batches;
    machine_.send(slot, pinned_[slot], draws_[slot].data(), static_cast<std::size_t>(n) * bytes_of_draw());
  }
  DrawBuffer<T> wait_for_draws(int batch) {
    machine_.wait_for(batch % n_batches);
    return {static_cast<T*>(pinned_[batch % n_batches]), mirror_.stride(), mirror_.dim() + 1};
  }

  /// Room for the moments of the sink of that number.
  [[gnu::cold]] void reserve_moments(std::size_t sink) {
    const auto size = static_cast<std::size_t>(mirror_.dim()) * static_cast<std::size_t>(mirror_.n_chains());
    while (sink >= moments_.size()) moments_.emplace_back();
    Moments& m = moments_[sink];
    if (m.mean.size() == size) return;
    m.mean = Buffer<double, Machine>(machine_, size, "moments");
    m.sum = Buffer<double, Machine>(machine_, size, "moments");
  }
  /// Room for what pools positions.
  [[gnu::cold]] void reserve_pool(bool is_dense) {
    if (is_dense && pairs_.size() == 0) make_pairs();
  }
  /// Adds draws [first, first + n) of a batch to the window of the sink of that number, on the device.
  void add_draws(std::size_t sink, const MomentsWindow& window, const DrawBuffer<T>& draws, int first, int n) {
    if (window.mean == nullptr) return;
    reserve_moments(sink);
    Moments& m = moments_[sink];
    const std::size_t size = m.mean.size();
    if (m.host != window.mean || m.count != window.count) {  // a new window, or one that a checkpoint brought
      m.mean.upload(window.mean, size);
      m.sum.upload(window.sum, size);
    }
    MomentsWindow there = window;
    there.mean = m.mean.data();
    there.sum = m.sum.data();
    machine_.launch(AddToMoments<T>{draws.draw(first), draws.stride, draws.n_columns, n, there}, static_cast<std::ptrdiff_t>(size));
    m.host = window.mean;
    m.count = window.count + n;
  }
  /// Brings what was added to a window to the host.
  void fetch_moments(std::size_t sink, const MomentsWindow& window) {
    if (window.mean == nullptr || sink >= moments_.size() || moments_[sink].host != window.mean) return;
    moments_[sink].mean.download(window.mean, moments_[sink].mean.size());
    moments_[sink].sum.download(window.sum, moments_[sink].sum.size());
  }

 private:
  struct Moments {
    Buffer<double, Machine> mean, sum;
    const double* host = nullptr;
    int count = 0;
  };
  static constexpr int rows_at_once = 64;
  static constexpr std::size_t most_batch_bytes = std::size_t{1} << 25, most_arena_bytes = std::size_t{1} << 30;
  static_assert(parts <= rows_at_once, "erg: a kernel for a GPU has at most 64 parts.");

  EnsembleView<T> view() const { return {chains_.data(), mirror_.stride(), mirror_.dim()}; }
  std::size_t padded() const { return static_cast<std::size_t>(mirror_.stride()); }
  std::size_t bytes_of_draw() const { return static_cast<std::size_t>(mirror_.dim() + 1) * padded() * sizeof(T); }
  template <class F>
  void launch_chains(const F& f) {
    machine_.launch(f, arena_.n_threads > 0 ? arena_.n_threads : mirror_.n_chains());
  }

  /// Sums over chains of some rows of terms, in rounds; terms_from(first) are those of row `first` on.
  template <class TermsFrom>
  void sum_rows(int rows, double* sums, TermsFrom&& terms_from) {
    for (int first = 0; first < rows; first += rows_at_once) {
      const int here = std::min(rows - first, rows_at_once);
      sum_on_device(machine_, terms_from(first), mirror_.n_chains(), here, strands_.data(), necks_.data(),
                    [&](const auto& terms, std::ptrdiff_t n) {
                      machine_.launch(SumLevel<std::decay_t<decltype(terms)>>{terms, n, here, 1, row_sums_.data()}, here);
                    });
      row_sums_.download(sums + first, static_cast<std::size_t>(here));
    }
  }
  [[gnu::cold]] void make_pairs() {
    std::vector<int> pairs;
    for (int i = 0; i < mirror_.dim(); ++i) {
      for (int j = 0; j <= i; ++j) pairs.push_back(i), pairs.push_back(j);
    }
    pairs_ = Buffer<int, Machine>(machine_, pairs.size(), "sums over chains");
    pairs_.upload(pairs.data(), pairs.size());
  }

  /// What a thread takes of its arena: the state, all of it, and what a step of each part takes and gives back, measured on the host.
  [[gnu::cold]] void make_arena(const Kernel& kernel) {
    using Position = typename Tile::Position;
    const int dim = mirror_.dim();
    const std::uint32_t position = (static_cast<std::uint32_t>(dim) * static_cast<std::uint32_t>(sizeof(T)) + 7u) & ~7u;
    std::uint32_t steps = 0;
    Kern whole = kernel_view<T>(kernel);
    for_each_part(whole, [&](const auto& part) { steps = std::max(steps, bytes_of_step(part)); });
    arena_.bytes = static_cast<std::uint32_t>(sizeof(TileSlot<Kern, Tile>) / sizeof(Position)) * position + steps;
    const auto whole_blocks = [](std::ptrdiff_t n) { return std::max<std::ptrdiff_t>(1024, n / 1024 * 1024); };
    const StepChains<T, Kern, Tile, E, parts> step{};
    std::ptrdiff_t n = whole_blocks(mirror_.n_chains() + 1023);
    n = std::min(n, whole_blocks(machine_.resident_threads(step)));
    n = std::min(n, whole_blocks(static_cast<std::ptrdiff_t>(most_arena_bytes / arena_.bytes)));
    arena_memory_ = Buffer<unsigned char, Machine>(machine_, static_cast<std::size_t>(n) * arena_.bytes, "the arenas of the threads");
    arena_.data = arena_memory_.data();
    arena_.n_threads = n;
  }
  template <class Part>
  std::uint32_t bytes_of_step(const Part& part) const {
    const ArenaMeasure measure;
    TileSlot<Part, Tile> slot;
    auto& s = slot.state;
    const random::Key key;
    set_chains(s, Place{});
    fill_normal(s.position, key, s.chains, mirror_.dim());
    s.energy = value_and_gradient(energy_, s.position, s.gradient);
    init_extra(part, key, s, slot.extra);
    (void)part.step(key, energy_, s, slot.extra, slot.scratch);
    (void)value(energy_, s.position);
    return measure.highest();
  }

  Machine machine_;
  const E& energy_;
  Ensemble<T> mirror_;  // the host's copy
  Buffer<T, Machine> chains_, accept_;
  Buffer<unsigned char, Machine> moved_;
  Buffer<std::int64_t, Machine> divergent_, non_finite_;
  Buffer<Ledger<parts>, Machine> books_;
  Buffer<double, Machine> strands_, necks_, mean_, row_sums_;
  Buffer<int, Machine> pairs_;
  Buffer<unsigned char, Machine> arena_memory_;
  ArenaView arena_;
  Buffer<T, Machine> draws_[n_batches];
  void* pinned_[n_batches] = {};
  int n_draws_ = 0;
  std::vector<Moments> moments_;
  ChainTotals totals_;
  Ledger<parts> ledger_{};
  bool is_fresh_ = true, books_are_fresh_ = true;
  Uploads<Machine> energy_copies_, kernel_copies_;
  DeviceRef<E> energy_there_;
  DeviceRef<Kern> kernel_there_;
};

template <DevicePolicy Exec>
struct EngineOf<Exec> {
  template <class T, class Kernel, class E>
  using type = DeviceEngine<T, Exec, Kernel, E>;
};

}  // namespace erg::detail
