// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Where training with an entropy-regularised generator ends: a Gaussian energy with a penalty on its slopes, against the closed form; what it is
// without entropy, or read at another temperature; and the two temperatures of Langevin steps.
#include "support/catch.hpp"
#include "support/diagonal_energy.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/ring_of_gaussians.hpp>
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
  CHECK(largest_off(train_to_the_end(data, generator::ExactScore{}, 1.0, 0.1, {0.1, 0.01, 0.3}), 1.0, 4.0, 0.1, 1.0) < 0.01);
  CHECK(largest_off(train_to_the_end(data, generator::ExactScore{}, 0.3, 1.0, {0.1, 0.01, 0.3}), 1.0, 4.0, 1.0, 0.3) < 0.01);
  // Without the 1/2 the end is another.
  CHECK(largest_off(train_to_the_end(data, generator::ExactScore{}, 1.0, 0.1, {0.1, 0.01, 0.3}, false), 1.0, 4.0, 0.1, 1.0) > 0.05);
}

TEST_CASE("with an estimator that delivers f of the entropy training ends as with f lambda", "[statistical][generator][train]") {
  // The noise stands still, so that only the weights feel what is missing.
  const auto end = train_to_the_end(points_of_variances(1.0, 1.0), generator::ImportanceScore<double>({20, 1.0, 0.1, 0.02}), 1.0, 0.1, {0.1, 0.0999, 0.1001}, true, 2400);
  CHECK(largest_off(end, 1.0, 1.0, 0.1, 0.738) < 0.03);
  CHECK(largest_off(end, 1.0, 1.0, 0.1, 1.0) > 0.1);
}

TEST_CASE("without entropy the generator collapses and with it the noise falls to its bound; with entropy it follows the energy", "[statistical][generator][train]") {
  // An energy that stands still: the generator's own part.
  const auto after = [](double lambda) {
    const generator::LinearGaussian<double> g({1.0, 0.0, 0.0, 1.0}, {0.0, 0.0}, {0.3, 0.01, 0.3});
    train::Trainer t(DiagonalEnergy{}, train::Data<double>(points_of_variances(1.0, 1.0), 2), train::draws(g, 256), train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 1e-12}},
                     train::GeneratorTeacher(g, generator::ExactScore{}, {.lambda = lambda, .learning_rate = 0.01}), {.batch = 256});
    t.run(1000);
    return t.teacher().generator();
  };
  const auto none = after(0.0), full = after(1.0);
  CHECK(none.noise() < 0.0115);
  CHECK(std::abs(none.weight(0, 0)) < 0.05);
  CHECK(full.noise() > 0.2);
  CHECK(full.weight(0, 0) > 0.8);  // variance 1 in all
}

TEST_CASE("an energy trained with lambda = .1 is a density at that temperature and far too flat without", "[statistical][generator][train]") {
  const double lambda = 0.1;
  const auto end = train_to_the_end(points_of_variances(1.0, 4.0), generator::ExactScore{}, lambda, 0.1, {0.1, 0.01, 0.3}, true, 2000);
  const auto nats = [&](double temperature) {  // of the data under exp(-U / temperature)
    const double s[] = {1.0, 4.0};
    double sum = 0.0;
    for (std::size_t d = 0; d < 2; ++d) sum += 0.5 * (end.l[d] / temperature * s[d] - std::log(end.l[d] / temperature) + std::log(6.283185307179586));
    return sum;
  };
  const double entropy = std::log(6.283185307179586) + 1.0 + 0.5 * std::log(4.0);
  CHECK(nats(lambda) < entropy + 0.02);  // what the penalty leaves: l c = lambda, c = s (1 + 2 gamma l)
  CHECK(nats(1.0) > entropy + 1.0);      // 2 nats by l = lambda / s, less 1
}

TEST_CASE("eight Gaussians on a ring have an entropy of 2.838 nats less what their overlap leaves unknown of the mode", "[statistical]") {
  const double radius = 4.0 / 1.414, deviation = 0.5 / 1.414, pi = 3.141592653589793;
  const RingOfGaussians<8> ring(radius, deviation);
  const int side = 400;
  const double cell = 12.0 / side, apart = std::log(8.0) + std::log(2.0 * pi * std::exp(1.0)) + 2.0 * std::log(deviation);
  double mass = 0.0, entropy = 0.0, unknown = 0.0;  // H(x) = H(mode) + H(x | mode) - H(mode | x)
  for (int i = 0; i < side * side; ++i) {
    const double x = -6.0 + cell * (i / side + 0.5), y = -6.0 + cell * (i % side + 0.5);
    const Pack<double> at[2] = {x, y};
    const double u = ring(Point<const Pack<double>, 2>(at)).reg, p = cell * cell * std::exp(-u);
    mass += p, entropy += p * u;
    for (int k = 0; k < 8; ++k) {
      const double a = x - radius * std::cos(0.25 * pi * k), b = y - radius * std::sin(0.25 * pi * k);
      const double log_share = -0.5 * (a * a + b * b) / (deviation * deviation) - std::log(16.0 * pi * deviation * deviation) + u;
      unknown -= p * std::exp(log_share) * log_share;
    }
  }
  CHECK_THAT(mass, WithinAbs(1.0, 1e-8));
  CHECK_THAT(apart, WithinAbs(2.838, 5e-4));
  CHECK_THAT(entropy, WithinAbs(apart - unknown, 1e-8));
  CHECK_THAT(entropy, WithinAbs(2.8319, 5e-5));
}

