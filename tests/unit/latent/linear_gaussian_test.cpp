// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The linear Gaussian model and the fixed points that follow from it, to the digits in which they are known.
#include "support/catch.hpp"

#include <erg/latent/fixed_point.hpp>
#include <erg/latent/linear_gaussian.hpp>
#include <erg/latent/vae.hpp>

using namespace erg;
using namespace erg::test;

namespace {
latent::LinearGaussian<double> fitted() {
  latent::LinearGaussian<double> m(3, 2, std::sqrt(0.5));
  m.fit_moment({4, 0, 0, 0, 2, 0, 0, 0, 0.5});
  return m;
}
const std::vector<std::vector<double>> some{{1.0, 2.0, 0.3}, {-3.0, 0.1, -1.0}, {0.0, 0.0, 0.0}};
double precision(double sigma2, double delta, int n, double tau, bool mean) {
  return latent::AncestralLangevin{1.0, std::sqrt(sigma2), delta * delta, n, tau, mean}.precision();
}
}  // namespace

TEST_CASE("the ELBO of the exact posterior is the log density, everywhere", "[latent]") {
  const auto m = fitted();
  CHECK_THAT(m.w(0, 0) * m.w(0, 0), WithinAbs(3.5, 1e-12));
  CHECK_THAT(m.w(1, 1) * m.w(1, 1), WithinAbs(1.5, 1e-12));
  const std::vector<double> variance{m.posterior_covariance(0, 0), m.posterior_covariance(1, 1)};
  CHECK_THAT(variance[0], WithinAbs(0.125, 1e-12));
  CHECK_THAT(variance[1], WithinAbs(0.25, 1e-12));
  for (const auto& x : some) {
    const auto mu = m.posterior_mean(x);
    const auto [reconstruction, kl] = m.elbo_terms(x, mu, variance);
    CHECK_THAT(reconstruction + kl, WithinAbs(m.energy(x), 1e-10));
    // N(0, diag(4, 2, .5))
    const double direct = 0.5 * (x[0] * x[0] / 4 + x[1] * x[1] / 2 + x[2] * x[2] / 0.5 + std::log(4.0) + 3 * std::log(6.283185307179586));
    CHECK_THAT(m.energy(x), WithinAbs(direct, 1e-10));
  }
  // Over the data, by points on the axes that have its moments: 4.949963 nats, of which the KL is 1.732868, and E|x - g|^2 = 3 sigma^2
  double total = 0.0, of_kl = 0.0, of_reconstruction = 0.0;
  const double lambda[] = {4.0, 2.0, 0.5};
  for (std::size_t d = 0; d < 3; ++d) {
    std::vector<double> x(3, 0.0);
    x[d] = std::sqrt(3.0 * lambda[d]);
    const auto [reconstruction, kl] = m.elbo_terms(x, m.posterior_mean(x), variance);
    total += m.energy(x) / 3, of_kl += kl / 3, of_reconstruction += reconstruction / 3;
  }
  CHECK_THAT(total, WithinAbs(4.949963, 1e-6));
  CHECK_THAT(of_kl, WithinAbs(1.732868, 1e-6));
  CHECK_THAT(of_reconstruction, WithinAbs(3.217095, 1e-6));
  CHECK_THAT(of_reconstruction - 1.5 * std::log(3.141592653589793), WithinAbs(1.5, 1e-12));  // 3/2 log(2 pi sigma^2) + E|x - g|^2 / (2 sigma^2)
}

TEST_CASE("the gap of another encoder is its distance to the posterior; gamma weighs it", "[latent]") {
  const auto m = fitted();
  const std::vector<double> variance{0.3, 0.1};
  for (const auto& x : some) {
    auto mu = m.posterior_mean(x);
    mu[0] += 0.2, mu[1] -= 0.5;
    const auto [reconstruction, kl] = m.elbo_terms(x, mu, variance);
    const double gap = reconstruction + kl - m.energy(x);
    CHECK(gap > 0.0);
    CHECK_THAT(gap, WithinAbs(m.posterior_gap(x, mu, variance), 1e-10));
    for (const double gamma : {0.0, 0.3, 1.0, 2.0}) {
      CHECK_THAT(m.teaching_loss(x, mu, variance, gamma), WithinAbs((1.0 - gamma) * m.energy(x) + gamma * (reconstruction + kl), 1e-10));
    }
  }
}

