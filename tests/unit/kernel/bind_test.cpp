// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/energies.hpp"
#include "support/sanitized.hpp"

#include <erg/kernel/bind.hpp>
#include <erg/kernel/kernels.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks/trace.hpp>

using namespace erg;
using namespace erg::test;

#if ERG_TEST_SANITIZED  // takes a minute to compile vector arithmetic
using Exec = Serial;
#else
using Exec = Simd<>;
#endif

TEST_CASE("bind steps one chain as the chain of that number in a run with that seed", "[kernel]") {
  const auto kernel = cycle(Hmc{{.step_size = 0.1, .n_leapfrog = 3, .jitter = 0.2}, DiagonalMetric({0.5, 2.0})}, Baoab{{.step_size = 0.1}});
  const Valley energy;
  Trace<double> trace;
  run(Exec(), kernel, energy, {.n_chains = 11, .n_draws = 20, .seed = 31, .start = {0.4, -0.2}, .adapt = false}, trace);
  const auto bound = bind(kernel, energy);
  for (const int chain : {0, 2, 10}) {
    auto state = bound.init({0.4, -0.2}, random::Key(31), static_cast<std::uint32_t>(chain));
    for (int i = 0; i < 20; ++i) {
      bound.step(random::Key(31).at(static_cast<std::uint64_t>(i)), state);
      for (int d = 0; d < 2; ++d) CHECK_THAT(state.position(d), WithinAbs(trace(i, chain, d), 1e-12));
    }
  }
}

TEST_CASE("bind refuses a proposal over another space than the energy's", "[kernel]") {
  ERG_CHECK_THROWS(bind(Imh(Probe<dynamic>(3)), Probe<dynamic>(2)), std::invalid_argument, "the proposal has dim = 3");
}