TEST_CASE("Langevin steps of the two temperatures have the variances and the memory of their recursion", "[statistical][train]") {
  struct Row {
    double step, noise, l;
  };
  struct Off {
    double variance, memory;  ///< in standard errors
  };
  const auto off = [](Row r, double variance, double memory) {
    const GaussianIsotropic<1> energy(1.0 / std::sqrt(r.l));
    auto chain = bind(NoisyDescent<>({.step_size = r.step, .noise = r.noise}), energy);
    auto state = chain.init({0.0});
    Mean squares, products;
    double square = 0.0, product = 0.0;
    const int block = 400;
    for (int i = 0; i < 300 * block; ++i) {
      const double before = state.position(0);
      chain.step(random::Key(3).at(static_cast<std::uint64_t>(i)), state);
      square += state.position(0) * state.position(0) / block, product += state.position(0) * before / block;
      if (i % block == block - 1) squares.add(square), products.add(product), square = product = 0.0;
    }
    return Off{std::abs(squares.z(variance)), std::abs(products.z(memory * variance))};
  };
  const auto variance = [](Row r) { return r.noise * r.noise / (r.step * r.l * (2.0 - r.step * r.l)); };
  const Row jem{1.0, 0.01, 1.0}, stiff{1.0, 0.01, 1.7}, tempered{0.5, 1.0, 1.0};
  for (const Row& r : {jem, stiff, tempered}) {
    const auto right = off(r, variance(r), 1.0 - r.step * r.l), half = off(r, variance(r), 1.0 - 0.5 * r.step * r.l);
    CHECK(right.variance < z_limit);
    CHECK(right.memory < z_limit);
    CHECK(half.memory > z_broken);  // the drift of a step h of Ula
  }
  CHECK_THAT(variance(jem), WithinAbs(1e-4, 1e-12));      // not 1
  CHECK_THAT(variance(tempered), WithinAbs(1.0 / 0.75, 1e-12));
  CHECK(off(jem, 1.0, 0.0).variance > z_broken);
  CHECK(off(stiff, 1e-4 / 1.7, 0.0).variance > z_broken);  // the temperature alone, without the step's error
}

TEST_CASE("Langevin steps of either temperature diverge if and only if step times stiffness is 2 or more", "[statistical][train]") {
  for (const auto& [step, noise] : {std::pair{1.0, 0.01}, std::pair{0.5, 1.0}}) {
    const auto end = [step = step](double edge, double sigma, double start, int n_steps, std::uint64_t seed) {
      const GaussianIsotropic<1> energy(std::sqrt(step / edge));
      auto chain = bind(NoisyDescent<>({.step_size = step, .noise = sigma}), energy);
      auto state = chain.init({start});
      for (int i = 0; i < n_steps; ++i) chain.step(random::Key(seed).at(static_cast<std::uint64_t>(i)), state);
      return state.position(0);
    };
    CHECK_THAT(end(1.99, 0.0, 1.0, 400, 1), WithinRel(std::pow(0.99, 400), 1e-9));
    CHECK_THAT(end(2.0, 0.0, 1.0, 400, 1), WithinRel(1.0, 1e-9));
    CHECK_THAT(end(2.01, 0.0, 1.0, 400, 1), WithinRel(std::pow(1.01, 400), 1e-9));
    Mean below, at;  // with noise: stationary below, a random walk at the edge
    for (std::uint64_t k = 0; k < 1000; ++k) {
      below.add(std::pow(end(1.8, noise, 0.0, 100, k), 2)), at.add(std::pow(end(2.0, noise, 0.0, 100, k), 2));
    }
    const double stays = noise * noise / (1.8 * 0.2), grows = 100.0 * noise * noise;
    CHECK(std::abs(below.z(stays, 2.0 * stays * stays)) < z_limit);
    CHECK(std::abs(at.z(grows, 2.0 * grows * grows)) < z_limit);
    CHECK(std::abs(at.z(stays, 2.0 * stays * stays)) > z_broken);
  }
}
