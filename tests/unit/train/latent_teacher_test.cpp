// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Teachers of latent-variable models, and what watching a revision says, on energies where all is known.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/curvature.hpp"
#include "support/temporary_folder.hpp"
#include "support/trainable.hpp"

#include <erg/kernel/clamp.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/geometry_log.hpp>

#include <algorithm>
#include <sstream>

using namespace erg;
using namespace erg::test;

namespace {

using Block = OwnedBlock<double>;

auto small_vae() { return latent::vae<double>(nn::mlp<nn::Tanh>(1, 8, 2), nn::mlp<nn::Tanh>(2, 8, 2), {.sigma = 0.3}, random::Key(3)); }
std::vector<double> ring_of_points() {
  std::vector<double> v;
  for (int i = 0; i < 40; ++i) v.push_back(math::cos(0.15 * i)), v.push_back(0.5 * math::sin(0.15 * i));
  return v;
}
/// Two coordinates of variance 1 and correlation rho; nothing to train.
struct Pair : OneParameter {
  static constexpr int dim = 2;
  static constexpr double rho = 0.9;

  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    const L off = x[0] - L(rho) * x[1];
    return L(0.5 / (1.0 - rho * rho)) * off * off + L(0.5) * x[1] * x[1];
  }
  void add_parameter_gradient(BlockView<const double>, std::span<const double>, std::span<double>, std::span<double> u = {}) const { std::fill(u.begin(), u.end(), 0.0); }
};
template <class Teacher>
auto trainer(Teacher teacher, double temperature = 1.0, int n_steps = 6, int n_threads = 1) {
  return train::Trainer(Curvature<2>{}, train::Data<double>(ring_of_points(), 2),
                        train::chains(Threads<>{n_threads}, Ula{{.step_size = 0.05, .temperature = temperature}}, train::Fresh{train::Ancestral{teacher.model().snapshot()}},
                                      {.n_chains = 300, .n_steps = n_steps}),
                        train::Watched{train::Contrastive{}, {.every = 1, .laplacian = true}}, nn::Sgd<double>{{.learning_rate = 0.1}}, teacher,
                        {.batch = 20, .seed = 4, .n_threads = n_threads});
}
std::vector<double> parameters(const auto& model) {
  std::vector<double> theta(static_cast<std::size_t>(model.n_parameters()));
  model.copy_parameters(std::span<double>(theta));
  return theta;
}

}  // namespace

TEST_CASE("without steps the chains are what the model decodes, and the known latents give them back", "[train][latent]") {
  auto t = trainer(train::RegressionTeacher(latent::GaussianDecoder<decltype(nn::mlp<nn::Tanh>(1, 8, 2)), double>(nn::mlp<nn::Tanh>(1, 8, 2))), 1.0, 0);
  // x - g(z) = 0 for the latents that the teacher draws again, so the loss is its constant
  CHECK_THAT(t.advance().teacher_loss, WithinAbs(std::log(6.283185307179586 * 0.3 * 0.3), 1e-12));
  CHECK(t.report().revision.rms == 0.0);
}

TEST_CASE("the rate of a teacher falls to a twentieth, and a gradient is shortened only above its limit", "[train][latent]") {
  const auto moves = [](train::LatentTeacherParams p) {
    auto t = trainer(train::VariationalTeacher(small_vae(), p));
    std::vector<std::vector<double>> by_step;
    for (int i = 0; i < 2; ++i) {
      auto before = parameters(t.teacher().model());
      t.advance();
      auto after = parameters(t.teacher().model());
      for (std::size_t j = 0; j < after.size(); ++j) after[j] -= before[j];
      by_step.push_back(after);
    }
    return by_step;
  };
  const auto plain = moves({}), decayed = moves({.decay_steps = 1}), loose = moves({.clip = 1e6}), tight = moves({.clip = 1e-10});
  CHECK(decayed[0] == plain[0]);
  double largest = 0.0, difference = 0.0, largest_tight = 0.0;
  for (std::size_t j = 0; j < plain[1].size(); ++j) {
    largest = std::max(largest, std::abs(plain[0][j]));
    difference = std::max(difference, std::abs(decayed[1][j] - 0.05 * plain[1][j]));
    largest_tight = std::max(largest_tight, std::abs(tight[0][j]));
  }
  CHECK(largest > 0.9e-3);  // Adam's first step is its rate
  CHECK(difference < 1e-15);
  CHECK(loose == plain);
  CHECK(largest_tight < 1.01e-5);  // 1e-10 against the 1e-8 that Adam adds to every root
}

