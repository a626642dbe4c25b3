// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The parts of training with a generator: signs, order, penalties against differences, checkpoints.
#include "support/catch.hpp"
#include "support/diagonal_energy.hpp"
#include "support/network_checks.hpp"
#include "support/temporary_folder.hpp"

#include <erg/generator/generators.hpp>
#include <erg/lane/math.hpp>
#include <erg/nn/classifier_energy.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/train.hpp>

using namespace erg;
using namespace erg::test;

namespace {

auto linear() { return generator::LinearGaussian<double>({1.0, 0.0, 0.5, 1.0}, {0.0, 0.0}, {0.2, 0.01, 0.5}); }
auto trainer(double lambda, int n_threads = 1, double energy_rate = 1e-2) {
  return train::Trainer(DiagonalEnergy{}, train::Data<double>(points_of_variances(1.0, 4.0, 20), 2), train::draws(linear(), 200),
                        train::Terms{train::Contrastive{}, train::GradientPenalty{.weight = 0.1}}, nn::Adam<double>{{.learning_rate = energy_rate}},
                        train::GeneratorTeacher(linear(), generator::HmcScore<double>{{.n_leapfrog = 3, .n_resample = 5}}, {.lambda = lambda, .learning_rate = 1e-2}),
                        {.batch = 100, .seed = 3, .n_threads = n_threads});
}
struct NoLearning {
  template <class T>
  void step(std::span<T>, std::span<const T>) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};

/// x^T L x / 2, L by its numbers 11, 12, 22.
struct Quadratic {
  static constexpr int dim = 2;
  double l[3] = {0.7, -0.4, 1.3};
  void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
    for (int c = 0; c < x.n_chains; ++c) {
      g(c, 0) = l[0] * x(c, 0) + l[1] * x(c, 1), g(c, 1) = l[1] * x(c, 0) + l[2] * x(c, 1);
      u[static_cast<std::size_t>(c)] = 0.5 * (x(c, 0) * g(c, 0) + x(c, 1) * g(c, 1));
    }
  }
  void tangent_parameter_gradient(BlockView<const double> x, BlockView<const double> v, BlockView<const double> w, std::span<double> to) const {
    for (int c = 0; c < x.n_chains; ++c) {
      to[0] += w(c, 0) * v(c, 0) * x(c, 0), to[1] += w(c, 0) * (v(c, 0) * x(c, 1) + v(c, 1) * x(c, 0)), to[2] += w(c, 0) * v(c, 1) * x(c, 1);
    }
  }
};

}  // namespace

TEST_CASE("a generator's step lowers the energy of its draws without entropy, and raises its entropy without energy", "[train][generator]") {
  const auto g = linear();
  const auto after = [&](double lambda, double l) {
    DiagonalEnergy energy;
    energy.l = {l, l};
    train::Trainer t(energy, train::Data<double>(points_of_variances(1.0, 4.0, 20), 2), train::draws(g, 400), train::Contrastive{}, NoLearning{},
                     train::GeneratorTeacher(g, generator::ExactScore{}, {.lambda = lambda, .learning_rate = 1e-3}), {.batch = 100});
    t.run(5);
    return t.teacher().generator();
  };
  const auto energy_of = [](const auto& a) {  // E U of U = |x|^2 / 2
    double sum = a.noise() * a.noise();
    for (int d = 0; d < 2; ++d) sum += 0.5 * (a.weight(d, 0) * a.weight(d, 0) + a.weight(d, 1) * a.weight(d, 1));
    return sum;
  };
  CHECK(energy_of(after(0.0, 1.0)) < energy_of(g));
  CHECK(after(1.0, 1e-9).entropy() > g.entropy());
  CHECK(after(1.0, 1e-9).noise() > g.noise());
}

TEST_CASE("the teacher learns from the very draws that the energy saw, under the energy's new parameters", "[train][generator]") {
  auto t = trainer(1.0, 1, 0.5);
  const auto g = linear();
  const double before = t.energy().l[0];
  t.advance();
  CHECK(t.energy().l[0] != before);
  std::vector<double> x(400), u(200);
  const BlockView<double> at{x.data(), 200, 2, 200};
  g.sample(random::Key(3).at(0).purpose(random::Purpose::start), 0, at);
  double mean = 0.0;
  batch_value(t.energy(), BlockView<const double>(at), std::span<double>(u));
  for (const double v : u) mean += v / 200;
  CHECK_THAT(t.report().teacher_loss, WithinAbs(mean, 1e-12));
  CHECK(t.teacher().report().score.ess > 1.0);
  CHECK(t.teacher().report().entropy_slope > 0.0);
  // The next negatives are the new generator's.
  CHECK(t.negatives().proposal().weight(0, 0) == t.teacher().generator().weight(0, 0));
  CHECK(t.teacher().generator().weight(0, 0) != g.weight(0, 0));
}

