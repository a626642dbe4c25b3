// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Convolutions: by hand, against the sum as it is written down, and the passes against differences and each other.
#include "support/any_layer.hpp"
#include "support/catch.hpp"
#include "support/network_checks.hpp"

#include <erg/nn/activation.hpp>
#include <erg/nn/convolution.hpp>
#include <erg/nn/neural_energy.hpp>

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

/// The definition, pixel by pixel; image of the network's input for chain c of x.
double convolution_at(const Table& x, int c, Shape in, std::span<const double> w, std::span<const double> b, int kernel, int stride, int padding,
                      int o, int oy, int ox) {
  double sum = b[static_cast<std::size_t>(o)];
  for (int i = 0; i < in.channels; ++i) {
    for (int ky = 0; ky < kernel; ++ky) {
      for (int kx = 0; kx < kernel; ++kx) {
        const int y = oy * stride + ky - padding, z = ox * stride + kx - padding;
        if (y < 0 || z < 0 || y >= in.height || z >= in.width) continue;
        sum += w[static_cast<std::size_t>(((o * in.channels + i) * kernel + ky) * kernel + kx)] * x(c, in.index(i, y, z));
      }
    }
  }
  return sum;
}
double worst_difference(Shape in, int n_out, int kernel, ConvolutionOptions options, int padding_taken) {
  auto net = network(in, Conv2d(n_out, kernel, options));
  const Table x(37, in.size(), 5);
  Table y(37, net.n_out());
  net.forward(x, y.view());
  const Shape out = net.output_shape();
  double worst = 0.0;
  for (int o = 0; o < n_out; ++o) {
    for (int oy = 0; oy < out.height; ++oy) {
      for (int ox = 0; ox < out.width; ++ox) {
        for (const int c : {0, 17, 36}) {
          const double truth = convolution_at(x, c, in, net.parameters()["0.weight"], net.parameters()["0.bias"], kernel, options.stride,
                                              padding_taken, o, oy, ox);
          worst = std::max(worst, std::abs(y(c, out.index(o, oy, ox)) - truth));
        }
      }
    }
  }
  return worst;
}

/// A transposed convolution whose window is turned round: the mutant of "is the adjoint".
template <class Net>
double adjoint_gap(const Net& convolution, Network<Sequential<ConvTranspose2d>, double>& transposed) {
  const Table x(9, convolution.n_in(), 1), y(9, convolution.n_out(), 2);
  Table forward(9, convolution.n_out()), back(9, convolution.n_in());
  convolution.forward(x, forward.view());
  transposed.forward(y, back.view());
  return std::abs(forward.dot(y) - back.dot(x));
}

}  // namespace

TEST_CASE("a convolution is the sum over its window, by hand", "[nn][convolution]") {
  auto net = network(Shape(1, 3, 3), Conv2d(1, 2));
  net.restore(std::vector<double>{1, 10, 100, 1000, 0.5});
  const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  double y[4];
  net.forward({x, 1, 9, 1}, {y, 1, 4, 1});
  CHECK(std::vector<double>(y, y + 4) == std::vector<double>{5421.5, 6532.5, 8754.5, 9865.5});
  auto spread = network(Shape(1, 1, 2), ConvTranspose2d(1, 2, {.stride = 1}));
  spread.restore(std::vector<double>{1, 10, 100, 1000, 0.5});
  double z[6];
  spread.forward({x, 1, 2, 1}, {z, 1, 6, 1});
  CHECK(std::vector<double>(z, z + 6) == std::vector<double>{1.5, 12.5, 20.5, 100.5, 1200.5, 2000.5});
}

TEST_CASE("a convolution is its definition for strides, paddings and more channels than tiles hold", "[nn][convolution]") {
  CHECK(worst_difference(Shape(3, 6, 5), 7, 3, {}, 0) < 1e-13);
  CHECK(worst_difference(Shape(2, 7, 8), 4, 5, {.stride = 2, .padding = 2}, 2) < 1e-13);
  CHECK(worst_difference(Shape(40, 4, 4), 13, 3, {.stride = 1, .padding = 1}, 1) < 1e-12);
  CHECK(worst_difference(Shape(5, 4, 4), 3, 4, {}, 0) < 1e-13);
  CHECK(worst_difference(Shape(5, 4, 4), 3, 1, {.stride = 3}, 0) < 1e-13);
  CHECK(worst_difference(Shape(3, 4, 4), 3, 3, {.stride = 1, .padding = 1}, 0) > 1e-3);
}

