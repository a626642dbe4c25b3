// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Estimates of log Z, their errors and bounds, against closed forms; mode weights with the errors that their chains deserve.
#include "support/batch_normal.hpp"
#include "support/catch.hpp"
#include "support/chains.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/gaussian_mixture.hpp>
#include <erg/estimate/mode_weights.hpp>
#include <erg/estimate/weigh.hpp>
#include <erg/kernel/imh.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::estimate;

namespace {

/// U = -log(sum_k a_k N_k) + c: log Z = log sum a - c.
struct Shifted : GaussianMixture<2> {
  double shift;
  Shifted(const std::vector<double>& a, const std::vector<double>& centres, const std::vector<double>& sigmas, double c)
      : GaussianMixture<2>(a, centres, sigmas), shift(c) {
    for (const double v : a) total += v;
  }
  double total = 0.0;
  double log_z() const { return std::log(total) - shift; }
  template <Lane L>
  L operator()(Point<const L, 2> x) const {
    return GaussianMixture<2>::operator()(x) - L(log_z());
  }
  template <Lane L>
  L value_and_gradient(Point<const L, 2> x, Point<L, 2> g) const {
    return GaussianMixture<2>::value_and_gradient(x, g) - L(log_z());
  }
};

/// Log weights at independent draws of the target, as one chain: what a perfect sampler would give.
template <class E, class P, class Q>
std::vector<double> weigh_exact(const E& energy, const P& sampler, const Q& q, int n, std::uint64_t seed) {
  std::vector<double> x;
  for (int i = 0; i < n; ++i) {
    One at[2];
    sampler.template sample<One>(random::Key(seed).purpose(random::Purpose::user), static_cast<std::uint32_t>(i), Point<One, 2>(at, 2));
    x.push_back(at[0].reg);
    x.push_back(at[1].reg);
  }
  return weigh_draws(energy, q, diag::DrawsView(x.data(), n, 1, 2)).log_w;
}

}  // namespace

TEST_CASE("importance sampling has the standard error of the closed form", "[estimate]") {
  // p = N(0, I), q = N(0, s^2 I), d = 2: E w^2 = (s^2 / sqrt(2 s^2 - 1))^2.
  const double s = 1.5, second = std::pow(s * s / std::sqrt(2.0 * s * s - 1.0), 2);
  const GaussianIsotropic<2> p(1.0), q(s);
  const int n = 100000;
  const double error = std::sqrt((second - 1.0) / n);
  CHECK_THAT(error, WithinAbs(2.113e-3, 1e-6));
  for (const auto& log_w : {weigh_proposal(p, q, n, 1), weigh_proposal(p, BatchNormal<double>{2, s}, n, 2)}) {
    const LogZ z = importance(log_w);
    CHECK(std::abs(z.estimate) < z_limit * error);
    CHECK_THAT(z.standard_error, WithinRel(error, 0.03));
    CHECK_THAT(z.ess / n, WithinAbs(0.691358, 0.01));
    CHECK(z.pareto_k < 0.0);  // bounded weights
  }
  // A proposal whose normalising constant is another one is off by it.
  struct Forgets : GaussianIsotropic<2> {
    using GaussianIsotropic<2>::GaussianIsotropic;
    double log_z() const { return 0.03; }
  };
  CHECK(std::abs(log_z(p, Forgets(s), n, 1).estimate) > z_broken * error);
}

TEST_CASE("bounds are in Jensen's order, the bridge is between them and better than both", "[estimate]") {
  const Shifted energy({1.0, 2.0, 3.0}, {0, 0, 2, 1, -1, 2}, {0.7, 0.5, 0.9}, 4.0);
  const double truth = energy.log_z();
  CHECK_THAT(truth, WithinAbs(std::log(6.0) - 4.0, 1e-14));
  const GaussianIsotropic<2> q(1.8);
  const int n = 500, n_replicas = 400;
  Mean lower, upper, middle, square_of_z;
  double worst = 0.0, mistaken = 0.0;
  for (int r = 0; r < n_replicas; ++r) {
    const auto seed = static_cast<std::uint64_t>(100 + r);
    const auto from_q = weigh_proposal(energy, q, n, seed), from_p = weigh_exact(energy, energy, q, n, seed);
    const LogZ z = bridge(from_q, diag::series_of(from_p));
    lower.add(z.lower.value);
    upper.add(z.upper.value);
    middle.add(z.estimate);
    const double score = (z.estimate - truth) / z.standard_error;
    square_of_z.add(score * score);
    worst = std::max(worst, std::abs(score));
    if (r == 0) {  // draws of the proposal, taken for the target's
      const LogZ wrong = bridge(from_q, diag::series_of(weigh_proposal(energy, q, n, 1)));
      mistaken = std::abs(wrong.estimate - truth) / wrong.standard_error;
    }
  }
  CHECK(lower.z(truth) < z_limit);
  CHECK(upper.z(truth) > -z_limit);
  CHECK(upper.mean() > lower.mean());
  CHECK(std::abs(middle.z(truth)) < z_limit);
  CHECK(worst < z_limit);
  CHECK(std::abs(square_of_z.z(1.0, 2.0)) < z_limit);  // the errors are as large as they say
  CHECK(std::abs(square_of_z.z(2.0, 2.0)) > z_broken);
  CHECK(middle.variance() < lower.variance());
  CHECK(middle.variance() < upper.variance());
  CHECK(mistaken > z_broken);
}

