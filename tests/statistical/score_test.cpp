// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Estimates of the score of a linear generator, where the truth is known: how much of the entropy's gradient each delivers, and what
// mistakes in the weights, or in the force, do to it. Fractions are compared with those of an independent simulation of the same law in whitened
// coordinates, on which alone they depend: latents, samples, r.
#include "support/catch.hpp"
#include "support/determinant.hpp"
#include "support/network_checks.hpp"
#include "support/z_test.hpp"

#include <erg/generator/generators.hpp>
#include <erg/nn/neural_energy.hpp>

using namespace erg;
using namespace erg::test;

namespace {

/// W = I, d latents of d dimensions: an isotropic posterior of deviation sigma / sqrt(1 + sigma^2), which is the best eta.
constexpr double sigma = 0.3;
generator::LinearGaussian<double> isotropic(int d) {
  std::vector<double> w(static_cast<std::size_t>(d * d), 0.0), b(static_cast<std::size_t>(d), 0.0);
  for (int i = 0; i < d; ++i) w[static_cast<std::size_t>(i * d + i)] = 1.0;
  return {w, b, {sigma, 0.01, 10.0}};
}
const double best_eta = sigma / std::sqrt(1.0 + sigma * sigma);

template <class Score>
generator::DeliveredFraction fraction(const generator::LinearGaussian<double>& g, Score& score, int batch, int n_batches, std::uint64_t seed = 1) {
  Pieces<double> pieces(1);
  generator::ExactScore exact;
  return generator::delivered_fraction(g, score, exact, random::Key(seed), batch, n_batches, pieces);
}

/// sigma / sqrt(sigma^2 + (W^T W)_ii): where eta comes to rest.
std::vector<double> eta_at_rest(const generator::LinearGaussian<double>& g) {
  std::vector<double> eta;
  for (int i = 0; i < g.n_latent(); ++i) {
    double square = g.noise() * g.noise();
    for (int d = 0; d < g.dim(); ++d) square += g.weight(d, i) * g.weight(d, i);
    eta.push_back(g.noise() / std::sqrt(square));
  }
  return eta;
}
std::vector<double> posterior_deviations(const generator::LinearGaussian<double>& g) {
  const auto covariance = g.posterior_covariance();
  std::vector<double> s;
  for (std::size_t i = 0, n = static_cast<std::size_t>(g.n_latent()); i < n; ++i) s.push_back(std::sqrt(covariance[i * n + i]));
  return s;
}

enum class Mistake { none, uniform, no_proposal, no_prior, eta_squared, eta_for_its_square, sigma_for_its_square, score_over_sigma, wrong_sign };

/// Importance sampling with all samples at once, and with a mistake.
struct Plain : generator::detail::NothingLearnt {
  int n_samples;
  double eta;
  Mistake mistake;
  Plain(int k, double e, Mistake m) : n_samples(k), eta(e), mistake(m) {}

  generator::ScoreReport estimate(const generator::LinearGaussian<double>& g, BlockView<const double> z0, BlockView<const double> x, random::Key key,
                                  BlockView<double> s, Pieces<double>&) {
    const int n = x.n_chains, d = g.n_latent();
    std::vector<Table> images;
    std::vector<std::vector<double>> l;
    const double deviation = mistake == Mistake::eta_squared ? eta * eta : eta;
    for (int k = 0; k < n_samples; ++k) {
      Table delta(n, d), z(n, d);
      images.emplace_back(n, g.dim());
      l.emplace_back(static_cast<std::size_t>(n), 0.0);
      erg::fill_normal(delta.view(), key.stream(k));
      for (int c = 0; c < n; ++c) {
        for (int i = 0; i < d; ++i) z(c, i) = z0(c, i) + deviation * delta(c, i);
      }
      g.mean(z, images.back().view());
      for (int c = 0; c < n; ++c) {
        double& at = l.back()[static_cast<std::size_t>(c)];
        for (int i = 0; i < d; ++i) {
          if (mistake != Mistake::no_prior) at -= 0.5 * z(c, i) * z(c, i);
          // The proposal is drawn with eta^2 but weighed with eta: its density is another.
          const double back = (z(c, i) - z0(c, i)) / eta;
          if (mistake != Mistake::no_proposal) at += 0.5 * back * back * (mistake == Mistake::eta_for_its_square ? eta : 1.0);
        }
        const double variance = mistake == Mistake::sigma_for_its_square ? sigma : sigma * sigma;
        for (int j = 0; j < g.dim(); ++j) at -= 0.5 * std::pow(x(c, j) - images.back()(c, j), 2) / variance;
        if (mistake == Mistake::uniform) at = 0.0;
      }
    }
    for (int c = 0; c < n; ++c) {
      double most = -1e300, sum = 0.0;
      for (const auto& v : l) most = std::max(most, v[static_cast<std::size_t>(c)]);
      for (const auto& v : l) sum += std::exp(v[static_cast<std::size_t>(c)] - most);
      for (int j = 0; j < g.dim(); ++j) {
        double mean = 0.0;
        for (std::size_t k = 0; k < l.size(); ++k) mean += std::exp(l[k][static_cast<std::size_t>(c)] - most) / sum * images[k](c, j);
        s(c, j) = (mistake == Mistake::wrong_sign ? -1.0 : 1.0) * (mean - x(c, j)) / (mistake == Mistake::score_over_sigma ? sigma : sigma * sigma);
      }
    }
    return {};
  }
};

/// Four leapfrog trajectories of five steps from z0, none ever rejected, and the mean of g over the last two ends. Batches of whole lanes.
struct Unadjusted : generator::detail::NothingLearnt {
  double step_size, momentum;
  generator::Force force;
  Unadjusted(double h, double p, generator::Force f) : step_size(h), momentum(p), force(f) {}

