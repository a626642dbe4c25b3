// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/batch_normal.hpp"
#include "support/catch.hpp"
#include "support/energies.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/scaled.hpp>
#include <erg/estimate/weigh.hpp>

#include <algorithm>
#include <random>
#include <sstream>

using namespace erg;
using namespace erg::test;
using namespace erg::estimate;
using erg::estimate::detail::infinity;

namespace {

/// Draws of a table as they would come from chains: state i as often as its weight says.
diag::Series series(const std::vector<double>& v) { return diag::series_of(v); }

}  // namespace

TEST_CASE("log Z of weights counted by hand", "[estimate]") {
  // Four states, q uniform, p = (.5, .3, .15, .05) Z with Z = 6: each state as often as it should be drawn.
  const double z = 6.0, p[4] = {0.5, 0.3, 0.15, 0.05};
  std::vector<double> from_q, from_p;
  for (int k = 0; k < 4; ++k) {
    const double log_w = std::log(z * p[k] / 0.25);
    for (int i = 0; i < 250; ++i) from_q.push_back(log_w);
    for (int i = 0; i < static_cast<int>(std::lround(1000 * p[k])); ++i) from_p.push_back(log_w);
  }
  // Shuffled, so that the chain looks like one of independent draws.
  std::vector<double> chain = from_p;
  std::shuffle(chain.begin(), chain.end(), std::mt19937_64(5));

  const LogZ is = importance(from_q);
  CHECK_THAT(is.estimate, WithinAbs(std::log(z), 1e-13));
  const double second = (0.25 + 0.09 + 0.0225 + 0.0025) / 0.25;  // E w^2 / Z^2
  CHECK_THAT(is.ess, WithinAbs(1000.0 / second, 1e-9));
  CHECK_THAT(is.standard_error, WithinAbs(std::sqrt((second - 1.0) / 1000.0), 1e-12));
  CHECK(std::isnan(is.upper.value));

  const LogZ reverse = reverse_importance(series(chain));
  CHECK_THAT(reverse.estimate, WithinAbs(std::log(z), 1e-13));
  const double inverse = 0.0625 * (1 / 0.5 + 1 / 0.3 + 1 / 0.15 + 1 / 0.05);  // E w^-2 Z^2
  CHECK_THAT(reverse.standard_error, WithinAbs(std::sqrt((inverse - 1.0) / 1000.0), 0.1 * std::sqrt((inverse - 1.0) / 1000.0)));
  CHECK(std::isnan(reverse.lower.value));

  const LogZ both = bridge(from_q, series(chain));
  CHECK_THAT(both.estimate, WithinAbs(std::log(z), 1e-12));
  CHECK(both.standard_error < is.standard_error);
  CHECK(both.standard_error < reverse.standard_error);
  CHECK(both.lower.value == is.estimate);
  CHECK(both.upper.value == reverse.estimate);
  CHECK(both.problem.empty());
  CHECK(both.warning.empty());
  // A constant in the energy moves the estimate and nothing else.
  for (double& v : from_q) v += 1000.0;
  for (double& v : chain) v += 1000.0;
  const LogZ moved = bridge(from_q, series(chain));
  CHECK_THAT(moved.estimate, WithinAbs(both.estimate + 1000.0, 1e-9));
  CHECK_THAT(moved.standard_error, WithinAbs(both.standard_error, 1e-9));

  // Acceptance of independence Metropolis-Hastings on these states is 0.625, the distance 0.3.
  const TotalVariation tv = total_variation(from_q, series(chain));
  CHECK_THAT(tv.accept, WithinAbs(0.625, 1e-12));
  CHECK_THAT(tv.lower(), WithinAbs(0.1875, 1e-12));
  CHECK(tv.lower() <= 0.3);
  CHECK(tv.upper() >= 0.3);
}

TEST_CASE("the proposal itself has log Z = 0, exactly, with no error", "[estimate]") {
  const std::vector<double> ones(100, 0.0);
  const LogZ z = bridge(ones, diag::series_of(ones, 10));
  CHECK_THAT(z.estimate, WithinAbs(0.0, 1e-12));
  CHECK_THAT(z.standard_error, WithinAbs(0.0, 1e-7));
  CHECK(z.gap() == 0.0);
  CHECK(z.pareto_k == -infinity);
  CHECK(total_variation(ones, diag::series_of(ones, 10)).accept == 1.0);
}

TEST_CASE("an estimate that cannot be trusted is refused with its reason, the bounds stay", "[estimate]") {
  std::vector<double> heavy;  // a tail of shape 1.5
  for (int i = 0; i < 1000; ++i) heavy.push_back(-1.5 * std::log((i + 0.5) / 1000.0));
  const LogZ z = importance(heavy);
  CHECK(std::isnan(z.estimate));
  CHECK(std::isnan(z.standard_error));
  CHECK(z.lower.value > 0.0);
  CHECK(z.problem.find("pareto_k = 1.") == 0);
  std::ostringstream out;
  out << z;
  CHECK(out.str().find("importance sampling, no estimate: pareto_k = 1.") != std::string::npos);
  CHECK(std::isnan(smoothed_importance(heavy).estimate));

  CHECK(importance(std::vector<double>(10, 0.0)).problem.find("too few of the proposal's weights") == 0);
  for (double& v : heavy) v = -v;
  CHECK(reverse_importance(series(heavy)).problem.find("the inverse weights of the chains") != std::string::npos);

  std::vector<double> low, high;  // weights 0 at the proposal's draws; no density at the chains'
  for (int i = 0; i < 100; ++i) low.push_back(-1000.0 - i), high.push_back(1000.0 + i);
  CHECK(bridge(low, series(high)).problem.find("overlap in 2.2 draws") != std::string::npos);
  CHECK(std::isnan(bridge(low, series(high)).estimate));
  CHECK(bridge(std::vector<double>(100, -infinity), series(high)).problem.find("they do not overlap") != std::string::npos);
  ERG_CHECK_THROWS(importance(std::vector<double>{0.0, infinity}), std::invalid_argument, "log weight 1 is inf");
  ERG_CHECK_THROWS(reverse_importance(series(std::vector<double>{-infinity, 0.0})), std::invalid_argument, "a draw of the target has some density there");
}

