// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Amortised training piece by piece, each against what is known in closed form.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/curvature.hpp"
#include "support/z_test.hpp"

#include <erg/diagnostics/mmd.hpp>
#include <erg/kernel/clamp.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/latent/stationarity.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/schedule.hpp>

#include <tuple>

using namespace erg;
using namespace erg::test;

namespace {

using Block = OwnedBlock<double>;

/// U(x) = c (x_0^4 / 4 + x_0^2 x_1^2 / 2 + x_1^2), turned by an angle first.
struct Turned {
  static constexpr int dim = 2;
  double c = 1.0, angle = 0.0;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    const L a = L(std::cos(angle)) * x[0] - L(std::sin(angle)) * x[1], b = L(std::sin(angle)) * x[0] + L(std::cos(angle)) * x[1];
    return L(c) * (L(0.25) * a * a * a * a + L(0.5) * a * a * b * b + b * b);
  }
};
Block normals(int n, int dim, std::uint64_t seed) {
  Block x(n, dim);
  fill_normal(x.view(), random::Key(seed));
  return x;
}
double largest_difference(const Block& a, const Block& b) {
  double most = 0.0;
  for (std::size_t i = 0; i < a.values.size(); ++i) most = std::max(most, std::abs(a.values[i] - b.values[i]));
  return most;
}
Ula<> ula(double h, double temperature = 1.0) { return Ula<>{{.step_size = h, .temperature = temperature}}; }

/// U(x, c) = l (x - k c)^2 / 2: an energy of x given c.
struct Regression {
  static constexpr int dim = 2;
  std::vector<double> theta{1.0, 0.0};  // l, k
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    const L off = x[0] - L(theta[1]) * x[1];
    return L(0.5 * theta[0]) * off * off;
  }
  int n_parameters() const { return 2; }
  template <class F>
  void update(F&& f) {
    f(std::span<double>(theta));
  }
  void restore(std::span<const double> v) { theta.assign(v.begin(), v.end()); }
  void restore(const std::vector<double>& v) { theta = v; }
  void copy_parameters(std::span<double> to) const { std::copy(theta.begin(), theta.end(), to.begin()); }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const auto at = static_cast<std::size_t>(c);
      const double off = x(c, 0) - theta[1] * x(c, 1);
      to[0] += w[at] * 0.5 * off * off, to[1] -= w[at] * theta[0] * off * x(c, 1);
      if (!u.empty()) u[at] = 0.5 * theta[0] * off * off;
    }
  }
};

}  // namespace

TEST_CASE("without noise U and the step size are known up to their product only; with it both matter", "[statistical][latent]") {
  const auto end = [](double c, double tau) {
    Block x = normals(50, 2, 3);
    latent::move(Turned{c}, ula(0.02 / c, tau), x.view(), 30, 4);
    return x;
  };
  CHECK(largest_difference(end(1.0, 0.0), end(7.0, 0.0)) < 1e-12);
  CHECK(largest_difference(end(1.0, 1.0), end(7.0, 1.0)) > 0.1);
}

