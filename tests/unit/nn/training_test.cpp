// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Optimizers by hand, schedules, starts of parameters, and the three objectives of score matching.
#include "support/catch.hpp"
#include "support/network_checks.hpp"
#include "support/temporary_folder.hpp"
#include "support/z_test.hpp"

#include <erg/io/archive.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/optimizer.hpp>
#include <erg/nn/schedule.hpp>
#include <erg/nn/score_matching.hpp>

using namespace erg;
using namespace erg::nn;
using erg::test::Table;
using erg::test::WithinAbs;
using erg::test::WithinRel;

namespace {

using Vector = std::vector<double>;

/// U = sum_d w_d x_d^2 + b: score matching in closed form.
struct SquareFunction {
  template <Lane L>
  L operator()(L x) const {
    return x * x;
  }
};
auto quadratic() { return NeuralEnergy<Sequential<Elementwise<SquareFunction>, Dense<>>, double>(Sequential(Shape(3), Elementwise<SquareFunction>{}, Dense(1))); }

/// d J / d theta along a direction, by differences.
template <class N, class F>
double slope_of(N& net, F&& objective, const Vector& along) {
  const Vector theta(net.parameters().flat().begin(), net.parameters().flat().end());
  double j[2];
  for (const int side : {0, 1}) {
    Vector moved = theta;
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += (side == 0 ? 1e-5 : -1e-5) * along[i];
    net.restore(moved);
    Vector ignored(theta.size());
    j[side] = objective(ignored);
  }
  net.restore(theta);
  return (j[0] - j[1]) / 2e-5;
}
/// Steps to within 1e-3 of the minimum of (x - 3)^2 + 10 (y + 1)^2, or -1.
template <class Optimizer>
int steps_to_minimum(Optimizer o) {
  Vector x{0.0, 0.0}, g(2);
  for (int i = 1; i <= 3000; ++i) {
    g = {2 * (x[0] - 3), 20 * (x[1] + 1)};
    o.step(x, g);
    if (std::hypot(x[0] - 3, x[1] + 1) < 1e-3) return i;
  }
  return -1;
}

}  // namespace

TEST_CASE("adam's first two steps are those of its paper, by hand", "[nn]") {
  Vector x{1.0, -2.0};
  Adam<double> adam({.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-3});
  adam.step(x, Vector{0.5, -4.0});  // m / (1 - beta1) = g, sqrt(v / (1 - beta2)) = |g|
  CHECK_THAT(x[0], WithinRel(1.0 - 0.1 * 0.5 / (0.5 + 1e-3), 1e-14));
  CHECK_THAT(x[1], WithinRel(-2.0 + 0.1 * 4.0 / (4.0 + 1e-3), 1e-14));
  const double before = x[0];
  adam.step(x, Vector{1.0, 0.0});
  const double m = (0.9 * 0.1 * 0.5 + 0.1 * 1.0) / (1 - 0.81), v = (0.99 * 0.01 * 0.25 + 0.01 * 1.0) / (1 - 0.9801);
  CHECK_THAT(x[0], WithinRel(before - 0.1 * m / (std::sqrt(v) + 1e-3), 1e-13));
  CHECK(adam.n_steps() == 2);
}

TEST_CASE("adamw shrinks the parameters beside the step, adam's decay goes through it", "[nn]") {
  Vector w{2.0}, l2{2.0};
  AdamW<double> decoupled({.learning_rate = 0.1, .epsilon = 1e-12, .weight_decay = 0.5});
  Adam<double> coupled({.learning_rate = 0.1, .epsilon = 1e-12, .weight_decay = 0.5});
  decoupled.step(w, Vector{0.0});
  coupled.step(l2, Vector{0.0});
  CHECK_THAT(w[0], WithinRel(2.0 * (1 - 0.1 * 0.5), 1e-14));
  CHECK_THAT(l2[0], WithinRel(2.0 - 0.1, 1e-9));
  decoupled.step(w, Vector{1.0}, 0.5);  // half the rate shrinks by half as much
  CHECK_THAT(w[0], WithinRel(1.9 * (1 - 0.05 * 0.5) - 0.05 * (0.1 / 0.19) / std::sqrt(0.001 / (1 - 0.999 * 0.999)), 1e-9));
}

TEST_CASE("sgd's momentum starts with the gradient and adds up, by hand", "[nn]") {
  Vector x{1.0}, y{1.0};
  Sgd<double> sgd({.learning_rate = 0.1, .momentum = 0.5});
  Sgd<double> nesterov({.learning_rate = 0.1, .momentum = 0.5, .nesterov = true});
  for (int i = 0; i < 2; ++i) sgd.step(x, Vector{2.0}), nesterov.step(y, Vector{2.0});
  CHECK_THAT(x[0], WithinRel(1.0 - 0.1 * 2.0 - 0.1 * 3.0, 1e-14));
  CHECK_THAT(y[0], WithinRel(1.0 - 0.1 * 3.0 - 0.1 * (2.0 + 0.5 * 3.0), 1e-14));
}

