// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/lane/xsimd_lane.hpp"
#include "erg/run/profile.hpp"
#include "support/catch.hpp"

namespace erg::test {
namespace {

// Ordinary code of a user: a compiler that contracts, contracts this.
[[gnu::noinline]] double product_and_sum(double a, double b, double c) { return a * b + c; }

}  // namespace

TEST_CASE("contraction by the compiler is seen exactly where ordinary code is contracted", "[run]") {
  volatile double e = 0x1p-27;  // read at run time: a compiler that sees the constants computes without contraction
  const double a = 1.0 + e, b = 1.0 - e;
  CHECK(contracts<Pack<double>>() == (product_and_sum(a, b, -1.0) != 0.0));
  CHECK(contracts<Pack<float>>() == contracts<Pack<double>>());
  if (!has_fma || is_strict_build) CHECK_FALSE(contracts<simd_lane<float, default_arch>>());
}

TEST_CASE("a build that was not asked to be strict says fast", "[run]") {
  if (!is_strict_build) CHECK(profile_name<Pack<double>>(true) == "fast");
}

TEST_CASE("a strict run of a batch energy that does not declare itself strict says so", "[run]") {
  if (is_strict_build) CHECK_THAT(profile_name<Pack<double>>(false), contains("does not declare is_strict"));
}

}  // namespace erg::test
