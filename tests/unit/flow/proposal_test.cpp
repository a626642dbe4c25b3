// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Flows under kernels: as what proposes and as what is sampled, in blocks of chains.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"

#include <erg/energy/value_and_gradient.hpp>
#include <erg/flow/real_nvp.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks.hpp>

using namespace erg;
using erg::test::Table;

namespace {

auto some_flow(std::uint64_t seed = 1) {
  auto f = flow::real_nvp<double, nn::Tanh>(2, 4, 8);
  test::randomise(f, 0.3, seed);
  return f;
}
using F = decltype(some_flow());
using S = flow::Snapshot<F>;
static_assert(BatchProposal<F, double> && BatchProposal<S, double> && BatchValue<S, double> && BatchGradient<S, double>);

}  // namespace

TEST_CASE("draws for several keys at once are those of each, wherever they fall in a lane", "[flow]") {
  const auto f = some_flow();
  for (const int n : {1, 3, 5, 8, 70}) {
    const random::Key keys[] = {random::Key(1).at(4), random::Key(1).stream(2), random::Key(9)};
    Table x(3 * n, 2), u(3 * n, 1), y(n, 2), log_p(n, 1);
    f.sample(keys, 11, x.view(), u.v);
    for (int j = 0; j < 3; ++j) {
      f.sample_with_log_density(keys[j], 11, y.view(), log_p.v);
      for (int c = 0; c < n; ++c) {
        CHECK(x(j * n + c, 0) == y(c, 0));
        CHECK(x(j * n + c, 1) == y(c, 1));
        CHECK(u(j * n + c, 0) == -log_p(c, 0));
      }
    }
  }
}

TEST_CASE("with the target for a proposal every move is accepted", "[flow]") {
  const auto f = some_flow();
  const auto report = run(Simd<>{}, Imh(f.snapshot()), f.snapshot(), Plan{.n_chains = 100, .n_warmup = 0, .n_draws = 50, .seed = 3});
  CHECK(report.mean_accept > 1.0 - 1e-10);
  const auto other = run(Simd<>{}, Imh(some_flow(2).snapshot()), f.snapshot(), Plan{.n_chains = 100, .n_warmup = 0, .n_draws = 50, .seed = 3});
  CHECK(other.mean_accept < 0.9);
}
