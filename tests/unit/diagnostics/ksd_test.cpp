// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/ksd.hpp>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "chains.hpp"
#include "support/catch.hpp"

namespace diag = erg::diag;
using diag::Points;
using diag::Statistic;
using erg::test::WithinAbs;
using erg::test::WithinRel;

namespace {

std::vector<double> scores_of_standard_normal(const std::vector<double>& x) {
  std::vector<double> s = x;
  for (double& v : s) v = -v;
  return s;
}

/// u(x, y) from its definition, every derivative of k by central differences.
template <class K>
double stein_by_differences(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& s,
                            const std::vector<double>& t, const K& kernel) {
  const std::size_t dim = x.size();
  const double h = 1e-4;
  const auto k = [&](std::size_t i, double a, std::size_t j, double b) {
    std::vector<double> p = x, q = y;
    p[i] += a;
    q[j] += b;
    return kernel(diag::detail::squared_distance(p.data(), q.data(), static_cast<int>(dim))).value;
  };
  double sum = 0;
  for (std::size_t d = 0; d < dim; ++d) {
    sum += s[d] * t[d] * k(d, 0, d, 0);
    sum += s[d] * (k(d, 0, d, h) - k(d, 0, d, -h)) / (2 * h);
    sum += t[d] * (k(d, h, d, 0) - k(d, -h, d, 0)) / (2 * h);
    sum += (k(d, h, d, h) - k(d, h, d, -h) - k(d, -h, d, h) + k(d, -h, d, -h)) / (4 * h * h);
  }
  return sum;
}

}  // namespace

TEST_CASE("the stein discrepancy of two points is what one gets by hand", "[diagnostics]") {
  const std::vector<double> x = {0, 1}, s = {0, -1};
  const Points points(x.data(), 2, 1), scores(s.data(), 2, 1);
  // Imq, c = 1, beta = -1/2: u(0,0) = 1, u(1,1) = 2, u(0,1) = -4 phi'' = -3 * 2^-5/2.
  const double off = -3 * std::pow(2.0, -2.5);
  CHECK_THAT(diag::ksd2(points, scores, diag::Imq(), Statistic::u), WithinRel(off, 1e-14));
  CHECK_THAT(diag::ksd2(points, scores), WithinRel((3 + 2 * off) / 4, 1e-14));
  // Rbf, h = 1: u(0,0) = 1, u(1,1) = 2, u(0,1) = -exp(-1/2).
  CHECK_THAT(diag::ksd2(points, scores, diag::Rbf(), Statistic::u), WithinRel(-std::exp(-0.5), 1e-14));
  CHECK_THAT(diag::ksd2(points, scores, diag::Rbf(), Statistic::v), WithinRel((3 - 2 * std::exp(-0.5)) / 4, 1e-14));
}

TEST_CASE("the stein kernel equals its definition by differences in three dimensions", "[diagnostics]") {
  const std::vector<double> x = {0.3, -1.2, 0.7, -0.4, 0.9, 1.5}, s = {0.5, 2, -1, 1.5, -0.3, 0.8};
  const std::vector<double> a(x.begin(), x.begin() + 3), b(x.begin() + 3, x.end()), sa(s.begin(), s.begin() + 3),
      sb(s.begin() + 3, s.end());
  const auto check = [&](const auto& kernel) {
    CHECK_THAT(diag::ksd2(Points(x.data(), 2, 3), Points(s.data(), 2, 3), kernel, Statistic::u),
               WithinAbs(stein_by_differences(a, b, sa, sb, kernel), 1e-6));
  };
  check(diag::Rbf(1.3));
  check(diag::RbfSum({0.6, 1.3, 4}));
  check(diag::Imq());
  check(diag::Imq(2, -0.3));
}

TEST_CASE("ksd reads column-major points too", "[diagnostics]") {
  const std::vector<double> rows = {0, 1, 2, 3, 4, 6}, columns = {0, 2, 4, 1, 3, 6};
  const Points a(rows.data(), 3, 2), b(columns.data(), 3, 2, 1, 3);
  CHECK(diag::ksd2(a, a) == diag::ksd2(b, b));
}

TEST_CASE("the expected stein discrepancy of a shifted normal is |mu|^2 (h^2 / (h^2 + 2))^(d/2)",
          "[diagnostics][statistical]") {
  // 60 replicates of 60 points; 4 standard errors, false alarm 2e-4 each. The biased statistic and wrong scores must be
  // seen.
  const double h = 1.5;
  for (const double mu : {0.0, 0.8}) {
    const double truth = 2 * mu * mu * h * h / (h * h + 2);
    std::vector<double> u, v, wrong;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      erg::test::chains::NormalSource source(7000 + seed);
      const std::vector<double> x = source.normals(120, mu), s = scores_of_standard_normal(x);
      u.push_back(diag::ksd2(Points(x.data(), 60, 2), Points(s.data(), 60, 2), diag::Rbf(h), Statistic::u));
      v.push_back(diag::ksd2(Points(x.data(), 60, 2), Points(s.data(), 60, 2), diag::Rbf(h), Statistic::v));
      wrong.push_back(diag::ksd2(Points(x.data(), 60, 2), Points(x.data(), 60, 2), diag::Rbf(h), Statistic::u));
    }
    const auto z = [&](const std::vector<double>& values) {
      const auto estimate = erg::test::chains::mean_and_error(values);
      return std::abs(estimate.mean - truth) / estimate.standard_error;
    };
    INFO("mu = " << mu << ", mean " << erg::test::chains::mean_and_error(u).mean << ", truth " << truth);
    CHECK(z(u) < 4);
    CHECK(z(wrong) > 4);
    if (mu == 0) CHECK(z(v) > 4);
  }
}