TEST_CASE("the released loss |x - g|^2 + w KL is w times -ELBO at sigma^2 = w / 2", "[latent]") {
  for (const double w : {2.0, 3.0}) {
    latent::LinearGaussian<double> m(3, 2, latent::sigma_of_kl_weight(w));
    m.set({1.0, 0.2, -0.3, 0.8, 0.1, 0.4});
    const std::vector<double> mu{0.3, -0.7}, variance{0.2, 0.5};
    for (const auto& x : some) {
      const auto [reconstruction, kl] = m.elbo_terms(x, mu, variance);
      double square = 0.0;  // E|x - g(z)|^2
      for (int i = 0; i < 3; ++i) {
        double r = x[static_cast<std::size_t>(i)];
        for (int j = 0; j < 2; ++j) {
          r -= m.w(i, j) * mu[static_cast<std::size_t>(j)];
          square += m.w(i, j) * m.w(i, j) * variance[static_cast<std::size_t>(j)];
        }
        square += r * r;
      }
      CHECK_THAT(square + w * kl, WithinAbs(w * (reconstruction + kl) - 1.5 * w * std::log(3.141592653589793 * w), 1e-10));
    }
  }
  // w = 2 on diag(4, 2, .5): a direction of variance .5 is not worth its KL
  latent::LinearGaussian<double> m(3, 3, latent::sigma_of_kl_weight(2.0));
  m.fit_moment({4, 0, 0, 0, 2, 0, 0, 0, 0.5});
  CHECK_THAT(m.w(0, 0) * m.w(0, 0), WithinAbs(3.0, 1e-12));
  CHECK_THAT(m.w(1, 1) * m.w(1, 1), WithinAbs(1.0, 1e-12));
  CHECK(m.w(2, 2) == 0.0);
  double loss = 0.0;  // E|x - g|^2 + 2 KL at the optimum
  const double lambda[] = {4.0, 2.0, 0.5};
  for (std::size_t d = 0; d < 3; ++d) {
    std::vector<double> x(3, 0.0);
    x[d] = std::sqrt(3.0 * lambda[d]);
    loss += 2.0 * m.energy(x) / 3 - std::log(2.0 * 3.141592653589793);
  }
  CHECK_THAT(loss, WithinAbs(2.5 + 2.079442, 1e-6));
}

TEST_CASE("alternating encoder and decoder never increases the ELBO's loss and ends at the principal components", "[latent][geometry]") {
  // Moments only: E x x^T = diag(4, 2, .5), linear encoder mu = A x with variances s; both moves exact.
  latent::LinearGaussian<double> m(3, 2, std::sqrt(0.5));
  m.set({0.5, 0.2, 0.1, 0.4, 0.3, -0.2});
  const double lambda[] = {4.0, 2.0, 0.5};
  double last = INFINITY;
  for (int round = 0; round < 400; ++round) {
    // the encoder's move: the posterior, so that the loss is E[-log q]; sample points at +- the deviations have the moments of the data
    double loss = 0.0;
    std::vector<double> cross(6, 0.0), square(4, 0.0);
    for (int d = 0; d < 3; ++d) {
      std::vector<double> x(3, 0.0);
      x[static_cast<std::size_t>(d)] = std::sqrt(3.0 * lambda[d]);
      const auto mu = m.posterior_mean(x);
      loss += m.energy(x) / 3;
      for (int j = 0; j < 2; ++j) {
        for (int i = 0; i < 3; ++i) cross[static_cast<std::size_t>(2 * i + j)] += x[static_cast<std::size_t>(i)] * mu[static_cast<std::size_t>(j)] / 3;
        for (int k = 0; k < 2; ++k) square[static_cast<std::size_t>(2 * j + k)] += mu[static_cast<std::size_t>(j)] * mu[static_cast<std::size_t>(k)] / 3;
      }
    }
    CHECK(loss <= last + 1e-12);
    last = loss;
    for (int j = 0; j < 2; ++j) {
      for (int k = 0; k < 2; ++k) square[static_cast<std::size_t>(2 * j + k)] += m.posterior_covariance(j, k);
    }
    // the decoder's: W = E[x mu^T] E[z z^T]^-1
    const double det = square[0] * square[3] - square[1] * square[2];
    std::vector<double> w(6);
    for (std::size_t i = 0; i < 3; ++i) {
      w[2 * i] = (cross[2 * i] * square[3] - cross[2 * i + 1] * square[2]) / det;
      w[2 * i + 1] = (cross[2 * i + 1] * square[0] - cross[2 * i] * square[1]) / det;
    }
    m.set(w);
  }
  double best = 0.0;
  const auto exact = fitted();
  for (int d = 0; d < 3; ++d) {
    std::vector<double> x(3, 0.0);
    x[static_cast<std::size_t>(d)] = std::sqrt(3.0 * lambda[d]);
    best += exact.energy(x) / 3;
  }
  CHECK_THAT(last, WithinAbs(best, 1e-9));
}