TEST_CASE("a turned energy with its noise turned along turns the chains; many steps are the same in one call and in two", "[statistical][latent]") {
  const double angle = 0.7;
  Block x = normals(50, 2, 3), turned(50, 2);
  for (int c = 0; c < 50; ++c) {  // the point whose turned image is x
    turned.view()(c, 0) = std::cos(angle) * x.view()(c, 0) + std::sin(angle) * x.view()(c, 1);
    turned.view()(c, 1) = -std::sin(angle) * x.view()(c, 0) + std::cos(angle) * x.view()(c, 1);
  }
  latent::move(Turned{}, ula(0.02, 0.0), x.view(), 30, 4);
  latent::move(Turned{1.0, angle}, ula(0.02, 0.0), turned.view(), 30, 4);
  for (int c = 0; c < 50; ++c) {
    CHECK_THAT(std::cos(angle) * turned.view()(c, 0) - std::sin(angle) * turned.view()(c, 1), WithinAbs(x.view()(c, 0), 1e-12));
  }
  // with noise: the images' trajectory by hand, the noise of the chains' addresses turned along, or not
  const auto image = [angle](double a, double b) { return std::pair(std::cos(angle) * a - std::sin(angle) * b, std::sin(angle) * a + std::cos(angle) * b); };
  const double h = 0.02;
  const auto by_hand = [&](bool turns) {
    Block y = normals(50, 2, 3), xi(50, 2);
    for (int c = 0; c < 50; ++c) std::tie(y.view()(c, 0), y.view()(c, 1)) = image(y.view()(c, 0), y.view()(c, 1));
    for (std::uint64_t t = 0; t < 30; ++t) {
      fill_normal(xi.view(), random::Key(4).at(t));
      for (int c = 0; c < 50; ++c) {
        double &a = y.view()(c, 0), &b = y.view()(c, 1);
        const auto [na, nb] = turns ? image(xi.view()(c, 0), xi.view()(c, 1)) : std::pair(xi.view()(c, 0), xi.view()(c, 1));
        const double ga = a * a * a + a * b * b, gb = a * a * b + 2.0 * b;
        a += -0.5 * h * ga + std::sqrt(h) * na, b += -0.5 * h * gb + std::sqrt(h) * nb;
      }
    }
    return y;
  };
  Block noisy = normals(50, 2, 3);
  latent::move(Turned{1.0, angle}, ula(h), noisy.view(), 30, 4);
  for (int c = 0; c < 50; ++c) std::tie(noisy.view()(c, 0), noisy.view()(c, 1)) = image(noisy.view()(c, 0), noisy.view()(c, 1));
  CHECK(largest_difference(noisy, by_hand(true)) < 1e-12);
  CHECK(largest_difference(noisy, by_hand(false)) > 0.1);
  Plan plan;
  plan.n_chains = 64, plan.n_warmup = 0, plan.n_draws = 100, plan.adapt = false;
  const Turned energy;
  using Chains = Sampler<double, Simd<>, Ula<>, Turned>;
  Chains whole(Simd<>{}, ula(0.02), energy, plan), parts(Simd<>{}, ula(0.02), energy, plan);
  const auto go = [](Chains& s, int n) { s.sample(n, false, [](const auto&) { return Control::proceed; }); };
  whole.start(), parts.start();
  go(whole, 20), go(parts, 7), go(parts, 13);
  for (int c = 0; c < 64; ++c) CHECK(whole.chains()(c, 1) == parts.chains()(c, 1));
}

TEST_CASE("the KL of an encoder is the mean log ratio of its draws", "[statistical][latent]") {
  const int n = 200000;
  const double mu = 0.7, s = std::log(0.6);
  const Block eps = normals(n, 1, 5);
  Mean ratio;
  for (const double e : eps.values) {
    const double z = mu + std::exp(s) * e;
    ratio.add(0.5 * (z * z - e * e) - s);
  }
  const double variance = 0.5 * (std::exp(2 * s) - 1) * (std::exp(2 * s) - 1) + mu * mu * std::exp(2 * s);
  CHECK(std::abs(ratio.z(latent::kl_to_standard_normal(mu, s), variance)) < z_limit);
  CHECK(std::abs(ratio.z(latent::kl_to_standard_normal(mu, -s), variance)) > z_broken);
}