TEST_CASE("every optimizer finds the minimum of a quadratic", "[nn]") {
  CHECK(steps_to_minimum(Sgd<double>({.learning_rate = 0.04})) > 0);
  CHECK(steps_to_minimum(Sgd<double>({.learning_rate = 0.02, .momentum = 0.7})) > 0);
  CHECK(steps_to_minimum(Adam<double>({.learning_rate = 0.02})) > 0);
  CHECK(steps_to_minimum(AdamW<double>({.learning_rate = 0.02})) > 0);
  CHECK(steps_to_minimum(Sgd<double>({.learning_rate = 0.11})) == -1);  // beyond 2 / curvature: diverges
}

TEST_CASE("an optimizer goes on bit for bit from what it saved", "[nn]") {
  test::TemporaryFolder folder;
  const auto check = [&](auto optimizer) {
    Vector x{1.0, 2.0, 3.0}, y;
    for (int i = 0; i < 3; ++i) optimizer.step(x, Vector{0.1 * i, 1.0, -2.0});
    io::Writer w;
    optimizer.save(w);
    w.commit(folder / "state");
    decltype(optimizer) other(optimizer.params);
    io::Reader r(folder / "state");
    other.load(r);
    y = x;
    optimizer.step(x, Vector{1.0, 1.0, 1.0});
    other.step(y, Vector{1.0, 1.0, 1.0});
    CHECK(x == y);
  };
  check(Adam<double>{});
  check(Sgd<double>({.momentum = 0.9}));
}

TEST_CASE("schedules start at one and end where they say", "[nn]") {
  CHECK(CosineRate(100, 0.1)(0) == 1.0);
  CHECK_THAT(CosineRate(100, 0.1)(50), WithinAbs(0.55, 1e-12));
  CHECK(CosineRate(100, 0.1)(100) == 0.1);
  CHECK(StepRate(10, 0.5)(9) == 1.0);
  CHECK(StepRate(10, 0.5)(20) == 0.25);
  const WarmUpRate warm(4, CosineRate(100));
  CHECK(warm(0) == 0.25);
  CHECK(warm(3) == 1.0);
  CHECK(warm(4) == 1.0);
  CHECK_THAT(warm(54), WithinAbs(0.5, 1e-12));
}

TEST_CASE("clipping, running averages and arguments", "[nn]") {
  Vector g{3.0, 4.0};
  CHECK(clip_norm(std::span(g), 10.0) == 5.0);
  CHECK(g == Vector{3.0, 4.0});
  CHECK(clip_norm(std::span(g), 1.0) == 5.0);
  CHECK_THAT(norm(std::span<const double>(g)), WithinRel(1.0, 1e-14));
  Vector bad{1.0, NAN};
  CHECK(std::isnan(clip_norm(std::span(bad), 1.0)));
  CHECK(bad[0] == 1.0);
  Vector v{-3.0, 0.5, 7.0};
  clip_value(std::span(v), 2.0);
  CHECK(v == Vector{-2.0, 0.5, 2.0});

  Ema<double> average(0.9);
  average.update(Vector{2.0});
  CHECK(average.average()[0] == 2.0);
  for (int i = 0; i < 3; ++i) average.update(Vector{1.0});
  CHECK_THAT(average.average()[0], WithinRel(1.0 + 0.9 * 0.9 * 0.9, 1e-14));

  ERG_CHECK_THROWS(Adam<double>({.learning_rate = -1.0}), std::invalid_argument, "learning_rate = -1 (must be finite and > 0)");
  ERG_CHECK_THROWS(Adam<double>({.beta2 = 1.0}), std::invalid_argument, "beta2 = 1");
  Adam<double> adam;
  ERG_CHECK_THROWS(adam.step(g, Vector{1.0}), std::invalid_argument, "a gradient of 1 numbers (there are 2 parameters)");
}

