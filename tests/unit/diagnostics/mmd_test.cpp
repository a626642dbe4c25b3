// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/mmd.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "chains.hpp"
#include "support/catch.hpp"

namespace diag = erg::diag;
using diag::Points;
using diag::Statistic;
using erg::test::WithinRel;

TEST_CASE("mmd of a few points is what one gets by hand", "[diagnostics]") {
  const std::vector<double> x = {0, 1}, y = {2, 3};
  const Points a(x.data(), 2, 1), one(y.data(), 1, 1), two(y.data(), 2, 1);
  const double e1 = std::exp(-0.5), e2 = std::exp(-2.0), e3 = std::exp(-4.5);  // distances 1, 2, 3 with h = 1
  CHECK_THAT(diag::mmd2(a, one, diag::Rbf(), Statistic::v), WithinRel((2 + 2 * e1) / 4 + 1 - (e2 + e1), 1e-14));
  CHECK_THAT(diag::mmd2(a, two, diag::Rbf(), Statistic::u), WithinRel(2 * e1 - (2 * e2 + e3 + e1) / 2, 1e-14));
  CHECK(std::abs(diag::mmd2(a, a, diag::Rbf(), Statistic::v)) < 1e-15);
}

TEST_CASE("the median bandwidth is the median of the pooled distances", "[diagnostics]") {
  const std::vector<double> x = {0, 1, 3, 7};
  CHECK(diag::median_bandwidth(Points(x.data(), 2, 1), Points(x.data() + 2, 1, 1)) == 2);    // 1, 2, 3
  CHECK(diag::median_bandwidth(Points(x.data(), 2, 1), Points(x.data() + 2, 2, 1)) == 3.5);  // 1, 2, 3, 4, 6, 7
  CHECK(diag::median_bandwidth(Points(x.data(), 3, 1)) == 2);
  const std::vector<double> same(4, 1.0), broken = {0, std::nan(""), 1};
  CHECK(diag::median_bandwidth(Points(same.data(), 4, 1)) == 0);
  CHECK(std::isnan(diag::median_bandwidth(Points(broken.data(), 3, 1))));
  ERG_CHECK_THROWS(diag::mmd2(Points(same.data(), 2, 1), Points(same.data(), 2, 1)), std::invalid_argument,
                   "bandwidth = 0.000000 (");
}

TEST_CASE("the mmd of a sum of kernels is the sum of theirs", "[diagnostics]") {
  const std::vector<double> x = {0, 1, 0.3, -2}, y = {2, 3, 1};
  const Points a(x.data(), 4, 1), b(y.data(), 3, 1);
  const auto with = [&](const auto& kernel) { return diag::mmd2(a, b, kernel); };
  CHECK_THAT(with(diag::RbfSum::around(0.8)), WithinRel(with(diag::Rbf(0.4)) + with(diag::Rbf(0.8)) + with(diag::Rbf(1.6)), 1e-13));
  CHECK_THAT(with(diag::RbfSum({0.8})), WithinRel(with(diag::Rbf(0.8)), 1e-14));
  ERG_CHECK_THROWS(diag::RbfSum({}), std::invalid_argument, "no bandwidths (");
  ERG_CHECK_THROWS(diag::RbfSum({1.0, -1.0}), std::invalid_argument, "bandwidth = -1.0");
}

