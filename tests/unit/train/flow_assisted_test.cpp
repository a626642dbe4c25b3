// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// A network tilts a flow; a second flow follows the model and proposes.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/temporary_folder.hpp"
#include "support/trainable.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/sum.hpp>
#include <erg/flow/real_nvp.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/defensive_mixture.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/train/deploy.hpp>
#include <erg/train/trainer.hpp>

using namespace erg;
using namespace erg::test;

namespace {

auto small_flow() {
  auto f = flow::real_nvp<double>(2, 2, 8);
  f.update([](std::span<double> theta) {
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += 0.1 * std::sin(static_cast<double>(i));
  });
  return f;
}
/// With a last layer of zeros, so that the tilt is none at first.
auto flat_net() {
  nn::NeuralEnergy<decltype(nn::mlp<nn::SiLU>(2, 8, 1)), double> net(nn::mlp<nn::SiLU>(2, 8, 1), random::Key(2));
  net.update([](std::span<double> theta) { std::fill(theta.end() - 9, theta.end(), 0.0); });
  return net;
}
std::vector<double> data() {
  std::vector<double> x;
  for (int i = 0; i < 128; ++i) x.push_back((i % 2 == 0 ? 1.0 : -1.0) + 0.1 * std::sin(3.0 * i)), x.push_back(std::cos(static_cast<double>(i)));
  return x;
}
auto trainer(int n_threads = 1, train::FlowTeacherParams teaching = {.batch = 32, .history = 3}) {
  const auto flow = small_flow();
  const auto base = flow.snapshot();
  return train::Trainer(tilt(base, flat_net()), train::Data<double>(data(), 2),
                        train::chains(Threads<>{n_threads}, cycle(Imh{base}, Mala{{.step_size = 0.1}}), train::Persistent{train::Drawn{base}},
                                      {.n_chains = 300, .n_steps = 3}),
                        train::Contrastive{.energy_l2 = 1e-3}, nn::Adam<double>{}, train::FlowTeacher(flow, teaching),
                        {.batch = 64, .clip = 10.0, .n_threads = n_threads});
}

}  // namespace

TEST_CASE("a flow tilted by nothing is the model: its proposals are accepted and chains start in equilibrium", "[train][flow]") {
  auto t = trainer();
  const auto& r = t.advance();
  CHECK_THAT(r.accept_global, WithinAbs(1.0, 1e-9));
  CHECK(t.teacher().flow().version() > 0);
}

TEST_CASE("kernels hold the flow that the teacher has after its step, never one in between", "[train][flow]") {
  auto t = trainer();
  for (int i = 0; i < 3; ++i) {
    t.advance();
    CHECK(t.negatives().kernel().first.proposal.version() == t.teacher().flow().version());
  }
}

TEST_CASE("new snapshots reach a flow inside a defensive mixture, and starts that draw from it", "[train][flow]") {
  const auto flow = small_flow();
  const auto base = flow.snapshot();
  train::Trainer t(tilt(base, flat_net()), train::Data<double>(data(), 2),
                   train::chains(Simd<>{}, Imh{DefensiveMixture(base, GaussianIsotropic<2>(3.0), 0.1)}, train::Fresh{train::Drawn{base}},
                                 {.n_chains = 200, .n_steps = 2}),
                   train::Contrastive{}, nn::Adam<double>{}, train::FlowTeacher(flow, {.batch = 32}), {.batch = 64});
  t.run(2);
  CHECK(t.negatives().kernel().proposal.version() == t.teacher().flow().version());
  CHECK(t.negatives().initialiser().start.proposal.version() == t.teacher().flow().version());
}

TEST_CASE("flow-assisted training gives the same bits on one thread and two", "[train][flow][Threads]") {
  auto one = trainer(1), two = trainer(2);
  one.run(6);
  two.run(6);
  const auto a = one.energy().second().parameters().flat(), b = two.energy().second().parameters().flat();
  CHECK(std::equal(a.begin(), a.end(), b.begin()));
  const auto p = one.teacher().flow().parameters().flat(), q = two.teacher().flow().parameters().flat();
  CHECK(std::equal(p.begin(), p.end(), q.begin()));
}

TEST_CASE("flow-assisted training resumes bit for bit: weights, optimizers, chains, history and snapshots", "[train][flow]") {
  const TemporaryFolder folder;
  auto whole = trainer();
  whole.run(9);
  {
    auto first = trainer();
    first.run(5);
    first.save(folder / "t");
  }
  auto second = trainer();
  second.load(folder / "t");
  second.run(4);
  const auto a = whole.energy().second().parameters().flat(), b = second.energy().second().parameters().flat();
  CHECK(std::equal(a.begin(), a.end(), b.begin()));
  const auto p = whole.teacher().flow().parameters().flat(), q = second.teacher().flow().parameters().flat();
  CHECK(std::equal(p.begin(), p.end(), q.begin()));
  CHECK(whole.report().model_energy == second.report().model_energy);
}