TEST_CASE("a revision splits into drift and noise: without noise it is all drift, and noise is drawn again exactly", "[train][latent]") {
  auto t = trainer(train::VariationalTeacher(small_vae()), 1.0, 1);
  const auto r = t.advance().revision;
  // one step: drift = (h / 2) |dU/dx| a coordinate, U = |x|^2 / 2
  double squares = 0.0;
  const auto starts = t.negatives().starts();
  for (int c = 0; c < 300; ++c) squares += starts(c, 0) * starts(c, 0) + starts(c, 1) * starts(c, 1);
  CHECK_THAT(r.drift, WithinAbs(0.025 * std::sqrt(squares / 600), 1e-12));
  CHECK_THAT(r.noise, WithinRel(std::sqrt(0.05), 5.0 / std::sqrt(2.0 * 600)));
  CHECK_THAT(r.start_energy, WithinAbs(0.5 * squares / 300, 1e-12));
  auto quiet = trainer(train::VariationalTeacher(small_vae()), 0.0, 6);
  const auto q = quiet.advance().revision;
  CHECK(q.noise == 0.0);
  CHECK(q.drift == q.rms);
  // the Laplacian of |x|^2 / 2 in the plane is 2
  CHECK_THAT(q.laplacian, WithinAbs(2.0, 1e-6));
}

TEST_CASE("the virial of exact samples is one, and of others it is not", "[train][latent]") {
  // A model that already is the energy: W W^T + sigma^2 = 1, decoded with its noise; MALA keeps it.
  latent::LinearGaussian<double> model(2, 2, 0.5);
  const double w = std::sqrt(0.75);
  model.set({w, 0.0, 0.0, w});
  const auto virial = [&](latent::Decoding decoding) {
    train::Trainer t(Curvature<2>{}, train::Data<double>(ring_of_points(), 2),
                     train::chains(Simd<>{}, Mala{{.step_size = 0.5}}, train::Fresh{train::Ancestral{model.snapshot(), decoding}}, {.n_chains = 20000, .n_steps = 1}),
                     train::Watched{}, nn::Sgd<double>{{.learning_rate = 0.1}}, train::NoTeacher{}, {.batch = 20});
    return t.advance().revision.virial;
  };
  const double error = std::sqrt(2.0 / 40000);
  CHECK_THAT(virial(latent::Decoding::sample), WithinAbs(1.0, 5.0 * error));
  CHECK(virial(latent::Decoding::mean) < 1.0 - 8.0 * error);  // too narrow a start, and one step
}

TEST_CASE("the virial of chains that hold some coordinates is that of the others", "[train][latent][conditional]") {
  // Pairs of correlation .9: the second coordinate is given, the first drawn exactly; one step of MALA keeps it so.
  const double rho = Pair::rho;
  std::vector<double> pairs;
  for (int c = 0; c < 4000; ++c) {
    const double given = 1.5 + 0.2 * random::normal<double>(random::Key(8), 0, 2 * c), free = rho * given + std::sqrt(1 - rho * rho) * random::normal<double>(random::Key(8), 0, 2 * c + 1);
    pairs.push_back(free), pairs.push_back(given);
  }
  const auto virial = [&](std::vector<int> coordinates) {
    train::Trainer t(Pair{}, train::Data<double>(pairs, 2),
                     train::chains(Simd<>{}, Mala{{.step_size = 0.1}, ClampMetric({false, true})}, train::Fresh{train::AtData{}}, {.n_chains = 4000, .n_steps = 1}),
                     train::Watched{train::Contrastive{}, {.every = 1, .coordinates = std::move(coordinates)}}, nn::Sgd<double>{{.learning_rate = 0.1}}, train::NoTeacher{}, {.batch = 4000});
    return t.advance().revision.virial;
  };
  // x (x - rho c) / (1 - rho^2) has mean 1 at a given c, and variance 2 + rho^2 c^2 / (1 - rho^2)
  const double error = std::sqrt((2.0 + rho * rho * 2.29 / (1.0 - rho * rho)) / 4000);
  CHECK_THAT(virial({0}), WithinAbs(1.0, 5.0 * error));
  CHECK(std::abs(virial({}) - 1.0) > 8.0 * error);  // what is held is not drawn from the energy
}

