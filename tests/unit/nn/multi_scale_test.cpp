// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies at several resolutions.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"

#include <erg/nn/multi_scale.hpp>
#include <erg/nn/neural_energy.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::nn;

namespace {
auto small(int hidden) { return Sequential(Dense(hidden), SiLU{}, Dense(1)); }
template <class Net>
auto energy_of(Net net, int seed) {
  return NeuralEnergy<Net, double>(std::move(net), random::Key(static_cast<std::uint64_t>(seed)));
}
BlockView<double> columns(std::vector<double>& v, int dim) { return {v.data(), static_cast<int>(v.size()) / dim, dim, static_cast<std::ptrdiff_t>(v.size()) / dim}; }
}  // namespace

TEST_CASE("a pyramid darkens borders by the zeros around them, and nothing else", "[nn]") {
  const Shape shape(1, 8, 8);
  Network<decltype(Sequential(shape, SpacePyramid{}.down())), double> down(Sequential(shape, SpacePyramid{}.down()));
  std::vector<double> x(64, 1.0), y(16);
  const BlockView<double> image = columns(x, 64);
  down.forward(image, columns(y, 16));
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      const double factor = i == 0 && j == 0 ? 4.0 / 9.0 : i == 0 || j == 0 ? 6.0 / 9.0 : 1.0;
      CHECK_THAT(y[static_cast<std::size_t>(4 * i + j)], WithinAbs(factor, 1e-14));
    }
  }
  // <D x, y> = <x, D^T y>
  std::vector<double> v(16), g(64);
  for (std::size_t i = 0; i < 64; ++i) x[i] = std::sin(1.3 * static_cast<double>(i));
  for (std::size_t i = 0; i < 16; ++i) v[i] = std::cos(2.1 * static_cast<double>(i));
  down.forward(image, columns(y, 16));
  down.input_gradient(image, columns(v, 16), {}, columns(g, 64));
  double left = 0.0, right = 0.0;
  for (std::size_t i = 0; i < 16; ++i) left += y[i] * v[i];
  for (std::size_t i = 0; i < 64; ++i) right += x[i] * g[i];
  CHECK_THAT(left, WithinRel(right, 1e-12));
}

TEST_CASE("the energy of a pyramid is the sum over resolutions, with the gradient of the sum", "[nn]") {
  const Shape shape(1, 8, 8);
  const auto all = energy_of(multi_scale(shape, SpacePyramid{}, small(5), small(4), small(3)), 2);
  REQUIRE(all.n_parameters() == (64 * 5 + 5 + 5 + 1) + (16 * 4 + 4 + 4 + 1) + (4 * 3 + 3 + 3 + 1));
  std::vector<double> x(64), u(1), g(64);
  for (std::size_t i = 0; i < 64; ++i) x[i] = std::sin(0.7 * static_cast<double>(i));
  all.value_and_gradient(columns(x, 64), u, columns(g, 64));

  // By hand, with the same parameters.
  double by_hand = 0.0;
  std::size_t from = 0;
  std::vector<double> level = x;
  const auto add = [&](auto net, int dim) {
    auto e = energy_of(std::move(net), 9);
    const auto theta = all.parameters().flat();
    e.restore(std::vector<double>(theta.begin() + static_cast<std::ptrdiff_t>(from), theta.begin() + static_cast<std::ptrdiff_t>(from) + e.n_parameters()));
    from += static_cast<std::size_t>(e.n_parameters());
    std::vector<double> v(1);
    e.value(columns(level, dim), v);
    by_hand += v[0];
  };
  const auto halve = [&](int size) {
    const Shape s(1, size, size);
    Network<decltype(Sequential(s, SpacePyramid{}.down())), double> down(Sequential(s, SpacePyramid{}.down()));
    std::vector<double> next(static_cast<std::size_t>(size * size / 4));
    down.forward(columns(level, size * size), columns(next, size * size / 4));
    level = next;
  };
  add(Sequential(Shape(64), Dense(5), SiLU{}, Dense(1)), 64);
  halve(8);
  add(Sequential(Shape(16), Dense(4), SiLU{}, Dense(1)), 16);
  halve(4);
  add(Sequential(Shape(4), Dense(3), SiLU{}, Dense(1)), 4);
  CHECK_THAT(u[0], WithinAbs(by_hand, 1e-12));

  for (const std::size_t i : {std::size_t{0}, std::size_t{9}, std::size_t{35}, std::size_t{63}}) {
    auto up = x, down = x;
    up[i] += 1e-6, down[i] -= 1e-6;
    std::vector<double> high(1), low(1);
    all.value(columns(up, 64), high), all.value(columns(down, 64), low);
    CHECK_THAT((high[0] - low[0]) / 2e-6, WithinAbs(g[i], 1e-8));
  }
}