TEST_CASE("a linear autoencoder learns the principal components by gradient steps", "[statistical][latent]") {
  const double lambda[] = {4.0, 2.0, 0.5};
  Block x(900, 3);  // points on the axes whose second moment is diag(lambda)
  for (int c = 0; c < 900; ++c) x.view()(c, c % 3) = (c % 2 == 0 ? 1.0 : -1.0) * std::sqrt(3.0 * lambda[c % 3]);
  auto v = latent::vae<double>(nn::Sequential(nn::Dense(2, 3)), nn::Sequential(nn::Dense(3, 4)), {.sigma = std::sqrt(0.5)}, random::Key(2));
  nn::Adam<double> adam({.learning_rate = 0.02});
  const int n_steps = 3000;
  const nn::CosineRate rate(n_steps, 1e-3);
  std::vector<double> g(static_cast<std::size_t>(v.n_parameters())), theta(g), covariance(9, 0.0);
  Pieces<double> pieces;
  for (int i = 0; i < n_steps; ++i) {
    std::fill(g.begin(), g.end(), 0.0);
    v.add_gradient(x.view(), random::Key(3).at(static_cast<std::uint64_t>(i)), g, pieces);
    v.update([&](std::span<double> at) { adam.step(at, std::span<const double>(g), rate(i)); });
    if (i < n_steps - 1000) continue;
    v.copy_parameters(theta);
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b) covariance[3 * a + b] += (theta[2 * a] * theta[2 * b] + theta[2 * a + 1] * theta[2 * b + 1] + (a == b ? 0.5 : 0.0)) / 1000;
    }
  }
  // C = W W^T + sigma^2: its eigenvalues to 1 %, and the direction it leaves out; one draw of the latent a point leaves that much noise
  const erg::detail::SymmetricEigen e(covariance, 3);
  for (int k = 0; k < 3; ++k) CHECK_THAT(e.value(k), WithinRel(lambda[k], 0.01));
  CHECK(1.0 - std::abs(e.vector(2, 2)) < 0.5e-6);  // an angle of a thousandth
}

TEST_CASE("the loss of pairs splits into that of points and the encoder's, on a grid to rounding", "[latent][geometry]") {
  latent::LinearGaussian<double> q(1, 1, 0.5);
  q.set({0.9});
  const auto u = [](double x) { return 0.25 * x * x * x * x - 0.3 * x; };
  const auto mu = [](double x) { return 0.8 * std::tanh(x); };
  const double variance = 0.4, reach = 8.0, cell = 2.0 * reach / 400;
  double z_of_p = 0.0;
  for (int i = 0; i <= 400; ++i) z_of_p += cell * std::exp(-u(-reach + cell * i));
  double joint = 0.0, marginal = 0.0, gap = 0.0;
  for (int i = 0; i <= 400; ++i) {
    const double x = -reach + cell * i, p = std::exp(-u(x)) / z_of_p, log_p = -u(x) - std::log(z_of_p);
    const double at[] = {x}, m[] = {mu(x)}, s[] = {variance};
    marginal += cell * p * (log_p + q.energy(at));
    gap += cell * p * q.posterior_gap(at, m, s);
    for (int j = 0; j <= 400; ++j) {
      const double z = -reach + cell * j, log_pi = -0.5 * ((z - mu(x)) * (z - mu(x)) / variance + std::log(6.283185307179586 * variance));
      const double log_q = -0.5 * (z * z + std::log(6.283185307179586)) - 0.5 * ((x - 0.9 * z) * (x - 0.9 * z) / 0.25 + std::log(6.283185307179586 * 0.25));
      joint += cell * cell * p * std::exp(log_pi) * (log_p + log_pi - log_q);
    }
  }
  CHECK_THAT(joint, WithinAbs(marginal + gap, 1e-8));
}