TEST_CASE("a transposed convolution is the adjoint of the convolution with the same weights", "[nn][convolution]") {
  const ConvolutionOptions options{.stride = 2, .padding = 1, .bias = false};
  auto forward = network(Shape(3, 8, 6), Conv2d(4, 3, options));
  ConvolutionOptions back = options;
  back.output_padding = 1;
  auto transposed = network(forward.output_shape(), ConvTranspose2d(3, 3, back));
  REQUIRE(transposed.output_shape() == Shape(3, 8, 6));
  transposed.restore(forward.parameters().flat());
  CHECK(adjoint_gap(forward, transposed) < 1e-11);
  std::vector<double> turned(forward.parameters().flat().begin(), forward.parameters().flat().end());
  std::reverse(turned.begin(), turned.end());
  transposed.restore(turned);
  CHECK(adjoint_gap(forward, transposed) > 1e-2);
}

TEST_CASE("all passes of convolutions agree with differences and with each other", "[nn][convolution]") {
  auto down = test::any_network(Shape(2, 5, 4), Conv2d(3, 3, {.stride = 2, .padding = 1}), Tanh{}, Conv2d(2, 2), Tanh{}, Dense(2));
  auto whole = test::any_network(Shape(2, 3, 3), Conv2d(3, 3), Tanh{}, ConvTranspose2d(2, 2), Tanh{}, Conv2d(2, 2, {.bias = false}));
  CHECK(test::check_passes(whole).worst() < 1e-7);
  CHECK(test::check_passes(down).worst() < 1e-7);
  auto up = test::any_network(Shape(3, 2, 2), ConvTranspose2d(2, 3, {.stride = 2, .padding = 1, .output_padding = 1}), Tanh{},
                              ConvTranspose2d(1, 2, {.bias = false}), Tanh{}, Dense(2));
  CHECK(test::check_passes(up).worst() < 1e-7);
}

TEST_CASE("chains of a convolution are the same bits however they are cut into panels and, fused, on any lane", "[nn][convolution]") {
  auto net = network(Shape(2, 6, 6), Conv2d(9, 3, {.stride = 1, .padding = 1}), SiLU{}, Conv2d(17, 3, {.stride = 2}), SiLU{}, Dense(1));
  const Table x(101, net.n_in(), 5), seed(101, 1, 6);
  Table u(101, 1), g(101, net.n_in()), other_u(101, 1), other_g(101, net.n_in());
  const auto n = static_cast<std::size_t>(net.n_parameters());
  std::vector<double> all(n), pieces(n);
  net.input_gradient(x, seed, u.view(), g.view());
  net.parameter_gradient(x, seed, all);
  for (int first = 0; first < 101;) {
    const int m = std::min(101 - first, first % 37 + 1);
    const auto part = [&](auto&& table) {
      auto v = table.view();
      v.data += first;
      v.n_chains = m;
      return v;
    };
    net.input_gradient(part(x), part(seed), part(other_u), part(other_g));
    net.parameter_gradient(part(x), part(seed), pieces);
    first += m;
  }
  CHECK(u.v == other_u.v);
  CHECK(g.v == other_g.v);
  CHECK(all == pieces);
  if (!lane::fuses) return;
  Network<std::remove_cvref_t<decltype(net.net())>, double, Pack<double>> narrow(net.net());
  narrow.restore(net.parameters().flat());
  std::fill(pieces.begin(), pieces.end(), 0.0);
  narrow.input_gradient(x, seed, other_u.view(), other_g.view());
  narrow.parameter_gradient(x, seed, pieces);
  CHECK(u.v == other_u.v);
  CHECK(g.v == other_g.v);
  CHECK(all == pieces);
}

TEST_CASE("convolutions that do not fit are refused in a sentence", "[nn][convolution]") {
  ERG_CHECK_THROWS(network(Shape(1, 4, 4), Conv2d(2, 5)), std::invalid_argument, "Conv2d given (1, 4, 4) features (it takes images that a window of 5 pixels");
  ERG_CHECK_THROWS(Conv2d(2, 0), std::invalid_argument, "Conv2d::kernel = 0 (must be >= 1)");
  ERG_CHECK_THROWS(ConvTranspose2d(2, 3, {.stride = 2, .output_padding = 2}), std::invalid_argument, "ConvTranspose2d::output_padding = 2 (must be in [0, 1]");
}
