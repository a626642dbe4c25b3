// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/energy/gaussian.hpp"
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/exec/cuda/emulate.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/ula.hpp"
#include "erg/run/device_memory.hpp"
#include "erg/run/sinks.hpp"
#include "support/catch.hpp"

namespace erg::test {

TEST_CASE("a million chains of ten thousand steps in two dimensions, with moments, R-hat, ESS or a thinned trace, need less than 1 GiB", "[device]") {
  const RingOfGaussians<8> ring;
  const Ula<> ula{{.step_size = 0.1}};
  const Plan plan{.n_chains = 1000000, .n_draws = 10000};
  constexpr std::size_t MiB = std::size_t{1} << 20;

  const auto sums = memory_needed<float>(Cuda{}, ula, ring, plan, OnlineMoments{}, OnlineRHat{}, OnlineEss{}, Acceptance{});
  CHECK(sums < 300 * MiB);
  CHECK(memory_needed<double>(Cuda{}, ula, ring, plan, OnlineMoments{}, OnlineRHat{}, OnlineEss{}, Acceptance{}) < 1024 * MiB);
  Plan thinned = plan;
  thinned.n_draws = 10;
  thinned.thin = 1000;
  CHECK(memory_needed<float>(Cuda{}, ula, ring, thinned, OnlineMoments{}, OnlineRHat{}, OnlineEss{}, Trace<float>{}) < 300 * MiB);

  // whatever the number of draws
  Plan longer = plan;
  longer.n_draws = 1000000000;
  CHECK(memory_needed<float>(Cuda{}, ula, ring, longer, OnlineMoments{}, OnlineRHat{}, OnlineEss{}, Acceptance{}) == sums);
}

TEST_CASE("memory_needed says what a run takes", "[device]") {
  std::size_t held = 0;
  const EmulatedCuda exec{.bytes_held = &held};
  const auto check = [&](const auto& kernel, const auto& energy, const Plan& plan, auto&&... sinks) {
    const auto needed = memory_needed<float>(exec, kernel, energy, plan, sinks...);
    held = 0;
    (void)run<float>(exec, kernel, energy, plan, sinks...);
    CHECK(needed == held);
  };
  const RingOfGaussians<8> ring;
  check(Ula<>{{.step_size = 0.1}}, ring, {.n_chains = 5000, .n_draws = 40}, OnlineMoments{}, OnlineRHat{});
  check(Ula<>{{.step_size = 0.1}}, ring, {.n_chains = 100, .n_draws = 40}, Trace<float>{}, OnlineEss{});
  check(Ula<>{{.step_size = 0.1}}, ring, {.n_chains = 100, .n_draws = 40}, OnlineMoments{{.covariance = true}});
  check(Hmc<DenseMetric>{{.step_size = 0.1}, DenseMetric{}}, GaussianDiagonal<>{{1, 2, 3}, {1, 2, 3}}, {.n_chains = 900, .n_warmup = 200, .n_draws = 5});
}

TEST_CASE("memory that is too small by a byte is refused before a step, and what is there suffices", "[device]") {
  const RingOfGaussians<8> ring;
  const Ula<> ula{{.step_size = 0.1}};
  const Plan plan{.n_chains = 5000, .n_draws = 3};
  EmulatedCuda exec;
  exec.memory = memory_needed<float>(exec, ula, ring, plan, OnlineMoments{});
  OnlineMoments moments;
  CHECK(run<float>(exec, ula, ring, plan, moments).n_draws == 3);
  --exec.memory;
  CHECK_THROWS_AS(run<float>(exec, ula, ring, plan, moments), CudaError);
}

}  // namespace erg::test