  generator::ScoreReport estimate(const generator::LinearGaussian<double>& g, BlockView<const double> z0, BlockView<const double> x, random::Key key,
                                  BlockView<double> s, Pieces<double>&) const {
    using L = simd_lane<double, default_arch>;
    const generator::PosteriorEnergy energy(g, x, force);
    const int n_groups = x.n_chains / width_v<L>;
    BlockPosition<L> z, p, end, slope, end_slope;
    for (BlockPosition<L>* v : {&z, &end, &slope, &end_slope}) v->resize(n_groups, g.n_latent());
    for (int d = 0; d < z0.dim; ++d) std::copy_n(z0.column(d), x.n_chains, z.view().column(d));
    value_and_gradient(energy, z, slope);
    Table image(x.n_chains, g.dim()), sum(x.n_chains, g.dim());
    for (int t = 0; t < 4; ++t) {
      fill_normal(p, key.stream(t), BlockChains<L>{0, n_groups}, g.n_latent());
      scale(p, L(momentum));
      leapfrog<BlockTile<L>>(energy, UnitMetric{}, z, slope, end, p, end_slope, step_size, 5);
      copy(z, end), copy(slope, end_slope);
      if (t < 2) continue;
      g.mean(z.view(), image.view());
      sum = sum.plus(0.5, image);
    }
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) s(c, d) = (sum(c, d) - x(c, d)) / (sigma * sigma);
    }
    return {};
  }
};

/// In standard errors, from the fraction of the other simulation and its error.
double off(const generator::DeliveredFraction& f, double expected, double error) {
  return (f.fraction - expected) / std::sqrt(f.standard_error * f.standard_error + error * error);
}

}  // namespace

TEST_CASE("draws of a linear generator have its entropy's gradient through the exact score", "[statistical][generator]") {
  const generator::LinearGaussian<double> g({1.0, 0.2, -0.5, 0.7, 0.3, -0.9, 0.8, 0.1, -0.2, 0.6}, {0.1, -0.3, 0.5, 0.0, 1.0}, {0.4, 0.01, 10.0});
  const auto worst = [&](double mistake) {
    const auto expected = g.entropy_gradient();
    std::vector<Mean> means(expected.size());
    Mean norm;
    Table z(500, 2), eps(500, 5), x(500, 5), s(500, 5);
    for (int i = 0; i < 60; ++i) {
      const random::Key key = random::Key(3).at(static_cast<std::uint64_t>(i));
      g.latents(key, 0, z.view(), eps.view());
      g.sample(z, eps, x.view());
      g.score(x, s.view());
      norm.add(s.dot(s) / 500);
      for (double& v : s.v) v *= -mistake / 500;
      std::vector<double> to(expected.size(), 0.0);
      g.add_parameter_gradient(z, eps, s, to);
      for (std::size_t p = 0; p < to.size(); ++p) means[p].add(to[p]);
    }
    Worst w;
    for (std::size_t p = 0; p < means.size(); ++p) w.add(means[p].z(expected[p]));
    w.add(norm.z(expected.back() / 0.16));  // E|s|^2 = tr C^-1
    return w.value();
  };
  CHECK(worst(1.0) < z_limit);
  CHECK(worst(1.1) > z_broken);
}

TEST_CASE("eta is learnt to its fixed point along each latent, which is no deviation of a correlated posterior", "[statistical][generator]") {
  const generator::LinearGaussian<double> g(Table(12, 10, 41, 0.3).v, std::vector<double>(12, 0.0), {0.3, 0.01, 10.0});
  generator::ImportanceScore<double> score;
  Pieces<double> pieces(1);
  const int batch = 200, n_steps = 2000;
  Table z(batch, 10), eps(batch, 12), x(batch, 12);
  for (int i = 0; i < n_steps; ++i) {
    const random::Key key = random::Key(4).at(static_cast<std::uint64_t>(i));
    g.latents(key.purpose(random::Purpose::start), 0, z.view(), eps.view());
    g.sample(z, eps, x.view());
    score.climb(g, z, x, key, pieces, 1.0 - static_cast<double>(i) / n_steps);
  }
  const auto best = eta_at_rest(g), posterior = posterior_deviations(g);
  double off = 0.0, from_posterior = 0.0;
  for (std::size_t i = 0; i < 10; ++i) {
    off = std::max(off, std::abs(std::log(score.eta()[i] / best[i])));
    from_posterior = std::max(from_posterior, std::abs(std::log(score.eta()[i] / posterior[i])));
  }
  CHECK(off < 0.03);  // what Adam at a rate of .02 that falls to nothing leaves: .01 to .016
  CHECK(from_posterior > 0.1);
}

