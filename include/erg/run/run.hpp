// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/data.hpp"
#include "erg/exec/cuda/machine.hpp"
#include "erg/run/checkpoint.hpp"
#include "erg/run/feed.hpp"
#include "erg/run/identity.hpp"
#include "erg/run/sampler.hpp"

#include <chrono>

namespace erg {

namespace detail {

template <class... S>
const Checkpoint* find_checkpoint(const S&... sinks) {
  const Checkpoint* found = nullptr;
  [[maybe_unused]] const auto one = [&](const auto& s) {
    if constexpr (is_checkpoint<decltype(s)>) found = &s;
  };
  (one(sinks), ...);
  return found;
}
template <class E>
constexpr bool keeps_strict() {
  if constexpr (requires { E::is_strict; }) {
    return E::is_strict;
  } else {
    return false;
  }
}
inline std::string lane_name(const char* scalar, int width) {
  return std::string(scalar) + " x " + std::to_string(width);
}

/// What is wrong with an energy that runs neither on lanes nor on blocks, as one sentence.
template <class E, class T, class L>
consteval void explain_energy() {
  constexpr bool no = !sizeof(E*);
  if constexpr (CallableOnLane<E, L>) {
    static_assert(no, "erg: the energy can be evaluated on a lane but not on dual numbers, so it has no gradient; write it with erg::math "
                      "functions over any erg::Lane, or give it value_and_gradient(x, g).");
  } else if constexpr (requires(const E& e, Point<const T, static_dim<E>> x) { e(x); }) {
    static_assert(no, "erg: the energy takes one number a coordinate, not a lane of chains; write `template <erg::Lane L> ERG_FN L "
                      "operator()(erg::Point<const L, dim> x) const`.");
  } else if constexpr (requires { &E::value_and_gradient; }) {
    static_assert(no, "erg: the energy's value_and_gradient cannot be called on a block of chains; write `void value_and_gradient("
                      "erg::BlockView<const T> x, std::span<T> u, erg::BlockView<T> g) const` with the scalar T of the run.");
  } else {
    static_assert(no, "erg: the energy can be evaluated neither on a lane nor on a block of chains; write `template <erg::Lane L> ERG_FN L "
                      "operator()(erg::Point<const L, dim> x) const`, or `void value_and_gradient(erg::BlockView<const T> x, "
                      "std::span<T> u, erg::BlockView<T> g) const`.");
  }
}
template <class E, class L>
consteval bool returns_lane() {
  if constexpr (CallableOnLane<E, L>) {
    return std::is_same_v<decltype(std::declval<const E&>()(std::declval<Point<const L, static_dim<E>>>())), L>;
  } else {
    return true;
  }
}

template <class S, class T>
consteval bool check_one() {
  if constexpr (is_checkpoint<S>) {
    return true;
  } else {
    return check_sink<std::remove_reference_t<S>, T>();
  }
}
template <class S, class T>
inline constexpr bool can_resume = is_checkpoint<S> || can_be_saved<std::remove_cvref_t<S>> || keeps_nothing<S> ||
                                   !takes_draw<std::remove_cvref_t<S>, T>;
template <class T, class... Sinks>
consteval bool check_sinks() {
  constexpr bool one_by_one = (check_one<Sinks, T>() && ... && true);
  constexpr int n_checkpoints = (0 + ... + int(is_checkpoint<Sinks>));
  static_assert(n_checkpoints <= 1, "erg: a run has at most one Checkpoint.");
  constexpr bool kept = n_checkpoints == 0 || !one_by_one || (can_resume<Sinks, T> && ...);
  static_assert(kept, "erg: a sink of a checkpointed run takes draws but cannot be saved; write void save(erg::io::Writer&) const and void "
                      "load(erg::io::Reader&), or static constexpr bool is_stateless = true.");
  return one_by_one && n_checkpoints <= 1 && kept;
}

template <class Exec>
inline constexpr bool is_device = [] {
  if constexpr (requires { Exec::is_device; }) {
    return static_cast<bool>(Exec::is_device);
  } else {
    return false;
  }
}();

/// Stops the compiler with a sentence where `run` cannot mean what was written; false after it did.
template <class T, class Exec, class Kernel, class E, class... Sinks>
consteval bool check_run() {
  if constexpr (!(std::is_same_v<T, float> || std::is_same_v<T, double>)) {
    static_assert(!sizeof(T*), "erg: run<T> samples in float or double.");
    return false;
  } else if constexpr (is_device<Exec> && !DevicePolicy<Exec>) {
    static_assert(!sizeof(T*), "erg: erg::Cuda is defined in erg/exec/cuda.cuh; include it, in a file that nvcc compiles (.cu).");
    return false;
  } else if constexpr (!ExecPolicy<Exec>) {
    static_assert(!sizeof(T*), "erg: the first argument of run says where it runs: erg::Serial{}, erg::Simd{}, erg::Threads{} or erg::Cuda{}.");
    return false;
  } else if constexpr (!HasDim<E>) {
    static_assert(!sizeof(T*), "erg: the energy has no dimension; write `static constexpr int dim = 2;` or `int dim() const`.");
    return false;
  } else {
    using L = lane_for<Exec, T>;
    if constexpr (is_device<Exec> && !LaneEnergy<E, L> && BatchEnergy<E, T>) {
      static_assert(!sizeof(T*), "erg: the energy evaluates blocks of chains (GEMM), and a GPU's thread steps one chain; write `template "
                                 "<erg::Lane L> ERG_FN L operator()(erg::Point<const L, dim> x) const`, or run it with erg::Threads<>{}.");
      return false;
    } else if constexpr (is_device<Exec> && !runs_on_device<E>) {
      static_assert(!sizeof(T*), "erg: the energy has members that a plain copy does not copy, so a GPU cannot read them; hold its data in "
                                 "erg::Data<T> members and write `static constexpr bool on_device = true;` in the energy.");
      return false;
    } else if constexpr (!LaneEnergy<E, L> && !BatchEnergy<E, T>) {
      explain_energy<E, T, L>();
      return false;
    } else if constexpr (!returns_lane<E, L>()) {
      static_assert(!sizeof(T*), "erg: the energy returns one number for all chains of a lane; its return type is the lane it was given: "
                                 "write `template <erg::Lane L> ERG_FN L operator()(erg::Point<const L, dim> x) const`.");
      return false;
    } else if constexpr (!KernelFor<Kernel, tile_for<Exec, T, E, Kernel>, E>) {
      static_assert(!sizeof(T*), "erg: the kernel has no step(key, energy, state, extra, scratch) for this tile; see erg/kernel/concepts.hpp "
                                 "for what a kernel must have.");
      return false;
    } else if constexpr (is_device<Exec> && !view_runs_on_device<decltype(kernel_view<T>(std::declval<const Kernel&>()))>) {
      static_assert(!sizeof(T*), "erg: the kernel has members that a plain copy does not copy, so a GPU cannot read them; hold its data in "
                                 "erg::Data<T> members and write `static constexpr bool on_device = true;` in the kernel.");
      return false;
    } else if constexpr (kernel_traits<Kernel>::n_streams > random::max_streams) {
      return false;  // kernel_traits said why
    } else {
      return check_sinks<T, Sinks...>();
    }
  }
}

/// The body of `run`, of arguments that were checked.
template <class T, class Exec, class Kernel, class E, class... Sinks>
[[gnu::cold]] RunReport run_checked(const Exec& exec, Kernel kernel, const E& energy, const Plan& plan, Sinks&... sinks) {
  constexpr bool checkpointed = (is_checkpoint<Sinks> || ...);
  constexpr bool with_draws = (takes_draw<std::remove_cvref_t<Sinks>, T> || ...);

  const auto begin = std::chrono::steady_clock::now();
  using L = lane_for<Exec, T>;
  RunReport report;
  report.kernel = kernel_name(kernel);
  report.seed = plan.seed;
  report.n_chains = plan.n_chains;
  report.n_warmup = plan.n_warmup;
  report.thin = plan.thin;
  report.dim = dim_of(energy);

  Sampler<T, Exec, Kernel, E> sampler(exec, std::move(kernel), energy, plan);
  report.lane = lane_name(sizeof(T) == 4 ? "float" : "double", width_v<L>) + sampler.place_name();
  report.profile = profile_name(sampler.contracts(), LaneEnergy<E, L> || keeps_strict<E>());
  RunInfo info{plan.n_chains, report.dim, plan.n_warmup, plan.n_draws, plan.thin, plan.seed, report.kernel, {}};
  for_each_part(sampler.kernel(), [&](const auto& part) { info.parts.push_back(kernel_name(part)); });
  for_sinks([&](auto& s) { if constexpr (takes_begin<decltype(s)>) s.on_begin(info); }, sinks...);

  const Checkpoint* checkpoint = find_checkpoint(sinks...);
  Identity identity;
  if constexpr (checkpointed) {
    require_count("Checkpoint::every", checkpoint->every);
    sampler.start();
    identity = identity_of(report, plan, kernel_text(sampler.kernel(), report.dim), typeid(E).name(), sizeof(T), sampler.fingerprint(),
                           sizeof...(Sinks));
    if (file_exists(checkpoint->path)) {
      io::Reader in(checkpoint->path);
      identity.check(in);
      sampler.load(in);
      for_sinks([&](auto& s) { if constexpr (can_be_saved<std::remove_reference_t<decltype(s)>>) s.load(in); }, sinks...);
      report.resumed = true;
    }
  }
  // On a device, draws are added up where they are if no sink wants to see them.
  using engine_type = engine_for<T, Exec, Kernel, E>;
  constexpr bool can_stay = engine_type::keeps_draws_away && with_draws && (takes_draws_away<T, Sinks> && ...);
  const bool stays = can_stay && draws_may_stay<T>(sinks...);
  const auto fetch = [&] {
    if constexpr (can_stay) {
      for_moments([&](auto& s, std::size_t number) { if (stays) sampler.engine().fetch_moments(number, s.window()); }, sinks...);
    }
  };
  const auto save = [&] {
    if constexpr (checkpointed) {
      fetch();
      io::Writer out;
      identity.save(out);
      sampler.save(out);
      for_sinks([&](auto& s) { if constexpr (can_be_saved<std::remove_reference_t<decltype(s)>>) s.save(out); }, sinks...);
      out.commit(checkpoint->path);
    }
  };
  if constexpr (checkpointed) {
    if (!report.resumed) save();  // a path that cannot be written is known now, not after hours
  } else {
    sampler.start();
  }
  const int stretch = checkpoint != nullptr ? checkpoint->every : std::numeric_limits<int>::max();

  while (sampler.step() < static_cast<std::uint64_t>(plan.n_warmup)) {
    const int done = static_cast<int>(sampler.step());
    sampler.warm_up(stretch == std::numeric_limits<int>::max() ? plan.n_warmup : stretch - done % stretch, [&](int i, int n) {
      for_sinks([&](auto& s) { if constexpr (takes_warmup<decltype(s)>) s.on_warmup(i, n); }, sinks...);
    });
    save();
  }
  while (sampler.n_drawn() < plan.n_draws && report.stop_reason == StopReason::finished) {
    const int done = sampler.n_drawn();
    const int n = std::min(plan.n_draws - done, stretch - (stretch == std::numeric_limits<int>::max() ? 0 : done % stretch));
    const auto to_host = [&] {
      return sampler.sample(n, with_draws, [&](const Draw<T>& draw) {
        Control control = Control::proceed;
        for_sinks(
            [&](auto& s) {
              if constexpr (takes_draw<std::remove_reference_t<decltype(s)>, T>) {
                if (give_draw(s, draw) == Control::stop) control = Control::stop;
              }
            },
            sinks...);
        if (control == Control::stop) report.stop_reason = StopReason::stopped_by_sink;
        return control;
      });
    };
    int drawn = 0;
    if constexpr (can_stay) {
      if (stays) {
        drawn = sampler.sample_away(n, [&](const DrawBuffer<T>& draws, int first, int size) {
          Control control = Control::proceed;
          const int taken = feed_on_device(sampler.engine(), draws, first, size, plan.n_chains, control, sinks...);
          if (control == Control::stop) report.stop_reason = StopReason::stopped_by_sink;
          return typename decltype(sampler)::Taken{taken, control};
        });
      } else {
        drawn = to_host();
      }
    } else {
      drawn = to_host();
    }
    report.n_draws = done + drawn;
    if (report.stop_reason == StopReason::finished) save();
  }
  fetch();
  if (report.stop_reason == StopReason::finished) report.n_draws = plan.n_draws;
  sampler.report(report);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for_sinks([&](auto& s) { if constexpr (takes_end<decltype(s)>) s.on_end(report); }, sinks...);
  return report;
}

}  // namespace detail

/// Runs chains: start, warm-up, draws, into sinks.
///
///   run<float>(Threads<>{}, Hmc{{.step_size = 0.1}}, energy, {.n_chains = 64, .n_warmup = 500, .n_draws = 1000, .seed = 7}, trace)
///
/// T          scalar of the chains, float or double (default)
/// exec       Serial, Simd<Arch>, Threads<Inner>, Cuda    kernel     any kernel or composition; its copy is tuned in warm-up
/// energy     evaluated on lanes if it can be, else in blocks of chains
/// sinks      any number, by reference: any subset of on_begin, on_warmup, on_draw, on_end; and at most one Checkpoint
///
/// Ensures    the same seed gives the same chains for any lane width, tile size and number of threads, and on a GPU (strict profile: the
///            same bits)
/// Errors     std::invalid_argument for a plan or start that makes no sense; EnergyError, with step and chain, where the energy throws;
///            IoError from files; CudaError from a device. What is numerical is not an error: it is rejected, counted and reported.
template <class T = double, class Exec, class Kernel, class E, class... Sinks>
RunReport run(const Exec& exec, Kernel kernel, const E& energy, const Plan& plan, Sinks&&... sinks) {
  if constexpr (detail::check_run<T, Exec, Kernel, E, Sinks...>()) {
    return detail::run_checked<T>(exec, std::move(kernel), energy, plan, sinks...);
  } else {
    return {};
  }
}

}  // namespace erg
