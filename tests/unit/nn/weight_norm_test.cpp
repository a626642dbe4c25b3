// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Weights made from other numbers: lengths and directions, and division by the largest singular value.
#include "support/any_layer.hpp"
#include "support/catch.hpp"
#include "support/network_checks.hpp"

#include <erg/nn/activation.hpp>
#include <erg/nn/convolution.hpp>
#include <erg/nn/reshape.hpp>
#include <erg/nn/residual.hpp>
#include <erg/nn/spectral_norm.hpp>
#include <erg/nn/weight_standard.hpp>

using namespace erg;
using namespace erg::nn;
using erg::test::Table;

namespace {

template <class... Layers>
auto network(Shape in, Layers... layers) {
  Network<Sequential<Layers...>, double> net{Sequential<Layers...>(in, layers...)};
  initialise(net, random::Key(3));
  return net;
}
template <class Net>
std::vector<double> outputs(const Net& net, const Table& x) {
  Table y(x.n, net.n_out());
  net.forward(x, y.view());
  return y.v;
}
/// The mutant: the norm taken for a constant.
template <class X>
struct CarelessNorm : SpectralNorm<X> {
  using SpectralNorm<X>::SpectralNorm;
  template <class T>
  void pull_back(const T* stored, const T*, const T* gw, T* to) const {
    for (int i = 0; i < this->n_parameters(); ++i) to[i] += i < this->n_weights() ? gw[i] / this->norm(stored) : gw[i];
  }
};

}  // namespace

TEST_CASE("a weight norm is lengths times directions; at its start the layer is the one without it", "[nn][layers]") {
  const Table x(5, 3, 1);
  auto normed = test::any_values(3, WeightNorm(Dense(3, 4)), Tanh{}, Dense(2));
  auto plain = test::any_values(3, Dense(3, 4), Tanh{}, Dense(2));
  std::vector<double> theta(normed.parameters().flat().begin() + 4, normed.parameters().flat().end());
  plain.restore(theta);
  CHECK(test::largest_difference(outputs(plain, x), outputs(normed, x)) < 1e-14);
  normed.update([](std::span<double> t) {
    for (int i = 4; i < 16; ++i) t[static_cast<std::size_t>(i)] *= 7.0;  // a direction has no length
  });
  CHECK(test::largest_difference(outputs(plain, x), outputs(normed, x)) < 1e-14);
  normed.update([](std::span<double> t) { t[1] *= 2.0; });
  CHECK(test::largest_difference(outputs(plain, x), outputs(normed, x)) > 1e-3);
  CHECK(normed.parameters().find("0.weight_g").shape == std::vector<int>{4, 1});
  CHECK(normed.parameters().find("0.weight_v").shape == std::vector<int>{4, 3});
  CHECK(normed.parameters().find("0.bias").offset == 16);
}

TEST_CASE("a spectral norm is the power iteration, by hand: diag(3, 1) from (1, 1)", "[nn][layers]") {
  auto net = network(2, SpectralNorm(Dense(2, 2)));
  const double r = std::sqrt(0.5);
  net.restore(std::vector<double>{3, 0, 0, 1, 0, 0, r, r, r, r});
  net.update([](std::span<double>) {});
  const auto norm = [&] { return net.net().layer<0>().norm(net.parameters().flat().data()); };
  CHECK_THAT(norm(), test::WithinAbs(2.863564, 1e-6));
  CHECK_THAT(outputs(net, Table(1, 2))[0], test::WithinAbs(0.0, 0.0));
  net.update([](std::span<double>) {});
  CHECK_THAT(norm(), test::WithinAbs(2.998172, 1e-6));
  CHECK_THAT(net.parameters()["0.weight_u"][1] / net.parameters()["0.weight_u"][0], test::WithinAbs(1.0 / 81.0, 1e-12));
  const double one[] = {1.0, 0.0};
  double y[2];
  net.forward({one, 1, 2, 1}, {y, 1, 2, 1});
  CHECK_THAT(y[0], test::WithinAbs(3.0 / norm(), 1e-14));
}

TEST_CASE("a spectral norm moves its state with the parameters, and never while it is evaluated", "[nn][layers]") {
  auto net = network(Shape(2, 4, 4), SpectralNorm(Conv2d(5, 3)), Tanh{}, Flatten{}, Dense(1));
  const std::vector<double> before(net.parameters().flat().begin(), net.parameters().flat().end());
  const Table x(9, 32, 4);
  Table g(9, 32);
  const auto u = outputs(net, x);
  net.input_gradient(x, {}, {}, g.view());
  std::vector<double> to(before.size());
  net.parameter_gradient(x, {}, to);
  CHECK(std::equal(before.begin(), before.end(), net.parameters().flat().begin()));
  CHECK(outputs(net, x) == u);
  const auto& state = net.parameters().find("0.weight_u");
  CHECK(state.is_state);
  for (int i = 0; i < state.size(); ++i) CHECK(to[static_cast<std::size_t>(state.offset + i)] == 0.0);
  net.update([](std::span<double> t) { std::fill(t.begin(), t.end(), 1.0); });  // a careless optimizer does not reach it
  double square = 0.0;
  for (const double v : net.parameters()["0.weight_u"]) square += v * v;
  CHECK_THAT(square, test::WithinAbs(1.0, 1e-12));
  net.restore(before);
  CHECK(outputs(net, x) == u);
}

TEST_CASE("standard weights are (-1, 0, 1) of (1, 3, 5), whatever their place and scale", "[nn][layers]") {
  auto net = test::any_values(3, WeightStandard(Dense(3, 1), 1e-12));
  const double x[] = {1.0, 10.0, 100.0};
  for (const double scale : {1.0, 7.0}) {
    net.restore(std::vector<double>{scale * 1 + 2, scale * 3 + 2, scale * 5 + 2, 0.5});
    double y = 0.0;
    net.forward({x, 1, 3, 1}, {&y, 1, 1, 1});
    CHECK_THAT(y, test::WithinAbs(99.5, 1e-9));
  }
  ERG_CHECK_THROWS(test::any_values(1, WeightStandard(Dense(1, 2))), std::invalid_argument, "WeightStandard of outputs with one weight each");
}

TEST_CASE("all passes of normalised weights agree with differences and with each other", "[nn][layers]") {
  auto lengths = test::any_network(3, WeightNorm(Dense(3, 4)), Tanh{}, Residual(WeightNorm(Dense(4, 4))), Tanh{}, Dense(2));
  CHECK(test::check_passes(lengths).worst() < 1e-7);
  auto standard = test::any_network(Shape(2, 3, 3), WeightStandard(Conv2d(3, 2)), Tanh{}, Sum{});
  CHECK(test::check_passes(standard).worst() < 1e-6);
  auto spectral = test::any_network(Shape(2, 3, 3), SpectralNorm(Conv2d(3, 2)), Tanh{}, WeightNorm(Conv2d(2, 2, {.bias = false})), Sum{});
  CHECK(test::check_passes(spectral).worst() < 1e-6);
  auto careless = test::any_network(Shape(2, 3, 3), CarelessNorm<Conv2d>(Conv2d(3, 2)), Tanh{}, Sum{});
  const auto e = test::check_passes(careless);
  CHECK(std::max(e.input, e.hessian) < 1e-6);
  CHECK(e.parameter > 1e-3);
}
