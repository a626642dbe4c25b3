// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/autocorrelation.hpp>

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "chains.hpp"
#include "support/catch.hpp"

namespace diag = erg::diag;

TEST_CASE("the transform equals its definition", "[diagnostics]") {
  for (const std::size_t n : {std::size_t{1}, std::size_t{2}, std::size_t{4}, std::size_t{32}, std::size_t{128}}) {
    erg::test::chains::NormalSource source(n);
    const std::vector<double> re = source.normals(n), im = source.normals(n);
    std::vector<double> fast_re = re, fast_im = im;
    diag::detail::Fft(n).forward(fast_re, fast_im);
    for (std::size_t k = 0; k < n; ++k) {
      double sum_re = 0, sum_im = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const double angle = -2 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
        sum_re += re[j] * std::cos(angle) - im[j] * std::sin(angle);
        sum_im += re[j] * std::sin(angle) + im[j] * std::cos(angle);
      }
      CHECK_THAT(fast_re[k], erg::test::WithinAbs(sum_re, 1e-13 * static_cast<double>(n)));
      CHECK_THAT(fast_im[k], erg::test::WithinAbs(sum_im, 1e-13 * static_cast<double>(n)));
    }
  }
  ERG_CHECK_THROWS(diag::detail::Fft(12), std::invalid_argument,
                   "n = 12 (a transform's length must be a power of two)");
  ERG_CHECK_THROWS(diag::detail::Fft(0), std::invalid_argument, "power of two");
}

TEST_CASE("autocovariance equals the double loop, for any number of draws and chains", "[diagnostics]") {
  for (const int n_draws : {1, 2, 7, 64, 101})
    for (const int n_chains : {1, 2, 3}) {
      erg::test::chains::NormalSource source(static_cast<std::uint64_t>(10 * n_draws + n_chains));
      std::vector<double> x = source.ar1(n_draws, n_chains, 0.7);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] *= 1 + static_cast<double>(i / static_cast<std::size_t>(n_draws));
      const diag::Series s = diag::series_of(x, n_chains);
      const std::vector<double> fast = diag::autocovariance(s);
      REQUIRE(fast.size() == static_cast<std::size_t>(n_draws));
      for (int t = 0; t < n_draws; ++t) {
        double sum = 0;
        for (int c = 0; c < n_chains; ++c) {
          const double centre = diag::mean(s.chain(c));
          for (int i = 0; i + t < n_draws; ++i) sum += (s(i, c) - centre) * (s(i + t, c) - centre);
        }
        CHECK_THAT(fast[static_cast<std::size_t>(t)], erg::test::WithinAbs(sum / n_draws / n_chains, 1e-13));
      }
    }
}

TEST_CASE("autocorrelation is 1 at lag 0 and not defined for a constant series", "[diagnostics]") {
  erg::test::chains::NormalSource source(3);
  const std::vector<double> x = source.ar1(100, 2, 0.5), flat(10, 3.0);
  CHECK(diag::autocorrelation(diag::series_of(x, 2))[0] == 1);
  CHECK(std::isnan(diag::autocorrelation(diag::series_of(flat))[0]));
}

TEST_CASE("geyer's time follows its definition on written correlations", "[diagnostics]") {
  using diag::detail::geyer_time;
  // Pairs 1.5, 0.5, then -0.1: T = 4, rho_4 = 0.05 > 0 enters. tau = -1 + 2 (1 + 0.5 + 0.3 + 0.2) + 0.05.
  CHECK_THAT(geyer_time({1, 0.5, 0.3, 0.2, 0.05, -0.15, 9, 9, 9, 9, 9, 9}), erg::test::WithinAbs(3.05, 1e-14));
  // The same with rho_4 < 0, which does not.
  CHECK_THAT(geyer_time({1, 0.5, 0.3, 0.2, -0.05, -0.15, 9, 9, 9, 9, 9, 9}), erg::test::WithinAbs(3.0, 1e-14));
  // Monotone: the pair 0.9 after the pair 0.5 counts as 0.5. tau = -1 + 2 (1.5 + 0.5 + 0.5) + 0.
  CHECK_THAT(geyer_time({1, 0.5, 0.3, 0.2, 0.5, 0.4, -1, 0, 9, 9, 9, 9, 9}), erg::test::WithinAbs(4.0, 1e-14));
  CHECK(geyer_time({1, -1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}) == 2);
  CHECK(geyer_time({1, 0.5, 0.5, 0.5, 0.5}) == 2);
}

TEST_CASE("the integrated time of AR(1) chains is (1 + rho) / (1 - rho)", "[diagnostics][statistical]") {
  // 30 replicates of 4 x 2000 draws; 4 standard errors (two-sided false alarm 4e-4 with 29 degrees of freedom) plus 3%
  // for Geyer's bias.
  for (const double rho : {-0.4, 0.0, 0.5, 0.9}) {
    std::vector<double> times, first_pair_only;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      erg::test::chains::NormalSource source(100 + seed);
      const std::vector<double> x = source.ar1(2000, 4, rho);
      const diag::Series s = diag::series_of(x, 4);
      times.push_back(diag::integrated_autocorrelation_time(s));
      first_pair_only.push_back(1 + 2 * diag::autocorrelation(s)[1]);
    }
    const double truth = (1 + rho) / (1 - rho);
    const auto off = [&](const std::vector<double>& t) {
      const auto estimate = erg::test::chains::mean_and_error(t);
      return std::abs(estimate.mean - truth) - 4 * estimate.standard_error - 0.03 * truth;
    };
    INFO("rho = " << rho << ", mean " << erg::test::chains::mean_and_error(times).mean << ", truth " << truth);
    CHECK(off(times) < 0);
    if (rho != 0) CHECK(off(first_pair_only) > 0);  // stopping at lag 1 must be seen
  }
}