TEST_CASE("gradients, reference and gain of a revision are those of their definitions", "[train][latent]") {
  auto t = trainer(train::VariationalTeacher(small_vae()), 1.0, 6);
  const auto report = t.advance();
  const auto mean_square = [](BlockView<const double> x) {
    double sum = 0.0;
    for (int c = 0; c < x.n_chains; ++c) sum += (x(c, 0) * x(c, 0) + x(c, 1) * x(c, 1)) / x.n_chains;
    return sum;
  };
  // U = |x|^2 / 2: |dU/dx|^2 = |x|^2, and so are twice the energies
  const double starts = mean_square(t.negatives().starts()), negatives = mean_square(t.negatives().positions());
  CHECK_THAT(report.revision.square_force, WithinRel(negatives, 1e-12));
  CHECK_THAT(report.revision.start_energy - report.model_energy, WithinAbs(0.5 * (starts - negatives), 1e-12));
  CHECK_THAT(report.revision.virial, WithinRel(0.5 * negatives, 1e-12));
}

TEST_CASE("a log of geometry holds what its parts say by themselves", "[train][latent][geometry]") {
  auto t = trainer(train::VariationalTeacher(small_vae()));
  Block held_out(40, 2);
  const auto ring = ring_of_points();
  for (int i = 0; i < 40; ++i) held_out(i, 0) = ring[static_cast<std::size_t>(2 * i)], held_out(i, 1) = ring[static_cast<std::size_t>(2 * i + 1)];
  train::GeometryLog log(t, held_out, {.every = 3, .geometry = {.n_importance = 8, .n_draws = 100}, .n_more = 10, .seed = 7});
  t.run(7, log);
  REQUIRE(log.rows().size() == 3);
  const auto& row = log.rows().back();
  CHECK(row.step == 6);
  const auto g = latent::geometry(t.teacher().model(), t.energy(), std::as_const(held_out).view(), t.negatives().positions(), random::Key(7).at(6), {.n_importance = 8, .n_draws = 100});
  CHECK(row.geometry->k_pq == g.k_pq);
  CHECK(row.geometry->k_qp == g.k_qp);
  CHECK(row.geometry->log_z == g.log_z);
  CHECK(row.kl_per_unit == t.teacher().model().kl_per_unit(held_out));
  const auto moved = latent::stationarity(t.energy(), t.negatives().kernel(), t.negatives().positions(), 10, 13);
  CHECK(row.stationarity->energy_after == moved.energy_after);
  CHECK(row.stationarity->largest_shift == moved.largest_shift);
  CHECK(row.revision.virial == t.report().revision.virial);
  CHECK(row.gap() == t.report().gap());
  CHECK(row.gain() == t.report().revision.start_energy - t.report().model_energy);
  CHECK(log.rows()[1].geometry->k_pq != g.k_pq);  // every row at its own step
  std::ostringstream table;
  table << log;
  const std::string text = table.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
  // a model without an encoder has no such divergences
  auto other = trainer(train::RegressionTeacher(small_vae().decoder()));
  train::GeometryLog short_log(other, held_out, {.every = 1});
  other.run(1, short_log);
  CHECK(!short_log.rows()[0].geometry);
  CHECK(!short_log.rows()[0].stationarity);
  CHECK_THROWS_AS(train::GeometryLog(other, held_out, {.every = 0}), std::invalid_argument);
}

