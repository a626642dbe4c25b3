// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Where training with an entropy-regularised generator ends: a Gaussian energy with a penalty on its slopes, against the closed form; and the
// two temperatures of Langevin steps.
#include "support/catch.hpp"
#include "support/diagonal_energy.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/generator/generators.hpp>
#include <erg/kernel/bind.hpp>
#include <erg/lane/math.hpp>
#include <erg/train/train.hpp>

using namespace erg;
using namespace erg::test;

namespace {

struct End {
  double l[2], c[2];
};
template <class Score>
End train_to_the_end(std::vector<double> data, Score score, double lambda, double gamma, generator::NoiseParams noise, bool halved = true, int n_steps = 4000) {
  const generator::LinearGaussian<double> g({1.0, 0.0, 0.0, 1.0}, {0.0, 0.0}, noise);
  train::Trainer t(DiagonalEnergy{}, train::Data<double>(std::move(data), 2), train::draws(g, 512),
                   train::Terms{train::Contrastive{}, train::GradientPenalty{.weight = gamma, .halved = halved}},
                   train::Scheduled(nn::Adam<double>{{.learning_rate = 0.01, .beta1 = 0.0, .beta2 = 0.9}}, nn::CosineRate(n_steps, 0.01)),
                   train::GeneratorTeacher(g, score, {.lambda = lambda, .learning_rate = 0.01}, nn::CosineRate(n_steps, 0.01)), {.batch = 512, .seed = 5});
  End end{};
  const int from = n_steps * 3 / 4;
  for (int i = 0; i < n_steps; ++i) {
    t.advance();
    if (i < from) continue;
    const auto& now = t.teacher().generator();
    for (int d = 0; d < 2; ++d) {
      end.l[d] += t.energy().l[static_cast<std::size_t>(d)] / (n_steps - from);
      end.c[d] += (now.weight(d, 0) * now.weight(d, 0) + now.weight(d, 1) * now.weight(d, 1) + now.noise() * now.noise()) / (n_steps - from);
    }
  }
  return end;
}
double largest_off(const End& end, double s0, double s1, double gamma, double lambda) {
  double off = 0.0;
  for (int d = 0; d < 2; ++d) {
    const double s = d == 0 ? s0 : s1, l = stiffness_at_end(s, gamma, lambda);
    off = std::max({off, std::abs(end.l[d] / l - 1.0), std::abs(end.c[d] / (s * (1.0 + 2.0 * gamma * l)) - 1.0)});
  }
  return off;
}

}  // namespace

TEST_CASE("training ends where generator and energy balance: lambda is a temperature, and the penalty widens", "[statistical][generator][train]") {
  const auto data = points_of_variances(1.0, 4.0);
  CHECK(largest_off(train_to_the_end(data, generator::ExactScore{}, 1.0, 0.1, {0.1, 0.01, 0.3}), 1.0, 4.0, 0.1, 1.0) < 0.015);
  CHECK(largest_off(train_to_the_end(data, generator::ExactScore{}, 0.3, 1.0, {0.1, 0.01, 0.3}), 1.0, 4.0, 1.0, 0.3) < 0.015);
  // Without the 1/2 the end is another.
  CHECK(largest_off(train_to_the_end(data, generator::ExactScore{}, 1.0, 0.1, {0.1, 0.01, 0.3}, false), 1.0, 4.0, 0.1, 1.0) > 0.05);
}

TEST_CASE("with an estimator that delivers f of the entropy training ends as with f lambda", "[statistical][generator][train]") {
  // The noise stands still, so that only the weights feel what is missing.
  const auto end = train_to_the_end(points_of_variances(1.0, 1.0), generator::ImportanceScore<double>({20, 1.0, 0.1, 0.02}), 1.0, 0.1, {0.1, 0.0999, 0.1001}, true, 2400);
  CHECK(largest_off(end, 1.0, 1.0, 0.1, 0.738) < 0.03);
  CHECK(largest_off(end, 1.0, 1.0, 0.1, 1.0) > 0.1);
}

TEST_CASE("without entropy the generator collapses and with it the noise falls to its bound", "[statistical][generator][train]") {
  const generator::LinearGaussian<double> g({1.0, 0.0, 0.0, 1.0}, {0.0, 0.0}, {0.3, 0.01, 0.3});
  // An energy that stands still: the generator's own part.
  train::Trainer t(DiagonalEnergy{}, train::Data<double>(points_of_variances(1.0, 1.0), 2), train::draws(g, 256), train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 1e-12}},
                   train::GeneratorTeacher(g, generator::ExactScore{}, {.lambda = 0.0, .learning_rate = 0.01}), {.batch = 256});
  t.run(1000);
  const auto& now = t.teacher().generator();
  CHECK(now.noise() < 0.0115);
  CHECK(std::abs(now.weight(0, 0)) < 0.05);
}

TEST_CASE("Langevin steps of the two temperatures have the variances of their recursion", "[statistical][train]") {
  struct Row {
    double step, noise, l;
  };
  const auto z_of = [](Row r, double expected) {
    const GaussianIsotropic<1> energy(1.0 / std::sqrt(r.l));
    auto chain = bind(NoisyDescent<>({.step_size = r.step, .noise = r.noise}), energy);
    auto state = chain.init({0.0});
    Mean mean;
    double square = 0.0;
    const int block = 400;
    for (int i = 0; i < 300 * block; ++i) {
      chain.step(random::Key(3).at(static_cast<std::uint64_t>(i)), state);
      square += state.position(0) * state.position(0) / block;
      if (i % block == block - 1) mean.add(square), square = 0.0;
    }
    return std::abs(mean.z(expected));
  };
  const auto variance = [](Row r) { return r.noise * r.noise / (r.step * r.l * (2.0 - r.step * r.l)); };
  const Row jem{1.0, 0.01, 1.0}, stiff{1.0, 0.01, 1.7}, tempered{0.5, 1.0, 1.0};
  for (const Row& r : {jem, stiff, tempered}) CHECK(z_of(r, variance(r)) < z_limit);
  CHECK_THAT(variance(jem), WithinAbs(1e-4, 1e-12));      // not 1
  CHECK_THAT(variance(tempered), WithinAbs(1.0 / 0.75, 1e-12));
  CHECK(z_of(jem, 1.0) > z_broken);
  CHECK(z_of(stiff, 1e-4 / 1.7) > z_broken);  // the temperature alone, without the step's error
}
