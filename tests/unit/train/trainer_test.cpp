// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The training loop on energies of one parameter, where all that happens is known.
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/trainable.hpp"

#include <erg/energy/gaussian_mixture.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/train/trainer.hpp>

using namespace erg;
using namespace erg::test;

namespace {

constexpr int n = 400;
/// Modes of equal weight: what a perfect flow that does not know the weights would propose.
GaussianMixture<1> both_modes() { return GaussianMixture<1>({1.0, 1.0}, {-8.0, 8.0}, {1.0, 1.0}); }

template <class Kernel, class Initialiser>
auto trainer(Kernel kernel, Initialiser initialiser, double rate, double share = 0.8, int n_threads = 1, TwoModes energy = {}) {
  return train::Trainer(energy, train::Data<double>(two_modes_data(n, share), 1),
                        train::chains(Threads<>{n_threads}, kernel, initialiser, {.n_chains = n, .n_steps = 5}), train::Contrastive{},
                        nn::Sgd<double>{{.learning_rate = rate}}, train::NoTeacher{}, {.batch = n, .n_threads = n_threads});
}
const Mala<> local{{.step_size = 1.0}};

/// Starts half of the chains in either mode.
struct Halves {
  template <class T>
  void fill(BlockView<T> x, BlockView<const T>, random::Key) const {
    for (int c = 0; c < x.n_chains; ++c) x(c, 0) = c % 2 == 0 ? T(-8) : T(8);
  }
};

}  // namespace

TEST_CASE("local chains that start at the data never learn the weights of modes: the gradient vanishes for every parameter", "[train]") {
  auto t = trainer(local, train::Persistent{train::AtData{}}, 0.5);
  for (int i = 0; i < 20; ++i) CHECK(std::abs(t.advance().gradient_norm) < 1e-12);
  CHECK(std::abs(t.energy().theta[0]) < 1e-11);
}

TEST_CASE("local chains split evenly between modes push the weight by the same amount for ever", "[train]") {
  auto t = trainer(local, train::Persistent{Halves{}}, 0.5);
  for (int i = 0; i < 20; ++i) {
    CHECK_THAT(t.advance().gradient_norm, WithinAbs(0.3, 1e-12));
    CHECK_THAT(t.energy().theta[0], WithinAbs(0.5 * 0.3 * (i + 1), 1e-11));
  }
}

TEST_CASE("a proposal that jumps between modes lets the same loop learn their weights", "[train]") {
  auto t = trainer(cycle(Imh{both_modes()}, local), train::Persistent{Halves{}}, 1.0);
  double mean = 0.0;
  for (int i = 0; i < 500; ++i) {
    t.advance();
    if (i >= 100) mean += t.energy().theta[0] / 400;
  }
  // theta is an average over 400 x 400 chain-steps of weight .8: IACT 2.2 a step at most
  const double error = std::sqrt(2.2 / (400.0 * 400.0 * 0.16));
  CHECK(std::abs(mean - std::log(4.0)) < 5.0 * error);
  // The broken variant: the same proposal, but chains that forget it, is the local loop above; its theta never moves.
  auto broken = trainer(local, train::Persistent{train::AtData{}}, 1.0);
  broken.run(500);
  CHECK(std::abs(broken.energy().theta[0] - std::log(4.0)) > 8.0 * error);
}

TEST_CASE("the report names both means, the acceptance of every part and of the global one", "[train]") {
  auto t = trainer(cycle(Imh{both_modes()}, local), train::Persistent{Halves{}}, 0.0 + 1e-9);
  const auto& r = t.advance();
  CHECK(r.step == 0);
  REQUIRE(r.accept.size() == 2);
  CHECK(r.accept[0] == r.accept_global);
  CHECK(r.accept[0] > 0.9);  // theta = 0: the proposal is the model
  CHECK(r.accept[1] > 0.8);
  CHECK(std::abs(r.gap()) < 0.3);
}

TEST_CASE("a constant added to the energy changes the mean energies and nothing else", "[train]") {
  TwoModes shifted;
  shifted.shift = 4.0;
  auto a = trainer(cycle(Imh{both_modes()}, local), train::Persistent{Halves{}}, 0.5);
  auto b = trainer(cycle(Imh{both_modes()}, local), train::Persistent{Halves{}}, 0.5, 0.8, 1, shifted);
  for (int i = 0; i < 30; ++i) {
    const auto ra = a.advance(), rb = b.advance();
    CHECK_THAT(rb.data_energy - ra.data_energy, WithinAbs(4.0, 1e-9));
    CHECK_THAT(rb.model_energy - ra.model_energy, WithinAbs(4.0, 1e-9));
  }
  CHECK_THAT(a.energy().theta[0], WithinAbs(b.energy().theta[0], 1e-9));
}

