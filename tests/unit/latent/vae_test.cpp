// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Variational autoencoders: gradients against differences, bounds against the linear model in which all is known.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"

#include <erg/latent/linear_gaussian.hpp>
#include <erg/latent/vae.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/optimizer.hpp>

using namespace erg;
using namespace erg::test;

namespace {

using Block = OwnedBlock<double>;

Block points(int n, int dim, std::uint64_t seed = 5) {
  Block x(n, dim);
  fill_normal(x.view(), random::Key(seed), 0);
  return x;
}
auto small(latent::VaeParams p = {.sigma = 0.5, .beta = 0.7, .learns_sigma = true}) {
  return latent::vae<double>(nn::mlp<nn::Tanh>(2, 8, 3), nn::mlp<nn::Tanh>(3, 8, 4), p, random::Key(3));
}
/// The linear autoencoder of Sigma = diag(4, 2, .5), sigma^2 = .5: decoder diag(sqrt 3.5, sqrt 1.5), its exact posterior as encoder.
auto exact_linear() {
  auto v = latent::vae<double>(nn::Sequential(nn::Dense(2, 3)), nn::Sequential(nn::Dense(3, 4)), {.sigma = std::sqrt(0.5)});
  std::vector<double> theta(static_cast<std::size_t>(v.n_parameters()), 0.0);
  const double a = std::sqrt(3.5), b = std::sqrt(1.5);
  theta[0] = a, theta[3] = b;        // W [3, 2], then 3 biases
  theta[9] = std::log(v.noise());    // log sigma
  theta[10] = a / 4.0, theta[14] = b / 2.0;                                 // encoder [4, 3]: means,
  theta[24] = 0.5 * std::log(0.125), theta[25] = 0.5 * std::log(0.25);      // and the log-deviations as biases
  v.restore(theta);
  return v;
}

/// The largest error of the gradient of reconstruction + beta KL against central differences, in `from` .. `until` of the parameters.
template <class V>
double gradient_error(V v, int from, int until) {
  const Block x = points(7, v.dim());
  Pieces<double> pieces;
  std::vector<double> g(static_cast<std::size_t>(v.n_parameters())), theta(g);
  v.add_gradient(x.view(), random::Key(9), g, pieces);
  v.copy_parameters(theta);
  const auto loss = [&](const std::vector<double>& at) {
    v.restore(at);
    const auto e = v.elbo(x.view(), random::Key(9), pieces);
    return e.reconstruction + v.params.beta * e.kl;
  };
  double worst = 0.0;
  for (int i = from; i < until; ++i) {
    auto up = theta, down = theta;
    up[static_cast<std::size_t>(i)] += 1e-5, down[static_cast<std::size_t>(i)] -= 1e-5;
    worst = std::max(worst, std::abs((loss(up) - loss(down)) / 2e-5 - g[static_cast<std::size_t>(i)]));
  }
  return worst;
}

}  // namespace

TEST_CASE("the gradient of the ELBO is that of differences, for decoder, sigma and encoder", "[latent]") {
  const auto v = small();
  CHECK(gradient_error(v, 0, v.n_parameters()) < 1e-7);
}

TEST_CASE("the encoder learns from the reconstruction, not from the KL alone", "[latent]") {
  auto v = small({.sigma = 0.5, .beta = 0.0});  // no KL: what is left of the encoder's gradient is the reconstruction's
  const Block x = points(7, 3);
  Pieces<double> pieces;
  std::vector<double> g(static_cast<std::size_t>(v.n_parameters()));
  v.add_gradient(x.view(), random::Key(9), g, pieces);
  CHECK(nn::norm(std::span<const double>(g).subspan(static_cast<std::size_t>(v.decoder().n_parameters()))) > 1e-2);
  CHECK(gradient_error(v, v.decoder().n_parameters(), v.n_parameters()) < 1e-7);
}

TEST_CASE("sigma is learnt where asked, and stays where not", "[latent]") {
  const Block x = points(64, 3);
  Pieces<double> pieces;
  for (const bool learns : {false, true}) {
    auto v = small({.sigma = 0.5, .learns_sigma = learns});
    std::vector<double> g(static_cast<std::size_t>(v.n_parameters()));
    v.add_gradient(x.view(), random::Key(9), g, pieces);
    v.update([&](std::span<double> theta) {
      for (std::size_t i = 0; i < theta.size(); ++i) theta[i] -= 0.1 * g[i];
    });
    if (learns) {
      CHECK(v.noise() > 0.501);  // residuals of a fresh decoder are longer than that
    } else {
      CHECK_THAT(v.noise(), WithinAbs(0.5, 1e-15));
    }
  }
}

TEST_CASE("with the exact posterior every importance weight is the density: IWAE of one sample is exact", "[latent]") {
  const auto v = exact_linear();
  latent::LinearGaussian<double> exact(3, 2, std::sqrt(0.5));
  exact.fit_moment({4, 0, 0, 0, 2, 0, 0, 0, 0.5});
  const Block x = points(20, 3);
  Pieces<double> pieces;
  for (const int k : {1, 5}) {
    const auto log_q = v.log_marginal(x.view(), random::Key(2), k, pieces);
    for (int c = 0; c < 20; ++c) {
      const double at[] = {x.view()(c, 0), x.view()(c, 1), x.view()(c, 2)};
      CHECK_THAT(log_q[static_cast<std::size_t>(c)], WithinAbs(-exact.energy(at), 1e-10));
    }
  }
}

