// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What runs on a GPU, in the fast profile: other bits than on the CPU, the same law. Where there is no GPU, tests are skipped by name.
#include "device/device.hpp"
#include "device/skip.hpp"
#include "support/catch.hpp"

#include <cmath>

namespace erg::test {

TEST_CASE("the fast profile draws from the same law: moments of 262144 chains are within 5 standard errors", "[device]") {
  ERG_NEEDS_GPU;
  for (const Estimate& e : gpu::fast_profile()) {
    INFO(e.name << ": " << e.value << " for " << e.truth << " +- " << e.standard_error);
    CHECK(std::abs(e.value - e.truth) < 5.0 * e.standard_error);
    CHECK(std::abs(e.value + 20.0 * e.standard_error - e.truth) >= 5.0 * e.standard_error);  // a bias of that size would show
  }
}

TEST_CASE("exp and exp2 of the fast profile are within the 2 ULP that the guide says", "[device]") {
  ERG_NEEDS_GPU;
  CHECK(gpu::worst_ulp_of_exp() <= 2.0);
  CHECK(gpu::worst_ulp_of_exp2() <= 2.0);
}

}  // namespace erg::test