TEST_CASE("one thread and two train to the same bits", "[train][Threads]") {
  auto one = trainer(cycle(Imh{both_modes()}, local), train::Persistent{Halves{}}, 0.5, 0.8, 1);
  auto two = trainer(cycle(Imh{both_modes()}, local), train::Persistent{Halves{}}, 0.5, 0.8, 2);
  one.run(20);
  two.run(20);
  CHECK(one.energy().theta[0] == two.energy().theta[0]);
  CHECK(one.report().model_energy == two.report().model_energy);
}

TEST_CASE("a training that was stopped and loaded ends with the same bits, whatever the initialiser", "[train]") {
  const TemporaryFolder folder;
  const auto check = [&](auto initialiser, const std::string& name) {
    const auto make = [&] { return trainer(cycle(Imh{both_modes()}, local), initialiser, 0.5); };
    auto whole = make();
    whole.run(12);
    {
      auto first = make();
      first.run(7, Checkpoint{folder / name, 3}, [](const auto&) {});
    }
    auto second = make();
    second.run(12, Checkpoint{folder / name, 3}, [](const auto&) {});
    CHECK(second.step() == 12);
    CHECK(second.energy().theta[0] == whole.energy().theta[0]);
    CHECK(second.report().model_energy == whole.report().model_energy);
  };
  check(train::Persistent{Halves{}}, "persistent");
  check(train::Fresh{train::Noise::gaussian(5.0)}, "fresh");
  check(train::Replay{train::Noise::uniform(-9.0, 9.0), {.capacity = 1000, .restart = 0.1}}, "replay");
  auto other = trainer(cycle(Imh{both_modes()}, local), train::Replay{train::Noise::uniform(-9.0, 9.0), {.capacity = 900, .restart = 0.1}}, 0.5);
  CHECK_THROWS_WITH(other.load(folder / "replay"), contains("holds a replay buffer of another capacity"));
}

TEST_CASE("a checkpoint of another training is refused with a sentence that says what differs", "[train]") {
  const TemporaryFolder folder;
  auto a = trainer(local, train::Persistent{Halves{}}, 0.5);
  a.save(folder / "a");
  auto b = trainer(local, train::Persistent{Halves{}}, 0.5, 0.7);
  CHECK_THROWS_WITH(b.load(folder / "a"), contains("belongs to another training") && contains("data of checksum"));
}

TEST_CASE("a training that diverges says where and keeps the parameters of the last good step", "[train]") {
  // Too large a rate makes the energy a hill, down which chains run for ever.
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i % 2 == 0 ? 2.0 : -2.0);
  train::Trainer t(Stiffness{}, train::Data<double>(values, 2), train::chains(Simd<>{}, Ula{{.step_size = 0.1}}, train::Persistent{train::AtData{}}),
                   train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 10.0}}, train::NoTeacher{}, {.batch = 50});
  double last = 0.0, before = 0.0;
  try {
    for (int i = 0; i < 10000; ++i) {
      before = last;
      last = t.energy().theta[0];
      t.advance();
    }
    FAIL("did not diverge");
  } catch (const train::TrainingError& e) {
    CHECK(e.step() == t.step());
    CHECK_THAT(std::string(e.what()), contains("training diverged in step") && contains("lower the learning rate"));
    CHECK(t.energy().theta[0] == before);
  }
}

TEST_CASE("data that are not finite, or of another dimension, are refused with their place", "[train]") {
  CHECK_THROWS_WITH(train::Data<double>({1.0, 2.0, 3.0, NAN}, 2), contains("coordinate 1 of observation 1 is nan"));
  CHECK_THROWS_WITH(train::Data<double>({1.0, 2.0, 3.0}, 2), contains("data of 3 numbers"));
  const auto make = [] {
    return train::Trainer(Stiffness{}, train::Data<double>({1.0}, 1), train::chains(Simd<>{}, local, train::Fresh{train::AtData{}}));
  };
  CHECK_THROWS_WITH(make(), contains("data of dim = 1 (the energy has dim = 2)"));
}

