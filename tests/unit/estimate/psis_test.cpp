// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "golden/psis_values.hpp"
#include "support/catch.hpp"

#include <erg/estimate/psis.hpp>

#include <functional>
#include <random>

using namespace erg::estimate;
using namespace erg::test;
using erg::estimate::detail::infinity;

TEST_CASE("pareto smoothing equals that of R's loo", "[estimate]") {
  for (const auto& known : psis_golden::values) {
    CAPTURE(known.seed, known.n, known.a);
    std::vector<double> log_w;
    long long state = known.seed;
    double largest = -infinity;
    for (int i = 0; i < known.n; ++i) {
      state = 48271 * state % 2147483647;
      log_w.push_back(-known.a * std::log((static_cast<double>(state / 32768) + 0.5) / 65536.0));
      largest = std::max(largest, log_w.back());
    }
    const Smoothed s = smooth_weights(log_w, known.relative_efficiency);
    CHECK_THAT(s.pareto_k, WithinAbs(known.pareto_k, 1e-9));
    std::vector<double> sorted = s.log_weights;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    CHECK_THAT(sorted[0] - largest, WithinAbs(known.first, 1e-9));
    CHECK_THAT(sorted[9] - largest, WithinAbs(known.tenth, 1e-9));
    CHECK_THAT(log_mean_exp(s.log_weights) + std::log(known.n) - largest, WithinAbs(known.log_sum, 1e-9));
    // The shape does not depend on the scale of the weights, and the order of weights is kept.
    std::vector<double> scaled = log_w;
    for (double& v : scaled) v += 700.0;
    CHECK_THAT(pareto_k(scaled, known.relative_efficiency), WithinAbs(known.pareto_k, 1e-9));
    for (std::size_t i = 1; i < log_w.size(); ++i) {
      if (log_w[i] > log_w[i - 1]) CHECK(s.log_weights[i] >= s.log_weights[i - 1]);
    }
  }
}

TEST_CASE("the fit to a generalized Pareto law finds its shape", "[estimate]") {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  for (const double k : {-0.4, 0.2, 0.5, 0.9}) {
    std::vector<double> x(4000);
    for (double& v : x) v = 2.0 * std::expm1(-k * std::log1p(-uniform(random))) / k;
    std::sort(x.begin(), x.end());
    const ParetoFit fit = fit_pareto(x);
    const double error = (1.0 + k) / std::sqrt(4000.0);  // of the maximum likelihood estimate
    CHECK(std::abs(fit.k - k) < 5.0 * error + 10.0 / 4000.0);
    CHECK(std::abs(fit.k - (k + 0.3)) > 8.0 * error);
    CHECK_THAT(fit.sigma, WithinAbs(2.0, 0.3));
  }
}

TEST_CASE("equal largest weights have no tail, few weights say nothing", "[estimate]") {
  CHECK(pareto_k(std::vector<double>(100, 3.0)) == -infinity);
  std::vector<double> rounding(100, 3.0);
  for (std::size_t i = 0; i < 100; i += 3) rounding[i] += 1e-14;
  CHECK(pareto_k(rounding) == -infinity);
  CHECK(std::isnan(pareto_k(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})));
  CHECK(std::isnan(pareto_k(std::vector<double>(100, -infinity))));
  std::vector<double> ties(1000, 0.0);  // a threshold that is also most of the tail
  for (std::size_t i = 0; i < 20; ++i) ties[i] = 0.1 * static_cast<double>(i + 1);
  CHECK(std::isfinite(pareto_k(ties)));
}

TEST_CASE("sums of weights neither overflow nor vanish, and bad weights are refused by number", "[estimate]") {
  CHECK_THAT(log_mean_exp(std::vector<double>{1e4, 1e4 + std::log(3.0)}), WithinAbs(1e4 + std::log(2.0), 1e-11));
  CHECK(log_mean_exp(std::vector<double>{-infinity, -infinity}) == -infinity);
  CHECK_THAT(kish_ess(std::vector<double>{-1e4, -1e4, -infinity}), WithinAbs(2.0, 1e-12));
  const std::vector<double> bad = {0.0, std::nan("")};
  ERG_CHECK_THROWS(pareto_k(bad), std::invalid_argument, "log weight 1 is NaN (a weight at a draw of the proposal is a number");
  ERG_CHECK_THROWS(pareto_k(std::vector<double>{infinity}), std::invalid_argument, "log weight 0 is inf");
  ERG_CHECK_THROWS(pareto_k(std::vector<double>{}), std::invalid_argument, "no log weights");
}
