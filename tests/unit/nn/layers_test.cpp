// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Pooling, shapes, normalisation, residuals and attention: exact small cases, and the passes against differences and each other.
#include "support/any_layer.hpp"
#include "support/catch.hpp"
#include "support/network_checks.hpp"

#include <erg/nn/layers.hpp>

#include <limits>

using namespace erg;
using namespace erg::nn;
using erg::test::Table;

namespace {

std::vector<double> outputs_of(const test::AnyNetwork& net, const std::vector<double>& x) {
  std::vector<double> y(static_cast<std::size_t>(net.n_out()));
  net.forward({x.data(), 1, net.n_in(), 1}, {y.data(), 1, net.n_out(), 1});
  return y;
}
template <class... Layers>
std::vector<double> outputs(Shape in, const std::vector<double>& x, Layers... layers) {
  return outputs_of(test::any_values(in, layers...), x);
}
template <class... Layers>
double worst(Shape in, Layers... layers) {
  auto net = test::any_network(in, layers...);
  return test::check_passes(net).worst();
}
const std::vector<double> nine{1, 2, 3, 4, 9, 6, 7, 8, 5};

/// The mutant: a mean that is taken for a constant on the way back.
struct CarelessNorm : LayerNorm {
  template <class L>
  void input_gradient(const Real<L>*, Block<const L>, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    for (int f = 0; f < n_features_; ++f) {
      for (int g = 0; g < gy.n_groups; ++g) gx.put(f, g, gy.get(f, g) * tape.get(n_features_, g));
    }
  }
};

}  // namespace

TEST_CASE("pooling, by hand", "[nn][layers]") {
  using V = std::vector<double>;
  const Shape image(1, 3, 3);
  CHECK(outputs(image, nine, AvgPool2d(2, {.stride = 1})) == V{4, 5, 7, 7});
  CHECK(outputs(image, nine, AvgPool2d(2)) == V{4});
  const V corners = outputs(image, nine, AvgPool2d(3, {.stride = 2, .padding = 1}));  // zeros count
  CHECK(test::largest_difference(corners, {16.0 / 9, 20.0 / 9, 28.0 / 9, 28.0 / 9}) < 1e-15);
  CHECK(outputs(image, nine, MaxPool2d(2, {.stride = 1})) == V{9, 9, 9, 9});
  CHECK(outputs(image, nine, MaxPool2d(3, {.stride = 2, .padding = 1})) == V{9, 9, 9, 9});
  CHECK(outputs(image, nine, GlobalAvgPool{}) == V{5});
  CHECK(outputs(image, nine, GlobalSumPool{}) == V{45});
  CHECK(outputs(image, nine, GlobalMaxPool{}) == V{9});
  CHECK(outputs(image, nine, Flatten{}, Reshape(Shape(1, 1, 9)), MaxPool2d(1, {.stride = 4}), Sum{}) == V{1 + 9 + 5});
  V negative = nine;
  for (double& v : negative) v -= 20.0;
  CHECK(outputs(image, negative, MaxPool2d(3, {.stride = 2, .padding = 1})) == V{-11, -11, -11, -11});  // padding is not a number
  negative[4] = NAN;
  CHECK(std::isnan(outputs(image, negative, GlobalMaxPool{})[0]));
}

TEST_CASE("the gradient of a maximum goes to the first of equals, as a whole", "[nn][layers]") {
  const auto net = test::any_network(Shape(1, 1, 4), MaxPool2d(1, {.stride = 1}), GlobalMaxPool{});
  const std::vector<double> x{1, 3, 3, 2};
  std::vector<double> g(4);
  net.input_gradient({x.data(), 1, 4, 1}, {}, {}, {g.data(), 1, 4, 1});
  CHECK(g == std::vector<double>{0, 1, 0, 0});
}

TEST_CASE("all passes of pooling and shapes agree with differences and with each other", "[nn][layers]") {
  const Shape in(2, 4, 3);
  CHECK(worst(in, Conv2d(3, 2), Tanh{}, AvgPool2d(2, {.stride = 1, .padding = 1}), Tanh{}, Dense(2)) < 1e-7);
  CHECK(worst(in, Conv2d(3, 2), Tanh{}, MaxPool2d(2, {.stride = 1}), Tanh{}, GlobalMaxPool{}) < 1e-7);
  CHECK(worst(in, Conv2d(3, 2), Tanh{}, GlobalAvgPool{}, Tanh{}, Sum{}) < 1e-7);
  CHECK(worst(6, Dense(12), Tanh{}, Reshape(Shape(3, 2, 2)), Conv2d(2, 2), Flatten{}, Tanh{}, Sum{}) < 1e-7);
}

TEST_CASE("normalised features have mean 0 and variance 1 in their groups, then scale and shift", "[nn][layers]") {
  auto net = test::any_values(Shape(4, 2, 3), GroupNorm(2, 1e-12));
  const Table x(9, 24, 5, 3.0);
  Table y(9, 24);
  net.forward(x, y.view());
  for (int k = 0; k < 2; ++k) {
    double mean = 0.0, square = 0.0;
    for (int f = 12 * k; f < 12 * (k + 1); ++f) mean += y(4, f) / 12.0, square += y(4, f) * y(4, f) / 12.0;
    CHECK_THAT(mean, test::WithinAbs(0.0, 1e-14));
    CHECK_THAT(square, test::WithinAbs(1.0, 1e-11));
  }
  CHECK_THAT(outputs(Shape(2), {1, 3}, LayerNorm(1e-12))[1], test::WithinAbs(1.0, 1e-11));
  net.restore(std::vector<double>{2, 1, 1, 1, 0, 0, 0, 5});
  Table z(9, 24);
  net.forward(x, z.view());
  CHECK(z(3, 2) == 2 * y(3, 2));
  CHECK(z(3, 20) == y(3, 20) + 5);
}