TEST_CASE("the teacher changes the model and nothing else, the objective the energy and nothing else", "[train][latent]") {
  auto taught = trainer(train::VariationalTeacher(small_vae(), {.learning_rate = 0.01})), alone = trainer(train::VariationalTeacher(small_vae(), {.n_updates = 0}));
  taught.advance(), alone.advance();
  CHECK(taught.energy().l == alone.energy().l);
  CHECK(parameters(alone.teacher().model()) == parameters(small_vae()));
  CHECK(parameters(taught.teacher().model()) != parameters(small_vae()));
}

TEST_CASE("one thread and two teach to the same bits, and a stopped training goes on with the same", "[train][latent][Threads]") {
  const TemporaryFolder folder;
  const auto check = [&](auto teacher, const std::string& name) {
    auto one = trainer(teacher, 1.0, 6, 1), two = trainer(teacher, 1.0, 6, 2);
    one.run(6), two.run(6);
    CHECK(parameters(one.teacher().model()) == parameters(two.teacher().model()));
    CHECK(one.energy().l == two.energy().l);
    {
      auto first = trainer(teacher);
      first.run(4);
      first.save(folder / name);
    }
    auto second = trainer(teacher);
    second.load(folder / name);
    second.run(2);
    CHECK(parameters(second.teacher().model()) == parameters(one.teacher().model()));
    CHECK(second.energy().l == one.energy().l);
    if constexpr (requires { teacher.averaged(); }) {
      CHECK(parameters(second.teacher().averaged()) == parameters(one.teacher().averaged()));
      CHECK(parameters(second.teacher().averaged()) != parameters(one.teacher().model()));
    }
  };
  check(train::VariationalTeacher(small_vae(), {.average = 0.9}), "variational");
  check(train::RegressionTeacher(small_vae().decoder(), {.average = 0.9}, {.n_steps = 3, .step_size = 0.01}), "regression");
  check(train::RefitTeacher<double>(latent::LinearGaussian<double>(2, 1, 0.3)), "refit");
}

TEST_CASE("a teacher's running average starts at the model it was given, and changes no training", "[train][latent]") {
  auto averaged = trainer(train::VariationalTeacher(small_vae(), {.n_updates = 2, .average = 0.75})), plain = trainer(train::VariationalTeacher(small_vae(), {.n_updates = 2}));
  std::vector<double> expected = parameters(small_vae());
  for (int i = 0; i < 5; ++i) {
    averaged.advance(), plain.advance();
    const auto now = parameters(plain.teacher().model());
    for (std::size_t k = 0; k < now.size(); ++k) expected[k] = 0.75 * expected[k] + 0.25 * now[k];
  }
  CHECK(parameters(averaged.teacher().model()) == parameters(plain.teacher().model()));
  CHECK(parameters(plain.teacher().averaged()) == parameters(plain.teacher().model()));
  CHECK(parameters(averaged.teacher().averaged()) == expected);
}

TEST_CASE("latent Langevin steps move each latent by its own gradient, whatever the number of chains", "[train][latent]") {
  // One step of size h on U(z) = z^2 / 2 + |x - w z|^2 / (2 sigma^2), in a linear decoder: a chain beside others moves as it does alone.
  auto decoder = latent::GaussianDecoder<nn::Sequential<nn::Dense<>>, double>(nn::Sequential(nn::Dense(1, 1)), {.sigma = 0.5}, random::Key(2));
  train::RegressionTeacher teacher(decoder, {.learning_rate = 0.0 + 1e-12}, {.n_steps = 1, .step_size = 0.1});
  const auto loss = [&](int n) {
    Block x(n, 1);
    std::fill(x.values.begin(), x.values.end(), 0.7);
    Pieces<double> pieces;
    train::StepReport report;
    const random::Key key = random::Key(3).at(1);
    auto learner = teacher;
    learner.learn(0, train::StepBatch<double>{x.view(), x.view(), key}, pieces, report);
    return report.teacher_loss;
  };
  // The mean over n chains of the loss after the move, against a move by hand with the full gradient of each
  const int n = 64;
  Block z(n, 1), xi(n, 1);
  const random::Key key = random::Key(3).at(1);
  fill_normal(z.view(), key.purpose(random::Purpose::start), 0);
  fill_normal(xi.view(), key.purpose(random::Purpose::second), 0);
  const auto theta = parameters(decoder);
  double expected = 0.0;
  for (std::size_t c = 0; c < n; ++c) {
    const double back = -theta[0] * (0.7 - theta[0] * z.values[c] - theta[1]) / 0.25;
    const double at = z.values[c] - 0.05 * (z.values[c] + back) + std::sqrt(0.1) * xi.values[c], r = 0.7 - theta[0] * at - theta[1];
    expected += (0.5 * r * r / 0.25 + 0.5 * std::log(6.283185307179586 * 0.25)) / n;
  }
  CHECK_THAT(loss(n), WithinAbs(expected, 1e-12));
}