TEST_CASE("the slope of eta's bound is known over all deltas, and nothing at rest, whatever x and its latent", "[statistical][generator]") {
  // dELBO/dlog eta_i has a mean of 1 - eta_i^2 (1 + (W^T W)_ii / sigma^2): a polynomial of second degree in delta. Deltas of the estimator's own, weighed
  // so that polynomials of second degree have their normal means to rounding.
  const int n_nodes = 60, n_moments = 6;
  const auto key_of = [](int k) { return random::Key(31).at(static_cast<std::uint64_t>(k)); };
  std::vector<double> powers, gram(n_moments * n_moments, 0.0), rule(n_nodes, 0.0);
  for (int k = 0; k < n_nodes; ++k) {
    Table delta(1, 2);
    erg::fill_normal(delta.view(), key_of(k).stream(1));
    const double a = delta(0, 0), b = delta(0, 1), row[] = {1.0, a, b, a * a, a * b, b * b};
    for (std::size_t i = 0; i < n_moments; ++i) {
      powers.push_back(row[i]);
      for (std::size_t j = 0; j < n_moments; ++j) gram[i * n_moments + j] += row[i] * row[j];
    }
  }
  const double normal[] = {1.0, 0.0, 0.0, 1.0, 0.0, 1.0};
  const auto inverse = erg::detail::cholesky_inverse(erg::detail::cholesky("moments", gram, n_moments), n_moments);
  for (std::size_t k = 0; k < n_nodes; ++k) {
    for (std::size_t i = 0; i < n_moments; ++i) {
      for (std::size_t j = 0; j < n_moments; ++j) rule[k] += powers[k * n_moments + i] * inverse[i * n_moments + j] * normal[j];
    }
  }
  const auto slope = [&](const generator::LinearGaussian<double>& g, const std::vector<double>& eta, std::uint64_t seed) {
    const Table z(1, 2, seed), x(1, 3, seed + 1, 2.0);
    Pieces<double> pieces(1);
    std::vector<double> mean(2, 0.0);
    for (int k = 0; k < n_nodes; ++k) {
      generator::ImportanceScore<double> score({.n_samples = 1});
      score.set_eta(eta);
      const auto one = score.climb(g, z, x, key_of(k), pieces, 0.0);
      for (std::size_t i = 0; i < 2; ++i) mean[i] += rule[static_cast<std::size_t>(k)] * one[i];
    }
    return mean;
  };
  const generator::LinearGaussian<double> g({1.0, 0.2, -0.5, 0.7, 0.3, -0.9}, {0.1, -0.3, 0.5}, {0.4, 0.01, 10.0});
  const auto rest = eta_at_rest(g);
  for (const std::uint64_t seed : {50, 60}) {
    CHECK(largest(slope(g, rest, seed)) < 1e-10);
    const auto elsewhere = slope(g, {0.2, 0.9}, seed);
    CHECK_THAT(elsewhere[0], WithinAbs(1.0 - std::pow(0.2 / rest[0], 2), 1e-10));
    CHECK_THAT(elsewhere[1], WithinAbs(1.0 - std::pow(0.9 / rest[1], 2), 1e-10));
    CHECK(largest(slope(g, {rest[0] * rest[0], rest[1] * rest[1]}, seed)) > 0.1);
    CHECK(largest(slope(g, posterior_deviations(g), seed)) > 0.05);  // correlated
  }
  const generator::LinearGaussian<double> plain({1.0, 0.4, -0.5, 0.8, 0.0, 0.0}, {0.1, -0.3, 0.5}, {0.4, 0.01, 10.0});  // W^T W is diagonal
  CHECK(largest_difference(eta_at_rest(plain), posterior_deviations(plain)) < 1e-12);
  CHECK(largest(slope(plain, posterior_deviations(plain), 50)) < 1e-10);
}

TEST_CASE("importance sampling delivers the fraction that its latents, samples and proposal allow, and no mistake does", "[statistical][generator]") {
  struct Row {
    int d, n_samples;
    double r, f, error;
  };
  const double best = std::sqrt(3.0);
  for (const Row& row :
       {Row{1, 20, 1.0, 0.785, 0.002}, Row{2, 5, 1.0, 0.514, 0.002}, Row{2, 20, 1.0, 0.738, 0.001}, Row{5, 20, 1.0, 0.627, 0.001}, Row{10, 20, 1.0, 0.512, 0.001},
        Row{20, 20, 1.0, 0.390, 0.001}, Row{50, 20, 1.0, 0.258, 0.003}, Row{100, 20, 1.0, 0.185, 0.001}, Row{1, 100, 1.0, 0.893, 0.007}, Row{2, 100, 1.0, 0.878, 0.006},
        Row{2, 1000, 1.0, 0.948, 0.004}, Row{100, 20, 0.5, 0.066, 0.002},
        Row{5, 5, 1.0, 0.415, 0.001}, Row{5, 100, 1.0, 0.781, 0.005}, Row{2, 20, 0.5, 0.32, 0.003}, Row{10, 20, 0.5, 0.19, 0.003},
        Row{2, 20, best, 0.945, 0.001}, Row{5, 20, best, 0.844, 0.001}, Row{10, 20, best, 0.690, 0.001}, Row{20, 20, best, 0.520, 0.001}, Row{2, 100, best, 0.9896, 0.0007},
        Row{2, 400, best, 0.9975, 0.0003}, Row{2, 20, 2.0, 0.961, 0.001}}) {
    generator::ImportanceScore<double> score({row.n_samples, row.r, best_eta, 0.0});
    const auto f = fraction(isotropic(row.d), score, 200, row.n_samples == 1000 ? 20 : row.d < 10 ? 60 : 15);
    INFO("latents " << row.d << ", samples " << row.n_samples << ", r " << row.r << ": " << f.fraction << " +- " << f.standard_error);
    CHECK(std::abs(off(f, row.f, row.error)) < z_limit);
  }
  for (const auto mistake : {Mistake::none, Mistake::uniform, Mistake::no_proposal, Mistake::eta_squared, Mistake::eta_for_its_square, Mistake::sigma_for_its_square,
                             Mistake::score_over_sigma, Mistake::wrong_sign}) {
    Plain plain(20, best_eta, mistake);
    const double z = std::abs(off(fraction(isotropic(2), plain, 200, 40), 0.738, 0.001));
    INFO("mistake " << static_cast<int>(mistake) << ": " << z);
    if (mistake == Mistake::none) CHECK(z < z_limit);
    if (mistake != Mistake::none) CHECK(z > z_broken);
  }
}

