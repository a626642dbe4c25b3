// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Whole runs on a device that is emulated on the host, against runs on one lane of the CPU: the same bits.
#include "erg/energy/bayesian_logistic.hpp"
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/energy/sum.hpp"
#include "erg/exec/cuda/emulate.hpp"
#include "erg/run/device_engine.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks.hpp"
#include "parity/steps.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace erg::test {
namespace {

template <class T>
std::uint64_t hash(const Trace<T>& trace) {
  std::uint64_t h = fnv_start;
  for (int i = 0; i < trace.n_draws(); ++i) {
    for (int c = 0; c < trace.n_chains(); ++c) {
      for (int d = 0; d < trace.dim(); ++d) h = fnv(h, trace(i, c, d));
      h = fnv(h, trace.energy(i, c));
    }
  }
  return h;
}
template <class T, class Exec, class K, class E>
std::uint64_t hash_run(const Exec& exec, const K& kernel, const E& energy, const Plan& plan) {
  Trace<T> trace;
  const RunReport report = run<T>(exec, kernel, energy, plan, trace);
  CHECK(report.profile == "strict");
  std::uint64_t h = hash(trace);
  for (const PartReport& p : report.parts) h = fnv(fnv(h, p.mean_accept), p.step_size);
  for (const auto n : report.divergences) h = fnv(h, static_cast<std::uint64_t>(n));
  for (const auto n : report.non_finite) h = fnv(h, static_cast<std::uint64_t>(n));
  for (const int c : report.stuck_chains) h = fnv(h, static_cast<std::uint64_t>(c));
  return fnv(h, report.gradient_evals);
}
auto adapted() { return cycle(repeat<2>(Rwm{{.step_size = 0.5}}), Hmc{{.step_size = 0.25, .n_leapfrog = 2}, DiagonalMetric{}}); }

struct Stop {  // as a kill would: at a draw, by an exception
  static constexpr bool is_stateless = true;
  static constexpr bool reads_draws = false;
  int at;
  void on_draw(const Draw<double>& draw) const {
    if (draw.index == at) throw std::runtime_error("interrupted");
  }
};

}  // namespace

TEST_CASE("a run with adaptation gives the same bits on a device, for any block and any number of threads", "[parity][device]") {
  const Rough<dynamic> energy(5);
  const Plan plan{.n_chains = 70, .n_warmup = 200, .n_draws = 50, .thin = 2, .seed = 3};  // more chains than the last level of a sum
  const auto one = hash_run<double>(Serial{}, adapted(), energy, plan);
  for (const int block : {0, 32, 96, 1024}) CHECK(hash_run<double>(EmulatedCuda{.block = block}, adapted(), energy, plan) == one);
  CHECK(hash_run<double>(EmulatedCuda{.block = 64, .n_resident = 1}, adapted(), energy, plan) == one);
}

TEST_CASE("acceptance and a dense metric are pooled over 5000 chains in the same order on a device", "[parity][device]") {
  const RingOfGaussians<8> ring(2.0, 1.0);
  const auto hmc = Hmc{{.step_size = 0.25, .n_leapfrog = 2}, DenseMetric{}};
  const Plan plan{.n_chains = 5000, .n_warmup = 30, .n_draws = 3, .seed = 4};
  const auto one = hash_run<float>(Serial{}, hmc, ring, plan);
  CHECK(hash_run<float>(EmulatedCuda{}, hmc, ring, plan) == one);
  CHECK(hash_run<float>(Threads<Simd<>>{2}, hmc, ring, plan) == one);
}

