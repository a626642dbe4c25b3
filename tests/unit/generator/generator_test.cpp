// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Generators: what they draw, how losses go back through them, and every closed form of the linear one.
#include "support/catch.hpp"
#include "support/network_checks.hpp"

#include <erg/generator/linear_gaussian.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>

using namespace erg;
using namespace erg::test;

namespace {

/// Five dimensions, two latents, nothing symmetric.
generator::LinearGaussian<double> linear(double sigma = 0.4) {
  return {{1.0, 0.2, -0.5, 0.7, 0.3, -0.9, 0.8, 0.1, -0.2, 0.6}, {0.1, -0.3, 0.5, 0.0, 1.0}, {sigma, 0.01, 10.0}};
}
auto perceptron() {
  return generator::Generator<decltype(nn::mlp<nn::Softplus>(2, 16, 3)), double>(nn::mlp<nn::Softplus>(2, 16, 3), {0.2, 0.01, 0.3}, random::Key(4));
}
std::vector<double> parameters_of(const auto& g) {
  std::vector<double> theta(static_cast<std::size_t>(g.n_parameters()));
  g.copy_parameters(theta);
  return theta;
}

}  // namespace

TEST_CASE("a draw is the mean of its latent and scaled noise, the same at the same address however it is cut", "[generator]") {
  const auto g = perceptron();
  CHECK(g.n_parameters() == nn::mlp<nn::Softplus>(2, 16, 3).n_parameters() + 1);  // log sigma
  const random::Key key(8);
  Table z(11, 2), eps(11, 3), x(11, 3), again(11, 3), mean(11, 3), part(4, 3);
  g.latents(key, 0, z.view(), eps.view());
  g.sample(key, 0, x.view());
  g.mean(z, mean.view());
  g.sample(z, eps, again.view());
  CHECK(x.v == again.v);
  for (std::size_t i = 0; i < x.v.size(); ++i) CHECK_THAT(x.v[i], WithinAbs(mean.v[i] + 0.2 * eps.v[i], 1e-14));
  g.sample(key, 5, part.view());
  for (int c = 0; c < 4; ++c) {
    for (int d = 0; d < 3; ++d) CHECK(part(c, d) == x(5 + c, d));
  }
}

TEST_CASE("a loss goes back to all parameters of a generator, the noise's included, and to latents, as differences say", "[generator]") {
  auto g = perceptron();
  Table z(6, 2), eps(6, 3), v(6, 3, 21), gz(6, 2);
  g.latents(random::Key(2), 0, z.view(), eps.view());
  const auto loss = [&](const auto& at, const Table& latent) {
    Table x(6, 3);
    at.sample(latent, eps, x.view());
    return x.dot(v);
  };
  std::vector<double> to(static_cast<std::size_t>(g.n_parameters()), 0.0);
  g.add_parameter_gradient(z, eps, v, to);
  const std::vector<double> theta = parameters_of(g);
  for (std::size_t i = 0; i < theta.size(); i += i + 7 < theta.size() ? 7 : 1) {
    auto up = theta, down = theta;
    up[i] += 1e-6, down[i] -= 1e-6;
    auto a = g, b = g;
    a.restore(up), b.restore(down);
    CHECK_THAT(to[i], WithinAbs((loss(a, z) - loss(b, z)) / 2e-6, 1e-8));
  }
  g.pull_back(z, [&](BlockView<const double>, BlockView<double> seed, int first) {
    for (int c = 0; c < seed.n_chains; ++c) {
      for (int d = 0; d < 3; ++d) seed(c, d) = v(first + c, d);
    }
  }, gz.view());
  Table direction(6, 2, 22);
  CHECK_THAT(gz.dot(direction), WithinAbs((loss(g, z.plus(1e-6, direction)) - loss(g, z.plus(-1e-6, direction))) / 2e-6, 1e-8));
}

