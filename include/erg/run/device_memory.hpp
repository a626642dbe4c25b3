// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/device_engine.hpp"
#include "erg/run/run.hpp"

namespace erg {

namespace detail {

/// A device of which only the memory is asked for, and how much.
struct CountedCuda {
  template <class T>
  using lane = Pack<T>;
  static constexpr bool is_device = true;
  int n_workers() const { return 1; }
};
class CountingMachine {
 public:
  explicit CountingMachine(const CountedCuda&) {}
  void* allocate(std::size_t bytes, const char*) {
    held_ += bytes;
    return &there_;
  }
  void release(void*, std::size_t) {}
  void* allocate_pinned(std::size_t) { return &there_; }
  void release_pinned(void*) {}
  void clear(void*, std::size_t) {}
  void upload(void*, const void*, std::size_t) {}
  void download(void*, const void*, std::size_t) {}
  template <class F>
  void launch(const F&, std::ptrdiff_t) {}
  template <class F>
  std::ptrdiff_t resident_threads(const F&) const {
    return std::ptrdiff_t{1} << 40;
  }
  void synchronize() {}
  std::string name() const { return "no device"; }
  std::size_t bytes_held() const { return held_; }

 private:
  std::size_t held_ = 0;
  unsigned char there_ = 0;
};
template <>
struct MachineOf<CountedCuda> {
  using type = CountingMachine;
};

}  // namespace detail

/// Bytes of device memory that `run` with the same arguments takes, whatever the number of draws; no device is asked. They come from the
/// engine of a run whose machine only counts, so they cannot differ from what it takes.
///
///   memory_needed<float>(Cuda{}, Hmc{}, energy, {.n_chains = 1 << 20, .n_draws = 10000}, moments, rhat)
///
/// Exact      where the dimension is static and at most 32; else an upper bound: a device that runs fewer threads at a time takes less
/// Excludes   what CUDA takes itself: its context, code, and the stacks of threads that spill
/// Host       the pinned memory for draws is two times what a batch of draws takes (at most 32 MiB, or one draw)
template <class T = double, class Exec, class Kernel, class E, class... Sinks>
[[gnu::cold]] std::size_t memory_needed(const Exec&, Kernel kernel, const E& energy, const Plan& plan, const Sinks&... sinks) {
  static_assert(detail::is_device<Exec>, "erg: memory_needed asks for the memory of a device; its first argument is erg::Cuda{}.");
  if constexpr (detail::check_run<T, detail::CountedCuda, Kernel, E, Sinks...>()) {
    bool dense = false;
    for_each_part(kernel, [&](const auto& part) { dense = dense || adapt::tunes_dense_metric<std::remove_cvref_t<decltype(part)>>; });
    Sampler<T, detail::CountedCuda, Kernel, E> sampler({}, std::move(kernel), energy, plan);
    sampler.engine().reserve_pool(dense && plan.adapt && plan.n_warmup > 0);
    if constexpr ((detail::takes_draw<Sinks, T> || ...)) {
      const bool stay = detail::draws_may_stay<T>(sinks...);
      (void)sampler.reserve_draws(!stay);
      if (stay) detail::for_moments([&](const auto&, std::size_t number) { sampler.engine().reserve_moments(number); }, sinks...);
    }
    return sampler.engine().machine().bytes_held();
  } else {
    return 0;
  }
}

}  // namespace erg