TEST_CASE("data of an energy and of its parts is read where the device has it", "[parity][device]") {
  std::vector<double> design, label;
  for (int i = 0; i < 40; ++i) label.push_back(i % 3 == 0 ? 1.0 : 0.0);
  for (int i = 0; i < 120; ++i) design.push_back(0.1 * (i * 37 % 21) - 1.0);
  const auto energy = sum(BayesianLogistic<3>(design, label), BayesianLogistic<>(design, label, 2.0));
  const Plan plan{.n_chains = 9, .n_warmup = 20, .n_draws = 20, .start = {0.1, 0.2, 0.3}};
  const auto kernel = Mala{{.step_size = 0.05}};
  CHECK(hash_run<double>(EmulatedCuda{}, kernel, energy, plan) == hash_run<double>(Serial{}, kernel, energy, plan));
}

TEST_CASE("draws that are copied while the next are made are the same, over many batches", "[parity][device]") {
  const RingOfGaussians<8> ring;
  const Plan plan{.n_chains = 600000, .n_draws = 12, .seed = 9};  // four draws a batch
  CHECK(hash_run<float>(EmulatedCuda{}, Ula{{.step_size = 0.1}}, ring, plan) == hash_run<float>(Simd<>{}, Ula{{.step_size = 0.1}}, ring, plan));
}

TEST_CASE("sinks that add up draws on a device hold what they hold on the CPU, stop where they stop, and cost no copy of a draw", "[parity][device]") {
  const RingOfGaussians<8> ring(2.0, 1.0);
  for (const double stop_below : {0.0, 1.2}) {
    const auto go = [&](const auto& exec) {
      OnlineMoments moments;
      OnlineRHat rhat({.stop_below = stop_below});
      OnlineEss ess;
      Progress progress;
      const auto report = run<float>(exec, Mala{{.step_size = 0.5}}, ring, {.n_chains = 50, .n_draws = 1003, .thin = 2, .seed = 5}, moments,
                                     rhat, ess, progress);
      std::uint64_t h = fnv(fnv_start, static_cast<std::uint64_t>(report.n_draws));
      for (int c = 0; c < 50; ++c) h = fnv(fnv(h, moments.mean(c, 0)), moments.variance(c, 1));
      return fnv(fnv(h, rhat.worst()), stop_below > 0.0 ? 0.0 : ess.least());
    };
    std::size_t sent = 0;
    CHECK(go(EmulatedCuda{.bytes_sent = &sent}) == go(Serial{}));
    CHECK(sent == 0);
  }
  std::size_t sent = 0;
  OnlineMoments moments({.covariance = true});  // needs all chains of a draw at once
  (void)run<float>(EmulatedCuda{.bytes_sent = &sent}, Mala{{.step_size = 0.5}}, ring, {.n_chains = 16, .n_draws = 10}, moments);
  CHECK(sent == 10 * 3 * 16 * sizeof(float));
}

TEST_CASE("a checkpoint is the same file from a device and from the CPU, and goes on on either", "[parity][device]") {
  const Rough<dynamic> energy(5);
  const auto kernel = cycle(adapted(), Baoab{{.step_size = 0.2}});
  const Plan plan{.n_chains = n_parity_chains, .n_warmup = 60, .n_draws = 90, .thin = 2, .seed = 8};
  const TemporaryFolder folder;
  const auto go = [&](const auto& exec, const std::string& name, int stop, Trace<double>& trace, OnlineMoments& moments) {
    (void)run(exec, kernel, energy, plan, trace, moments, Stop{stop}, Checkpoint{folder / name, 20});
  };
  Trace<double> trace, moved;
  OnlineMoments moments, moved_moments;
  go(Serial{}, "cpu", -1, trace, moments);
  CHECK_THROWS(go(Serial{}, "moved", 30, moved, moved_moments));
  CHECK_THROWS(go(EmulatedCuda{}, "moved", 50, moved, moved_moments));
  CHECK_THROWS(go(Threads<Simd<>>{2}, "moved", 70, moved, moved_moments));
  go(EmulatedCuda{.block = 32}, "moved", -1, moved, moved_moments);
  CHECK(hash(moved) == hash(trace));
  CHECK(moved_moments.variance(3) == moments.variance(3));
  CHECK((read_file(folder / "moved") == read_file(folder / "cpu")));
}

}  // namespace erg::test