TEST_CASE("with many samples all is delivered but where the proposal's density is left out: a half", "[statistical][generator]") {
  generator::ImportanceScore<double> score({1000, 1.0, best_eta, 0.0});
  CHECK(std::abs(off(fraction(isotropic(1), score, 200, 15), 0.978, 0.004)) < z_limit);
  Plain plain(1000, best_eta, Mistake::no_proposal);
  const auto without = fraction(isotropic(1), plain, 100, 6);
  CHECK(std::abs(without.fraction - 0.5) < 0.1);
  CHECK(off(without, 0.978, 0.004) < -z_broken);
}

TEST_CASE("given x and the latent that made it, the bias of importance sampling falls as e over its samples", "[statistical][generator]") {
  // At one posterior deviation from the mean, r = 1: K E[z^ - m] -> u exp(u^2) with u = 1, and K Var z^ -> exp(u^2) (1 + u^2). The latter is the integral of
  // p^2 / q (z - m)^2, and so for every r.
  const auto g = isotropic(1);
  struct Law {
    double bias = 0.0, error = 0.0, variance = 0.0;   ///< times K
  };
  const auto law = [&](auto score, int k, int n_batches) {
    const int n = 1000;
    Pieces<double> pieces(1);
    Table z(n, 1), x(n, 1), s(n, 1);  // x = 0, so m = 0
    std::fill(z.v.begin(), z.v.end(), best_eta);
    Mean mean;
    for (int i = 0; i < n_batches; ++i) {
      score.estimate(g, z, x, random::Key(23).at(static_cast<std::uint64_t>(i)), s.view(), pieces);
      for (const double v : s.v) mean.add(sigma * sigma * v / best_eta);
    }
    return Law{k * mean.mean(), k * std::sqrt(mean.variance() / mean.n()), k * mean.variance()};
  };
  const double e = std::exp(1.0);
  for (const int k : {100, 400}) {
    const auto l = law(generator::ImportanceScore<double>({k, 1.0, best_eta, 0.0}), k, 4000 / k);
    INFO(k << " samples: " << l.bias << " +- " << l.error << ", variance " << l.variance);
    CHECK(std::abs(l.bias - e) < 0.1 * e + z_limit * l.error);  // a tenth: the next order in 1 / K
    if (k == 400) CHECK(std::abs(l.variance / (2.0 * e) - 1.0) < 0.1);
    const double r2 = 3.0, s2 = 1.0 / (2.0 - 1.0 / r2), m = s2 / r2;  // p^2 / q: a normal of variance s2 around m, weighed by what follows
    const double weight = std::sqrt(r2 * s2) * std::exp(0.5 / r2 + 0.5 * m * m / s2), wide = law(generator::ImportanceScore<double>({k, std::sqrt(r2), best_eta, 0.0}), k, 1600 / k).variance;
    INFO("wide: variance " << wide << ", expected " << weight * (s2 + m * m));
    CHECK(std::abs(wide / (weight * (s2 + m * m)) - 1.0) < 0.1);
    CHECK(std::abs(wide / (2.0 * e) - 1.0) > 0.5);
  }
  for (const auto mistake : {Mistake::uniform, Mistake::no_proposal, Mistake::eta_squared, Mistake::wrong_sign}) {
    const auto l = law(Plain(100, best_eta, mistake), 100, 4);
    INFO("mistake " << static_cast<int>(mistake) << ": " << l.bias << " +- " << l.error);
    CHECK(std::abs(l.bias - e) - 0.1 * e > z_broken * l.error);
  }
}

TEST_CASE("leapfrog chains without a Metropolis decision remember what the cosine of their angle says", "[statistical][generator]") {
  // On a quadratic of deviation s: E[z_t - m | z0] = cos(n theta)^t (z0 - m), theta = arccos(1 - (h / s)^2 / 2). Without momentum this is no mean but each chain's place.
  const auto g = isotropic(2);
  for (const double step : {0.1, 0.25, 0.4, 1.1755705}) {  // the last: five steps are a whole period, and nothing is forgotten
    const double c = std::cos(5.0 * std::acos(1.0 - 0.5 * step * step)), expected = 1.0 - 0.5 * (c * c * c + c * c * c * c);
    INFO(step << " deviations a step");
    Unadjusted still(step * best_eta, 0.0, generator::Force::full);
    CHECK_THAT(fraction(g, still, 200, 2).fraction, WithinAbs(expected, 1e-9));
    if (step > 1.0) continue;  // whatever the momentum
    Unadjusted moving(step * best_eta, 1.0, generator::Force::full);
    CHECK(std::abs(off(fraction(g, moving, 200, 40), expected, 0.0)) < z_limit);
  }
  Unadjusted prior(0.25 * best_eta, 1.0, generator::Force::prior_only);
  CHECK(std::abs(off(fraction(g, prior, 200, 40), 0.980, 0.0)) > z_broken);
}