TEST_CASE("where chains have moved the generator's draws, the teacher learns from fresh ones", "[train][generator]") {
  const auto after = [](bool fresh) {
    const auto g = linear();
    train::Trainer t(DiagonalEnergy{}, train::Data<double>(points_of_variances(1.0, 4.0, 20), 2),
                     train::chains(Simd<>{}, Ula{{.step_size = 0.5}}, train::Fresh{train::Drawn{g}}, {.n_chains = 64, .n_steps = 20}), train::Contrastive{}, NoLearning{},
                     train::GeneratorTeacher(g, generator::ExactScore{}, {.learning_rate = 1e-2, .fresh = fresh}), {.batch = 50, .seed = 3});
    t.run(3);
    return t.teacher().generator();
  };
  CHECK(after(false).weight(0, 0) == after(true).weight(0, 0));
  CHECK(after(false).noise() == after(true).noise());
  CHECK(after(false).weight(0, 0) != linear().weight(0, 0));
}

TEST_CASE("training with a generator is the same for one thread and two, and after a stop", "[train][generator][Threads]") {
  auto one = trainer(1.0, 1), two = trainer(1.0, 2);
  one.run(8);
  two.run(8);
  CHECK(one.energy().l == two.energy().l);
  CHECK(one.teacher().generator().weight(1, 0) == two.teacher().generator().weight(1, 0));
  const TemporaryFolder folder;
  {
    auto first = trainer(1.0);
    first.run(5);
    first.save(folder / "t");
  }
  auto second = trainer(1.0);
  second.load(folder / "t");
  second.run(3);
  CHECK(second.energy().l == one.energy().l);
  CHECK(second.teacher().generator().weight(1, 0) == one.teacher().generator().weight(1, 0));
}

TEST_CASE("the penalty on slopes and its gradient equal differences, for networks, classifiers and tilts of them", "[train]") {
  const auto check = [](auto energy, int dim) {
    const int n = 6;
    test::Table x(n, dim, 51);
    Pieces<double> pieces(1);
    const auto penalty = [&](const auto& e, std::span<double> to) {
      train::GradientPenalty term{.weight = 0.3};
      train::StepReport report;
      term.add_gradient(e, train::StepBatch<double>{x, x, random::Key(1)}, to, pieces, report);
      return report.penalty;
    };
    std::vector<double> to(static_cast<std::size_t>(energy.n_parameters()), 0.0), theta(to.size()), unused(to.size());
    penalty(energy, to);
    erg::detail::copy_parameters<double>(energy, std::span<double>(theta));
    const double scale = largest(to);
    for (std::size_t i = 0; i < theta.size(); i += 3) {
      auto moved = energy;
      auto at = theta;
      at[i] += 1e-5;
      moved.restore(at);
      const double up = penalty(moved, unused);
      at[i] -= 2e-5;
      moved.restore(at);
      CHECK_THAT(to[i], WithinAbs((up - penalty(moved, unused)) / 2e-5, 1e-6 * scale));
    }
  };
  using Smooth = decltype(nn::mlp<nn::Softplus>(2, 8, 8, 1));
  using Kinked = decltype(nn::mlp<nn::LeakyReLU>(2, 8, 8, 1));
  check(nn::NeuralEnergy<Smooth, double>(nn::mlp<nn::Softplus>(2, 8, 8, 1), random::Key(2)), 2);
  check(nn::NeuralEnergy<Kinked, double>(nn::mlp<nn::LeakyReLU>(2, 8, 8, 1), random::Key(2)), 2);
  using Classifier = decltype(nn::mlp<nn::Softplus>(2, 8, 3));
  check(nn::ClassifierEnergy<Classifier, double>(nn::mlp<nn::Softplus>(2, 8, 3), random::Key(2)), 2);
  check(sum(nn::NeuralEnergy<Smooth, double>(nn::mlp<nn::Softplus>(2, 8, 8, 1), random::Key(2)), DiagonalEnergy{}), 2);
}

