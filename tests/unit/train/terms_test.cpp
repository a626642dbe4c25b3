// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Improved contrastive divergence in the training loop: its terms add up, it is the same for any number of threads, and it resumes.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/temporary_folder.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/sum.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/monitor.hpp>
#include <erg/train/revision.hpp>
#include <erg/train/sampler_kl.hpp>
#include <erg/train/trainer.hpp>

using namespace erg;
using namespace erg::test;

namespace {

auto trainer(int n_threads, double average = 0.0) {
  auto layers = nn::mlp<nn::SiLU>(2, 8, 1);
  const nn::NeuralEnergy<decltype(layers), double> net(layers, random::Key(3));
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back((i % 2 == 0 ? 1.5 : 0.5) * random::normal<double>(random::Key(5), std::uint64_t(i), 0) + 0.3);
  return train::Trainer(tilt(GaussianIsotropic<2>(2.0), net), train::Data<double>(values, 2),
                        train::chains(Threads<>{n_threads}, NoisyDescent{NoisyDescentParams::tempered(0.05, 1.0)},
                                      train::Replay{train::Noise::gaussian(2.0), {.capacity = 600, .write_back = train::WriteBack::ring}, train::Half{},
                                                    train::Rotate{}},
                                      {.n_chains = 300, .n_steps = 6}),
                        train::Terms(train::Contrastive{}, train::SamplerKl({.n_steps = 2}, train::NeighbourEntropy{{.k = 5}}),
                                     train::SamplerKl({.n_steps = 1, .energy = 0.0, .n_references = 100})),
                        nn::Adam<double>{{.learning_rate = 0.01}}, train::NoTeacher{}, {.batch = 200, .average = average, .n_threads = n_threads});
}
template <class T>
std::vector<double> parameters(const T& energy) {
  std::vector<double> p(static_cast<std::size_t>(energy.n_parameters()));
  energy.copy_parameters(std::span<double>(p));
  return p;
}

// Watching leaves an objective its trail.
template <class Objective>
concept LooksBack = requires(const Objective& o) { o.n_recorded(), o.n_references(); };
static_assert(LooksBack<train::Watched<train::SamplerKl<>>> && LooksBack<train::Watched<train::Terms<train::Contrastive, train::SamplerKl<>>>>);
static_assert(!LooksBack<train::Watched<train::Contrastive>>);

}  // namespace

TEST_CASE("the report names each term, its length and its angle to the first, and what the sampler's KL is made of", "[train]") {
  auto t = trainer(1);
  t.run(3);
  const auto& r = t.report();
  REQUIRE(r.terms.size() == 3);
  CHECK(r.terms[0].name == "contrastive");
  CHECK(r.terms[1].name == "sampler KL");
  CHECK(r.terms[0].cosine == 1.0);
  CHECK(std::abs(r.terms[1].cosine) <= 1.0);
  // The triangle that three terms make.
  CHECK(r.gradient_norm <= r.terms[0].gradient_norm + r.terms[1].gradient_norm + r.terms[2].gradient_norm + 1e-12);
  CHECK(r.gradient_norm >= r.terms[0].gradient_norm - r.terms[1].gradient_norm - r.terms[2].gradient_norm - 1e-12);
  CHECK(std::isfinite(r.sampler_energy));
  CHECK(std::abs(r.sampler_entropy - 3.3) < 1.5);  // about that of the data
}

TEST_CASE("improved contrastive divergence trains to the same bits on one thread and on two, stopped and resumed", "[train][Threads]") {
  const TemporaryFolder folder;
  auto one = trainer(1, 0.9), two = trainer(2, 0.9);
  one.run(8), two.run(8);
  CHECK(parameters(one.energy()) == parameters(two.energy()));
  {
    auto first = trainer(1, 0.9);
    first.run(5, Checkpoint{folder / "half", 5}, [](const auto&) {});
  }
  auto second = trainer(2, 0.9);
  second.run(8, Checkpoint{folder / "half", 5}, [](const auto&) {});
  CHECK(parameters(second.energy()) == parameters(one.energy()));
  CHECK(parameters(second.averaged()) == parameters(one.averaged()));
}