TEST_CASE("leapfrog steps on the posterior of a network run back, err by the square of their size and keep volume; Euler's do not", "[statistical][generator]") {
  using L = simd_lane<double, default_arch>;
  using Net = decltype(nn::mlp<nn::Tanh>(1, 8, 2));
  const generator::Generator<Net, double> g(nn::mlp<nn::Tanh>(2, 8, 2), {0.3, 0.01, 0.5}, random::Key(5));
  const int n = width_v<L>;
  const Table x(n, 2, 81), z0(n, 2, 82), p0(n, 2, 83);
  const generator::PosteriorEnergy energy(g, x);
  struct Phase {
    Table z, p;
  };
  const auto leap = [&](const Phase& from, double h, int n_steps) {
    BlockPosition<L> z, p, end, slope, end_slope;
    for (BlockPosition<L>* v : {&z, &p, &end, &slope, &end_slope}) v->resize(1, 2);
    for (int d = 0; d < 2; ++d) std::copy_n(from.z.view().column(d), n, z.view().column(d)), std::copy_n(from.p.view().column(d), n, p.view().column(d));
    value_and_gradient(energy, z, slope);
    leapfrog<BlockTile<L>>(energy, UnitMetric{}, z, slope, end, p, end_slope, h, n_steps);
    Phase to = from;
    for (int d = 0; d < 2; ++d) std::copy_n(end.view().column(d), n, to.z.view().column(d)), std::copy_n(p.view().column(d), n, to.p.view().column(d));
    return to;
  };
  const auto euler = [&](const Phase& from, double h, int n_steps) {
    Phase at = from;
    Table slope(n, 2);
    for (int i = 0; i < n_steps; ++i) {
      energy.gradient(at.z, slope.view());
      at.z = at.z.plus(h, at.p), at.p = at.p.plus(-h, slope);
    }
    return at;
  };
  const auto total = [&](const Phase& at) {
    std::vector<double> u(static_cast<std::size_t>(n));
    energy.value(at.z, u);
    for (int c = 0; c < n; ++c) u[static_cast<std::size_t>(c)] += 0.5 * (at.p(c, 0) * at.p(c, 0) + at.p(c, 1) * at.p(c, 1));
    return u;
  };
  const Phase start{z0, p0};
  const auto way_back = [&](auto&& move) {
    Phase there = move(start, 0.05, 20);
    for (double& v : there.p.v) v = -v;
    return largest_difference(move(there, 0.05, 20).z.v, z0.v);
  };
  const auto ratio = [&](auto&& move) {
    const auto error = [&](double h, int n_steps) {
      const auto before = total(start), after = total(move(start, h, n_steps));
      double sum = 0.0;
      for (std::size_t c = 0; c < before.size(); ++c) sum += std::abs(after[c] - before[c]);
      return sum;
    };
    return error(0.01, 100) / error(0.005, 200);
  };
  const auto volume = [&](auto&& move) {
    std::vector<double> jacobian(16);
    const auto coordinate = [](Phase& at, int i) -> double& { return i < 2 ? at.z(0, i) : at.p(0, i - 2); };
    for (int j = 0; j < 4; ++j) {
      const auto moved = [&](double by) {
        Phase from = start;
        coordinate(from, j) += by;
        return move(from, 0.05, 20);
      };
      const double h = 1e-3;  // a difference of fourth order
      Phase up = moved(h), down = moved(-h), up2 = moved(2.0 * h), down2 = moved(-2.0 * h);
      for (int i = 0; i < 4; ++i) {
        jacobian[static_cast<std::size_t>(4 * i + j)] = (8.0 * (coordinate(up, i) - coordinate(down, i)) - coordinate(up2, i) + coordinate(down2, i)) / (12.0 * h);
      }
    }
    return determinant(jacobian, 4);
  };
  CHECK(way_back(leap) < 1e-12);
  CHECK_THAT(ratio(leap), WithinAbs(4.0, 0.1));
  CHECK_THAT(volume(leap), WithinAbs(1.0, 1e-8));
  CHECK(way_back(euler) > 0.01);
  CHECK(std::abs(ratio(euler) - 4.0) > 1.0);
  CHECK(std::abs(volume(euler) - 1.0) > 0.01);
}

TEST_CASE("steps are jittered chain by chain: a batch is an average over periods", "[statistical][generator]") {
  // Nearly a whole period without jitter. With jitter of a half a chain's angle is anything from half a period to one and a half.
  const auto spread = [](double jitter) {
    generator::HmcScore<double> score({.n_burn = 0, .n_keep = 1, .n_leapfrog = 5, .step_size = 1.1 * best_eta, .jitter = jitter});
    return fraction(isotropic(2), score, 200, 40);
  };
  const auto f = spread(0.5);
  INFO(f.fraction << " +- " << f.standard_error);
  CHECK(f.standard_error < 0.02);  // of 16000 numbers of order one; were the jitter shared, of 40
  CHECK(f.fraction > spread(0.0).fraction + z_broken * f.standard_error);
}

TEST_CASE("every state of a chain that starts at the latent that made x is a draw of the posterior", "[statistical][generator]") {
  // Over x and the chain, E[s] = 0 and E|s|^2 is at most that of one posterior draw: with W = I, (x - z_t) / sigma is standard normal for a draw of the joint law.
  const auto g = isotropic(2);
  const auto worst = [&](generator::Force force, bool from_zero) {
    Worst w;
    for (const int n_burn : {0, 1, 3}) {
      generator::HmcScore<double> score({.n_burn = n_burn, .n_keep = 1, .n_leapfrog = 3, .step_size = 0.6 * best_eta, .force = force});
      Pieces<double> pieces(1);
      Mean mean, square;
      Table z(500, 2), eps(500, 2), x(500, 2), s(500, 2), zero(500, 2);
      for (int i = 0; i < 120; ++i) {
        const random::Key key = random::Key(21).at(static_cast<std::uint64_t>(i));
        g.latents(key.purpose(random::Purpose::start), 0, z.view(), eps.view());
        g.sample(z, eps, x.view());
        score.estimate(g, from_zero ? zero : z, x, key, s.view(), pieces);
        double sum = 0.0, squares = 0.0;
        for (const double v : s.v) sum += sigma * v / 1000, squares += sigma * sigma * v * v / 1000;
        mean.add(sum), square.add(squares);
      }
      w.add(mean.z(0.0)), w.add(square.z(1.0));
    }
    return w.value();
  };
  CHECK(worst(generator::Force::full, false) < z_limit);
  CHECK(worst(generator::Force::prior_only, false) < z_limit);
  CHECK(worst(generator::Force::full, true) > z_broken);
}