TEST_CASE("the penalty of a quadratic energy is gamma/2 tr(L^2 S), its gradient gamma L S", "[train]") {
  DiagonalEnergy energy;
  energy.l = {0.7, 1.3};
  const auto values = points_of_variances(1.0, 4.0, 20);
  std::vector<double> columns(values.size());
  const int n = static_cast<int>(values.size()) / 2;
  for (int c = 0; c < n; ++c) {
    for (int d = 0; d < 2; ++d) columns[static_cast<std::size_t>(c + d * n)] = values[static_cast<std::size_t>(2 * c + d)];
  }
  const BlockView<const double> x{columns.data(), n, 2, n};
  Pieces<double> pieces(1);
  for (const bool halved : {true, false}) {
    train::GradientPenalty term{.weight = 0.1, .halved = halved};
    train::StepReport report;
    std::vector<double> to(2, 0.0);
    term.add_gradient(energy, train::StepBatch<double>{x, x, random::Key(1)}, std::span<double>(to), pieces, report);
    const double factor = halved ? 1.0 : 2.0;
    CHECK_THAT(report.penalty, WithinAbs(factor * 0.05 * (0.49 + 1.69 * 4.0), 1e-12));
    CHECK_THAT(to[0], WithinAbs(factor * 0.1 * 0.7, 1e-12));
    CHECK_THAT(to[1], WithinAbs(factor * 0.1 * 1.3 * 4.0, 1e-12));
  }
}

TEST_CASE("the penalty of any quadratic energy is gamma/2 tr(L S L), its gradient gamma/2 (L S + S L)", "[train]") {
  const test::Table x(50, 2, 91);
  double s[3] = {0.0, 0.0, 0.0};
  for (int c = 0; c < 50; ++c) s[0] += x(c, 0) * x(c, 0) / 50, s[1] += x(c, 0) * x(c, 1) / 50, s[2] += x(c, 1) * x(c, 1) / 50;
  const Quadratic energy;
  const auto& l = energy.l;
  const double ls[4] = {l[0] * s[0] + l[1] * s[1], l[0] * s[1] + l[1] * s[2], l[1] * s[0] + l[2] * s[1], l[1] * s[1] + l[2] * s[2]};  // L S
  train::GradientPenalty term{.weight = 0.1};
  train::StepReport report;
  Pieces<double> pieces(1);
  std::vector<double> to(3, 0.0);
  term.add_gradient(energy, train::StepBatch<double>{x, x, random::Key(1)}, std::span<double>(to), pieces, report);
  CHECK_THAT(report.penalty, WithinAbs(0.05 * (ls[0] * l[0] + ls[1] * l[1] + ls[2] * l[1] + ls[3] * l[2]), 1e-12));
  CHECK_THAT(to[0], WithinAbs(0.1 * ls[0], 1e-12));
  CHECK_THAT(to[1], WithinAbs(0.1 * (ls[1] + ls[2]), 1e-12));  // the number stands in two places of L
  CHECK_THAT(to[2], WithinAbs(0.1 * ls[3], 1e-12));
  CHECK(std::abs(ls[1] - ls[2]) > 0.1);
}

TEST_CASE("a step of the energy lowers it at data and raises it at the draws it saw", "[train][generator]") {
  const auto points = points_of_variances(1.0, 4.0, 20);
  const auto g = linear();
  train::Trainer t(DiagonalEnergy{}, train::Data<double>(points, 2), train::draws(g, 200), train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 1e-2}}, train::NoTeacher{},
                   {.batch = 400, .seed = 3});
  const double before = t.advance().gap();
  std::vector<double> x(400), u(200);
  const BlockView<double> at{x.data(), 200, 2, 200};
  g.sample(random::Key(3).at(0).purpose(random::Purpose::start), 0, at);
  batch_value(t.energy(), BlockView<const double>(at), std::span<double>(u));
  double after = 0.5 * (t.energy().l[0] * 1.0 + t.energy().l[1] * 4.0);
  for (const double v : u) after -= v / 200;
  CHECK(after < before);
  // U is linear in l: the step is the difference of x^2 / 2, and the gap falls by the rate times its square
  double square = 0.0;
  for (int d = 0; d < 2; ++d) {
    double difference = d == 0 ? 0.5 : 2.0;
    for (int c = 0; c < 200; ++c) difference -= 0.5 * at(c, d) * at(c, d) / 200;
    square += difference * difference;
  }
  CHECK_THAT(after - before, WithinAbs(-1e-2 * square, 1e-12));
}