TEST_CASE("the contrastive gradient is unbiased for batches of different sizes, and zero at the solution", "[statistical][train]") {
  // U = l x^2 / 2, data of variance 1 and exact negatives of variance 1 / l
  const auto z_of = [](double l, double expected, bool pooled = false) {
    Curvature<1> energy;
    energy.l[0] = l;
    Pieces<double> pieces;
    train::StepReport report;
    Mean mean;
    for (std::uint64_t k = 0; k < 2000; ++k) {
      Block data = normals(100, 1, 2 * k), negatives = normals(900, 1, 2 * k + 1);
      for (double& v : negatives.values) v /= std::sqrt(l);
      std::vector<double> g(1, 0.0);
      train::Contrastive{}.add_gradient(energy, train::StepBatch<double>{data.view(), negatives.view(), random::Key(1)}, std::span<double>(g), pieces, report);
      if (pooled) {  // the broken variant: both sums over the mean of both numbers
        double sum = 0.0;
        for (const double v : data.values) sum += 0.5 * v * v;
        for (const double v : negatives.values) sum -= 0.5 * v * v;
        g[0] = sum / 500;
      }
      mean.add(g[0]);
    }
    return std::abs(mean.z(expected, 0.5 / 100 + 0.5 / (900 * l * l)));
  };
  CHECK(z_of(2.0, 0.5 * (1.0 - 0.5)) < z_limit);
  CHECK(z_of(1.0, 0.0) < z_limit);
  CHECK(z_of(2.0, 0.0) > z_broken);
  CHECK(z_of(2.0, 0.5 * (1.0 - 0.5), true) > z_broken);
  CHECK(z_of(1.0, 0.0, true) > z_broken);
}

TEST_CASE("with exact negatives training ends at maximum likelihood, as far from it as their number says", "[statistical][train]") {
  // U = l x^2 / 2, data of mean square 1/2: l = 2. The mean over steps has deviation sqrt(2) l / sqrt(N), N negatives in all.
  const int n = 512, burn = 200, n_steps = 4000;
  const auto z_of = [&](double spread) {
    Curvature<1> energy;
    energy.l[0] = 1.5;
    Pieces<double> pieces;
    train::StepReport report;
    Block data(2, 1);
    data.values = {std::sqrt(0.5), -std::sqrt(0.5)};
    double mean = 0.0;
    for (int i = 0; i < burn + n_steps; ++i) {
      Block negatives = normals(n, 1, 7000 + static_cast<std::uint64_t>(i));
      for (double& v : negatives.values) v *= spread / std::sqrt(energy.l[0]);
      std::vector<double> g(1, 0.0);
      train::Contrastive{}.add_gradient(energy, train::StepBatch<double>{data.view(), negatives.view(), random::Key(1)}, std::span<double>(g), pieces, report);
      energy.l[0] -= 0.5 * g[0];
      if (i >= burn) mean += energy.l[0] / n_steps;
    }
    return std::abs(mean - 2.0) / (std::sqrt(2.0) * 2.0 / std::sqrt(1.0 * n * n_steps));
  };
  CHECK(z_of(1.0) < z_limit);
  CHECK(z_of(1.01) > z_broken);
}

TEST_CASE("a conditional energy learns the regression and its residuals; negatives with other conditions do not pull alike", "[statistical][conditional]") {
  // x = .8 c +- .5: k = cov / var = .8, l = 1 / .25
  const std::vector<double> pairs{1.3, 1.0, 0.3, 1.0, -0.3, -1.0, -1.3, -1.0};
  Regression energy;
  energy.theta = {3.8, 0.7};
  const latent::Split split = latent::Split::last(2, 1);
  const int n = 1024, n_steps = 1000, burn = 500;
  train::Trainer t(energy, train::Data<double>(pairs, 2),
                   train::chains(Simd<>{}, Mala{{.step_size = 0.25}, ClampMetric(split.flags())}, train::Fresh{train::AtData{}}, {.n_chains = n, .n_steps = 15}),
                   train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 0.25}}, train::NoTeacher{}, {.batch = 4});
  double l = 0.0, k = 0.0;
  for (int i = 0; i < burn + n_steps; ++i) {
    t.advance();
    if (i >= burn) l += t.energy().theta[0] / n_steps, k += t.energy().theta[1] / n_steps;
  }
  CHECK(std::abs(l - 4.0) < z_limit * std::sqrt(2.0 / (1.0 * n * n_steps)) * 4.0 + 0.01);  // .01: what 15 steps remember of the start
  CHECK(std::abs(k - 0.8) < z_limit * 0.5 / std::sqrt(1.0 * n * n_steps) + 0.005);
  CHECK(std::abs(l - 1.0 / 0.89) > 1.0);  // not the precision of x alone
  Pieces<double> pieces;
  train::StepReport report;
  const auto negatives = t.negatives().positions();
  Block own(n, 2), data(4, 2);
  for (int c = 0; c < n; ++c) own.view()(c, 0) = negatives(c, 0), own.view()(c, 1) = negatives(c, 1);
  train::Data<double>(pairs, 2).batch(random::Key(1), 0, data.view());
  const auto gradient = [&] {
    std::vector<double> g(2, 0.0);
    train::Contrastive{}.add_gradient(t.energy(), train::StepBatch<double>{data.view(), own.view(), random::Key(1)}, std::span<double>(g), pieces, report);
    return g;
  };
  const auto right = gradient();
  for (int c = 0; c < n; ++c) own.view()(c, 1) = -own.view()(c, 1);
  const auto wrong = gradient();
  CHECK(std::abs(right[1]) < 0.45);  // 5 errors of the mean of l off c, and of k beside it
  CHECK(std::abs(wrong[1] - right[1]) > 2.0);
}