TEST_CASE("the expected mmd of two normals is 2 sqrt(h^2 / (h^2 + 2)) (1 - exp(-mu^2 / (2 (h^2 + 2))))",
          "[diagnostics][statistical]") {
  // 80 replicates of 40 and 30 points; 4 standard errors, false alarm 1.4e-4 each. The biased statistic must be seen.
  const double h = 0.9;
  for (const double mu : {0.0, 1.2}) {
    const double truth = 2 * h / std::sqrt(h * h + 2) * (1 - std::exp(-mu * mu / (2 * (h * h + 2))));
    std::vector<double> u, v;
    for (std::uint64_t seed = 0; seed < 80; ++seed) {
      erg::test::chains::NormalSource source(seed);
      const std::vector<double> x = source.normals(40), y = source.normals(30, mu);
      u.push_back(diag::mmd2(Points(x.data(), 40, 1), Points(y.data(), 30, 1), diag::Rbf(h), Statistic::u));
      v.push_back(diag::mmd2(Points(x.data(), 40, 1), Points(y.data(), 30, 1), diag::Rbf(h), Statistic::v));
    }
    const auto estimate = erg::test::chains::mean_and_error(u), biased = erg::test::chains::mean_and_error(v);
    INFO("mu = " << mu << ", mean " << estimate.mean << ", truth " << truth);
    CHECK(std::abs(estimate.mean - truth) < 4 * estimate.standard_error);
    if (mu == 0) CHECK(std::abs(biased.mean - truth) > 4 * biased.standard_error);
  }
}

TEST_CASE("the permutation p-value of three points is a third", "[diagnostics]") {
  const std::vector<double> x = {0, 0.1}, y = {10};
  // Of the three labellings the given one separates best: p tends to 1/3; 3000 resamples, 5 standard errors.
  const auto result =
      diag::mmd_test(Points(x.data(), 2, 1), Points(y.data(), 1, 1), diag::Rbf(), Statistic::v, {3000, 1});
  CHECK(std::abs(result.p_value - 1.0 / 3) < 5 * std::sqrt(2.0 / 9 / 3000));
  CHECK(result.n_resamples == 3000);
}

TEST_CASE("mmd_test accepts one distribution and rejects two", "[diagnostics][statistical]") {
  const diag::Resampling resampling{.n_resamples = 200, .seed = 9};
  double mean_p = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    erg::test::chains::NormalSource source(500 + seed);
    const std::vector<double> x = source.normals(80), y = source.normals(60);
    mean_p += diag::mmd_test(Points(x.data(), 40, 2), Points(y.data(), 30, 2), Statistic::u, resampling).p_value / 40;
  }
  CHECK(std::abs(mean_p - 0.5) < 4 * std::sqrt(1.0 / 12 / 40));
  erg::test::chains::NormalSource source(12);
  const std::vector<double> x = source.normals(160), shifted = source.normals(160, 0.8),
                            wide = source.normals(160, 0, 2);
  CHECK(diag::mmd_test(Points(x.data(), 80, 2), Points(shifted.data(), 80, 2), Statistic::u, resampling).p_value <
        0.01);
  CHECK(diag::mmd_test(Points(x.data(), 80, 2), Points(wide.data(), 80, 2), Statistic::v, resampling).p_value < 0.01);
  CHECK(diag::mmd_test(Points(x.data(), 80, 2), Points(wide.data(), 80, 2), diag::Imq(), Statistic::u, resampling)
            .p_value < 0.01);
}

TEST_CASE("mmd refuses impossible input with a sentence, and NaN gives NaN", "[diagnostics]") {
  const std::vector<double> x = {0, 1, std::nan(""), 3};
  const Points a(x.data(), 2, 1), b(x.data(), 1, 2), none(x.data(), 0, 1), one(x.data(), 1, 1), broken(x.data(), 4, 1);
  ERG_CHECK_THROWS(diag::mmd2(a, b, diag::Rbf(), Statistic::v), std::invalid_argument,
                   "x has dim = 1 but y has dim = 2");
  ERG_CHECK_THROWS(diag::mmd2(a, none, diag::Rbf()), std::invalid_argument, "y has 0 points");
  ERG_CHECK_THROWS(diag::mmd2(one, a, diag::Rbf()), std::invalid_argument, "x has 1 points (at least 2 are needed)");
  ERG_CHECK_THROWS(diag::mmd_test(a, a, diag::Rbf(), Statistic::u, {-1}), std::invalid_argument, "n_resamples = -1");
  CHECK(std::isnan(diag::mmd2(a, broken, diag::Rbf())));
  CHECK(std::isnan(diag::mmd_test(a, broken, diag::Rbf()).p_value));
}
