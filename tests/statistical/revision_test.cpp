// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What revision does to chains while training goes on, against the linear closed form: U = l x^2 / 2, chains of variance v at the start.
#include "support/catch.hpp"
#include "support/curvature.hpp"
#include "support/z_test.hpp"

#include <erg/kernel/ula.hpp>

using namespace erg;
using namespace erg::test;

namespace {

constexpr int n_chains = 2048, n_langevin = 20;
constexpr double h = 0.04, sigma2 = 0.05;

/// From w^2 = .3 and l = .5, watched in every step.
auto training(double temperature, double model_rate) {
  latent::LinearGaussian<double> model(1, 1, std::sqrt(sigma2));
  model.set({std::sqrt(0.3)});
  Curvature<1> energy;
  energy.l[0] = 0.5;
  return train::Trainer(energy, train::Data<double>({1.0, -1.0}, 1),
                        train::chains(Simd<>{}, Ula<>{{.step_size = h, .temperature = temperature}}, train::Fresh{train::Ancestral{model.snapshot()}},
                                      {.n_chains = n_chains, .n_steps = n_langevin}),
                        train::Watched{train::Contrastive{}, {.every = 1, .forces = true}}, nn::Sgd<double>{{.learning_rate = 0.3}},
                        train::RefitTeacher<double>(model, train::Refit::inferred, model_rate), {.batch = 2, .seed = 5});
}
/// Root mean square of a revision without its noise: (a^T - 1) x_0 and sqrt(tau h) (a^k - 1) of the noise k steps before the end.
double drift(double w2, double l, double temperature) {
  const double a = 1.0 - 0.5 * h * l, by = std::pow(a, n_langevin) - 1.0;
  double square = by * by * w2;
  for (int k = 0; k < n_langevin; ++k) square += temperature * h * (std::pow(a, k) - 1.0) * (std::pow(a, k) - 1.0);
  return std::sqrt(square);
}

}  // namespace

TEST_CASE("the force on chains is known at every step of the kernel", "[statistical][train][latent]") {
  auto quiet = training(0.0, 0.01), loud = training(1.0, 0.01);
  const auto without = quiet.advance().revision.forces, with = loud.advance().revision.forces;
  REQUIRE(without.size() == n_langevin + 1);
  REQUIRE(with.size() == n_langevin + 1);
  const double a = 1.0 - 0.5 * h * 0.5;
  CHECK(with.front() == without.front());
  CHECK(with.front() == loud.report().revision.start_force);
  CHECK(with.back() == loud.report().revision.force);
  Worst right, broken;
  for (int t = 0; t <= n_langevin; ++t) {
    const auto at = static_cast<std::size_t>(t);
    CHECK_THAT(without[at], WithinRel(std::pow(a, t) * without[0], 1e-12));
    const double v = std::pow(a * a, t) * 0.3 + h * (1.0 - std::pow(a * a, t)) / (1.0 - a * a);
    const double mean = 0.5 * std::sqrt(2.0 * v / 3.141592653589793), error = 0.5 * std::sqrt(v * (1.0 - 2.0 / 3.141592653589793) / n_chains);
    right.add((with[at] - mean) / error), broken.add((without[at] - mean) / error);
  }
  CHECK(right.value() < z_limit);
  CHECK(broken.value() > z_broken);
}

TEST_CASE("what revision is left to do falls as the model learns where noise is off, and does not where it is on", "[statistical][train][latent]") {
  // 400 steps, the model slower than the energy; a tenth of them against all
  const auto course = [](double temperature) {
    auto t = training(temperature, 0.01);
    double early = 0.0, late = 0.0, expected = 0.0;
    for (int i = 0; i < 400; ++i) {
      const double w = t.teacher().model().w(0, 0), l = t.energy().l[0];
      late = t.advance().revision.drift, expected = drift(w * w, l, temperature);
      if (i == 40) early = late;
    }
    CHECK(std::abs(late / expected - 1.0) < z_limit / std::sqrt(2.0 * n_chains));
    return late / early;
  };
  CHECK(course(0.0) < 0.5);   // .030 from .39 by the closed form
  CHECK(course(1.0) > 2.0);   // .35 from .14: drift that undoes the noise
}

TEST_CASE("regression on the known latent leaves what the noise of longer chains leaves", "[statistical][fixed-point]") {
  // h T = .8: w^2 = .2 and l = 0
  const latent::AncestralLangevin a{1.0, std::sqrt(sigma2), h, n_langevin, 1.0, true};
  const int n_steps = 1200;
  const Ula<> kernel{{.step_size = h}};
  const auto known = train_curvature(a, kernel, train::Refit::known, 0.05, n_steps), inferred = train_curvature(a, kernel, train::Refit::inferred, 0.97, n_steps);
  const double error = std::sqrt(2.0 / n_chains / n_steps);  // of the mean of V, which training keeps at 1
  CHECK(std::abs(known.model_square - 0.2) < z_limit * error + 5e-4);  // 5e-4: V bends by the variance of l, (1.2e-2)^2
  CHECK(std::abs(known.precision) < 0.02);                             // 5 errors of the regression's noise, 1 / sqrt(2048 1200), over h T / 2 w
  CHECK(inferred.model_square > 0.9);
  CHECK(inferred.precision > 0.9);
}
