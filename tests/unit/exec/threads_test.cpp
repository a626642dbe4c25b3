// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/energy/gaussian.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks/trace.hpp"
#include "support/catch.hpp"

namespace erg::test {
namespace {

std::vector<float> draws_on(int n_threads) {
  Trace<float> trace;
  const auto kernel = Hmc{{.step_size = 0.3, .n_leapfrog = 2}, DiagonalMetric{}};
  const auto report = run<float>(Threads<Simd<>>{n_threads}, kernel, GaussianIsotropic<>(5),
                                 {.n_chains = 70, .n_warmup = 40, .n_draws = 30, .seed = 9}, trace);
  CHECK(report.n_workers == n_threads);
  std::vector<float> all;
  for (int i = 0; i < 30; ++i) {
    for (int c = 0; c < 70; ++c) {
      for (int d = 0; d < 5; ++d) all.push_back(trace(i, c, d));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("any number of threads draws the same, adaptation included", "[exec][threads]") {
  const auto one = draws_on(1);
  CHECK(draws_on(2) == one);
  CHECK(draws_on(3) == one);
  CHECK(draws_on(16) == one);  // more threads than there are packs of chains on wide machines
}

TEST_CASE("zero threads means all of the machine's", "[exec][threads]") {
  CHECK(Threads<Serial>{}.n_workers() == Crew::hardware_threads());
  CHECK(Threads<Serial>{3}.n_workers() == 3);
}

}  // namespace erg::test