TEST_CASE("a teacher whose loss stops being finite says so and keeps its model", "[train][latent]") {
  train::RegressionTeacher teacher(latent::GaussianDecoder<nn::Sequential<nn::Dense<>>, double>(nn::Sequential(nn::Dense(1, 1))));
  const auto before = parameters(teacher.model());
  const Block x = [] {
    Block b(2, 1);
    b.values = {0.0, std::numeric_limits<double>::infinity()};
    return b;
  }();
  Pieces<double> pieces;
  train::StepReport report;
  ERG_CHECK_THROWS(teacher.learn(0, train::StepBatch<double>{x.view(), x.view(), random::Key(3).at(7)}, pieces, report), train::TrainingError,
                   "the loss of the latent-variable model stopped being finite in step 7");
  CHECK(parameters(teacher.model()) == before);
}

TEST_CASE("held coordinates stay as they are, bit for bit, under every kernel", "[train][latent][conditional]") {
  const latent::Split split({false, true});
  const auto check = [&](auto kernel) {
    const auto vae = latent::vae<double>(nn::mlp<nn::Tanh>(2, 8, 1), nn::mlp<nn::Tanh>(2, 8, 2), {.sigma = 0.3}, random::Key(3), split);
    train::Trainer t(Curvature<2>{}, train::Data<double>(ring_of_points(), 2),
                     train::chains(Simd<>{}, kernel, train::Fresh{train::Ancestral{vae.snapshot()}}, {.n_chains = 20, .n_steps = 5}), train::Contrastive{},
                     nn::Sgd<double>{{.learning_rate = 1e-3}}, train::VariationalTeacher(vae), {.batch = 20});
    for (int i = 0; i < 3; ++i) {
      t.advance();
      Block batch(20, 2);
      train::Data<double>(ring_of_points(), 2).batch(random::Key(1), static_cast<std::uint64_t>(i), batch.view());
      const auto x = t.negatives().positions();
      for (int c = 0; c < 20; ++c) {
        CHECK(x(c, 1) == batch.view()(c, 1));  // chain c has the condition of point c
        CHECK(x(c, 0) != t.negatives().starts()(c, 0));
      }
    }
  };
  check(Ula{{.step_size = 0.1}, ClampMetric(split.flags())});
  check(Mala{{.step_size = 0.1}, ClampMetric(split.flags())});
  check(Hmc{{.step_size = 0.1, .n_leapfrog = 3}, ClampMetric(split.flags())});
}

TEST_CASE("parameters of teachers out of range are refused with a sentence", "[train][latent]") {
  ERG_CHECK_THROWS(train::VariationalTeacher(small_vae(), {.learning_rate = -1.0}), std::invalid_argument, "learning_rate = -1");
  ERG_CHECK_THROWS(train::VariationalTeacher(small_vae(), {.average = 1.0}), std::invalid_argument, "average = 1");
  ERG_CHECK_THROWS(train::RegressionTeacher(small_vae().decoder(), {}, {.n_steps = -1}), std::invalid_argument, "n_steps = -1");
  ERG_CHECK_THROWS((train::RefitTeacher<double>(latent::LinearGaussian<double>(1, 1, 0.3), train::Refit::known, 2.0)), std::invalid_argument, "rate = 2");
}
