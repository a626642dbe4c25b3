// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The gradient of an energy and of the square of its slope, in one pass: what two passes give.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"

#include <erg/nn/convolution.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/reshape.hpp>
#include <erg/nn/weight_norm.hpp>
#include <erg/train/gradient_penalty.hpp>
#include <erg/train/terms.hpp>

using namespace erg;
using namespace erg::test;
using nn::Dense;
using nn::NeuralEnergy;
using nn::Sequential;

namespace {

std::vector<double> points(int n, int dim) {
  std::vector<double> x(static_cast<std::size_t>(n) * static_cast<std::size_t>(dim));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = random::normal<double>(random::Key(5), i, 0);
  return x;
}
double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

/// The gradient by theta of mean U + weight/2 mean |dU/dx|^2 over n points, by terms that share a pass and by terms that do not.
template <class Net>
void check(Net net, int n) {
  const NeuralEnergy<Net, double> energy(net, random::Key(3));
  const int dim = energy.dim();
  const auto x = points(2 * n, dim);
  train::StepBatch<double> batch;
  batch.data = {x.data(), n, dim, 2 * n};
  batch.negatives = {x.data() + n, n, dim, 2 * n};
  Pieces<double> pieces(1);
  const auto size = static_cast<std::size_t>(energy.n_parameters());
  std::vector<double> together(size, 0.0), apart(size, 0.0), half(size, 0.0);
  train::StepReport one, two;
  train::Terms terms(train::Contrastive{}, train::GradientPenalty{.weight = 0.7});
  terms.add_gradient(energy, batch, std::span<double>(together), pieces, one);
  train::Contrastive contrastive;
  contrastive.add_gradient(energy, batch, std::span<double>(apart), pieces, two);
  train::GradientPenalty penalty{.weight = 0.7};
  penalty.add_gradient(energy, batch, std::span<double>(apart), pieces, two);
  CHECK(largest_difference(together, apart) < 1e-13 * n);  // rounding of sums of n terms of order one, divided by n
  CHECK_THAT(one.data_energy, WithinRel(two.data_energy, 1e-12));
  CHECK_THAT(one.model_energy, WithinRel(two.model_energy, 1e-12));
  CHECK_THAT(one.penalty, WithinRel(two.penalty, 1e-12));
  REQUIRE(one.terms.size() == 1);
  CHECK(one.terms[0].name == "contrastive + slope penalty");
  // The wrong weight is seen.
  train::Terms(train::Contrastive{}, train::GradientPenalty{.weight = 0.69}).add_gradient(energy, batch, std::span<double>(half), pieces, one);
  CHECK(largest_difference(half, apart) > 1e-6);
}

}  // namespace

TEST_CASE("a slope penalty after the contrastive term shares its pass, and the sum is that of both", "[nn][train]") {
  check(nn::mlp<nn::SiLU>(3, 20, 9, 1), 150);  // two panels and two pieces, the last ones not full
}
TEST_CASE("in a piecewise linear network the slope penalty is a shift of what the ordinary way back meets", "[nn][train]") {
  const nn::LeakyReLU act(0.2);
  STATIC_REQUIRE(nn::is_piecewise_linear<decltype(Sequential(nn::Shape(1, 6, 6), nn::Conv2d(4, 3), act, nn::Flatten{}, Dense(1)))>());
  STATIC_REQUIRE(!nn::is_piecewise_linear<decltype(nn::mlp<nn::SiLU>(3, 4, 1))>());
  check(Sequential(nn::Shape(1, 6, 6), nn::Conv2d(4, 3), act, Sequential(nn::Conv2d(3, 3, {.stride = 2, .padding = 1}), act), nn::Flatten{}, Dense(7), act, Dense(1)), 70);
}
TEST_CASE("a network of normalised weights takes the pass with tangents", "[nn][train]") {
  check(Sequential(nn::WeightNorm(Dense(3, 8)), nn::ReLU{}, Dense(1)), 20);
}
TEST_CASE("a slope penalty elsewhere, or a contrastive term with a square, keeps a pass of its own", "[train]") {
  const NeuralEnergy<decltype(nn::mlp<nn::SiLU>(3, 8, 1)), double> energy(nn::mlp<nn::SiLU>(3, 8, 1), random::Key(3));
  const auto x = points(40, 3);
  train::StepBatch<double> batch;
  batch.data = {x.data(), 20, 3, 40};
  batch.negatives = {x.data() + 20, 20, 3, 40};
  Pieces<double> pieces(1);
  std::vector<double> g(static_cast<std::size_t>(energy.n_parameters()), 0.0);
  const auto rows = [&](auto terms) {
    train::StepReport r;
    terms.add_gradient(energy, batch, std::span<double>(g), pieces, r);
    return r.terms.size();
  };
  CHECK(rows(train::Terms(train::Contrastive{}, train::GradientPenalty{.at = train::PenaltyAt::both})) == 2);
  CHECK(rows(train::Terms(train::Contrastive{.energy_l2 = 0.1}, train::GradientPenalty{})) == 2);
  CHECK(rows(train::Terms(train::GradientPenalty{}, train::Contrastive{})) == 2);
}