TEST_CASE("the running average of parameters forgets the start as decay^n, and is the energy itself where none is kept", "[train]") {
  auto t = trainer(1, 0.75), none = trainer(1);
  const auto start = parameters(t.energy());
  std::vector<double> expected = start;
  for (int i = 0; i < 6; ++i) {
    t.advance();
    const auto now = parameters(t.energy());
    for (std::size_t k = 0; k < now.size(); ++k) expected[k] = 0.75 * expected[k] + 0.25 * now[k];
  }
  const auto average = parameters(t.averaged());
  for (std::size_t k = 0; k < average.size(); ++k) CHECK_THAT(average[k], WithinAbs(expected[k], 1e-14));
  none.run(3);
  CHECK(parameters(none.averaged()) == parameters(none.energy()));
  CHECK_THROWS_WITH(trainer(1, 1.0), contains("average = 1 (must be in [0, 1))"));
}

TEST_CASE("an objective of energies squared settles where the densities' difference over their sum says", "[train]") {
  // Two bins, data and negatives fixed: E* = -(p - q) / (2 alpha (p + q)).
  struct Bins {
    std::vector<double> e{0.0, 0.0};
    int dim() const { return 1; }
    int n_parameters() const { return 2; }
    void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
      for (int c = 0; c < x.n_chains; ++c) u[static_cast<std::size_t>(c)] = e[x(c, 0) > 0.0], g(c, 0) = 0.0;
    }
    void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u) const {
      for (int c = 0; c < x.n_chains; ++c) {
        to[x(c, 0) > 0.0] += w[static_cast<std::size_t>(c)];
        u[static_cast<std::size_t>(c)] = e[x(c, 0) > 0.0];
      }
    }
  };
  const std::vector<double> data{-1, 1, 1, 1}, negatives{-1, -1, -1, 1, 1, 1, 1, 1};  // p = (1/4, 3/4), q = (3/8, 5/8)
  const train::StepBatch<double> batch{{data.data(), 4, 1, 4}, {negatives.data(), 8, 1, 8}, random::Key(1)};
  Bins bins;
  Pieces<double> pieces(1);
  train::Contrastive objective{.energy_l2 = 0.7};
  for (int i = 0; i < 400; ++i) {
    std::vector<double> g(2);
    train::StepReport report;
    objective.add_gradient(bins, batch, std::span<double>(g), pieces, report);
    for (std::size_t k = 0; k < 2; ++k) bins.e[k] -= 0.3 * g[k];
  }
  CHECK_THAT(bins.e[0], WithinAbs(-(0.25 - 0.375) / (1.4 * 0.625), 1e-8));
  CHECK_THAT(bins.e[1], WithinAbs(-(0.75 - 0.625) / (1.4 * 1.375), 1e-8));
}

TEST_CASE("a history keeps every so many steps what training saw, with the diversity of the negatives", "[train]") {
  auto t = trainer(1);
  train::History history(t, {.every = 4, .low = -1.0, .high = 1.0});
  const auto& last = t.run(9, history);
  REQUIRE(history.rows().size() == 3);
  CHECK(history.rows()[1].step == 4);
  const auto& row = history.rows()[2];
  CHECK(row.gap() == last.gap());
  CHECK(row.terms.size() == 3);
  CHECK(row.terms[1].gradient_norm == last.terms[1].gradient_norm);
  CHECK(row.sampler_entropy == last.sampler_entropy);
  const auto now = train::diversity(t.negatives().positions(), -1.0, 1.0);
  CHECK(row.negatives.deviation == now.deviation);
  CHECK(row.negatives.saturated == now.saturated);
  CHECK_THROWS_AS(train::History(t, {.every = 0}), std::invalid_argument);
}
