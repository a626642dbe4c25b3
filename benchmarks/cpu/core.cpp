// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The figures of the core. Every side is checked for correctness before it is timed; what fails is not timed.
#include <memory>
#include <thread>

#include "check.hpp"
#include "compile_time.hpp"
#include "erg_side.hpp"
#include "support/allocations.hpp"

namespace bench {
namespace {

using Chains = std::shared_ptr<Sampler>;

Work steps_of(Chains chains) {
  return [chains](std::size_t n) { chains->step(n); };
}

Measurement compare_normals(FillNormals ours, FillNormals reference) {
  if (ours == nullptr || reference == nullptr) return unmeasured("not built for these instructions, or not for this processor");
  if (const std::string wrong = check_normals(ours); !wrong.empty()) return unmeasured("erg's normals fail their check: " + wrong);
  if (const std::string wrong = check_normals(reference); !wrong.empty())
    return unmeasured("the reference fails its check: " + wrong);
  constexpr std::size_t n = 8192;  // fits the first-level cache
  alignas(64) static float buffer[n];
  const auto work = [](FillNormals fill) { return [fill](std::size_t units) { for (; units > 0; --units) fill(buffer, n); }; };
  return compare(work(ours), work(reference), static_cast<double>(n));
}

/// Checks both sides, sets them down on exact draws of the target, and times them.
template <class Check>
Measurement compare_chains(Chains ours, Chains reference, double items, const std::vector<float>& start, Check check,
                           const PairOptions& options = {}) {
  if (!ours || !reference) return unmeasured("not built for these instructions, or not for this processor");
  if (const std::string wrong = check(*ours); !wrong.empty()) return unmeasured("erg's side fails its check: " + wrong);
  if (const std::string wrong = check(*reference); !wrong.empty()) return unmeasured("the reference fails its check: " + wrong);
  const double difference = std::abs(ours->acceptance() - reference->acceptance());
  if (difference > 0.01) return unmeasured("the two sides accept at different rates, " + std::to_string(ours->acceptance()) + " and " +
                                           std::to_string(reference->acceptance()) + ", so they do not do the same work");
  ours->set_positions(start);
  reference->set_positions(start);
  return compare(steps_of(ours), steps_of(reference), items, options);
}
Measurement compare_ula(const Ring& r, Chains ours, Chains reference) {
  return compare_chains(std::move(ours), std::move(reference), Ring::n_chains, exact_ring(r, 1),
                        [&](Sampler& s) { return check_ula(s, r); });
}
Measurement compare_mala(const Ring& r, Chains ours, Chains reference, const PairOptions& options = {}) {
  return compare_chains(std::move(ours), std::move(reference), Ring::n_chains, exact_ring(r, 1),
                        [&](Sampler& s) { return check_mala(s, r); }, options);
}
Measurement compare_hmc(Chains ours, Chains reference, const PairOptions& options = {}) {
  return compare_chains(std::move(ours), std::move(reference), Gaussian::n_chains, exact_gaussian(1),
                        [](Sampler& s) { return check_hmc(s); }, options);
}

/// Time of the fused cycle over the sum of its parts' times, each alone.
Measurement measure_cycle(const ErgSide& erg) {
  const Ring& r = usual_ring;
  const Chains fused = erg.ring_cycle(r, 1), mala = erg.mala(r, 2), hmc = erg.ring_hmc(r, 3);
  for (const Chains& side : {fused, mala, hmc})
    if (const std::string wrong = check_mala(*side, r); !wrong.empty()) return unmeasured("erg's side fails its check: " + wrong);
  const std::vector<float> start = exact_ring(r, 1);
  for (const Chains& side : {fused, mala, hmc}) side->set_positions(start);
  const Work parts = [=](std::size_t n) {
    mala->step(5 * n);
    hmc->step(n);
  };
  Measurement m = compare(parts, steps_of(fused), Ring::n_chains);
  std::swap(m.measured, m.reference_measured);  // ours is the fused one
  return m;
}

/// How many times faster two threads do fixed arithmetic than one: what the machine has to give at the moment.
double speed_of_two_threads() {
  const auto wall = [](int n_threads) {
    const auto work = [] {
      for (int i = 0; i < 200; ++i) probe_seconds();
    };
    const double start = seconds_now(true);
    std::thread other;
    if (n_threads == 2) other = std::thread(work);
    work();
    if (other.joinable()) other.join();
    return (seconds_now(true) - start) / n_threads;
  };
  return wall(1) / wall(2);
}

/// One thread's wall-clock time over two threads' for the same steps.
Measurement measure_threads(const Chains& two, const Chains& one, double items, const std::vector<float>& start) {
  if (std::thread::hardware_concurrency() < 2) return unmeasured("this machine has one processor");
  two->set_positions(start);
  one->set_positions(start);
  PairOptions options;
  options.wall = true;
  options.seconds_per_block = 20e-3;
  std::vector<double> available = {speed_of_two_threads()};
  const Measurement m = compare(steps_of(two), steps_of(one), items, options);
  available.push_back(speed_of_two_threads());
  const double least = std::min(available[0], available[1]);
  if (least < 1.8)
    return unmeasured("the second processor was busy: plain arithmetic on two threads ran only " + std::to_string(least).substr(0, 4) +
                      " times as fast as on one");
  return m;
}

/// Allocations that 512 more steps cost, over all of erg's samplers.
Measurement measure_allocations(const ErgSide& erg) {
  Measurement m;
  long extra = 0;
  const std::vector<float> ring = exact_ring(usual_ring, 1), gaussian = exact_gaussian(1);
  const auto count = [&](const Chains& chains, const std::vector<float>& start) {
    chains->set_positions(start);
    chains->step(64);
    long n[2];
    for (const int i : {0, 1}) {
      const long before = allocations();
      chains->step(i == 0 ? 512 : 1024);
      n[i] = allocations() - before;
    }
    extra += n[1] - n[0];
  };
  count(erg.ula(usual_ring, 1), ring);
  count(erg.mala(usual_ring, 1), ring);
  count(erg.ring_cycle(usual_ring, 1), ring);
  count(erg.mala_threads(usual_ring, 1, 2), ring);
  count(erg.hmc(1), gaussian);
  m.measured = static_cast<double>(extra) / 512.0;
  m.reached = extra == 0;
  return m;
}

void add_normals(const ErgSide& erg, const ErgSide& avx2) {
  const auto add = [](const char* what, const char* reference, Aim aim, double bound, FillNormals a, FillNormals b) {
    add_figure({what, reference, "ns a normal", aim, bound, [=] { return compare_normals(a, b); }});
  };
  const bool has_avx512 = reference_normals_avx512() != nullptr;
  const FillNormals ours = has_avx512 ? erg.normals : nullptr;
  add("standard normals, float, AVX-512", "mt19937_64 + normal_distribution", Aim::at_least, 10.0, ours, reference_normals_std());
  add("standard normals, float, AVX-512", "by hand, intrinsics", Aim::at_least, 0.9, ours, reference_normals_avx512());
  add("standard normals, float, AVX2", "mt19937_64 + normal_distribution", Aim::at_least, 6.0, avx2.normals, reference_normals_std());
  add("standard normals, float, AVX2", "by hand, intrinsics", Aim::publish, 0.9, avx2.normals, reference_normals_avx2());
}

void add_langevin(const ErgSide& erg) {
  const auto ula = [=](const char* what, const char* reference, Aim aim, double bound, const Ring& r, auto make) {
    add_figure({what, reference, "ns a chain-step", aim, bound, [=] { return compare_ula(r, erg.ula(r, 11), make(r, 12)); }});
  };
  const auto mala = [=](const char* what, const char* reference, Aim aim, double bound, const Ring& r, auto make) {
    add_figure({what, reference, "ns a chain-step", aim, bound, [=] { return compare_mala(r, erg.mala(r, 21), make(r, 22)); }});
  };
  const char *plain = "plain loop, Eigen and std::", *hand = "by hand, intrinsics";
  ula("ULA, ring of 8 Gaussians, 4096 chains, float", plain, Aim::at_least, 18.0, usual_ring, reference_ula_plain);
  ula("ULA, ring of 8 Gaussians, 4096 chains, float", hand, Aim::at_least, 0.9, usual_ring, reference_ula_avx512);
  ula("ULA, ring of 8 Gaussians, 4096 chains, float", "by hand, one Philox block for two steps", Aim::publish, 0.0, usual_ring,
      reference_ula_avx512_shared_blocks);
  ula("ULA, ring whose modes overlap", plain, Aim::publish, 0.0, open_ring, reference_ula_plain);
  mala("MALA, ring of 8 Gaussians, 4096 chains, float", plain, Aim::at_least, 18.0, usual_ring, reference_mala_plain);
  mala("MALA, ring of 8 Gaussians, 4096 chains, float", hand, Aim::at_least, 0.9, usual_ring, reference_mala_avx512);
  mala("MALA, ring whose modes overlap", plain, Aim::publish, 0.0, open_ring, reference_mala_plain);
}

void add_profiles(const ErgSide& fast, const ErgSide& strict) {
  const char* reference = "fast profile";
  const auto add = [&](const char* what, const char* unit, std::function<Measurement()> measure) {
    add_figure({what, reference, unit, Aim::publish, 1.05, [measure] {
                  Measurement m = measure();  // strict is the second side: its time over fast's
                  std::swap(m.measured, m.reference_measured);
                  return m;
                }});
  };
  add("strict profile: time of normals, float", "ns a normal", [=] { return compare_normals(fast.normals, strict.normals); });
  add("strict profile: time of ULA, ring", "ns a chain-step",
      [=] { return compare_ula(usual_ring, fast.ula(usual_ring, 1), strict.ula(usual_ring, 1)); });
  add("strict profile: time of MALA, ring", "ns a chain-step",
      [=] { return compare_mala(usual_ring, fast.mala(usual_ring, 1), strict.mala(usual_ring, 1)); });
  add("strict profile: time of HMC, Gaussian D=100", "ns a chain-step", [=] { return compare_hmc(fast.hmc(1), strict.hmc(1)); });
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  using namespace bench;
  const ErgSide erg = erg_fast(), strict = erg_strict(), avx2 = erg_avx2();
  add_normals(erg, avx2);
  add_langevin(erg);
  add_figure({"HMC L=10, Gaussian D=100, 1024 chains, float", "plain loop, Eigen and std::", "ns a chain-step", Aim::at_least, 8.0,
              [=] { return compare_hmc(erg.hmc(31), reference_hmc_plain(32)); }});
  add_figure({"fused cycle of 5 MALA + 1 HMC: time", "sum of its parts run alone", "ns a chain-cycle", Aim::at_most, 1.05,
              [=] { return measure_cycle(erg); }});
  add_profiles(erg, strict);
  add_figure({"two threads, MALA, ring", "one thread, wall clock", "ns a chain-step", Aim::at_least, 1.9, [=] {
                return measure_threads(erg.mala_threads(usual_ring, 1, 2), erg.mala_threads(usual_ring, 1, 1), Ring::n_chains,
                                       exact_ring(usual_ring, 1));
              }});
  add_figure({"two threads, HMC, Gaussian D=100", "one thread, wall clock", "ns a chain-step", Aim::at_least, 1.9, [=] {
                return measure_threads(erg.hmc_threads(1, 2), erg.hmc_threads(1, 1), Gaussian::n_chains, exact_gaussian(1));
              }});
  add_figure({"compile time of example 01, -O2, and at most 4 s", "including <Eigen/Dense> alone", "s of CPU time", Aim::at_most, 3.0,
              measure_compile_time});
  add_figure({"allocations per step after warm-up", "none", "a step", Aim::at_most, 0.0, [=] { return measure_allocations(erg); }});
  return run_figures(argc, argv);
}