TEST_CASE("regression on the known latent is least squares", "[latent]") {
  latent::LinearGaussian<double> m(2, 2, 0.1), truth(2, 2, 0.1);
  truth.set({1.0, 0.5, -0.2, 2.0});
  OwnedBlock<double> z(50, 2), x(50, 2);
  truth.latents(random::Key(1), 0, z.view());
  truth.mean(z.view(), x.view());
  m.regress(x.view(), z.view());
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) CHECK_THAT(m.w(i, j), WithinAbs(truth.w(i, j), 1e-12));
  }
}

TEST_CASE("the fixed points of amortised training are those of the closed form", "[latent][fixed-point]") {
  SECTION("decode a sample, noise on: the maximum likelihood up to the kernel's bias, whatever T and sigma") {
    for (const int n : {5, 20}) {
      for (const double s : {0.05, 0.3}) {
        CHECK_THAT(precision(s, 0.1, n, 1.0, false), WithinAbs(1.002513, 1e-5));
        CHECK_THAT(precision(s, 0.2, n, 1.0, false), WithinAbs(1.010205, 1e-5));
        CHECK_THAT(precision(s, 0.5, n, 1.0, false), WithinAbs(1.071797, 1e-5));
      }
    }
  }
  SECTION("decode the mean, noise on") {
    CHECK_THAT(precision(0.05, 0.1, 20, 1.0, true), WithinAbs(0.771198, 1e-5));
    CHECK_THAT(precision(0.05, 0.2, 20, 1.0, true), WithinAbs(0.968988, 1e-5));
    CHECK_THAT(precision(0.3, 0.2, 20, 1.0, true), WithinAbs(0.734533, 1e-5));
    CHECK_THAT(precision(0.3, 0.1, 20, 1.0, true), WithinAbs(-0.594681, 1e-5));
    CHECK_THAT(precision(0.05, 0.1, 5, 1.0, true), WithinAbs(0.0, 1e-5));
  }
  SECTION("decode the mean, noise off: always negative, no density") {
    CHECK_THAT(precision(0.05, 0.1, 20, 0.0, true), WithinAbs(-0.256631, 1e-5));
    CHECK_THAT(precision(0.05, 0.2, 20, 0.0, true), WithinAbs(-0.064158, 1e-5));
    CHECK_THAT(precision(0.3, 0.2, 20, 0.0, true), WithinAbs(-0.447837, 1e-5));
    CHECK_THAT(precision(0.3, 0.1, 20, 0.0, true), WithinAbs(-1.791349, 1e-5));
    CHECK_THAT(precision(0.05, 0.1, 5, 0.0, true), WithinAbs(-1.028501, 1e-5));
  }
  CHECK_THAT(precision(0.05, 0.1, 20, 0.0, false), WithinAbs(0.0, 1e-5));
}

TEST_CASE("energy and model that follow their moments step by step end at the fixed points of the closed form", "[latent][fixed-point]") {
  // dl = -(eta / 2)(1 - V), w^2 <- w^2 + rho (V - sigma^2 - w^2), V by the T steps of the chains themselves
  const auto end = [](double sigma2, double delta, int n, double tau, bool mean) {
    const double h = delta * delta;
    double l = 0.9 * precision(sigma2, delta, n, tau, mean) + 0.02, w2 = 0.9 - sigma2;
    for (int i = 0; i < 40000; ++i) {
      const double a = 1.0 - 0.5 * h * l;
      double v = mean ? w2 : w2 + sigma2;
      for (int t = 0; t < n; ++t) v = a * a * v + tau * h;
      l -= 0.1 * (1.0 - v);
      w2 = std::fmax(0.0, w2 + 0.005 * (v - sigma2 - w2));
    }
    return l;
  };
  struct Row {
    double sigma2, delta;
    int n;
    double tau;
    bool mean;
    double l;
  };
  for (const Row& r : {Row{0.05, 0.1, 20, 1.0, false, 1.002513}, Row{0.05, 0.2, 20, 1.0, false, 1.010205}, Row{0.3, 0.5, 5, 1.0, false, 1.071797}, Row{0.05, 0.1, 20, 1.0, true, 0.771198},
                       Row{0.05, 0.2, 20, 1.0, true, 0.968988}, Row{0.3, 0.2, 20, 1.0, true, 0.734533}, Row{0.3, 0.1, 20, 1.0, true, -0.594681}, Row{0.05, 0.1, 5, 1.0, true, 0.0},
                       Row{0.05, 0.1, 20, 0.0, true, -0.256631}, Row{0.05, 0.2, 20, 0.0, true, -0.064158}, Row{0.3, 0.2, 20, 0.0, true, -0.447837}, Row{0.3, 0.1, 20, 0.0, true, -1.791349},
                       Row{0.05, 0.1, 5, 0.0, true, -1.028501}, Row{0.05, 0.2, 20, 0.0, false, 0.0}}) {
    CAPTURE(r.sigma2, r.delta, r.n, r.tau, r.mean);
    CHECK_THAT(end(r.sigma2, r.delta, r.n, r.tau, r.mean), WithinAbs(r.l, 1e-5));
  }
}