TEST_CASE("the mean of <s, x> is minus the dimension whatever is delivered, and not without the prior in the weights", "[statistical][generator]") {
  const auto g = isotropic(2);
  const auto z_of = [&](auto score) {
    Pieces<double> pieces(1);
    Mean mean;
    Table z(400, 2), eps(400, 2), x(400, 2), s(400, 2);
    for (int i = 0; i < 60; ++i) {
      const random::Key key = random::Key(18).at(static_cast<std::uint64_t>(i));
      g.latents(key.purpose(random::Purpose::start), 0, z.view(), eps.view());
      g.sample(z, eps, x.view());
      score.estimate(g, z, x, key, s.view(), pieces);
      mean.add(s.dot(x) / 400);
    }
    return std::abs(mean.z(-2.0));
  };
  CHECK(z_of(generator::ImportanceScore<double>({20, 1.0, best_eta, 0.0})) < z_limit);
  CHECK(z_of(generator::ImportanceScore<double>({20, 1.7320508, best_eta, 0.0})) < z_limit);
  CHECK(z_of(Plain(20, best_eta, Mistake::no_prior)) > z_broken);
}

TEST_CASE("what an estimator delivers is what its entropy gradient is, for weights and for the noise", "[statistical][generator]") {
  // W^T W = I: the posterior of isotropic(2), in five dimensions
  const generator::LinearGaussian<double> g({0.6, 0.0, 0.8, 0.0, 0.0, 0.48, 0.0, 0.64, 0.0, 0.6}, {0.2, 0.0, -1.0, 0.3, 0.0}, {sigma, 0.01, 10.0});
  const auto exact = g.entropy_gradient();
  const double f = 0.738;
  CHECK_THAT(exact.back(), WithinAbs(3.0 + 2.0 * sigma * sigma / (1.0 + sigma * sigma), 1e-12));
  const auto worst = [&](auto score, double fraction) {
    std::vector<Mean> means(exact.size());
    Pieces<double> pieces(1);
    Table z(400, 2), eps(400, 5), x(400, 5), s(400, 5);
    for (int i = 0; i < 80; ++i) {
      const random::Key key = random::Key(8).at(static_cast<std::uint64_t>(i));
      g.latents(key.purpose(random::Purpose::start), 0, z.view(), eps.view());
      g.sample(z, eps, x.view());
      score.estimate(g, z, x, key, s.view(), pieces);
      for (double& v : s.v) v *= -1.0 / 400;
      std::vector<double> to(exact.size(), 0.0);
      g.add_parameter_gradient(z, eps, s, to);
      for (std::size_t p = 0; p < to.size(); ++p) means[p].add(to[p]);
    }
    // dH = f dH(x) + (1 - f) dH(x | z), and dH(x | z) is 0 by W and dim by log sigma
    Worst w;
    for (std::size_t p = 0; p < 10; ++p) w.add(means[p].z(fraction * exact[p]));
    w.add(means.back().z(fraction * exact.back() + (1.0 - fraction) * 5.0));
    return w.value();
  };
  CHECK(worst(generator::ImportanceScore<double>({20, 1.0, best_eta, 0.0}), f) < z_limit);
  CHECK(worst(generator::ImportanceScore<double>({20, 1.0, best_eta, 0.0}), 1.0) > z_broken);
  CHECK(worst(generator::ImportanceScore<double>({1, 1.0, best_eta, 0.0}), 0.0) < z_limit);
  CHECK(worst(generator::ImportanceScore<double>({1, 1.0, 0.7, 0.0}), 0.0) < z_limit);  // one sample, any eta
  CHECK(worst(Plain(20, best_eta, Mistake::none), f) < z_limit);
  CHECK(worst(Plain(20, best_eta, Mistake::score_over_sigma), f) > z_broken);
  CHECK(worst(generator::ConditionalScore{}, 0.0) < z_limit);
}

TEST_CASE("importance weights have the effective number stated", "[statistical][generator]") {
  for (const auto& [d, expected] : {std::pair{2, 9.41}, std::pair{10, 3.01}, std::pair{100, 1.37}}) {
    const auto off_by = [d = d, expected = expected](double r) {
      generator::ImportanceScore<double> score({20, r, best_eta, 0.0});
      return std::abs(fraction(isotropic(d), score, 400, d < 10 ? 60 : 30).report.ess / expected - 1.0);
    };
    const double right = off_by(1.0), wider = off_by(1.3);
    INFO(d << " latents: " << right << ", and with wider proposals " << wider);
    CHECK(right < 0.01);
    CHECK(wider > 0.02);
  }
}

/// Lets chains learn their step size, and eta where they use it, from batches of 100 draws.
static void learn(generator::HmcScore<double>& score, const generator::LinearGaussian<double>& g, int n_batches) {
  Pieces<double> pieces(1);
  Table z(100, g.n_latent()), eps(100, g.dim()), x(100, g.dim()), s(100, g.dim());
  for (int i = 0; i < n_batches; ++i) {
    const random::Key key = random::Key(7).at(static_cast<std::uint64_t>(i));
    g.latents(key.purpose(random::Purpose::start), 0, z.view(), eps.view());
    g.sample(z, eps, x.view());
    score.estimate(g, z, x, key, s.view(), pieces);
    score.learn(g, z, x, key, pieces);
  }
}