TEST_CASE("a conditional linear autoencoder with its exact posterior has the density as its bound", "[latent][conditional]") {
  // x | c = a z + b c + sigma eps
  const double a = 0.8, b = -1.5, sigma = 0.6, variance = a * a + sigma * sigma;
  auto v = latent::vae<double>(nn::Sequential(nn::Dense(2, 1)), nn::Sequential(nn::Dense(2, 2)), {.sigma = sigma}, random::Key(0), latent::Split::last(2, 1));
  // decoder: weights of z and c, bias, log sigma; encoder of (x, c): rows mu and s, their biases
  v.restore(std::vector<double>{a, b, 0.0, std::log(sigma), a / variance, -a * b / variance, 0.0, 0.0, 0.0, std::log(sigma / std::sqrt(variance))});
  const Block x = normals(20, 2, 7);
  Pieces<double> pieces;
  const auto log_q = v.log_marginal(x.view(), random::Key(2), 1, pieces);
  for (int c = 0; c < 20; ++c) {
    const double off = x.view()(c, 0) - b * x.view()(c, 1);
    CHECK_THAT(log_q[static_cast<std::size_t>(c)], WithinAbs(-0.5 * (off * off / variance + std::log(6.283185307179586 * variance)), 1e-10));
  }
}

TEST_CASE("a linear autoencoder that learns by gradient steps ends where the exact refit does", "[statistical][fixed-point]") {
  const latent::AncestralLangevin a{1.0, std::sqrt(0.05), 0.04, 20, 1.0, true};
  auto v = latent::vae<double>(nn::Sequential(nn::Dense(1, 1)), nn::Sequential(nn::Dense(1, 2)), {.sigma = a.sigma});
  v.restore(std::vector<double>{0.97, 0.0, std::log(a.sigma), 0.97, 0.0, 0.0, 0.5 * std::log(0.05)});
  train::Trainer t(Curvature<1>{}, train::Data<double>({1.0, -1.0}, 1),
                   train::chains(Simd<>{}, ula(a.step_size), train::Fresh{train::Ancestral{v.snapshot()}}, {.n_chains = 1024, .n_steps = a.n_steps}), train::Contrastive{},
                   nn::Sgd<double>{{.learning_rate = 0.2}}, train::VariationalTeacher(v, {.learning_rate = 2e-3}), {.batch = 2});
  const int burn = 800, n_steps = 2000;
  double l = 0.0;
  for (int i = 0; i < burn + n_steps; ++i) {
    t.advance();
    if (i >= burn) l += t.energy().l[0] / n_steps;
  }
  const double error = std::sqrt(2.0 / 1024 / n_steps) / std::fabs(a.slope());
  CHECK(std::abs(l - a.precision()) < 0.02 + z_limit * error);
  CHECK(std::abs(l - 1.010205) > 0.02 + z_broken * error);  // it is not where decoding samples ends
}

