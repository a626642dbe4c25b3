// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Flows under kernels: as what proposes and as what is sampled, in blocks of chains.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"
#include "support/temporary_folder.hpp"

#include <erg/energy/value_and_gradient.hpp>
#include <erg/energy/gaussian.hpp>
#include <erg/flow/real_nvp.hpp>
#include <erg/io/safetensors.hpp>
#include <erg/kernel/defensive_mixture.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/isir.hpp>
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

TEST_CASE("flows propose to every kernel that takes proposals, one at a time or several", "[flow]") {
  const auto target = some_flow(2).snapshot();
  const auto q = some_flow().snapshot();
  const Plan plan{.n_chains = 30, .n_warmup = 0, .n_draws = 40, .seed = 3};
  Trace<double> one, four;
  run(Simd<>{}, repeat<4>(Imh(q)), target, plan, one);
  run(Simd<>{}, prefetch<4>(Imh(q)), target, plan, four);
  for (int c = 0; c < 30; ++c) CHECK(one(39, c, 0) == four(39, c, 0));
  const auto cloud = run(Simd<>{}, Isir(q, {.n_particles = 8}), q, plan);
  CHECK(std::abs(cloud.mean_accept - 7.0 / 8.0) < 1e-10);  // all weights are equal
  const auto guarded = run(Simd<>{}, Imh(DefensiveMixture(q, GaussianIsotropic<2>(4.0), 0.1)), target, plan);
  CHECK(guarded.mean_accept > 0.1);
}

TEST_CASE("a flow is saved and loaded by the names of its parameters", "[flow]") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "flow.safetensors";
  auto f = some_flow();
  f.observe(Table(50, 2, 4, 3.0));
  io::write_safetensors(path, f.parameters());
  auto g = flow::real_nvp<double, nn::Tanh>(2, 4, 8);
  io::read_safetensors(path, g);
  const Table x(5, 2, 6);
  Table u(5, 1), v(5, 1);
  f.value(x, u.v);
  g.value(x, v.v);
  CHECK(u.v == v.v);
  CHECK(f.parameters()["1.log_scale"][0] == g.parameters()["1.log_scale"][0]);
  auto other = flow::real_nvp<double, nn::Tanh>(2, 4, 9);
  CHECK_THROWS_AS(io::read_safetensors(path, other), IoError);
  g.restore(f.parameters().flat(), f.version());
  CHECK(g.version() == f.version());
}