TEST_CASE("minibatches pass over all data once an epoch, each time in another order", "[train]") {
  std::vector<double> values;
  for (int i = 0; i < 10; ++i) values.push_back(i);
  train::Data<double> data(values, 1);
  std::vector<double> seen, batch(5);
  for (std::uint64_t b = 0; b < 4; ++b) {
    data.batch(random::Key(3), b, {batch.data(), 5, 1, 5});
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  std::vector<double> first(seen.begin(), seen.begin() + 10), second(seen.begin() + 10, seen.end());
  CHECK(first != second);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  CHECK(first == values);
  CHECK(second == values);
}

TEST_CASE("a replay buffer gives each chain a point of its own and takes it back where it was", "[train]") {
  train::Replay replay(train::Noise::gaussian(), {.capacity = 50, .restart = 0.2});
  std::vector<double> x(40);
  const BlockView<double> view{x.data(), 40, 1, 40};
  const BlockView<const double> data{x.data(), 40, 1, 40};
  replay.begin(view, data, random::Key(1));
  const auto points = replay.buffer<double>();
  const std::vector<double> before(points.data, points.data + 50);
  replay.before(view, data, random::Key(1).at(1));
  int n_from_buffer = 0;
  std::vector<double> used;
  for (const double v : x) {
    if (std::count(before.begin(), before.end(), v) == 1) ++n_from_buffer, used.push_back(v);
  }
  CHECK(n_from_buffer > 20);
  CHECK(n_from_buffer < 40);
  std::sort(used.begin(), used.end());
  CHECK(std::adjacent_find(used.begin(), used.end()) == used.end());
  for (double& v : x) v = 1000.0;
  replay.after(BlockView<const double>{x.data(), 40, 1, 40});
  CHECK(std::count(points.data, points.data + 50, 1000.0) == 40);
  CHECK_THROWS_WITH(train::Replay(train::Noise::gaussian(), {.capacity = 5, .restart = 0.5}).begin(view, data, random::Key(1)),
                    contains("capacity = 5 (there are 40 chains"));
}

TEST_CASE("step sizes follow the acceptance where they are asked to", "[train]") {
  auto t = train::Trainer(TwoModes{}, train::Data<double>(two_modes_data(n, 0.5), 1),
                          train::chains(Simd<>{}, Mala{{.step_size = 0.01}}, train::Persistent{Halves{}}, {.n_chains = n, .n_steps = 2, .adapt = true}),
                          train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 1e-6}});
  t.run(300);
  CHECK_THAT(t.report().accept[0], WithinAbs(0.574, 0.05));
}

TEST_CASE("a training whose step sizes moved goes on from its file with the same bits", "[train]") {
  const TemporaryFolder folder;
  const auto make = [](double step_size) {
    return train::Trainer(TwoModes{}, train::Data<double>(two_modes_data(n, 0.5), 1),
                          train::chains(Simd<>{}, Mala{{.step_size = step_size}}, train::Persistent{Halves{}}, {.n_chains = n, .n_steps = 2, .adapt = true}),
                          train::Contrastive{}, nn::Sgd<double>{{.learning_rate = 0.1}});
  };
  auto whole = make(0.01), first = make(0.01), second = make(0.01), other = make(0.02);
  whole.run(20);
  first.run(10);
  first.save(folder / "adapted");
  second.load(folder / "adapted");
  second.run(10);
  CHECK(second.report().accept == whole.report().accept);
  CHECK(second.energy().theta == whole.energy().theta);
  CHECK(second.negatives().kernel().params.step_size == whole.negatives().kernel().params.step_size);
  CHECK(whole.negatives().kernel().params.step_size != 0.01);
  CHECK_THROWS_WITH(other.load(folder / "adapted"), contains("belongs to another training"));
}

TEST_CASE("a callback stops a training with checkpoints at any step, and no step of checkpoints is refused", "[train]") {
  const TemporaryFolder folder;
  for (const std::int64_t stop : {1, 2, 3, 4, 5}) {
    auto t = trainer(local, train::Persistent{Halves{}}, 0.5);
    t.run(9, Checkpoint{folder / ("stop" + std::to_string(stop)), 2}, [&](const train::StepReport& r) { return r.step + 1 == stop ? Control::stop : Control::proceed; });
    CHECK(t.step() == stop);
    auto again = trainer(local, train::Persistent{Halves{}}, 0.5);
    again.load(folder / ("stop" + std::to_string(stop)));
    CHECK(again.step() == stop);
  }
  auto t = trainer(local, train::Persistent{Halves{}}, 0.5);
  ERG_CHECK_THROWS(t.run(9, Checkpoint{folder / "never", 0}, [](const auto&) {}), std::invalid_argument, "every = 0");
}

namespace {
/// Gives up in its third lesson.
struct GivesUp {
  int lessons = 0;
  template <class E, class T>
  void learn(const E&, const train::StepBatch<T>& batch, Pieces<T>&, train::StepReport&) {
    if (++lessons == 3) throw train::TrainingError("enough", static_cast<std::int64_t>(batch.key.step()));
  }
  template <class E, class Negatives>
  void renew(const E&, Negatives&) {}
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
};
}  // namespace

TEST_CASE("where a teacher fails the energy has the parameters of the step before", "[train]") {
  train::Trainer t(TwoModes{}, train::Data<double>(two_modes_data(n, 0.8), 1), train::chains(Simd<>{}, local, train::Persistent{Halves{}}, {.n_chains = n, .n_steps = 2}), train::Contrastive{},
                   nn::Sgd<double>{{.learning_rate = 0.5}}, GivesUp{}, {.batch = n});
  t.run(2);
  const auto before = t.energy().theta;
  CHECK_THROWS_AS(t.advance(), train::TrainingError);
  CHECK(t.energy().theta == before);
  CHECK(t.step() == 2);
}

TEST_CASE("a ring too small for the chains is refused, for it would never be drawn from", "[train]") {
  const train::Replay small(train::Noise::gaussian(), {.capacity = 300, .write_back = train::WriteBack::ring});
  CHECK_THROWS_WITH(trainer(local, small, 0.5).advance(), contains("capacity = 300 (there are 400 chains"));
}