TEST_CASE("a proposal that misses a mode gives log Z of the rest; draws of the target tell", "[estimate]") {
  const Shifted energy({0.8, 0.2}, {-8, 0, 8, 0}, {1.0, 1.0}, 0.0);
  const GaussianMixture<2> q({1.0}, {-8, 0}, {1.0});
  const int n = 10000;
  const LogZ alone = log_z(energy, q, n, 5);
  CHECK_THAT(alone.estimate, WithinAbs(-0.223144, 1e-6));
  CHECK(alone.standard_error < 1e-6);
  CHECK(alone.pareto_k < 0.7);
  const auto from_p = weigh_exact(energy, energy, q, n, 6);
  const LogZ both = bridge(weigh_proposal(energy, q, n, 5), diag::series_of(from_p));
  const double error = std::sqrt(0.2 / 0.8 / n);
  CHECK(std::abs(both.upper.value) < z_limit * error);
  CHECK_THAT(both.upper.standard_error, WithinRel(error, 0.1));
  CHECK(std::abs(both.estimate) < z_limit * error);
  CHECK(both.gap_in_errors() > 30.0);
  CHECK(!both.warning.empty());
  // Chains that miss the same mode see nothing: no estimate can.
  const auto blind = weigh_exact(energy, q, q, n, 6);
  CHECK(bridge(weigh_proposal(energy, q, n, 5), diag::series_of(blind)).warning.empty());
}

TEST_CASE("a flow that is too narrow is refused", "[estimate]") {
  const LogZ z = log_z(GaussianIsotropic<2>(1.0), GaussianIsotropic<2>(0.5), 20000, 7);
  CHECK(std::isnan(z.estimate));
  CHECK(z.pareto_k > 0.7);
}

TEST_CASE("acceptance brackets the total variation between proposal and target", "[estimate]") {
  const GaussianIsotropic<2> p(1.0), q(1.25);
  const int n = 20000;
  const auto from_q = weigh_proposal(p, q, n, 8), from_p = weigh_exact(p, p, q, n, 9);
  const TotalVariation tv = total_variation(from_q, diag::series_of(from_p));
  CHECK(std::abs(tv.accept - 0.780488) < z_limit * tv.standard_error);
  CHECK(tv.standard_error < 0.005);
  CHECK(std::abs(tv.accept - 0.640) > z_broken * tv.standard_error);  // 2 / (1 + 1.5^2) and beyond
  // Distance of two Gaussians in the plane: they cross at r^2 = 2 log(s^2) / (1 - 1 / s^2).
  const double r2 = 2.0 * std::log(1.5625) / (1.0 - 1.0 / 1.5625), exact = std::exp(-0.5 * r2 / 1.5625) - std::exp(-0.5 * r2);
  CHECK(tv.lower() < exact);
  CHECK(exact < tv.upper());

  // The mean of what Imh reports in equilibrium is the same number.
  std::vector<double> reported;
  for_each_chain<2>(Imh(q), p, n, 1, 10, drawn_from(p, 10), [&](const auto&, const auto&, const auto& info) {
    for (int c = 0; c < width_v<Wide>; ++c) reported.push_back(get(info.accept_prob, c));
  });
  const TotalVariation of_chains = total_variation(diag::series_of(reported, static_cast<int>(reported.size())));
  CHECK(std::abs(of_chains.accept - 0.780488) < z_limit * of_chains.standard_error);
  // Seen from the other side the pairs are the same.
  const auto other = total_variation(from_p, diag::series_of(from_q));
  CHECK(std::abs(other.accept - tv.accept) > 0.1);  // swapped, it is no acceptance of this sampler
}

