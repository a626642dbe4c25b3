// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/runs_on_device.hpp"
#include "erg/exec/cuda/emulate.hpp"
#include "support/catch.hpp"

namespace erg::test {

TEST_CASE("whole runs on an emulated device give the bits of one lane of the CPU", "[device]") {
  for (const Pair& p : compare_runs(EmulatedCuda{})) {
    INFO(p.name);
    CHECK(p.there == p.here);
  }
}

TEST_CASE("a run does not depend on the number of threads that an emulated device has at a time", "[device]") {
  CHECK(hash_adapted(EmulatedCuda{.block = 64, .n_resident = 1}) == hash_adapted(Serial{}));
}

TEST_CASE("a draw costs a copy to the host only where a sink needs it there", "[device]") {
  std::size_t sent = 0;
  (void)hash_sums(EmulatedCuda{.bytes_sent = &sent}, 0.0);
  CHECK(sent == 0);

  OnlineMoments moments({.covariance = true});  // needs all chains of a draw at once
  (void)run<float>(EmulatedCuda{.bytes_sent = &sent}, Mala{{.step_size = 0.5}}, RingOfGaussians<8>(2.0, 1.0),
                   {.n_chains = 16, .n_draws = 10}, moments);
  CHECK(sent == 10 * 3 * 16 * sizeof(float));
}

TEST_CASE("a report says on which device the chains ran, and that the profile is strict", "[device]") {
  const auto report = run<float>(EmulatedCuda{}, Ula{{.step_size = 0.1}}, RingOfGaussians<8>(), {.n_chains = 4, .n_draws = 1});
  CHECK(report.lane == "float x 1, a thread of an emulated device");
  CHECK(report.profile == "strict");
}

}  // namespace erg::test
