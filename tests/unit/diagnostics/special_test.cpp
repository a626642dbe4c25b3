// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/special.hpp>

#include <cmath>

#include "support/catch.hpp"

using erg::diag::detail::beta_quantile;
using erg::diag::detail::normal_quantile;
using erg::test::WithinRel;

TEST_CASE("normal quantiles are right to 4e-15", "[diagnostics]") {
  const double table[][2] = {{9.9999999999999998e-13, -7.0344838253011321},
                             {1.0000000000000001e-05, -4.2648907939228256},
                             {0.01, -2.3263478740408408},
                             {0.29999999999999999, -0.52440051270804067},
                             {0.59999999999999998, 0.25334710313579978},
                             {0.97499999999999998, 1.9599639845400536}};  // R's qnorm
  for (const auto& row : table) CHECK_THAT(normal_quantile(row[0]), WithinRel(row[1], 4e-15));
  CHECK(normal_quantile(0.5) == 0);
  CHECK(normal_quantile(0.25) == -normal_quantile(0.75));
  for (double p = 1e-300; p < 0.5; p *= 3)
    CHECK_THAT(0.5 * std::erfc(-normal_quantile(p) / std::sqrt(2.0)), WithinRel(p, 1e-12));
}

TEST_CASE("beta quantiles are right to 1e-11", "[diagnostics]") {
  const double table[][4] = {{0.1586553, 0.5, 0.5, 0.060832988616512623},
                             {0.1586553, 3.7000000000000002, 20.100000000000001, 0.083429084732288272},
                             {0.84134469999999995, 101.5, 31.25, 0.80133801864252119},
                             {0.1586553, 20001, 380001, 0.049657644801705869},
                             {0.84134469999999995, 500000, 500000, 0.50049999990480554}};  // R's qbeta
  for (const auto& row : table) CHECK_THAT(beta_quantile(row[0], row[1], row[2]), WithinRel(row[3], 1e-11));
  for (const double p : {0.001, 0.2, 0.5, 0.9}) {
    CHECK_THAT(beta_quantile(p, 1, 1), WithinRel(p, 1e-13));
    CHECK_THAT(beta_quantile(p, 7, 1), WithinRel(std::pow(p, 1.0 / 7), 1e-13));
    CHECK_THAT(beta_quantile(p, 1, 11), WithinRel(-std::expm1(std::log1p(-p) / 11), 1e-11));
  }
  CHECK(std::isnan(beta_quantile(0.5, std::nan(""), 1)));
}