TEST_CASE("labels train a classifier energy beside its negatives, from minibatches that are the trainer's own where both have the same points", "[train]") {
  using Net = decltype(nn::mlp<nn::SiLU>(2, 16, 2));
  std::vector<double> values;
  std::vector<int> labels;
  for (int i = 0; i < 400; ++i) {
    const double a = random::normal<double>(random::Key(6), static_cast<std::uint64_t>(i), 0), b = random::normal<double>(random::Key(6), static_cast<std::uint64_t>(i), 1);
    values.push_back(a + (i % 2 == 0 ? 2.0 : -2.0)), values.push_back(b);
    labels.push_back(i % 2);
  }
  train::Data<double> data(values, 2), same(values, 2);
  std::vector<double> x(2 * 50), y(2 * 50);
  std::vector<int> rows(50);
  data.batch(random::Key(3), 9, {x.data(), 50, 2, 50});
  same.batch(random::Key(3), 9, {y.data(), 50, 2, 50}, rows);
  CHECK(x == y);
  CHECK(same(rows[7], 1) == y[57]);
  train::Trainer t(nn::ClassifierEnergy<Net, double>(nn::mlp<nn::SiLU>(2, 16, 2)), data,
                   train::chains(Simd{}, NoisyDescent<>({.step_size = 1.0, .noise = 0.01}), train::Replay{train::Noise::uniform(-1, 1), {.capacity = 500}}, {.n_chains = 50, .n_steps = 5}),
                   train::Terms{train::Contrastive{.energy_l2 = 0.1}, train::CrossEntropy<double>(same, labels, 50), train::ConditionalEntropy{.weight = 0.01}},
                   nn::Adam<double>{{.learning_rate = 5e-3}}, train::NoTeacher{}, {.batch = 50});
  const double before = t.advance().cross_entropy;
  CHECK(std::abs(before - std::log(2.0)) < 0.2);
  t.run(150);
  CHECK(t.report().cross_entropy < 0.25);
  // The same classifier with a generator's draws in the place of chains.
  train::Trainer v(nn::ClassifierEnergy<Net, double>(nn::mlp<nn::SiLU>(2, 16, 2)), data, train::draws(linear(), 50),
                   train::Terms{train::Contrastive{}, train::GradientPenalty{.weight = 0.1}, train::CrossEntropy<double>(same, labels, 50, 10.0)},
                   nn::Adam<double>{{.learning_rate = 5e-3}}, train::GeneratorTeacher(linear(), generator::ImportanceScore<double>{{.n_samples = 5}}, {.lambda = 0.1}),
                   {.batch = 50});
  v.run(150);
  CHECK(v.report().cross_entropy < 0.25);
  CHECK(v.report().penalty > 0.0);
  CHECK_THROWS_WITH(train::CrossEntropy<double>(same, std::vector<int>(3), 50), contains("labels has 3 entries"));
}

TEST_CASE("a replay buffer starts the share of its chains anew that it should, and writes where it read", "[train]") {
  struct Marked {
    void fill(BlockView<double> x, BlockView<const double>, random::Key) const {
      for (int c = 0; c < x.n_chains; ++c) x(c, 0) = -1.0;
    }
  };
  train::Replay<Marked> replay(Marked{}, {.capacity = 200, .restart = 0.05});
  std::vector<double> values(100);
  const BlockView<double> x{values.data(), 100, 1, 100};
  replay.begin(x, BlockView<const double>{}, random::Key(1));
  for (int i = 0; i < 200; ++i) replay.buffer<double>()(i, 0) = i;
  int n_anew = 0;
  for (int step = 0; step < 1000; ++step) {
    replay.before(x, BlockView<const double>{}, random::Key(1).at(static_cast<std::uint64_t>(step)));
    std::vector<int> seen(200, 0);
    for (int c = 0; c < 100; ++c) {
      if (x(c, 0) < 0.0) ++n_anew;
      if (x(c, 0) >= 0.0) ++seen[static_cast<std::size_t>(x(c, 0))];
    }
    for (const int s : seen) REQUIRE(s <= 1);
  }
  const auto z = [&](double share) { return std::abs(n_anew / 1e5 - share) / std::sqrt(share * (1.0 - share) / 1e5); };
  CHECK(z(0.05) < 4.5);
  CHECK(z(0.06) > 8.0);
  for (int c = 0; c < 100; ++c) x(c, 0) = x(c, 0) < 0.0 ? -1.0 : x(c, 0);
  replay.after(BlockView<const double>(x));
  for (int i = 0; i < 200; ++i) CHECK((replay.buffer<double>()(i, 0) == i || replay.buffer<double>()(i, 0) == -1.0));
}
