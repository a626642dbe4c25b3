// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include <erg/diagnostics/mode_weights.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "chains.hpp"
#include "support/catch.hpp"

namespace diag = erg::diag;

TEST_CASE("nearest-centre weights count draws", "[diagnostics]") {
  const std::vector<double> centres = {-1, 0, 1, 0, 0, 5};
  const std::vector<double> x = {-2, 0, -0.5, 1, 3,
                                 0,  0, 0};  // four draws of one chain; the last is as near to the first two centres
  const diag::ModeWeights w =
      diag::mode_weights(diag::DrawsView(x.data(), 4, 1, 2), diag::Points(centres.data(), 3, 2));
  CHECK(w.n_modes() == 3);
  CHECK(w.weight == std::vector<double>{0.75, 0.25, 0});
  CHECK(w.n_unassigned == 0);
  CHECK(std::isnan(w.standard_error[2]));  // never visited: unknown, not exact
}

TEST_CASE("weights from responsibilities are their mean", "[diagnostics]") {
  const std::vector<double> x = {0, 1, 0, 1, 1, 0, 1, 0};
  const auto w =
      diag::mode_weights(diag::DrawsView(x.data(), 8, 1, 1), 2, [](std::span<const double> p, std::span<double> r) {
        r[0] = p[0] > 0 ? 0.75 : 0.25;
        r[1] = 1 - r[0];
      });
  CHECK(w.weight == std::vector<double>{0.5, 0.5});
}

TEST_CASE("a draw that is not finite belongs to no mode and is counted", "[diagnostics]") {
  std::vector<double> x = {-1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, 1};
  x[3] = std::nan("");
  x[4] = std::numeric_limits<double>::infinity();
  const std::vector<double> centres = {-1, 1};
  const auto w = diag::mode_weights(diag::DrawsView(x.data(), 12, 1, 1), diag::Points(centres.data(), 2, 1));
  CHECK(w.n_unassigned == 2);
  CHECK_THAT(w.weight[0] + w.weight[1], erg::test::WithinAbs(10.0 / 12, 1e-15));
  const auto broken = diag::mode_weights(diag::DrawsView(x.data(), 2, 1, 1), 1,
                                         [](std::span<const double>, std::span<double> r) { r[0] = std::nan(""); });
  CHECK(broken.n_unassigned == 2);
}

TEST_CASE("standard errors of mode weights know the autocorrelation", "[diagnostics][statistical]") {
  // A two-state chain leaving state 1 with probability 0.06 and state 0 with 0.02: weight 0.25, tau = (1 + 0.92) / (1 -
  // 0.92) = 24. 200 replicates of 4 x 2000: E z^2 = 1 with standard error 0.1; [0.6, 1.5] is 4 of them and the bias of
  // tau. Counting gives about 24.
  double z2 = 0, naive = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    erg::test::chains::NormalSource source(seed);
    std::vector<double> x;
    for (int c = 0; c < 4; ++c) {
      bool in = source.uniform() < 0.25;
      for (int i = 0; i < 2000; ++i) {
        x.push_back(in ? 3.0 : -3.0);
        in = in ? source.uniform() >= 0.06 : source.uniform() < 0.02;
      }
    }
    const std::vector<double> centres = {-3, 3};
    const auto w =
        diag::mode_weights(diag::DrawsView(x.data(), 2000, 4, 1, 1, 2000, 1), diag::Points(centres.data(), 2, 1));
    const double error = w.weight[1] - 0.25;
    z2 += error * error / (w.standard_error[1] * w.standard_error[1]) / 200;
    naive += error * error / (0.25 * 0.75 / 8000) / 200;
  }
  INFO("z^2 " << z2 << ", counting " << naive);
  CHECK(z2 > 0.6);
  CHECK(z2 < 1.5);
  CHECK(naive > 1.5);
}

TEST_CASE("chains that never change mode are worth one draw each", "[diagnostics]") {
  std::vector<double> x;
  for (int c = 0; c < 8; ++c) x.insert(x.end(), 400, c < 2 ? -1.0 : 1.0);
  const std::vector<double> centres = {-1, 1};
  const auto w =
      diag::mode_weights(diag::DrawsView(x.data(), 400, 8, 1, 1, 400, 1), diag::Points(centres.data(), 2, 1));
  CHECK(w.weight == std::vector<double>{0.25, 0.75});
  CHECK(w.ess[0] > 7);
  CHECK(w.ess[0] < 9);
  CHECK_THAT(w.standard_error[0], erg::test::WithinRel(std::sqrt(0.25 * 0.75 / 8), 0.05));
}

TEST_CASE("distances between weights are those of their definitions", "[diagnostics]") {
  const std::vector<double> p = {0.5, 0.5, 0}, q = {0.25, 0.5, 0.25}, short_one = {1};
  CHECK(diag::l1_distance(p, q) == 0.5);
  CHECK_THAT(diag::kl_divergence(p, q), erg::test::WithinRel(0.5 * std::log(2.0), 1e-15));
  CHECK(diag::kl_divergence(p, p) == 0);
  CHECK(std::isinf(diag::kl_divergence(q, p)));
  ERG_CHECK_THROWS(diag::l1_distance(p, short_one), std::invalid_argument, "3 weights against 1 true ones");
  ERG_CHECK_THROWS(diag::kl_divergence(p, short_one), std::invalid_argument, "p has 3 weights but q has 1");
  const std::vector<double> negative = {-0.5, 1, 0.5};
  ERG_CHECK_THROWS(diag::kl_divergence(p, negative), std::invalid_argument, "q = -0.500000 (must be at least 0)");
}

TEST_CASE("mode weights refuse what cannot be counted", "[diagnostics]") {
  const std::vector<double> x = {1, 2, 3, 4}, centres = {0, std::nan("")};
  const diag::DrawsView draws(x.data(), 4, 1, 1);
  ERG_CHECK_THROWS(diag::mode_weights(draws, diag::Points(centres.data(), 1, 2)), std::invalid_argument,
                   "centres have dim = 2 but the draws have dim = 1");
  ERG_CHECK_THROWS(diag::mode_weights(draws, diag::Points(centres.data(), 2, 1)), std::invalid_argument,
                   "centre 1 has coordinate 0 = nan");
  ERG_CHECK_THROWS(diag::mode_weights(draws, diag::Points(centres.data(), 0, 1)), std::invalid_argument,
                   "centres has 0 points");
  ERG_CHECK_THROWS(diag::mode_weights(diag::DrawsView(x.data(), 0, 1, 1), diag::Points(centres.data(), 1, 1)),
                   std::invalid_argument, "n_draws = 0");
}
