// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Flows where estimates of log Z look for proposals, bases and targets.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/estimate/estimate.hpp>
#include <erg/flow/real_nvp.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks/trace.hpp>

using namespace erg;
using namespace erg::test;

namespace {

auto bent_flow() {
  auto f = flow::real_nvp<double>(2, 2, 8);
  f.update([](std::span<double> theta) {
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += 0.15 * std::sin(3.0 * static_cast<double>(i));
  });
  return f;
}

}  // namespace

TEST_CASE("a flow weighs its own draws equally: log Z is 0 without error", "[flow][estimate]") {
  const auto q = bent_flow().snapshot();
  const auto z = estimate::log_z(q, q, 2000, 1);
  CHECK(std::abs(z.estimate) < 1e-10);
  CHECK(z.standard_error < 1e-10);
}

TEST_CASE("with a flow for proposal the bridge and annealing find the log Z of another density", "[flow][estimate]") {
  const auto q = bent_flow().snapshot();
  const GaussianIsotropic<2> target(0.8);  // normalised: log Z = 0
  Trace<double> trace;
  run<double>(Simd<>{}, Imh{q}, target, {.n_chains = 64, .n_warmup = 50, .n_draws = 200, .seed = 3}, trace);
  const auto bridge = estimate::log_z(target, q, trace, 10000, 2);
  CHECK(std::abs(bridge.estimate) < z_limit * bridge.standard_error);
  CHECK(bridge.lower.value <= bridge.upper.value + 3.0 * (bridge.lower.standard_error + bridge.upper.standard_error));
  const auto annealed = estimate::anneal(Mala{{.step_size = 0.3}}, q, target, {.n_draws = 2000, .n_temperatures = 20, .seed = 4});
  CHECK(std::abs(annealed.estimate) < z_limit * annealed.standard_error);
  // Broken: a proposal whose density forgets its Jacobian is a Gaussian's; weights then have another mean.
  std::vector<double> log_w = estimate::weigh_proposal(target, q, 10000, 2), wrong = log_w;
  std::vector<double> x(2 * 10000), u(10000), z(2 * 10000), log_det(10000);
  const random::Key key(2);
  q.sample(std::span<const random::Key>(&key, 1), 0, {x.data(), 10000, 2, 10000}, u);
  q->to_latent(BlockView<const double>{x.data(), 10000, 2, 10000}, {z.data(), 10000, 2, 10000}, log_det);
  for (std::size_t i = 0; i < wrong.size(); ++i) wrong[i] += log_det[i] * -1.0;
  const auto good = estimate::importance(log_w), broken = estimate::importance(wrong);
  CHECK(std::abs(good.estimate) < z_limit * good.standard_error);
  CHECK(!(std::abs(broken.estimate) < z_broken * broken.standard_error));
}