TEST_CASE("all passes of normalisations agree with differences and with each other", "[nn][layers]") {
  CHECK(worst(4, Dense(6), LayerNorm{}, Tanh{}, Dense(2)) < 1e-6);
  CHECK(worst(Shape(2, 3, 2), Conv2d(4, 2, {.padding = 1}), GroupNorm(2), Tanh{}, Sum{}) < 1e-6);
  CHECK(worst(Shape(2, 3, 2), Conv2d(3, 2, {.padding = 1}), InstanceNorm2d(1e-5, true), Tanh{}, Sum{}) < 1e-6);
  CHECK(worst(4, Dense(6), CarelessNorm(), Tanh{}, Dense(2)) > 1e-3);
}

TEST_CASE("all passes of residuals agree with differences and with each other, and the names are those of the parts", "[nn][layers]") {
  CHECK(worst(4, Residual(Sequential(Dense(4, 5), Tanh{}, Dense(4))), Tanh{}, Dense(2)) < 1e-7);
  CHECK(worst(Shape(2, 4, 4), Residual(Sequential(Conv2d(3, 3, {.stride = 2, .padding = 1}), Tanh{}), Conv2d(3, 1, {.stride = 2})), Tanh{}, Sum{}) < 1e-7);
  const auto net = test::any_values(Shape(2, 4, 4), Residual(Sequential(Conv2d(3, 3, {.padding = 1}), Tanh{}), Conv2d(3, 1, {.bias = false})), Sum{});
  CHECK(net.parameters()["0.0.weight"].size() == 54);
  CHECK(net.parameters()["0.shortcut.weight"].size() == 6);
  CHECK(outputs(3, {1, 2, 3}, Residual(Identity{})) == std::vector<double>{2, 4, 6});
}

TEST_CASE("half a square beside a network is a sum of both", "[nn][layers]") {
  CHECK(worst(3, Residual(Sequential(Dense(3, 4), Tanh{}, Dense(1)), HalfSquare(2.0))) < 1e-7);
  CHECK(outputs(2, {3, 1}, HalfSquare(2.0)) == std::vector<double>{1.25});
  ERG_CHECK_THROWS(HalfSquare(0.0), std::invalid_argument, "HalfSquare::deviation = 0 (must be finite and > 0)");
}

TEST_CASE("attention starts as the identity; pixels that are alike share their values", "[nn][layers]") {
  const auto attention = test::any_values(Shape(8, 2, 2), SelfAttention{});
  const Table x(9, 32, 5);
  Table y(9, 32);
  attention.forward(x, y.view());
  CHECK(x.v == y.v);
  auto even = attention;
  std::vector<double> theta(static_cast<std::size_t>(even.n_parameters()));  // q = k = 0, v = x: the mean over pixels
  theta[0] = 0.5;
  for (int c = 0; c < 8; ++c) theta[static_cast<std::size_t>(1 + 2 * (8 + 1) + 9 * c)] = 1.0;
  even.restore(theta);
  even.forward(x, y.view());
  CHECK_THAT(y(3, 6), test::WithinAbs(x(3, 6) + 0.5 * (x(3, 4) + x(3, 5) + x(3, 6) + x(3, 7)) / 4.0, 1e-14));
}

TEST_CASE("all passes of attention agree with differences and with each other", "[nn][layers]") {
  CHECK(worst(Shape(2, 3, 2), Conv2d(4, 1), SelfAttention(2), Tanh{}, Sum{}) < 1e-6);
}

TEST_CASE("layers that do not fit are refused in a sentence", "[nn][layers]") {
  ERG_CHECK_THROWS(test::any_values(Shape(1, 2, 2), MaxPool2d(3)), std::invalid_argument, "MaxPool2d given (1, 2, 2) features");
  ERG_CHECK_THROWS(MaxPool2d(2, {.padding = 2}), std::invalid_argument, "MaxPool2d::padding = 2 (must be at most half the window");
  ERG_CHECK_THROWS(test::any_values(Shape(3), Reshape(Shape(2, 1, 2))), std::invalid_argument, "Reshape given 3 features (it takes 4 for (2, 1, 2))");
  ERG_CHECK_THROWS(test::any_values(Shape(3, 2, 2), GroupNorm(2)), std::invalid_argument, "GroupNorm given (3, 2, 2) features (it takes channels in 2 groups");
  ERG_CHECK_THROWS(test::any_values(Shape(4), GroupNorm(4)), std::invalid_argument, "GroupNorm given 4 features (it takes two features or more in a group");
  ERG_CHECK_THROWS(test::any_values(Shape(1), LayerNorm{}), std::invalid_argument, "LayerNorm given 1 features (it takes two features or more in a group");
  CHECK(test::any_values(Shape(4, 1, 2), GroupNorm(4)).n_out() == 8);
  ERG_CHECK_THROWS(test::any_values(Shape(3), InstanceNorm2d{}), std::invalid_argument, "InstanceNorm2d given 3 features (it takes images of more than one pixel)");
  ERG_CHECK_THROWS(test::any_values(Shape(3), Residual(Dense(2))), std::invalid_argument, "Residual adds 2 and 3 features");
}
