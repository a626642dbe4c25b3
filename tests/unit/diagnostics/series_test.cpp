// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/series.hpp>

#include <cmath>
#include <vector>

#include "support/catch.hpp"

#include <erg/diagnostics/draws.hpp>
#include <erg/diagnostics/moments.hpp>

namespace diag = erg::diag;

TEST_CASE("a series reads any strides", "[diagnostics]") {
  const std::vector<double> x = {0, 1, 2, 3, 4, 5};
  const diag::Series rows{x.data(), 3, 2, 2, 1}, columns{x.data(), 3, 2, 1, 3};
  CHECK(rows(2, 1) == 5);
  CHECK(rows(1, 0) == 2);
  CHECK(columns(2, 1) == 5);
  CHECK(columns(1, 0) == 1);
  CHECK(columns.chain(1)(0, 0) == 3);
  CHECK(rows.chain(1)(2, 0) == 5);
}

TEST_CASE("splitting halves the chains and drops the middle draw of an odd number", "[diagnostics]") {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const auto halves = diag::detail::split(diag::detail::copy(diag::series_of(x, 2)));
  CHECK(halves.n_draws == 2);
  CHECK(halves.n_chains == 4);
  CHECK(halves.values == std::vector<double>{1, 2, 6, 7, 4, 5, 9, 10});
}

TEST_CASE("quantiles are those of definition 7", "[diagnostics]") {
  const std::vector<double> x = {3, 1, 4, 2};
  const diag::Series s = diag::series_of(x);
  CHECK(diag::quantile(s, 0) == 1);
  CHECK(diag::quantile(s, 1) == 4);
  CHECK(diag::median(s) == 2.5);
  CHECK(diag::quantile(s, 0.25) == 1.75);
  const std::vector<double> one = {7};
  CHECK(diag::quantile(diag::series_of(one), 0.9) == 7);
  const std::vector<double> broken = {1, std::nan(""), 2};
  CHECK(std::isnan(diag::quantile(diag::series_of(broken), 0.5)));
}

TEST_CASE("mean and variance keep their digits beside a large offset", "[diagnostics]") {
  std::vector<double> x;
  for (int i = 0; i < 1000; ++i) x.push_back(0x1p40 + (i % 2 == 0 ? 0.25 : -0.25));
  const diag::Series s = diag::series_of(x);
  CHECK(diag::mean(s) == 0x1p40);
  CHECK_THAT(diag::variance(s), erg::test::WithinRel(0.0625 * 1000 / 999, 1e-14));
  // The textbook E x^2 - (E x)^2 must fail here, or the test shows nothing.
  double sum = 0, squares = 0;
  for (const double v : x) sum += v, squares += v * v;
  CHECK(std::abs(squares / 1000 - sum / 1000 * (sum / 1000) - 0.0625) > 1e-3);
}

TEST_CASE("an empty series is refused with a sentence", "[diagnostics]") {
  const std::vector<double> x = {1, 2, 3};
  ERG_CHECK_THROWS(diag::mean(diag::Series{x.data(), 0, 1}), std::invalid_argument,
                   "n_draws = 0 (a diagnostic needs at least one draw)");
  ERG_CHECK_THROWS(diag::mean(diag::Series{x.data(), 3, 0}), std::invalid_argument, "n_chains = 0 (");
  ERG_CHECK_THROWS(diag::mean(diag::Series{nullptr, 3, 1}), std::invalid_argument, "null pointer");
  ERG_CHECK_THROWS(diag::quantile(diag::series_of(x), 1.5), std::invalid_argument,
                   "probability = 1.500000 (must be between 0 and 1)");
  ERG_CHECK_THROWS(diag::quantile(diag::series_of(x), std::nan("")), std::invalid_argument, "must be between 0 and 1");
  ERG_CHECK_THROWS(diag::series_of(x, 2), std::invalid_argument,
                   "3 values (cannot be divided into 2 chains of equal length)");
}

TEST_CASE("draws become points draw by draw, thinned", "[diagnostics]") {
  std::vector<double> x;  // [3 draws, 2 chains, 2 coordinates], value = 100 draw + 10 chain + coordinate
  for (int i = 0; i < 3; ++i)
    for (int c = 0; c < 2; ++c)
      for (int d = 0; d < 2; ++d) x.push_back(100 * i + 10 * c + d);
  const diag::DrawsView draws(x.data(), 3, 2, 2);
  CHECK(draws.series(1)(2, 1) == 211);
  const diag::PointSet all = diag::points_of(draws), thinned = diag::points_of(draws, 2);
  CHECK(all.values == x);
  CHECK(all.n == 6);
  CHECK(thinned.n == 4);
  CHECK(thinned.values == std::vector<double>{0, 1, 10, 11, 200, 201, 210, 211});
  ERG_CHECK_THROWS(diag::points_of(draws, 0), std::invalid_argument, "thin = 0 (must be at least 1");
  ERG_CHECK_THROWS(diag::DrawsView(x.data(), 3, -1, 2), std::invalid_argument, "draws of shape [3, -1, 2]");
}
