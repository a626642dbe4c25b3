// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <erg/diagnostics/classification.hpp>

using namespace erg;
using namespace erg::test;

TEST_CASE("calibration weighs the gaps of the bins: an example by hand", "[diagnostics]") {
  // Confidences .95, .95, .65, .65: in the first bin both right, in the second one of two.
  const double p[4][2] = {{0.95, 0.05}, {0.05, 0.95}, {0.65, 0.35}, {0.65, 0.35}};
  const std::vector<int> labels{0, 1, 0, 1};
  const Calibration c = calibration([&](int i, int k) { return p[i][k]; }, 2, labels, 10);
  CHECK_THAT(c.accuracy, WithinAbs(0.75, 1e-15));
  CHECK_THAT(c.error, WithinAbs(0.5 * 0.05 + 0.5 * 0.15, 1e-12));
  CHECK(c.bins[9].n == 2);
  CHECK_THAT(c.bins[6].accuracy, WithinAbs(0.5, 1e-15));
  ERG_CHECK_THROWS(calibration([&](int i, int k) { return i == 2 ? std::nan("") : p[i][k]; }, 2, labels), std::invalid_argument, "p(2, 0) = nan");
  ERG_CHECK_THROWS(calibration([&](int i, int k) { return p[i][k]; }, 2, std::span<const int>()), std::invalid_argument, "number of labels = 0");
}

TEST_CASE("auroc is the share of pairs in order, ties half, and 1 - auroc the other way round", "[diagnostics]") {
  const std::vector<double> a{3, 5, 1}, b{2, 1, 0, 3};
  // 3: over 2, 1, 0 and a tie: 3.5; 5: 4; 1: over 0 and a tie: 1.5
  CHECK_THAT(diag::auroc(a, b).value, WithinAbs(9.0 / 12.0, 1e-15));
  CHECK_THAT(diag::auroc(b, a).value, WithinAbs(3.0 / 12.0, 1e-15));
  CHECK(diag::auroc(a, a).value == 0.5);
}