TEST_CASE("the noise stays within its bounds whatever an optimizer does, and bounds the wrong way round are refused", "[generator]") {
  auto g = perceptron();
  g.update([](std::span<double> theta) { theta.back() += 10.0; });
  CHECK_THAT(g.noise(), WithinAbs(0.3, 1e-14));
  g.update([](std::span<double> theta) { theta.back() -= 10.0; });
  CHECK_THAT(g.noise(), WithinAbs(0.01, 1e-14));
  using G = generator::Generator<nn::Dense<>, double>;
  CHECK_THROWS_WITH(G(nn::Dense<>(1, 1), {0.5, 0.01, 0.3}), contains("noise.start = 0.5 (must be between"));
  const std::vector<double> few(3);
  CHECK_THROWS_WITH(g.restore(few), contains("3 parameters (the generator has"));
}

TEST_CASE("an image generator of transposed convolutions draws images", "[generator]") {
  const generator::Generator g(nn::Sequential(nn::Dense(8, 4 * 49), nn::SiLU{}, nn::Reshape({4, 7, 7}), nn::ConvTranspose2d(2, 4, {.stride = 2, .padding = 1}), nn::SiLU{},
                                              nn::ConvTranspose2d(1, 4, {.stride = 2, .padding = 1}), nn::Flatten{}));
  CHECK(g.n_latent() == 8);
  CHECK(g.dim() == 784);
  std::vector<float> x(3 * 784);
  g.sample(random::Key(1), 0, {x.data(), 3, 784, 3});
  CHECK(std::isfinite(x[1000]));
}

TEST_CASE("the linear generator's score is that of its density, in both of its forms", "[generator]") {
  const auto g = linear();
  Table x(7, 5, 31, 1.5), s(7, 5), m(7, 2), mean(7, 5), slope(7, 5);
  std::vector<double> u(7), up(7), down(7);
  g.score(x, s.view());
  g.posterior_mean(x, m.view());
  g.mean(m, mean.view());
  g.value_and_gradient(x, u, slope.view());
  for (std::size_t i = 0; i < x.v.size(); ++i) {
    CHECK_THAT(s.v[i], WithinAbs(-(x.v[i] - mean.v[i]) / 0.16, 1e-10));
    CHECK(slope.v[i] == -s.v[i]);
  }
  Table direction(7, 5, 32), scratch(7, 5);
  g.value_and_gradient(x.plus(1e-5, direction), up, scratch.view());
  g.value_and_gradient(x.plus(-1e-5, direction), down, scratch.view());
  for (int c = 0; c < 7; ++c) {
    double along = 0.0;
    for (int d = 0; d < 5; ++d) along += slope(c, d) * direction(c, d);
    const auto i = static_cast<std::size_t>(c);
    CHECK_THAT(along, WithinAbs((up[i] - down[i]) / 2e-5, 1e-8));
  }
  // C^-1 W = W M^-1: dH/dW is minus the score's derivative along W.
  const auto gradient = g.entropy_gradient();
  Table at(1, 5), sw(1, 5);
  for (int k = 0; k < 2; ++k) {
    for (int d = 0; d < 5; ++d) at(0, d) = g.bias(d) + g.weight(d, k);
    g.score(at, sw.view());
    for (int d = 0; d < 5; ++d) CHECK_THAT(gradient[static_cast<std::size_t>(2 * d + k)], WithinAbs(-sw(0, d), 1e-10));
  }
}