TEST_CASE("a bridge warns where the proposal misses a mode", "[estimate]") {
  // q is one of two modes exactly, with 0.8 of the mass: importance sampling sees nothing wrong.
  std::vector<double> from_q(1000, std::log(0.8)), from_p(1000, std::log(0.8));
  for (std::size_t i = 0; i < 1000; i += 5) from_p[i] = infinity;
  const LogZ is = importance(from_q), both = bridge(from_q, series(from_p));
  CHECK_THAT(is.estimate, WithinAbs(-0.22314355131420976, 1e-14));
  CHECK(is.standard_error < 1e-7);
  CHECK_THAT(both.upper.value, WithinAbs(0.0, 1e-12));
  CHECK_THAT(both.estimate, WithinAbs(0.0, 1e-9));
  CHECK(both.warning.find("upper - lower = 0.223") == 0);
}

TEST_CASE("bounds with heavy tails are called loose, not contradictory", "[estimate]") {
  std::vector<double> from_q(1000, 0.0), from_p;
  for (int i = 0; i < 1000; ++i) from_p.push_back(0.9 * std::log(((i * 619 + 7) % 1000 + 0.5) / 1000.0));  // 1 / w has a tail of shape 0.9
  const LogZ z = bridge(from_q, series(from_p));
  CHECK(z.pareto_k_target > 0.7);
  CHECK(z.warning.find("the upper bound is loose (pareto_k = ") == 0);
  CHECK(z.problem.empty());
}

TEST_CASE("weights of energies over lanes and over blocks are the same, and those of draws are those at the draws", "[estimate]") {
  const GaussianIsotropic<2> lane_p(1.0), lane_q(1.5);
  const BatchNormal<double> block_p{2, 1.0}, block_q{2, 1.5};
  const int n = 700;
  const auto reference = weigh_proposal(lane_p, lane_q, n, 3);
  for (const auto& other : {weigh_proposal(block_p, lane_q, n, 3), weigh_proposal(lane_p, block_q, n, 3), weigh_proposal(block_p, block_q, n, 3),
                            weigh_proposal(scale(1.0, lane_p), lane_q, n, 3)}) {
    double most = 0.0;
    for (std::size_t i = 0; i < reference.size(); ++i) most = std::max(most, std::abs(other[i] - reference[i]));
    CHECK(most < 1e-12);
  }
  const auto single = weigh_proposal<float>(lane_p, BatchNormal<float>{2, 1.5}, n, 3);  // other random numbers, the same law
  static_assert(std::is_same_v<scalar_for<GaussianIsotropic<2>, BatchNormal<float>>, float>);
  CHECK_THAT(log_mean_exp(single), WithinAbs(0.0, 0.2));

  std::vector<double> x;  // [draw, chain, dim]
  for (int i = 0; i < 2 * 300 * 3; ++i) x.push_back(0.01 * i - 5.0);
  const diag::DrawsView draws(x.data(), 300, 3, 2);
  const DrawWeights lanes = weigh_draws(lane_p, lane_q, draws), blocks = weigh_draws(block_p, block_q, draws);
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < 300; i += 37) {
      const double a = draws.series(0)(i, c), b = draws.series(1)(i, c);
      const double exact = -0.5 * (a * a + b * b) * (1.0 - 1.0 / 2.25) + 2.0 * std::log(1.5);
      CHECK_THAT(lanes.series()(i, c), WithinAbs(exact, 1e-12));
      CHECK_THAT(blocks.series()(i, c), WithinAbs(exact, 1e-12));
    }
  }
  ERG_CHECK_THROWS(weigh_proposal(lane_p, GaussianIsotropic<3>(1.0), 10, 1), std::invalid_argument, "the proposal has dim = 3");
  ERG_CHECK_THROWS(weigh_draws(GaussianIsotropic<3>(1.0), GaussianIsotropic<3>(1.0), draws), std::invalid_argument, "draws of dim = 2");
  // A hole in the target is weight 0, not an error.
  Probe<3> hole;
  hole.hole = 0.0;
  const auto holed = weigh_proposal(hole, GaussianIsotropic<3>(1.0), 2000, 5);
  CHECK_THAT(log_mean_exp(holed), WithinAbs(1.5 * std::log(2.0 * 3.141592653589793) + std::log(0.5), 0.1));
}

TEST_CASE("estimates print as a table", "[estimate]") {
  std::vector<double> w;
  for (int i = 0; i < 400; ++i) w.push_back(0.001 * (i % 20));
  std::ostringstream out;
  out << LogZTable{{importance(w), bridge(w, diag::series_of(w, 4))}};
  const std::string text = out.str();
  CHECK(text.find("method               ") == 0);
  CHECK(text.find("\nimportance sampling   ") != std::string::npos);
  CHECK(text.find("\nbridge (BAR)  ") != std::string::npos);
  CHECK(text.find("400+400") != std::string::npos);
}
