// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// A network is an energy like any other: under kernels, on threads, in tiles, and alone in its memory.
#include "support/catch.hpp"
#include "support/network_checks.hpp"
#include "support/z_test.hpp"

#include <erg/kernel/cycle.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/nn/convolution.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/reshape.hpp>
#include <erg/nn/spectral_norm.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks/trace.hpp>

#include <limits>

using namespace erg;
using nn::Dense;
using nn::NeuralEnergy;
using nn::Sequential;

namespace {

using Net = decltype(nn::mlp<nn::SiLU>(2, 20, 16, 1));
const NeuralEnergy<Net, double>& energy() {
  static const NeuralEnergy<Net, double> e(nn::mlp<nn::SiLU>(2, 20, 16, 1), random::Key(7));
  return e;
}

/// U = |x|^2 / 2 as a network: a standard normal, whose law is known.
struct HalfSquareFunction {
  template <Lane L>
  L value_and_slope(const L& x, L& slope) const {
    slope = x;
    return 0.5 * x * x;
  }
};
auto normal_energy(double factor) {
  NeuralEnergy<Sequential<nn::Elementwise<HalfSquareFunction>, Dense<>>, double> e(
      Sequential(nn::Shape(2), nn::Elementwise<HalfSquareFunction>{}, Dense(1)));
  e.restore(std::vector<double>{factor, factor, 0.0});
  return e;
}

template <class Exec, class E>
Trace<double> trace_of(Exec exec, const E& e, int n_chains, int n_draws = 12) {
  Trace<double> trace;
  Plan plan;
  plan.n_chains = n_chains;
  plan.n_draws = n_draws;
  plan.seed = 3;
  plan.adapt = false;
  run(exec, Mala{{.step_size = 1.0}}, e, plan, trace);
  return trace;
}
bool same(const Trace<double>& a, const Trace<double>& b, int n_chains) {
  bool equal = true;
  for (int t = 0; t < a.n_draws(); ++t) {
    for (int c = 0; c < n_chains; ++c) {
      for (int d = 0; d < 2; ++d) equal = equal && a(t, c, d) == b(t, c, d);
      equal = equal && a.energy(t, c) == b.energy(t, c);
    }
  }
  return equal;
}

}  // namespace

TEST_CASE("a neural energy is a batch energy with a gradient and a value of its own", "[nn][energy]") {
  using E = NeuralEnergy<Net, double>;
  static_assert(BatchEnergy<E, double> && BatchGradient<E, double> && BatchValue<E, double> && !BatchEnergy<E, float>);
  CHECK(dim_of(energy()) == 2);
  const test::Table x(77, 2, 4);
  test::Table g(77, 2), only(77, 2);
  std::vector<double> u(77), alone(77);
  energy().value_and_gradient(x, u, g.view());
  energy().gradient(x, only.view());
  energy().value(x, alone);
  CHECK(g.v == only.v);
  CHECK(u == alone);
}

TEST_CASE("chains of a neural energy are the same bits on Simd, on one and two threads, and whatever the number of chains", "[nn][energy]") {
  const auto simd = trace_of(Simd<>{}, energy(), 600);
  CHECK(same(simd, trace_of(Threads<>{1}, energy(), 600), 600));
  CHECK(same(simd, trace_of(Threads<>{2}, energy(), 600), 600));
  CHECK(same(simd, trace_of(Simd<>{}, energy(), 37), 37));
  CHECK_FALSE(same(simd, trace_of(Simd<>{}, normal_energy(1.0), 37), 37));
}

TEST_CASE("a convolutional energy runs like any other, the same bits on lanes and threads, a pixel a coordinate", "[nn][energy]") {
  const auto net = Sequential(nn::Shape(1, 5, 4), nn::SpectralNorm(nn::Conv2d(6, 3, {.stride = 2, .padding = 1})), nn::SiLU{}, nn::Flatten{}, Dense(1));
  const NeuralEnergy<std::remove_const_t<decltype(net)>, double> e(net, random::Key(2));
  REQUIRE(dim_of(e) == 20);
  const auto simd = trace_of(Simd<>{}, e, 300, 4);
  CHECK(same(simd, trace_of(Threads<>{2}, e, 300, 4), 300));
  CHECK(same(simd, trace_of(Simd<>{}, e, 37, 4), 37));
}

TEST_CASE("mala samples the law of a network that is a normal density, and notices another scale", "[nn][energy]") {
  const auto worst = [](const Trace<double>& trace) {
    test::Worst z;
    for (int d = 0; d < 2; ++d) {
      test::Mean mean, square;
      for (int c = 0; c < trace.n_chains(); ++c) {
        double m = 0.0, s = 0.0;
        for (int t = 0; t < trace.n_draws(); ++t) m += trace(t, c, d), s += trace(t, c, d) * trace(t, c, d);
        mean.add(m / trace.n_draws());
        square.add(s / trace.n_draws());
      }
      z.add(mean.z(0.0));
      z.add(square.z(1.0));
    }
    return z.value();
  };
  CHECK(worst(trace_of(Simd<>{}, normal_energy(1.0), 600, 60)) < test::z_limit);
  CHECK(worst(trace_of(Simd<>{}, normal_energy(1.2), 600, 60)) > test::z_broken);
}

TEST_CASE("a neighbour that is not finite leaves a chain of a neural energy alone", "[nn][energy]") {
  test::Table x(40, 2, 4);
  test::Table g(40, 2), g2(40, 2);
  std::vector<double> u(40), u2(40);
  energy().value_and_gradient(std::as_const(x), u, g.view());
  for (int c = 0; c < 40; c += 2) x(c, 0) = c % 4 == 0 ? NAN : std::numeric_limits<double>::infinity();
  energy().value_and_gradient(std::as_const(x), u2, g2.view());
  for (int c = 0; c < 40; ++c) {
    if (c % 2 == 1) {
      CHECK(u[static_cast<std::size_t>(c)] == u2[static_cast<std::size_t>(c)]);
      CHECK(g(c, 1) == g2(c, 1));
    } else {
      CHECK_FALSE(std::isfinite(u2[static_cast<std::size_t>(c)]));
    }
  }
}