TEST_CASE("mode weights of a chain that hops between labels have the error of its eigenvalue", "[estimate]") {
  // Two modes 16 apart, weights (.8, .2), proposed with (.5, .5): labels have eigenvalue 0.375, acceptance is 0.7.
  const GaussianMixture<2> p({0.8, 0.2}, {-8, 0, 8, 0}, {1.0, 1.0}), q({0.5, 0.5}, {-8, 0, 8, 0}, {1.0, 1.0});
  const int n_chains = 104, n_draws = 10000;
  std::vector<double> x(static_cast<std::size_t>(n_chains) * n_draws * 2);
  Mean accept;
  const Imh kernel(q);
  for (int first = 0; first < n_chains; first += width_v<Wide>) {
    Group<LaneTile<Wide, 2>, Imh<GaussianMixture<2>>> g;
    g.s.chains = chains_from<Wide>(static_cast<std::uint32_t>(first));
    g.s.position[0] = -8.0;
    g.s.position[1] = 0.0;
    g.begin(kernel, p, random::Key(11));
    double per_chain = 0.0;
    for (int i = 0; i < n_draws; ++i) {
      const auto info = g.step(kernel, p, random::Key(11).at(static_cast<std::uint64_t>(i + 1)));
      for (int c = 0; c < width_v<Wide>; ++c) {
        const auto at = (static_cast<std::size_t>(i) * n_chains + static_cast<std::size_t>(first + c)) * 2;
        x[at] = get(g.s.position[0], c);
        x[at + 1] = get(g.s.position[1], c);
        per_chain += get(info.accept_prob, c);
      }
    }
    accept.add(per_chain / n_draws / width_v<Wide>);
  }
  CHECK(std::abs(accept.z(0.7)) < z_limit);
  CHECK(std::abs(accept.mean() - 0.7) < 0.003);

  const ModeReport report = mode_report(diag::DrawsView(x.data(), n_draws, n_chains, 2), p);
  const double total = static_cast<double>(n_chains) * n_draws, error = std::sqrt(0.16 * 2.2 / total);  // 5.8e-4
  CHECK(std::abs(report.soft.weight[0] - 0.8) < z_limit * error);
  CHECK_THAT(report.soft.standard_error[0], WithinRel(error, 0.1));
  CHECK(std::abs(report.soft.standard_error[0] - std::sqrt(0.16 / total)) > 0.25 * error);  // what independent draws would have
  CHECK_THAT(report.nearest.weight[0], WithinAbs(report.soft.weight[0], 1e-12));
  CHECK(report.worst_z() < z_limit);
  CHECK_THAT(report.total_variation(), WithinAbs(std::abs(report.soft.weight[0] - 0.8), 1e-12));
  CHECK(report.noise() < 5.0 * error);

  std::vector<double> label(x.size() / 2);  // lag-one correlation, chain after chain
  for (int c = 0; c < n_chains; ++c) {
    for (int i = 0; i < n_draws; ++i) label[static_cast<std::size_t>(c) * n_draws + static_cast<std::size_t>(i)] = x[(static_cast<std::size_t>(i) * n_chains + static_cast<std::size_t>(c)) * 2] < 0.0;
  }
  const auto rho = diag::autocorrelation(diag::series_of(label, n_chains));
  CHECK_THAT(rho[1], WithinAbs(0.375, 0.01));
  CHECK_THAT(rho[2], WithinAbs(0.375 * 0.375, 0.01));
  // Weights of another mixture: (.79, .21) instead of (.8, .2).
  CHECK(mode_report(diag::DrawsView(x.data(), n_draws, n_chains, 2), GaussianMixture<2>({0.79, 0.21}, {-8, 0, 8, 0}, {1.0, 1.0})).worst_z() > z_broken);
}

TEST_CASE("responsibilities are unbiased where modes overlap, nearest centres are not", "[estimate]") {
  const GaussianMixture<2> p({0.9, 0.1}, {-1, 0, 1, 0}, {1.0, 1.0});
  const int n = 50000;
  std::vector<double> x;
  for (int i = 0; i < n; ++i) {
    One at[2];
    p.sample<One>(random::Key(12), static_cast<std::uint32_t>(i), Point<One, 2>(at, 2));
    x.push_back(at[0].reg);
    x.push_back(at[1].reg);
  }
  const ModeReport report = mode_report(diag::DrawsView(x.data(), n / 10, 10, 2), p);
  CHECK(report.worst_z() < z_limit);
  const double biased = 0.9 * 0.5 * std::erfc(-1.0 / std::sqrt(2.0)) + 0.1 * 0.5 * std::erfc(1.0 / std::sqrt(2.0));
  CHECK(std::abs(report.nearest.weight[0] - biased) < z_limit * report.nearest.standard_error[0]);
  CHECK(std::abs(report.nearest.weight[0] - 0.9) > z_broken * report.nearest.standard_error[0]);
  ERG_CHECK_THROWS(mode_report(diag::DrawsView(x.data(), n / 10, 10, 2), GaussianMixture<1>({1.0}, {0.0}, {1.0})), std::invalid_argument,
                   "draws of dim = 2 (the mixture has dim = 1)");
}
