// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Runs whose kernels propose blocks of chains: what draws blocks takes the whole kernel into blocks, and nothing else changes.
#include "support/batch_normal.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks.hpp>

using namespace erg;
using namespace erg::test;

namespace {

template <class Exec, class K>
Trace<double> draws_of(const Exec& exec, const K& kernel) {
  Trace<double> trace;
  run(exec, kernel, GaussianIsotropic<2>(1.0), Plan{.n_chains = 300, .n_warmup = 20, .n_draws = 20, .seed = 5, .adapt = false}, trace);
  return trace;
}
double largest_difference(const Trace<double>& a, const Trace<double>& b) {
  REQUIRE(a.n_draws() == b.n_draws());
  double most = 0.0;
  for (int i = 0; i < a.n_draws(); ++i) {
    for (int c = 0; c < a.n_chains(); ++c) {
      for (int d = 0; d < 2; ++d) most = std::max(most, std::abs(a(i, c, d) - b(i, c, d)));
    }
  }
  return most;
}

/// Ends a run by an exception, as a full disk or a signal would.
struct Interrupt {
  static constexpr bool is_stateless = true;
  int at_draw = -1;
  void on_draw(const Draw<double>& draw) const {
    if (draw.index == at_draw) throw std::runtime_error("interrupted");
  }
};

}  // namespace

TEST_CASE("a proposal over blocks gives the run of the same proposal over lanes, on one thread and on two", "[run]") {
  const Mala local{{.step_size = 0.8}};
  const BatchNormal<double> block{2, 1.4};
  const GaussianIsotropic<2> lanes(1.4);
  static_assert(is_column<tile_for<Simd<>, double, GaussianIsotropic<2>, Imh<BatchNormal<double>>>::PerChain>);
  static_assert(!is_column<tile_for<Simd<>, double, GaussianIsotropic<2>, Imh<GaussianIsotropic<2>>>::PerChain>);
  const auto reference = draws_of(Simd<>{}, cycle(local, prefetch<3>(Imh(lanes))));
  const auto blocks = draws_of(Simd<>{}, cycle(local, prefetch<3>(Imh(block))));
  CHECK(largest_difference(blocks, reference) < 1e-9);
  CHECK(largest_difference(draws_of(Threads<>{2}, cycle(local, prefetch<3>(Imh(block)))), blocks) == 0.0);
  CHECK(largest_difference(draws_of(Simd<>{}, cycle(local, prefetch<3>(Imh(BatchNormal<double>{2, 1.5})))), reference) > 0.1);
}

TEST_CASE("a run that keeps densities of its proposal goes on after an interruption, to the last bit", "[run]") {
  const TemporaryFolder folder;
  const Plan plan{.n_chains = 70, .n_draws = 60, .seed = 6};
  const auto kernel = cycle(Imh(BatchNormal<double>{2, 1.4, 3}), Mala{{.step_size = 0.8}}, prefetch<2>(Imh(BatchNormal<double>{2, 1.6, 9})));
  const auto go = [&](const char* name, Interrupt interrupt) {
    Trace<double> trace;
    run(Simd<>{}, kernel, GaussianIsotropic<2>(1.0), plan, trace, interrupt, Checkpoint{folder / name, 10});
    return trace;
  };
  const auto whole = go("whole", {});
  CHECK_THROWS(go("cut", {34}));
  const auto resumed = go("cut", {});
  CHECK(resumed.n_draws() == 60);
  CHECK(largest_difference(resumed, whole) == 0.0);
}

TEST_CASE("a checkpoint tells a proposal over blocks with another parameter from its own", "[run]") {
  const TemporaryFolder folder;
  const Plan plan{.n_chains = 5, .n_warmup = 0, .n_draws = 20, .seed = 5, .adapt = false};
  const auto go = [&](double sd) {
    run(Simd<>{}, Imh(BatchNormal<double>{2, sd}), GaussianIsotropic<2>(1.0), plan, Checkpoint{folder / "run", 10});
  };
  go(1.4);
  CHECK_NOTHROW(go(1.4));
  CHECK_THROWS_WITH(go(1.5), contains("belongs to another run (its kernel is imh{"));
}
