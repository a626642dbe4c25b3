// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Rank statistics of scores against closed forms, and how often their intervals hold the truth.
#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/z_test.hpp"

#include <erg/diagnostics/ood.hpp>

using namespace erg;
using namespace erg::test;

namespace {

/// -|x|^2 / 2 over the first n_used coordinates.
std::vector<double> scores(int n, int dim, double sd, std::uint64_t seed, int n_used) {
  const auto x = normal_cloud<double>(n, dim, seed, sd);
  std::vector<double> s(static_cast<std::size_t>(n), 0.0);
  for (int i = 0; i < n; ++i) {
    for (int d = 0; d < n_used; ++d) s[static_cast<std::size_t>(i)] -= 0.5 * x(i, d) * x(i, d);
  }
  return s;
}

}  // namespace

TEST_CASE("the area under the curve of normal energies is the closed form, below one half for what is simpler", "[diagnostics]") {
  struct Case {
    int dim;
    double variance, area;
  };
  for (const Case& c : {Case{2, 4.0, 0.8}, Case{4, 4.0, 0.896}, Case{2, 0.25, 0.2}}) {
    const int n = 2000;
    const auto a = diag::auroc(scores(n, c.dim, 1.0, 1, c.dim), scores(n, c.dim, std::sqrt(c.variance), 2, c.dim));
    CHECK(std::abs(a.value - c.area) < z_limit * a.standard_error);
    CHECK(a.standard_error < 0.009);
    const auto broken = diag::auroc(scores(n, c.dim, 1.0, 1, 1), scores(n, c.dim, std::sqrt(c.variance), 2, 1));  // one coordinate only
    CHECK(std::abs(broken.value - c.area) > z_broken * broken.standard_error);
  }
}

TEST_CASE("the area under the curve of two normal scores is Phi of their distance, with Hanley and McNeil's error", "[diagnostics]") {
  // in N(m, 1), out N(0, 1.5^2): A = Phi(m / sqrt(1 + 2.25)); m so that A = 0.8, of which 2000 + 2000 scores are off by about 0.0070.
  const int n = 2000;
  const double m = 0.8416212335729143 * std::sqrt(3.25);
  const auto out = normal_cloud<double>(n, 1, 4, 1.5);
  auto in = normal_cloud<double>(n, 1, 3);
  for (double& v : in.values) v += m;
  const auto a = diag::auroc(in.values, out.values);
  CHECK(std::abs(a.value - 0.8) < z_limit * a.standard_error);
  CHECK_THAT(a.standard_error, WithinAbs(0.0070, 0.0007));
  CHECK(std::abs(a.value - normal_cdf(m / std::sqrt(2.0))) > z_broken * a.standard_error);  // mutant: both of unit variance
}

TEST_CASE("intervals of 95 % hold the truth in about 95 of 100 experiments, and halved ones do not", "[diagnostics]") {
  const int n = 80, n_experiments = 300;
  const double area = normal_cdf(1.0 / std::sqrt(2.0)), fpr = normal_cdf(1.6448536269514722 - 1.0);
  int held = 0, held_by_half = 0, held_fpr = 0;
  for (std::uint64_t r = 0; r < n_experiments; ++r) {
    const auto in = normal_cloud<double>(n, 1, 2 * r + 1000), out = normal_cloud<double>(n, 1, 2 * r + 1001);
    std::vector<double> high = in.values;
    for (double& v : high) v += 1.0;
    const auto a = diag::auroc(high, out.values);
    held += a.low <= area && area <= a.high ? 1 : 0;
    held_by_half += std::abs(a.value - area) < 0.5 * (a.high - a.low) / 2 ? 1 : 0;
    const auto f = diag::fpr_at_tpr(high, out.values, 0.95, {.n_resamples = 200});
    held_fpr += f.low <= fpr && fpr <= f.high ? 1 : 0;
  }
  const double sd = std::sqrt(0.95 * 0.05 / n_experiments);
  CHECK(std::abs(held / double(n_experiments) - 0.95) < z_limit * sd);
  CHECK(held_by_half / double(n_experiments) < 0.95 - z_broken * sd);
  CHECK(held_fpr / double(n_experiments) > 0.85);  // percentiles of a quantile of 80 points
}
