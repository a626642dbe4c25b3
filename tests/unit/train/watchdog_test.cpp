// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Trainings that diverge, and what takes them back.
#include "support/catch.hpp"
#include "support/curvature.hpp"
#include "support/temporary_folder.hpp"

#include <erg/kernel/ula.hpp>
#include <erg/nn/schedule.hpp>
#include <erg/train/watchdog.hpp>

#include <limits>

using namespace erg;
using namespace erg::test;

namespace {

/// U = l x^2 / 2 on data of +-1, at a rate that makes l negative soon: chains then run away.
auto trainer(double rate) {
  return train::Trainer(Curvature<1>{}, train::Data<double>({1.0, -1.0}, 1),
                        train::chains(Simd<>{}, Ula{{.step_size = 0.5}}, train::Persistent{train::Noise::gaussian(1.0)}, {.n_chains = 1024, .n_steps = 5}), train::Contrastive{},
                        train::Backoff(nn::Sgd<double>{{.learning_rate = rate}}), train::NoTeacher{}, {.batch = 2, .seed = 3});
}
constexpr auto nothing = [](const train::StepReport&) {};
train::StepReport of_gap(double gap) {
  train::StepReport r;
  r.data_energy = gap;
  r.model_energy = 0.0;
  return r;
}

}  // namespace

TEST_CASE("a training that diverges is taken back, slows down and ends near the solution; alone it stops", "[train]") {
  const TemporaryFolder folder;
  auto alone = trainer(40.0);
  CHECK_THROWS_AS(alone.run(400, Checkpoint{folder / "alone", 50}, nothing), train::TrainingError);
  auto watched = trainer(40.0);
  train::Watchdog dog({.most = 10});
  dog.run(watched, 400, {folder / "watched", 50}, nothing);
  CHECK(watched.step() == 400);
  REQUIRE(!dog.returns().empty());
  CHECK(watched.optimizer().factor() == std::pow(0.5, static_cast<double>(dog.returns().size())));
  CHECK_THAT(watched.energy().l[0], WithinAbs(4.0 - std::sqrt(8.0), 0.5));  // where negatives of this step size have variance 1
  // the lowered rate is in the file: who goes on from it goes on as slowly, and ends where one run would have
  auto again = trainer(40.0), whole = trainer(40.0);
  dog.run(again, 450, {folder / "watched", 50}, nothing);
  CHECK(dog.returns().empty());  // at the first rate it would have to learn again
  CHECK(again.optimizer().factor() <= watched.optimizer().factor());
  train::Watchdog other({.most = 10});
  other.run(whole, 450, {folder / "whole", 50}, nothing);
  CHECK(whole.optimizer().factor() == again.optimizer().factor());
  CHECK(whole.energy().l == again.energy().l);
  CHECK(again.energy().l != watched.energy().l);
}

TEST_CASE("a watchdog without an incident changes nothing, and passes a stop on", "[train]") {
  const TemporaryFolder folder;
  auto alone = trainer(0.2), watched = trainer(0.2);
  alone.run(60, Checkpoint{folder / "alone", 20}, nothing);
  train::Watchdog dog;
  dog.run(watched, 60, {folder / "watched", 20}, nothing);
  CHECK(dog.returns().empty());
  CHECK(watched.energy().l == alone.energy().l);
  dog.run(watched, 100, {folder / "watched", 20}, [](const train::StepReport& r) { return r.step == 70 ? Control::stop : Control::proceed; });
  CHECK(watched.step() == 71);
}

TEST_CASE("a watchdog gives up after the returns it is allowed, and says so", "[train]") {
  const TemporaryFolder folder;
  auto t = trainer(1e6);
  train::Watchdog dog({.most = 2});
  ERG_CHECK_THROWS(dog.run(t, 400, {folder / "wild", 50}, nothing), train::TrainingError, "it was taken back 2 times before");
  CHECK(dog.returns().size() == 2);
}

TEST_CASE("a watchdog barks at negatives out of reach and at gaps unlike those before", "[train]") {
  const train::Watchdog far({.reach = 10.0});
  const std::vector<double> x{0.0, 19.0, -20.0, 21.0};
  far.judge_reach(BlockView<const double>{x.data(), 3, 1, 3}, 2.0, 7);
  ERG_CHECK_THROWS(far.judge_reach(BlockView<const double>{x.data(), 4, 1, 4}, 2.0, 7), train::TrainingError, "coordinate 0 of negative 3 is 21 in step 7");
  const auto sees = [](double last, int n) {
    train::Watchdog dog({.n_unjudged = 200});
    for (int i = 0; i < n; ++i) dog.judge_gap(of_gap(3.0 + (i % 2 == 0 ? 0.1 : -0.1)));
    try {
      dog.judge_gap(of_gap(last));
      return false;
    } catch (const train::TrainingError&) {
      return true;
    }
  };
  CHECK(sees(3.0 + 50.5 * 0.1, 200));
  CHECK(sees(3.0 - 50.5 * 0.1, 200));
  CHECK(!sees(3.0 + 49.5 * 0.1, 200));
  CHECK(!sees(100.0, 199));  // not judged yet
  CHECK(!sees(std::numeric_limits<double>::quiet_NaN(), 200));
}

TEST_CASE("a rate that backs off multiplies every schedule", "[train]") {
  const auto moved = [](auto optimizer) {
    std::vector<double> theta{0.0};
    const std::vector<double> g{-1.0};
    for (int i = 0; i < 3; ++i) optimizer.step(std::span<double>(theta), std::span<const double>(g));
    return theta[0];
  };
  const train::Scheduled plain(nn::Sgd<double>{{.learning_rate = 0.5}}, nn::CosineRate(3, 0.0));
  train::Backoff slow(plain);
  CHECK(moved(slow) == moved(plain));
  slow.back_off(0.5), slow.back_off(0.25);
  CHECK(slow.factor() == 0.125);
  CHECK_THAT(moved(slow), WithinRel(0.125 * moved(plain), 1e-15));
  CHECK_THROWS_AS(slow.back_off(1.0), std::invalid_argument);
  CHECK_THROWS_AS(slow.back_off(0.0), std::invalid_argument);
  ERG_CHECK_THROWS(train::Watchdog({.factor = 1.0}), std::invalid_argument, "factor = 1");
}
