// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/checkpoint.hpp"
#include "erg/run/sampler.hpp"

#include <chrono>

namespace erg {

namespace detail {

template <class F, class... S>
void for_sinks(F&& f, S&... sinks) {
  const auto one = [&](auto& s) {
    if constexpr (!is_checkpoint<decltype(s)>) f(s);
  };
  (one(sinks), ...);
}
template <class... S>
const Checkpoint* find_checkpoint(const S&... sinks) {
  const Checkpoint* found = nullptr;
  const auto one = [&](const auto& s) {
    if constexpr (is_checkpoint<decltype(s)>) found = &s;
  };
  (one(sinks), ...);
  return found;
}
template <class S, class T>
Control give_draw(S& sink, const Draw<T>& draw) {
  if constexpr (std::is_same_v<decltype(sink.on_draw(draw)), Control>) {
    return sink.on_draw(draw);
  } else {
    sink.on_draw(draw);
    return Control::proceed;
  }
}
inline bool file_exists(const std::string& path) {
  std::FILE* f = std::fopen(path.c_str(), "rb");
  if (f == nullptr) return false;
  std::fclose(f);
  return true;
}
template <class E>
constexpr bool keeps_strict() {
  if constexpr (requires { E::is_strict; }) {
    return E::is_strict;
  } else {
    return true;
  }
}
template <class Exec>
std::string lane_name(const char* scalar, int width) {
  return std::string(scalar) + " x " + std::to_string(width);
}

template <class T, class Exec, class Kernel, class E>
constexpr void check_arguments() {
  using L = lane_for<Exec, T>;
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "erg: run<T> samples in float or double.");
  static_assert(HasDim<E>, "erg: the energy has no dimension; write `static constexpr int dim = 2;` or `int dim() const`.");
  static_assert(LaneEnergy<E, L> || BatchEnergy<E, T> || !CallableOnLane<E, L>,
                "erg: the energy can be evaluated on the lane but not on dual numbers, so it has no gradient; write it with erg::math "
                "functions over any erg::Lane, or give it value_and_gradient(x, g).");
  static_assert(LaneEnergy<E, L> || BatchEnergy<E, T>,
                "erg: the energy can be evaluated neither on a lane nor on a block of chains; write `template <erg::Lane L> ERG_FN L "
                "operator()(erg::Point<const L, dim> x) const` (erg::math::exp for std::exp, erg::lane::select for if), or "
                "`void value_and_gradient(erg::BlockView<const T> x, std::span<T> u, erg::BlockView<T> g) const`.");
  static_assert(KernelFor<Kernel, tile_for<Exec, T, E>, E>,
                "erg: the kernel has no step(key, energy, state, extra, scratch) for this tile; see erg/kernel/concepts.hpp for what a "
                "kernel must have.");
  static_assert(kernel_traits<Kernel>::n_streams <= 65536, "erg: the kernel uses more than 65536 random streams; nest fewer repeats.");
}

}  // namespace detail