TEST_CASE("more importance samples give a higher bound", "[latent]") {
  const auto v = small({.sigma = 0.3});
  const Block x = points(400, 3);
  Pieces<double> pieces;
  double last = -v.elbo(x.view(), random::Key(1), pieces).negative_elbo();
  for (const int k : {4, 32, 256}) {
    double mean = 0.0;
    for (const double l : v.log_marginal(x.view(), random::Key(1), k, pieces)) mean += l / 400;
    CHECK(mean > last);
    last = mean;
  }
}

TEST_CASE("the exact linear model uses two units and spends what theory says", "[latent]") {
  const auto v = exact_linear();
  Block x = points(4000, 3);
  const double scale[] = {2.0, std::sqrt(2.0), std::sqrt(0.5)};
  for (int d = 0; d < 3; ++d) {
    for (int c = 0; c < 4000; ++c) x.view()(c, d) *= scale[d];
  }
  CHECK(v.active_units(x.view()) == 2);
  CHECK(v.active_units(x.view(), 0.8) == 1);  // var mu = 3.5 / 4 and 1.5 / 2
  Pieces<double> pieces;
  const auto e = v.elbo(x.view(), random::Key(4), pieces);
  CHECK_THAT(e.reconstruction, WithinAbs(3.217095, 5.0 * std::sqrt(1.5 / 4000)));
  CHECK_THAT(e.kl, WithinAbs(1.732868, 5.0 * std::sqrt(1.0 / 4000)));
  const auto kl = v.kl_per_unit(x.view());
  CHECK_THAT(kl[0] + kl[1], WithinAbs(e.kl, 1e-12));
}

TEST_CASE("draws are functions of the key and of a point's number", "[latent]") {
  const auto v = small();
  Block all(9, 3), tail(4, 3), z(9, 2);
  v.sample(random::Key(8), 0, all.view());
  v.sample(random::Key(8), 5, tail.view());
  for (int c = 0; c < 4; ++c) CHECK(tail.view()(c, 1) == all.view()(c + 5, 1));
  v.sample(random::Key(8), 0, all.view(), latent::Decoding::mean);
  Block again(9, 3);
  v.latents(random::Key(8), 0, z.view());
  v.mean(z.view(), again.view());
  CHECK(again.values == all.values);
}

TEST_CASE("a conditional model leaves the held coordinates alone and its gradient is exact", "[latent][conditional]") {
  const latent::Split split({false, true, false, true});
  const auto v = latent::vae<double>(nn::mlp<nn::Tanh>(3, 8, 2), nn::mlp<nn::Tanh>(4, 8, 2), {.sigma = 0.4, .learns_sigma = true}, random::Key(1), split);
  CHECK(v.n_latent() == 1);
  CHECK(gradient_error(v, 0, v.n_parameters()) < 1e-7);
  Block x = points(6, 4);
  const Block before = x;
  v.sample(random::Key(3), 0, x.view());
  for (int c = 0; c < 6; ++c) {
    CHECK(x.view()(c, 1) == before.view()(c, 1));
    CHECK(x.view()(c, 3) == before.view()(c, 3));
    CHECK(x.view()(c, 0) != before.view()(c, 0));
  }
  // another condition, another mean
  Block other = before;
  for (int c = 0; c < 6; ++c) other.view()(c, 3) += 1.0;
  v.sample(random::Key(3), 0, other.view());
  CHECK(other.view()(0, 0) != x.view()(0, 0));
}

TEST_CASE("networks that do not fit each other are refused with a sentence", "[latent]") {
  ERG_CHECK_THROWS(latent::vae<double>(nn::mlp(2, 8, 3), nn::mlp(3, 8, 3)), std::invalid_argument, "let it give mean and log-deviation");
  ERG_CHECK_THROWS(latent::vae<double>(nn::mlp(2, 8, 3), nn::mlp(3, 8, 4), {}, random::Key(0), latent::Split::last(4, 2)), std::invalid_argument,
                   "coordinates are free");
  ERG_CHECK_THROWS(latent::Split(std::vector<bool>{true, true}), std::invalid_argument, "leave one free");
  for (const int n_held : {-1, 3, 4}) ERG_CHECK_THROWS(latent::Split::last(3, n_held), std::invalid_argument, "n_held = " + std::to_string(n_held) + " (of 3 coordinates)");
  ERG_CHECK_THROWS(small({.sigma = 0.0}), std::invalid_argument, "sigma = 0");
  auto v = small({});
  std::vector<double> before(static_cast<std::size_t>(v.n_parameters())), after(before.size());
  v.copy_parameters(std::span<double>(before));
  for (const std::size_t n : {std::size_t{1}, before.size() - 1, before.size() + 1}) {  // as many as the decoder has are not enough
    ERG_CHECK_THROWS(v.restore(std::vector<double>(n, 7.0)), std::invalid_argument, "theta has " + std::to_string(n) + " entries (the decoder's parameters");
    v.copy_parameters(std::span<double>(after));
    CHECK(before == after);
  }
}

TEST_CASE("a convolutional model decodes images and its gradient is exact", "[latent]") {
  const auto v = latent::vae<double>(
      nn::Sequential(nn::Dense(2, 8), nn::SiLU{}, nn::Reshape({2, 2, 2}), nn::ConvTranspose2d(1, 4, {.stride = 2, .padding = 1}), nn::Flatten{}),
      nn::Sequential(nn::Shape(1, 4, 4), nn::Conv2d(3, 3, {.stride = 2, .padding = 1}), nn::SiLU{}, nn::Flatten{}, nn::Dense(4)), {.sigma = 0.5, .learns_sigma = true});
  CHECK(v.dim() == 16);
  CHECK(gradient_error(v, 0, v.n_parameters()) < 1e-7);
}