TEST_CASE("starts of parameters have the bounds and variances of their laws", "[nn]") {
  NeuralEnergy<decltype(mlp<SiLU>(50, 80, 1)), double> net(mlp<SiLU>(50, 80, 1), random::Key(9));
  const auto worst_z = [](std::span<const double> v, double variance, double kurtosis) {
    test::Worst worst;
    double mean = 0.0, square = 0.0;
    const auto n = static_cast<double>(v.size());
    for (const double x : v) mean += x / n, square += x * x / n;
    worst.add(mean / std::sqrt(variance / n));
    worst.add((square - variance) / (variance * std::sqrt((kurtosis - 1) / n)));
    return worst.value();
  };
  const auto w = net.parameters()["0.weight"];
  CHECK(test::largest(Vector(w.begin(), w.end())) < 1.0 / std::sqrt(50.0));
  CHECK(worst_z(w, 1.0 / 150.0, 1.8) < test::z_limit);
  CHECK(worst_z(w, 1.3 / 150.0, 1.8) > test::z_broken);
  initialise(net, random::Key(9), [](auto... a) { initialise_xavier(a...); });
  CHECK(worst_z(net.parameters()["0.weight"], 2.0 / 130.0, 1.8) < test::z_limit);
  initialise(net, random::Key(9), [](auto... a) { initialise_normal(a..., 0.02); });
  CHECK(worst_z(net.parameters()["0.weight"], 0.0004, 3.0) < test::z_limit);
  initialise(net, random::Key(9), [](auto... a) { initialise_orthogonal(a..., 2.0); });
  const auto q = net.parameters()["0.weight"];  // [80, 50]: orthogonal columns
  double off = 0.0, on = 0.0;
  for (std::size_t r = 0; r < 80; ++r) off += q[50 * r + 3] * q[50 * r + 7], on += q[50 * r + 3] * q[50 * r + 3];
  CHECK_THAT(off, WithinAbs(0.0, 1e-13));
  CHECK_THAT(on, WithinAbs(4.0, 1e-13));
}

TEST_CASE("exact score matching of a quadratic is its closed form", "[nn]") {
  auto energy = quadratic();
  energy.restore(Vector{0.3, 1.0, -0.5, 7.0});
  const Table x(40, 3, 21);
  Vector g(4);
  const double j = score_matching(energy, x.view(), std::span(g));
  double expected = 0.0;
  for (int d = 0; d < 3; ++d) {
    double square = 0.0;
    for (int c = 0; c < 40; ++c) square += x(c, d) * x(c, d) / 40;
    const double w = energy.parameters().flat()[static_cast<std::size_t>(d)];
    expected += 2 * w * w * square - 2 * w;
    CHECK_THAT(g[static_cast<std::size_t>(d)], WithinAbs(4 * w * square - 2, 1e-12));
  }
  CHECK_THAT(j, WithinAbs(expected, 1e-12));
  CHECK(g[3] == 0.0);
}

TEST_CASE("the three objectives of score matching have the gradients of their values", "[nn]") {
  NeuralEnergy<decltype(mlp<SiLU>(3, 8, 6, 1)), double> energy(mlp<SiLU>(3, 8, 6, 1), random::Key(4));
  const Table x(70, 3, 22);
  const auto check = [&](auto objective) {
    const auto n = static_cast<std::size_t>(energy.n_parameters());
    Vector g(n), along(n);
    for (std::size_t i = 0; i < n; ++i) along[i] = random::normal<double>(random::Key(5), i, 0);
    objective(g);
    return std::abs(test::inner(g, along) / slope_of(energy, objective, along) - 1.0);
  };
  CHECK(check([&](Vector& g) { return score_matching(energy, x.view(), std::span(g)); }) < 1e-6);
  CHECK(check([&](Vector& g) { return sliced_score_matching(energy, x.view(), std::span(g), random::Key(6), 2); }) < 1e-6);
  CHECK(check([&](Vector& g) { return denoising_score_matching(energy, x.view(), std::span(g), random::Key(6), 0.3); }) < 1e-6);
  // the mutant: the curvature term's gradient forgotten
  CHECK(check([&](Vector& g) {
          Vector ignored(g.size());
          nn::detail::half_square_of_score(energy, x.view(), std::span(g));
          return score_matching(energy, x.view(), std::span(ignored));
        }) > 1e-3);
}

TEST_CASE("sliced score matching is unbiased for the exact one", "[nn]") {
  NeuralEnergy<decltype(mlp<SiLU>(3, 8, 1)), double> energy(mlp<SiLU>(3, 8, 1), random::Key(4));
  const Table x(16, 3, 23);
  Vector ignored(static_cast<std::size_t>(energy.n_parameters()));
  const double exact = score_matching(energy, x.view(), std::span(ignored));
  test::Mean mean;
  for (std::uint64_t i = 0; i < 200; ++i) mean.add(sliced_score_matching(energy, x.view(), std::span(ignored), random::Key(7).at(i)));
  CHECK(std::abs(mean.z(exact)) < test::z_limit);
  CHECK(std::abs(mean.z(exact + 0.1 * std::abs(exact))) > test::z_broken);
}