TEST_CASE("the slopes that decide how firmly a fixed point holds are those of the closed form", "[latent][fixed-point]") {
  const auto slope = [](double sigma2, double delta, bool mean) {
    return latent::AncestralLangevin{1.0, std::sqrt(sigma2), delta * delta, 20, 1.0, mean}.slope();
  };
  CHECK_THAT(slope(0.05, 0.1, true), WithinAbs(-0.1807, 1e-4));
  CHECK_THAT(slope(0.05, 0.2, true), WithinAbs(-0.5438, 1e-4));
  CHECK_THAT(slope(0.3, 0.2, true), WithinAbs(-0.5264, 1e-4));
  CHECK_THAT(slope(0.05, 0.2, false), WithinAbs(-0.5467, 1e-4));
}

TEST_CASE("regression on known latents ends without a precision, or without a model", "[latent][fixed-point]") {
  // h T < variance: l = 0, w^2 = variance - h T, dV/dl = -h T w^2 - h^2 T (T - 1) / 2
  const latent::AncestralLangevin kept{1.0, 0.3, 0.01, 20, 1.0, true, true};
  CHECK_THAT(kept.start_variance(), WithinAbs(0.8, 1e-12));
  CHECK_THAT(kept.precision(), WithinAbs(0.0, 1e-9));
  CHECK_THAT(kept.slope(), WithinAbs(-0.2 * 0.8 - 1e-4 * 20 * 19 / 2, 1e-6));
  // else w = 0, and the chains' noise alone has the data's variance
  const latent::AncestralLangevin died{1.0, 0.3, 0.09, 20, 1.0, true, true};
  CHECK(died.start_variance() == 0.0);
  CHECK_THAT(died.moved(0.0, died.precision()), WithinAbs(1.0, 1e-9));
  CHECK(died.precision() > 0.5);
  // by the recursion of moments: dl = -(eta / 2)(1 - V), w <- (1 - rho) w + rho a^T w
  for (const auto& a : {kept, died}) {
    double l = 0.3, w = 0.7;
    for (int i = 0; i < 100000; ++i) {
      const double v = a.moved(w * w, l), pull = std::pow(1.0 - 0.5 * a.step_size * l, a.n_steps);
      l -= 0.05 * (1.0 - v);
      w *= 1.0 + 0.005 * (pull - 1.0);
    }
    CHECK_THAT(l, WithinAbs(a.precision(), 1e-4));
    CHECK_THAT(w * w, WithinAbs(a.start_variance(), 1e-4));
  }
}

TEST_CASE("an energy that is slower than its model collapses where the chains push outwards", "[latent][fixed-point]") {
  // Moments only, noise off: dl = -(eta / 2)(1 - V), dw^2 = rho (V - sigma^2 - w^2).
  const latent::AncestralLangevin a{1.0, std::sqrt(0.05), 0.01, 20, 0.0, true};
  const auto run = [&](double eta, double rho) {
    double l = 0.5, w2 = 0.3;
    for (int i = 0; i < 200000 && std::isfinite(l) && l > -1e3; ++i) {
      const double v = a.moved(w2, l);
      l += -0.5 * eta * (1.0 - v);
      w2 = std::max(0.0, w2 + rho * (v - 0.05 - w2));
    }
    return std::pair(l, w2);
  };
  CHECK(!a.is_stable(0.02, 0.2));
  CHECK(run(0.02, 0.2).second < 1e-3);
  CHECK(a.is_stable(0.02, 0.02));
  CHECK_THAT(run(0.02, 0.02).first, WithinAbs(-0.256631, 1e-4));
}

TEST_CASE("without chains every refit loses the variance of the observations", "[latent][fixed-point]") {
  latent::LinearGaussian<double> m(1, 1, std::sqrt(0.05));
  m.set({1.0});
  for (int k = 1; k <= 20; ++k) {
    m.fit_moment({m.w(0, 0) * m.w(0, 0)});
    CHECK_THAT(m.w(0, 0) * m.w(0, 0), WithinAbs(std::max(1.0 - 0.05 * k, 0.0), 1e-9));
  }
}

TEST_CASE("released step sizes have noise for a ten-thousandth of what their decoder blurs", "[latent][fixed-point]") {
  CHECK_THAT((latent::AncestralLangevin{1.0, latent::sigma_of_kl_weight(2.0), 0.002 * 0.002, 15}.noise_budget()), WithinRel(6e-5, 1e-12));
  CHECK_THAT((latent::AncestralLangevin{1.0, latent::sigma_of_kl_weight(3.0), 0.001 * 0.001, 50}.noise_budget()), WithinRel(5e-5 / 1.5, 1e-12));
}