/// Runs chains: start, warm-up, draws, into sinks.
///
///   run<float>(Threads<>{}, Hmc{{.step_size = 0.1}}, energy, {.n_chains = 64, .n_warmup = 500, .n_draws = 1000, .seed = 7}, trace)
///
/// T          scalar of the chains, float or double (default)
/// exec       Serial, Simd<Arch>, Threads<Inner>          kernel     any kernel or composition; its copy is tuned in warm-up
/// energy     evaluated on lanes if it can be, else in blocks of chains
/// sinks      any number, by reference: any subset of on_begin, on_warmup, on_draw, on_end; and at most one Checkpoint
///
/// Ensures    the same seed gives the same chains for any lane width, tile size and number of threads (strict profile: the same bits)
/// Errors     std::invalid_argument for a plan or start that makes no sense; EnergyError, with step and chain, where the energy throws;
///            IoError from files. What is numerical is not an error: it is rejected, counted and reported.
template <class T = double, ExecPolicy Exec, class Kernel, class E, class... Sinks>
[[gnu::cold]] RunReport run(const Exec& exec, Kernel kernel, const E& energy, const Plan& plan, Sinks&&... sinks) {
  detail::check_arguments<T, Exec, Kernel, E>();
  (
      [] {
        if constexpr (!detail::is_checkpoint<Sinks>) detail::check_sink<std::remove_cvref_t<Sinks>, T>();
      }(),
      ...);
  static_assert((0 + ... + int(detail::is_checkpoint<Sinks>)) <= 1, "erg: a run has at most one Checkpoint.");
  constexpr bool checkpointed = (detail::is_checkpoint<Sinks> || ...);
  static_assert(!checkpointed || ((detail::is_checkpoint<Sinks> || detail::can_be_saved<std::remove_cvref_t<Sinks>> ||
                                   detail::keeps_nothing<Sinks> || !detail::takes_draw<std::remove_cvref_t<Sinks>, T>) && ...),
                "erg: a sink of a checkpointed run takes draws but cannot be saved; write void save(erg::io::Writer&) const and void "
                "load(erg::io::Reader&), or static constexpr bool is_stateless = true.");
  constexpr bool with_draws = (detail::takes_draw<std::remove_cvref_t<Sinks>, T> || ...);

  const auto begin = std::chrono::steady_clock::now();
  using L = lane_for<Exec, T>;
  RunReport report;
  report.kernel = kernel_name(kernel);
  report.lane = detail::lane_name<Exec>(sizeof(T) == 4 ? "float" : "double", width_v<L>);
  report.profile = profile_name<L>(LaneEnergy<E, L> || detail::keeps_strict<E>());
  report.seed = plan.seed;
  report.n_chains = plan.n_chains;
  report.n_warmup = plan.n_warmup;
  report.thin = plan.thin;
  report.dim = dim_of(energy);

  Sampler<T, Exec, Kernel, E> sampler(exec, std::move(kernel), energy, plan);
  RunInfo info{plan.n_chains, report.dim, plan.n_warmup, plan.n_draws, plan.thin, plan.seed, report.kernel, {}};
  for_each_part(sampler.kernel(), [&](const auto& part) { info.parts.push_back(kernel_name(part)); });
  detail::for_sinks([&](auto& s) { if constexpr (detail::takes_begin<decltype(s)>) s.on_begin(info); }, sinks...);

  const Checkpoint* checkpoint = detail::find_checkpoint(sinks...);
  detail::Identity identity;
  if constexpr (checkpointed) {
    detail::require_count("Checkpoint::every", checkpoint->every);
    identity = detail::identity_of(report, plan, typeid(E).name(), sizeof(T), sizeof...(Sinks));
    if (detail::file_exists(checkpoint->path)) {
      io::Reader in(checkpoint->path);
      identity.check(in);
      sampler.load(in);
      detail::for_sinks([&](auto& s) { if constexpr (detail::can_be_saved<std::remove_reference_t<decltype(s)>>) s.load(in); }, sinks...);
      report.resumed = true;
    }
  }
  const auto save = [&] {
    if constexpr (checkpointed) {
      io::Writer out;
      identity.save(out);
      sampler.save(out);
      detail::for_sinks([&](auto& s) { if constexpr (detail::can_be_saved<std::remove_reference_t<decltype(s)>>) s.save(out); }, sinks...);
      out.commit(checkpoint->path);
    }
  };
  if (!report.resumed) sampler.start();
  const int stretch = checkpoint != nullptr ? checkpoint->every : std::numeric_limits<int>::max();

  while (sampler.step() < static_cast<std::uint64_t>(plan.n_warmup)) {
    const int done = static_cast<int>(sampler.step());
    sampler.warm_up(stretch == std::numeric_limits<int>::max() ? plan.n_warmup : stretch - done % stretch, [&](int i, int n) {
      detail::for_sinks([&](auto& s) { if constexpr (detail::takes_warmup<decltype(s)>) s.on_warmup(i, n); }, sinks...);
    });
    save();
  }
  while (sampler.n_drawn() < plan.n_draws && report.stop_reason == StopReason::finished) {
    const int done = sampler.n_drawn();
    const int n = std::min(plan.n_draws - done, stretch - (stretch == std::numeric_limits<int>::max() ? 0 : done % stretch));
    const int drawn = sampler.sample(n, with_draws, [&](const Draw<T>& draw) {
      Control control = Control::proceed;
      detail::for_sinks(
          [&](auto& s) {
            if constexpr (detail::takes_draw<std::remove_reference_t<decltype(s)>, T>) {
              if (detail::give_draw(s, draw) == Control::stop) control = Control::stop;
            }
          },
          sinks...);
      if (control == Control::stop) report.stop_reason = StopReason::stopped_by_sink;
      return control;
    });
    report.n_draws = done + drawn;
    if (report.stop_reason == StopReason::finished) save();
  }
  if (report.stop_reason == StopReason::finished) report.n_draws = plan.n_draws;
  sampler.report(report);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  detail::for_sinks([&](auto& s) { if constexpr (detail::takes_end<decltype(s)>) s.on_end(report); }, sinks...);
  return report;
}

}  // namespace erg