TEST_CASE("p-values of equal laws are uniform, and of different ones are not", "[statistical][diagnostics]") {
  const auto kolmogorov = [](double shift) {
    std::vector<double> p;
    for (std::uint64_t k = 0; k < 500; ++k) {
      const Block a = normals(20, 1, 2 * k);
      Block b = normals(20, 1, 2 * k + 1);
      for (double& v : b.values) v += shift;
      p.push_back(diag::mmd_test(diag::PointSet{a.values, 20, 1}, diag::PointSet{b.values, 20, 1}, diag::Rbf(1.0), diag::Statistic::u, {.n_resamples = 99, .seed = k}).p_value);
    }
    std::sort(p.begin(), p.end());
    double most = 0.0;
    for (std::size_t i = 0; i < p.size(); ++i) most = std::max({most, std::abs(p[i] - static_cast<double>(i) / 500), std::abs(p[i] - static_cast<double>(i + 1) / 500)});
    return most;
  };
  CHECK(kolmogorov(0.0) < 2.5 / std::sqrt(500.0) + 0.01);  // 7e-6 of uniform samples beyond; .01: the step of the p-values
  CHECK(kolmogorov(0.5) > 2.5 / std::sqrt(500.0) + 0.01);
}

TEST_CASE("the gradient by parameters is linear in the weights of points, and outputs that are summed fold into one", "[nn][latent]") {
  const auto layers = [](int n_out) { return nn::Sequential(nn::Dense(2, 8), nn::SiLU{}, nn::Dense(n_out)); };
  nn::Network<decltype(layers(1)), double> many(layers(100)), one(layers(1));
  nn::initialise(many, random::Key(4));
  const auto theta = many.parameters().flat();
  std::vector<double> folded(static_cast<std::size_t>(one.n_parameters()), 0.0);  // [8, 2], 8; [n, 8], n
  for (std::size_t i = 0; i < 24; ++i) folded[i] = theta[i];
  for (std::size_t k = 0; k < 100; ++k) {
    for (std::size_t i = 0; i < 8; ++i) folded[24 + i] += theta[24 + 8 * k + i];
    folded[32] += theta[24 + 800 + k];
  }
  one.restore(folded);
  const Block x = normals(9, 2, 1);
  Block all(9, 100), sum(9, 1);
  many.forward(x.view(), all.view()), one.forward(x.view(), sum.view());
  for (int c = 0; c < 9; ++c) {
    double total = 0.0;
    for (int k = 0; k < 100; ++k) total += all.view()(c, k);
    CHECK_THAT(sum.view()(c, 0), WithinAbs(total, 1e-12));
  }
  const auto gradient = [&](double a, double b, bool reversed) {
    Block at = x, seed(9, 1);
    for (int c = 0; c < 9; ++c) {
      const int from = reversed ? 8 - c : c;
      for (int d = 0; d < 2; ++d) at.view()(c, d) = x.view()(from, d);
      seed.view()(c, 0) = a + b * from;
    }
    std::vector<double> g(static_cast<std::size_t>(one.n_parameters()), 0.0);
    one.parameter_gradient(at.view(), seed.view(), g);
    return g;
  };
  const auto first = gradient(1.0, 0.0, false), second = gradient(0.0, 1.0, false), both = gradient(2.0, -3.0, false), reversed = gradient(2.0, -3.0, true);
  for (std::size_t i = 0; i < both.size(); ++i) {
    CHECK_THAT(both[i], WithinAbs(2.0 * first[i] - 3.0 * second[i], 1e-12));
    CHECK_THAT(reversed[i], WithinAbs(both[i], 1e-12));
  }
}
