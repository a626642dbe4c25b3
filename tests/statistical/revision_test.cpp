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