TEST_CASE("ksd_test accepts right points and rejects shifted, wide and one-moded ones", "[diagnostics][statistical]") {
  const diag::Resampling resampling{.n_resamples = 200, .seed = 5};
  double mean_p = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    erg::test::chains::NormalSource source(300 + seed);
    const std::vector<double> x = source.normals(100), s = scores_of_standard_normal(x);
    mean_p += diag::ksd_test(Points(x.data(), 50, 2), Points(s.data(), 50, 2), diag::Imq(), Statistic::u, resampling)
                  .p_value /
              40;
  }
  CHECK(std::abs(mean_p - 0.5) < 4 * std::sqrt(1.0 / 12 / 40));  // uniform p: 4 standard errors

  erg::test::chains::NormalSource source(11);
  for (const auto& x : {source.normals(200, 0.6), source.normals(200, 0, 1.7)}) {
    const std::vector<double> s = scores_of_standard_normal(x);
    for (const Statistic statistic : {Statistic::u, Statistic::v})
      CHECK(diag::ksd_test(Points(x.data(), 100, 2), Points(s.data(), 100, 2), diag::Imq(), statistic, resampling)
                .p_value < 0.01);
  }
  const std::vector<double> x = source.normals(200, 1.0), s = scores_of_standard_normal(x);
  const auto first =
      diag::ksd_test(Points(x.data(), 100, 2), Points(s.data(), 100, 2), diag::Rbf(), Statistic::v, resampling);
  const auto again =
      diag::ksd_test(Points(x.data(), 100, 2), Points(s.data(), 100, 2), diag::Rbf(), Statistic::v, resampling);
  CHECK(first.p_value == 1.0 / 201);
  CHECK(first.p_value == again.p_value);
  CHECK_THAT(first.statistic,
             WithinRel(diag::ksd2(Points(x.data(), 100, 2), Points(s.data(), 100, 2), diag::Rbf()), 1e-12));
}

TEST_CASE("a lower flip probability keeps the level for correlated points", "[diagnostics][statistical]") {
  // AR(1) with the right margins, tau = 19: treated as independent they are rejected far too often, with 1 / (2 tau)
  // they are not.
  int naive = 0, wild = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    erg::test::chains::NormalSource source(900 + seed);
    const std::vector<double> x = source.ar1(400, 1, 0.9), s = scores_of_standard_normal(x);
    const Points points(x.data(), 400, 1), scores(s.data(), 400, 1);
    const auto p = [&](double flip) {
      return diag::ksd_test(points, scores, diag::Imq(), Statistic::v, {150, 3, flip}).p_value;
    };
    naive += p(0.5) < 0.05 ? 1 : 0;
    wild += p(0.025) < 0.05 ? 1 : 0;
  }
  INFO("rejected of 40: naive " << naive << ", wild " << wild);
  CHECK(naive > 20);
  CHECK(wild <= 8);  // binomial(40, 0.05) exceeds 8 with probability 1e-4
}

TEST_CASE("ksd of a non-finite point is NaN, with a NaN p-value", "[diagnostics]") {
  const std::vector<double> x = {0, std::nan(""), 1}, s = {0, 1, -1};
  CHECK(std::isnan(diag::ksd2(Points(x.data(), 3, 1), Points(s.data(), 3, 1))));
  CHECK(std::isnan(diag::ksd_test(Points(x.data(), 3, 1), Points(s.data(), 3, 1)).p_value));
}

TEST_CASE("ksd refuses impossible input with a sentence", "[diagnostics]") {
  const std::vector<double> x = {0, 1, 2, 3};
  const Points two(x.data(), 2, 2), four(x.data(), 4, 1), none(x.data(), 0, 2), one(x.data(), 1, 2);
  ERG_CHECK_THROWS(diag::ksd2(two, four), std::invalid_argument, "scores have shape [4, 1] but x has shape [2, 2]");
  ERG_CHECK_THROWS(diag::ksd2(none, none), std::invalid_argument, "x has 0 points (at least 1 are needed)");
  ERG_CHECK_THROWS(diag::ksd2(one, one, diag::Imq(), Statistic::u), std::invalid_argument,
                   "x has 1 points (at least 2 are needed)");
  ERG_CHECK_THROWS(diag::ksd_test(two, two, diag::Imq(), Statistic::v, {0}), std::invalid_argument,
                   "n_resamples = 0 (");
  ERG_CHECK_THROWS(diag::ksd_test(two, two, diag::Imq(), Statistic::v, {10, 1, 0.7}), std::invalid_argument,
                   "flip_probability = 0.7");
  ERG_CHECK_THROWS(diag::Imq(0), std::invalid_argument, "c = 0.000000 (must be finite and > 0)");
  ERG_CHECK_THROWS(diag::Imq(1, -1), std::invalid_argument, "beta = -1.000000 (must be between -1 and 0)");
  ERG_CHECK_THROWS(diag::Rbf(-1), std::invalid_argument, "bandwidth = -1.000000 (must be finite and > 0)");
}