TEST_CASE("Hamiltonian chains with the right force deliver all of it in many dimensions, with the prior's hardly any", "[statistical][generator]") {
  const auto tuned = [&](int d, generator::Force force) {
    const auto g = isotropic(d);
    generator::HmcScore<double> score({.step_size = 0.5 * best_eta, .jitter = 0.0, .force = force});
    learn(score, g, 250);
    return fraction(g, score, 200, d < 100 ? 200 : 10);
  };
  const auto full = tuned(100, generator::Force::full), prior = tuned(100, generator::Force::prior_only);
  CHECK(std::abs(full.report.accept - 0.67) < 0.02);
  CHECK(std::abs(full.fraction - 1.01) < 0.03);
  CHECK(std::abs(prior.report.accept - 0.67) < 0.03);
  CHECK(std::abs(prior.fraction - 0.0085) < 0.002);
  const auto plane = tuned(2, generator::Force::full), plane_prior = tuned(2, generator::Force::prior_only), ten = tuned(10, generator::Force::full),
             ten_prior = tuned(10, generator::Force::prior_only);
  CHECK(std::abs(plane.fraction - 0.998) < 0.02);        // two steps accept .67 here, 1.4 deviations and 1.5, with .984 and 1.002
  CHECK(std::abs(plane_prior.fraction - 0.40) < 0.015);  // a random walk: .01 for the step, which an acceptance of .67 leaves to a percent
  CHECK(std::abs(ten.fraction - 0.46) < 0.01);  // nearly a whole period, for want of jitter
  CHECK(std::abs(ten_prior.fraction - 0.0875) < 0.01);
}

TEST_CASE("steps in proportion to eta deliver all of it where latents differ in width; equal steps do not", "[statistical][generator]") {
  const int d = 30;
  std::vector<double> w(30 * 30, 0.0);
  for (int i = 0; i < d; ++i) w[static_cast<std::size_t>(i * d + i)] = std::pow(10.0, -1.5 * i / (d - 1));
  const generator::LinearGaussian<double> g(w, std::vector<double>(30, 0.0), {0.1, 0.01, 1.0});
  const auto delivered = [&](bool precondition) {
    auto p = generator::HmcScoreParams::accurate();
    p.precondition = precondition;
    generator::HmcScore<double> score(p);
    learn(score, g, 200);
    return fraction(g, score, 200, 10);
  };
  const auto shaped = delivered(true), equal = delivered(false);
  INFO(shaped.fraction << " +- " << shaped.standard_error << ", equal steps " << equal.fraction << " +- " << equal.standard_error);
  CHECK(shaped.fraction + 4.5 * shaped.standard_error > 0.95);
  CHECK(equal.fraction + 4.5 * equal.standard_error < 0.95);
}

TEST_CASE("given x, short chains from the latent that made it have the posterior's mean and covariance in every state under either force; from elsewhere not", "[statistical][generator]") {
  const generator::LinearGaussian<double> g({1.0, 0.2, -0.5, 0.7, 0.3, -0.9}, {0.1, -0.3, 0.5}, {0.4, 0.01, 10.0});
  const int n = 20000;
  const Table one(1, 3, 5, 1.2);
  Table x(n, 3), z(n, 2), s(n, 3), exact(1, 3);
  g.score(one, exact.view());
  for (int c = 0; c < n; ++c) {
    for (int d = 0; d < 3; ++d) x(c, d) = one(0, d);
  }
  const auto covariance = g.posterior_covariance();
  enum class From { posterior, its_mean, prior };
  struct Off {
    double mean, square;   ///< in standard errors, the largest
  };
  const auto off_by = [&](generator::Force force, From from, int n_burn) {
    if (from == From::posterior) g.sample_posterior(random::Key(12), 0, x, z.view());
    if (from == From::its_mean) g.posterior_mean(x, z.view());
    if (from == From::prior) erg::fill_normal(z.view(), random::Key(12));
    generator::HmcScore<double> score({.n_burn = n_burn, .n_keep = 1, .n_leapfrog = 2, .step_size = 0.15, .force = force});
    Pieces<double> pieces(1);
    score.estimate(g, z, x, random::Key(13), s.view(), pieces);
    Worst mean, square;
    for (int d = 0; d < 3; ++d) {
      for (int e = 0; e <= d; ++e) {
        double expected = 0.0;  // s = -(x - b - W z) / sigma^2
        for (int i = 0; i < 2; ++i) {
          for (int j = 0; j < 2; ++j) expected += g.weight(d, i) * covariance[static_cast<std::size_t>(2 * i + j)] * g.weight(e, j) / std::pow(g.noise(), 4);
        }
        Mean value, product;
        for (int c = 0; c < n; ++c) value.add(s(c, d)), product.add((s(c, d) - exact(0, d)) * (s(c, e) - exact(0, e)));
        mean.add(value.z(exact(0, d))), square.add(product.z(expected));
      }
    }
    return Off{mean.value(), square.value()};
  };
  for (const auto force : {generator::Force::full, generator::Force::prior_only}) {
    for (const int n_burn : {0, 1, 3}) {
      const auto off = off_by(force, From::posterior, n_burn);
      CHECK(off.mean < z_limit);
      CHECK(off.square < z_limit);
    }
  }
  CHECK(off_by(generator::Force::full, From::prior, 0).mean > z_broken);
  CHECK(off_by(generator::Force::full, From::its_mean, 0).square > z_broken);
}

