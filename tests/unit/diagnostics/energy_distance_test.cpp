// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/energy_distance.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "chains.hpp"
#include "support/catch.hpp"

namespace diag = erg::diag;
using diag::Points;
using diag::Statistic;
using erg::test::WithinRel;

TEST_CASE("energy distance of a few points is what one gets by hand", "[diagnostics]") {
  const std::vector<double> x = {0, 1}, y = {2, 4}, plane = {0, 0, 3, 4};
  const Points a(x.data(), 2, 1), one(y.data(), 1, 1), two(y.data(), 2, 1);
  CHECK_THAT(diag::energy_distance2(a, one), WithinRel(2 * 1.5 - 0.5, 1e-15));  // |0-1| counts twice in four pairs
  CHECK_THAT(diag::energy_distance2(a, two, Statistic::v),
             WithinRel(2 * 2.5 - 0.5 - 1, 1e-15));  // distances 2, 4, 1, 3
  CHECK_THAT(diag::energy_distance2(a, two, Statistic::u), WithinRel(2 * 2.5 - 1 - 2.0, 1e-15));
  CHECK_THAT(diag::energy_distance2(Points(plane.data(), 1, 2), Points(plane.data() + 2, 1, 2)),
             WithinRel(10.0, 1e-15));
  CHECK(diag::energy_distance2(a, a) == 0);
}

TEST_CASE("the expected energy distance of two normals has its closed form", "[diagnostics][statistical]") {
  // E|N(mu, 2)| = 2/sqrt(pi) exp(-mu^2/4) + mu erf(mu/2). 80 replicates of 40 and 30 points; 4 standard errors, false
  // alarm 1.4e-4 each.
  const double scale = 2 / std::sqrt(std::numbers::pi);
  for (const double mu : {0.0, 1.0}) {
    const double truth = 2 * (scale * std::exp(-mu * mu / 4) + mu * std::erf(mu / 2)) - 2 * scale;
    std::vector<double> u, v;
    for (std::uint64_t seed = 0; seed < 80; ++seed) {
      erg::test::chains::NormalSource source(40 + seed);
      const std::vector<double> x = source.normals(40), y = source.normals(30, mu);
      u.push_back(diag::energy_distance2(Points(x.data(), 40, 1), Points(y.data(), 30, 1), Statistic::u));
      v.push_back(diag::energy_distance2(Points(x.data(), 40, 1), Points(y.data(), 30, 1), Statistic::v));
    }
    const auto estimate = erg::test::chains::mean_and_error(u), biased = erg::test::chains::mean_and_error(v);
    INFO("mu = " << mu << ", mean " << estimate.mean << ", truth " << truth);
    CHECK(std::abs(estimate.mean - truth) < 4 * estimate.standard_error);
    if (mu == 0) CHECK(std::abs(biased.mean - truth) > 4 * biased.standard_error);
  }
}

TEST_CASE("energy_test accepts one distribution and rejects two", "[diagnostics][statistical]") {
  const diag::Resampling resampling{.n_resamples = 200, .seed = 2};
  double mean_p = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    erg::test::chains::NormalSource source(800 + seed);
    const std::vector<double> x = source.normals(80), y = source.normals(60);
    mean_p +=
        diag::energy_test(Points(x.data(), 40, 2), Points(y.data(), 30, 2), Statistic::v, resampling).p_value / 40;
  }
  CHECK(std::abs(mean_p - 0.5) < 4 * std::sqrt(1.0 / 12 / 40));
  erg::test::chains::NormalSource source(13);
  const std::vector<double> x = source.normals(160), shifted = source.normals(160, 0.8),
                            wide = source.normals(160, 0, 2);
  CHECK(diag::energy_test(Points(x.data(), 80, 2), Points(shifted.data(), 80, 2), Statistic::v, resampling).p_value <
        0.01);
  CHECK(diag::energy_test(Points(x.data(), 80, 2), Points(wide.data(), 80, 2), Statistic::u, resampling).p_value <
        0.01);
}

TEST_CASE("energy distance refuses impossible input with a sentence, and NaN gives NaN", "[diagnostics]") {
  const std::vector<double> x = {0, 1, std::nan(""), 3};
  const Points a(x.data(), 2, 1), b(x.data(), 1, 2), none(x.data(), 0, 1), broken(x.data(), 4, 1);
  ERG_CHECK_THROWS(diag::energy_distance2(a, b), std::invalid_argument, "x has dim = 1 but y has dim = 2");
  ERG_CHECK_THROWS(diag::energy_distance2(none, a), std::invalid_argument, "x has 0 points");
  ERG_CHECK_THROWS(diag::energy_test(a, a, Statistic::v, {0}), std::invalid_argument, "n_resamples = 0");
  CHECK(std::isnan(diag::energy_distance2(a, broken)));
  CHECK(std::isnan(diag::energy_test(a, broken).p_value));
}