TEST_CASE("prior times likelihood is density times posterior, the covariance undoes the score, and the entropy is the mean of -log q", "[generator]") {
  const auto g = linear();
  const double log_2pi = std::log(6.283185307179586), variance = g.noise() * g.noise();
  const Table x(6, 5, 33, 1.5), z(6, 2, 34);
  Table mean(6, 5), m(6, 2), s(6, 5);
  std::vector<double> u(6);
  g.mean(z, mean.view());
  g.posterior_mean(x, m.view());
  g.score(x, s.view());
  g.value(x, u);
  const auto off = [&](double mistake) {
    auto v = g.posterior_covariance();
    for (double& p : v) p *= mistake;
    const double det = v[0] * v[3] - v[1] * v[2];
    double most = 0.0;
    for (int c = 0; c < 6; ++c) {
      const double a = z(c, 0) - m(c, 0), b = z(c, 1) - m(c, 1);
      double joint = -log_2pi - 0.5 * (z(c, 0) * z(c, 0) + z(c, 1) * z(c, 1)) - 2.5 * (log_2pi + std::log(variance));
      for (int d = 0; d < 5; ++d) joint -= 0.5 * (x(c, d) - mean(c, d)) * (x(c, d) - mean(c, d)) / variance;
      const double posterior = -log_2pi - 0.5 * std::log(det) - 0.5 * (v[3] * a * a - 2.0 * v[1] * a * b + v[0] * b * b) / det;
      most = std::max(most, std::abs(joint - posterior + u[static_cast<std::size_t>(c)]));
    }
    return most;
  };
  CHECK(off(1.0) < 1e-10);
  CHECK(off(1.01) > 1e-3);
  for (int c = 0; c < 6; ++c) {
    for (int d = 0; d < 5; ++d) {
      double sum = variance * s(c, d);
      for (int e = 0; e < 5; ++e) {
        for (int k = 0; k < 2; ++k) sum += g.weight(d, k) * g.weight(e, k) * s(c, e);
      }
      CHECK_THAT(sum, WithinAbs(g.bias(d) - x(c, d), 1e-10));
    }
  }
  double trace = 0.0;  // of C^-1, by scores one unit off
  for (int d = 0; d < 5; ++d) {
    Table at(1, 5), slope(1, 5);
    for (int e = 0; e < 5; ++e) at(0, e) = g.bias(e) + (e == d ? 1.0 : 0.0);
    g.score(at, slope.view());
    trace -= slope(0, d);
  }
  CHECK_THAT(g.entropy_gradient().back(), WithinAbs(variance * trace, 1e-10));
  Table centre(1, 5);
  for (int d = 0; d < 5; ++d) centre(0, d) = g.bias(d);
  std::vector<double> least(1);
  g.value(centre, least);
  CHECK_THAT(g.entropy(), WithinAbs(least[0] + 2.5, 1e-10));
}

TEST_CASE("the linear generator's entropy has the derivatives stated, by all parameters", "[generator]") {
  const auto g = linear();
  const auto theta = parameters_of(g), gradient = g.entropy_gradient();
  for (std::size_t i = 0; i < theta.size(); ++i) {
    auto up = theta, down = theta;
    up[i] += 1e-5, down[i] -= 1e-5;
    auto a = g, b = g;
    a.restore(up), b.restore(down);
    CHECK_THAT(gradient[i], WithinAbs((a.entropy() - b.entropy()) / 2e-5, 1e-8));
  }
  // On one dimension without latent influence it is the normal's.
  const generator::LinearGaussian<double> normal({0.0}, {2.0}, {0.5, 0.01, 1.0});
  CHECK_THAT(normal.entropy(), WithinAbs(0.5 * std::log(2 * 3.141592653589793 * std::exp(1.0) * 0.25), 1e-12));
}

TEST_CASE("float and double agree on the score of a linear generator", "[generator]") {
  const auto g = linear();
  const generator::LinearGaussian<float> f({1.0, 0.2, -0.5, 0.7, 0.3, -0.9, 0.8, 0.1, -0.2, 0.6}, {0.1, -0.3, 0.5, 0.0, 1.0}, {0.4, 0.01, 10.0});
  Table x(7, 5, 31, 1.5), s(7, 5);
  std::vector<float> xf(x.v.begin(), x.v.end()), sf(xf.size());
  g.score(x, s.view());
  f.score({xf.data(), 7, 5, 7}, {sf.data(), 7, 5, 7});
  for (std::size_t i = 0; i < sf.size(); ++i) CHECK_THAT(static_cast<double>(sf[i]), WithinAbs(s.v[i], 1e-4 * largest(s.v)));
}
