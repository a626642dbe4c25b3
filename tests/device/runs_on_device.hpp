// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Whole runs on a device against runs on one lane of the CPU, as hashes: the same functions for a GPU and for its stand-in on the host.
#pragma once

#include "device/device.hpp"
#include "erg/energy/bayesian_logistic.hpp"
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/energy/sum.hpp"
#include "erg/run/device_engine.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks.hpp"
#include "parity/steps.hpp"
#include "support/temporary_folder.hpp"

namespace erg::test {

template <class T>
std::uint64_t hash_trace(const Trace<T>& trace) {
  std::uint64_t h = fnv_start;
  for (int i = 0; i < trace.n_draws(); ++i) {
    for (int c = 0; c < trace.n_chains(); ++c) {
      for (int d = 0; d < trace.dim(); ++d) h = fnv(h, trace(i, c, d));
      h = fnv(h, trace.energy(i, c));
    }
  }
  return h;
}
/// Draws and report of a run.
template <class T, class Exec, class K, class E>
std::uint64_t hash_run(const Exec& exec, const K& kernel, const E& energy, const Plan& plan) {
  Trace<T> trace;
  const RunReport report = run<T>(exec, kernel, energy, plan, trace);
  std::uint64_t h = hash_trace(trace);
  for (const char c : report.profile) h = fnv(h, static_cast<std::uint64_t>(c));
  for (const PartReport& p : report.parts) h = fnv(fnv(h, p.mean_accept), p.step_size);
  for (const auto n : report.divergences) h = fnv(h, static_cast<std::uint64_t>(n));
  for (const auto n : report.non_finite) h = fnv(h, static_cast<std::uint64_t>(n));
  for (const int c : report.stuck_chains) h = fnv(h, static_cast<std::uint64_t>(c));
  return fnv(h, report.gradient_evals);
}
inline auto adapted_kernel() { return cycle(repeat<2>(Rwm{{.step_size = 0.5}}), Hmc{{.step_size = 0.25, .n_leapfrog = 2}, DiagonalMetric{}}); }

struct StopAt {  // as a kill would: at a draw, by an exception
  static constexpr bool is_stateless = true;
  static constexpr bool reads_draws = false;
  int at;
  void on_draw(const Draw<double>& draw) const {
    if (draw.index == at) throw std::runtime_error("interrupted");
  }
};

template <class Exec>
std::uint64_t hash_adapted(const Exec& exec) {  // more chains than the last level of a sum
  return hash_run<double>(exec, adapted_kernel(), Rough<dynamic>(5), {.n_chains = 70, .n_warmup = 200, .n_draws = 50, .thin = 2, .seed = 3});
}
template <class Exec>
std::uint64_t hash_dense_metric(const Exec& exec) {
  return hash_run<float>(exec, Hmc{{.step_size = 0.25, .n_leapfrog = 2}, DenseMetric{}}, RingOfGaussians<8>(2.0, 1.0),
                         {.n_chains = 5000, .n_warmup = 30, .n_draws = 3, .seed = 4});
}
template <class Exec>
std::uint64_t hash_regressions(const Exec& exec) {
  std::vector<double> design, label;
  for (int i = 0; i < 40; ++i) label.push_back(i % 3 == 0 ? 1.0 : 0.0);
  for (int i = 0; i < 120; ++i) design.push_back(0.1 * (i * 37 % 21) - 1.0);
  return hash_run<double>(exec, Mala{{.step_size = 0.05}}, sum(BayesianLogistic<3>(design, label), BayesianLogistic<>(design, label, 2.0)),
                          {.n_chains = 9, .n_warmup = 20, .n_draws = 20, .start = {0.1, 0.2, 0.3}});
}
template <class Exec>
std::uint64_t hash_many_batches(const Exec& exec) {  // four draws a batch
  return hash_run<float>(exec, Ula{{.step_size = 0.1}}, RingOfGaussians<8>(), {.n_chains = 600000, .n_draws = 12, .seed = 9});
}
/// What sinks hold that add up draws where they are.
template <class Exec>
std::uint64_t hash_sums(const Exec& exec, double stop_below) {
  OnlineMoments moments;
  OnlineRHat rhat({.stop_below = stop_below});
  OnlineEss ess;
  Progress progress;
  const auto report = run<float>(exec, Mala{{.step_size = 0.5}}, RingOfGaussians<8>(2.0, 1.0),
                                 {.n_chains = 50, .n_draws = 1003, .thin = 2, .seed = 5}, moments, rhat, ess, progress);
  std::uint64_t h = fnv(fnv_start, static_cast<std::uint64_t>(report.n_draws));
  for (int c = 0; c < 50; ++c) h = fnv(fnv(h, moments.mean(c, 0)), moments.variance(c, 1));
  return fnv(fnv(h, rhat.worst()), stop_below > 0.0 ? 0.0 : ess.least());
}

/// A run on the CPU, and one that is interrupted on the CPU, then on the device, then on the CPU, and ends on the device: what they drew,
/// and the bytes of their checkpoints.
template <class Exec>
std::vector<Pair> compare_checkpoints(const Exec& exec) {
  const Rough<dynamic> energy(5);
  const auto kernel = cycle(adapted_kernel(), Baoab{{.step_size = 0.2}});
  const Plan plan{.n_chains = n_parity_chains, .n_warmup = 60, .n_draws = 90, .thin = 2, .seed = 8};
  const TemporaryFolder folder;
  const auto go = [&](const auto& where, const std::string& name, int stop, Trace<double>& trace, OnlineMoments& moments) {
    try {
      (void)run(where, kernel, energy, plan, trace, moments, StopAt{stop}, Checkpoint{folder / name, 20});
    } catch (const std::runtime_error& e) {
      if (stop < 0 || std::string(e.what()) != "interrupted") throw;
    }
  };
  Trace<double> trace, moved;
  OnlineMoments moments, moved_moments;
  go(Serial{}, "cpu", -1, trace, moments);
  go(Serial{}, "moved", 30, moved, moved_moments);
  go(exec, "moved", 50, moved, moved_moments);
  go(Serial{}, "moved", 70, moved, moved_moments);
  go(exec, "moved", -1, moved, moved_moments);
  const auto bytes = [&](const char* name) {
    std::uint64_t h = fnv_start;
    for (const char c : read_file(folder / name)) h = fnv(h, static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
    return h;
  };
  return {{"draws after moving between machines", hash_trace(moved), hash_trace(trace)},
          {"moments after moving", fnv(fnv_start, moved_moments.variance(3)), fnv(fnv_start, moments.variance(3))},
          {"the checkpoint's bytes", bytes("moved"), bytes("cpu")}};
}

template <class Exec>
std::vector<Pair> compare_runs(const Exec& exec) {
  std::vector<Pair> pairs = compare_checkpoints(exec);
  const auto adapted = hash_adapted(Serial{});
  for (const int block : {0, 32, 96, 1024}) {
    Exec with_block = exec;
    with_block.block = block;
    pairs.push_back({"a run with adaptation in blocks of " + std::to_string(block), hash_adapted(with_block), adapted});
  }
  pairs.push_back({"acceptance and a dense metric pooled over 5000 chains", hash_dense_metric(exec), hash_dense_metric(Serial{})});
  pairs.push_back({"an energy and its parts with data", hash_regressions(exec), hash_regressions(Serial{})});
  pairs.push_back({"draws copied while the next are made", hash_many_batches(exec), hash_many_batches(Serial{})});
  pairs.push_back({"sinks that add up draws", hash_sums(exec, 0.0), hash_sums(Serial{}, 0.0)});
  pairs.push_back({"a sink that stops the run", hash_sums(exec, 1.2), hash_sums(Serial{}, 1.2)});
  return pairs;
}

}  // namespace erg::test
