// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Timing a kernel of one's own with erg's harness: two pieces of work, a figure, and the table is printed.
#include <erg/energy/gaussian.hpp>
#include <erg/exec/policies.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/rwm.hpp>
#include <erg/run/run.hpp>

#include "support/figure.hpp"

int main(int argc, char** argv) {
  const erg::GaussianIsotropic<10> energy{};
  // Work is told how many units to do; here a unit is one step of 256 chains. The harness finds out how many fill its time.
  const auto steps = [&energy](auto kernel) {
    return [&energy, kernel](std::size_t units) {
      erg::Plan plan;
      plan.n_chains = 256;
      plan.n_draws = static_cast<int>(units);
      erg::run<float>(erg::Simd<>{}, kernel, energy, plan);
    };
  };
  const bench::Work hmc = steps(erg::Hmc<>{{.step_size = 0.3, .n_leapfrog = 5}});
  const bench::Work rwm = steps(erg::Rwm<>{});
  bench::add_figure({"random-walk Metropolis", "HMC, five leapfrog steps", "ns a chain-step", bench::Aim::at_least, 1.0,
                     [=] { return bench::compare(rwm, hmc, 256.0); }});
  return bench::run_figures(argc, argv);
}