TEST_CASE("the frozen base of a tilt does not move while its copy learns", "[train][flow]") {
  auto t = trainer();
  std::vector<double> x{0.3, -0.7}, before(1), after(1);
  t.energy().first().value({x.data(), 1, 2, 1}, before);
  t.run(5);
  t.energy().first().value({x.data(), 1, 2, 1}, after);
  CHECK(before == after);
  t.teacher().flow().value({x.data(), 1, 2, 1}, after);
  CHECK(before != after);
}

TEST_CASE("energy and proposal may be one flow: both parts of the tilt then learn from the contrast", "[train][flow]") {
  const auto flow = small_flow();
  train::Trainer t(tilt(flow, flat_net()), train::Data<double>(data(), 2),
                   train::chains(Simd<>{}, cycle(Imh{flow.snapshot()}, Mala{{.step_size = 0.1}}), train::Persistent{train::Drawn{flow.snapshot()}},
                                 {.n_chains = 200, .n_steps = 2}),
                   train::Contrastive{}, nn::Adam<double>{}, train::TiedFlow{}, {.batch = 64});
  const auto before = flow.parameters().flat();
  for (int i = 0; i < 3; ++i) {
    t.advance();
    CHECK(t.negatives().kernel().first.proposal.version() == t.energy().first().version());
  }
  const auto after = t.energy().first().parameters().flat();
  CHECK(!std::equal(before.begin(), before.end(), after.begin()));
}

TEST_CASE("a flow that falls behind is taught until it is accepted again, while the energy waits", "[train][flow]") {
  const auto flow = small_flow();
  const auto base = flow.snapshot();
  // A target much narrower than the flow: little is accepted.
  train::Trainer t(sum(GaussianIsotropic<2>(0.3), flat_net()), train::Data<double>(std::vector<double>(128, 0.02), 2),
                   train::chains(Simd<>{}, cycle(Imh{base}, Mala{{.step_size = 0.03}}), train::Persistent{train::Noise::gaussian(0.3)},
                                 {.n_chains = 256, .n_steps = 2}),
                   train::Contrastive{}, nn::Adam<double>{},
                   train::FlowTeacher(flow, {.n_updates = 5, .batch = 64, .learning_rate = 0.02, .history = 2, .anchor_first = 0.0, .anchor_last = 0.0}),
                   {.batch = 64, .catch_up = {.min_accept = 0.4, .patience = 2, .most = 60}});
  t.advance();
  CHECK(t.report().n_catch_up == 0);
  CHECK(t.report().accept_global < 0.4);
  t.advance();
  CHECK(t.report().n_catch_up > 0);
  CHECK(t.report().accept_global >= 0.4);
}

TEST_CASE("deployed samples come with the acceptance and what the proposal may have left in them", "[train][flow]") {
  const auto flow = small_flow();
  const auto q = flow.snapshot();
  const auto kernel = cycle(Imh{q}, Mala{{.step_size = 0.1}});
  const auto same = train::deploy(Simd<>{}, kernel, q, q, 1000, {.n_filter = 3});
  CHECK(same.n() == 1000);
  CHECK_THAT(same.accept, WithinAbs(1.0, 1e-9));
  CHECK_THAT(same.largest_weight, WithinAbs(1.0, 1e-9));
  CHECK(same.not_forgotten < 1e-20);
  // A Gaussian of half the variance: its moments come out, and the flow's alone do not.
  const GaussianIsotropic<2> target(0.5);
  const auto moment = [](const auto& s) {
    double sum = 0.0;
    for (const double v : s.values) sum += v * v;
    return sum / static_cast<double>(s.values.size());
  };
  const int n = 20000;
  const auto filtered = train::deploy(Simd<>{}, kernel, q, target, n, {.n_filter = 40}), raw = train::deploy(Simd<>{}, kernel, q, target, n, {.n_filter = 0});
  const double error = 0.25 * std::sqrt(2.0 / (2.0 * n));
  CHECK(filtered.not_forgotten < 1e-3);
  CHECK(std::abs(moment(filtered) - 0.25) < 5.0 * error);
  CHECK(std::abs(moment(raw) - 0.25) > 8.0 * error);
}