TEST_CASE("rejection keeps posterior draws: all of the entropy, and tries as many as the posterior is narrow", "[statistical][generator]") {
  generator::RejectionScore<double> score;
  const auto f = fraction(isotropic(2), score, 200, 20);
  CHECK(std::abs(off(f, 1.0, 0.0)) < z_limit);
  // The mean of tries given x has none over x; of the probability of a try it is det(sigma^2 M^-1)^(1/2) 2^(-d/2).
  const auto g = isotropic(2);
  Pieces<double> pieces(1);
  Table z(400, 2), eps(400, 2), x(400, 2), images(400, 2);
  Mean kept;
  for (int i = 0; i < 100; ++i) {
    const random::Key key = random::Key(19).at(static_cast<std::uint64_t>(i));
    g.sample(key.purpose(random::Purpose::start), 0, x.view());
    erg::fill_normal(z.view(), key);
    g.mean(z, images.view());
    double sum = 0.0;
    for (int c = 0; c < 400; ++c) sum += std::exp(-0.5 * (std::pow(x(c, 0) - images(c, 0), 2) + std::pow(x(c, 1) - images(c, 1), 2)) / (sigma * sigma)) / 400;
    kept.add(sum);
  }
  CHECK(std::abs(kept.z(best_eta * best_eta / 2.0)) < z_limit);
  CHECK(std::abs(kept.z(best_eta * best_eta)) > z_broken);
  generator::ImportanceScore<double> remembers({20, 1.0, best_eta, 0.0});
  CHECK(off(fraction(g, remembers, 200, 20), 1.0, 0.0) < -z_broken);
  generator::RejectionScore<double> few({.n_keep = 5, .n_tries = 10});
  CHECK_THROWS_WITH(fraction(isotropic(2), few, 10, 2), contains("the posterior is too narrow for rejection"));
}

TEST_CASE("given x, rejection keeps the share of its tries that the closed form says", "[statistical][generator]") {
  // A(x) = det(sigma^2 M^-1)^(1/2) exp(-(x - b)^T C^-1 (x - b) / 2) against the bound of |x - g(z)| = 0. Where g cannot reach x the best bound would be
  // that of the nearest g(z), and A(x) larger by exp(|(I - P)(x - b)|^2 / (2 sigma^2)).
  const auto z_of = [](const generator::LinearGaussian<double>& g, const Table& x, bool nearest) {
    const int dim = g.dim(), n_keep = 4000;
    Table s(1, dim);
    g.score(x, s.view());
    double exponent = 0.0, gram[3] = {0.0, 0.0, 0.0}, pull[2] = {0.0, 0.0}, square = 0.0;
    for (int d = 0; d < dim; ++d) {
      const double off = x(0, d) - g.bias(d), a = g.weight(d, 0), b = g.weight(d, 1);
      exponent += 0.5 * off * s(0, d), square += off * off;
      gram[0] += a * a, gram[1] += a * b, gram[2] += b * b, pull[0] += a * off, pull[1] += b * off;
    }
    const double reached = (gram[2] * pull[0] * pull[0] - 2.0 * gram[1] * pull[0] * pull[1] + gram[0] * pull[1] * pull[1]) / (gram[0] * gram[2] - gram[1] * gram[1]);
    if (nearest) exponent += 0.5 * (square - reached) / (g.noise() * g.noise());
    const auto v = g.posterior_covariance();
    const double accept = std::sqrt(v[0] * v[3] - v[1] * v[2]) * std::exp(exponent);
    generator::RejectionScore<double> score({.n_keep = n_keep});
    Pieces<double> pieces(1);
    const double tried = n_keep / score.estimate(g, x, x, random::Key(27), s.view(), pieces).accept;  // negative binomial
    return std::abs(tried - n_keep / accept) / (std::sqrt(n_keep * (1.0 - accept)) / accept);
  };
  const generator::LinearGaussian<double> square({1.0, 0.2, -0.5, 0.7}, {0.1, -0.3}, {0.4, 0.01, 10.0}), tall({1.0, 0.2, -0.5, 0.7, 0.3, -0.9}, {0.1, -0.3, 0.5}, {0.4, 0.01, 10.0});
  for (const std::uint64_t seed : {1, 2, 3}) {
    CHECK(z_of(square, Table(1, 2, seed), false) < z_limit);
    CHECK(z_of(square, Table(1, 2, seed), true) < z_limit);  // g reaches everything
    CHECK(z_of(tall, Table(1, 3, seed, 0.5), false) < z_limit);
  }
  CHECK(z_of(tall, Table(1, 3, 1, 0.5), true) > z_broken);
}

TEST_CASE("what an estimator delivers of a nonlinear generator's entropy is measured against chains as against rejection", "[statistical][generator]") {
  using Net = decltype(nn::mlp<nn::Tanh>(1, 8, 2));
  const generator::Generator<Net, double> g(nn::mlp<nn::Tanh>(1, 8, 2), {0.2, 0.01, 0.3}, random::Key(5));
  generator::RejectionScore<double> rejection({.n_keep = 4});
  generator::HmcScore<double> chains({.n_burn = 20, .n_keep = 10, .n_leapfrog = 5, .step_size = 0.3, .jitter = 0.5});
  Pieces<double> pieces(1);
  generator::ImportanceScore<double> score({20, 1.0, 0.3, 0.0});
  const auto a = generator::delivered_fraction(g, score, rejection, random::Key(3), 200, 20, pieces);
  const auto b = generator::delivered_fraction(g, score, chains, random::Key(4), 200, 20, pieces);
  CHECK(std::abs(off(a, b.fraction, b.standard_error)) < z_limit);
  CHECK(off(a, 1.0, 0.0) < -z_broken);
  generator::ConditionalScore conditional;
  CHECK(std::abs(off(generator::delivered_fraction(g, conditional, rejection, random::Key(3), 200, 20, pieces), 0.0, 1e-9)) < z_limit);
  CHECK(std::abs(off(generator::delivered_fraction(g, chains, rejection, random::Key(3), 200, 20, pieces), 1.0, 0.0)) < z_limit);
}
