// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Each Metropolis kernel, alone: the target stays where it is, steps are reversible, starts are forgotten. And each, broken in the
// ways it is usually broken, is rejected.
#include "support/catch.hpp"
#include "support/invariance.hpp"
#include "support/mutants.hpp"

#include <erg/kernel/mala.hpp>
#include <erg/kernel/rwm.hpp>

using namespace erg;
using namespace erg::test;

namespace {

constexpr int n_many = 1 << 20, n_some = 1 << 17, n_few = 1 << 14;

template <class K>
void check_stationarity(const K& kernel, std::uint64_t seed, int settling_steps) {
  const Sweep one = stationary_sweep(kernel, n_many, 1, seed);
  CHECK(z_invariance(one) < z_limit);
  CHECK(z_reversibility(one) < z_limit);
  CHECK(ks_of_projections(one.after) < ks_limit);
  CHECK(chi_squared_of_quarters(one.after) < chi_squared_limit_3);
  CHECK(z_settled(sweep(kernel, n_few, settling_steps, seed + 1, all_at({2.0, 0.5}))) < z_limit);
}
template <class K>
void check_kernel(const K& kernel, std::uint64_t seed, int settling_steps) {
  check_stationarity(kernel, seed, settling_steps);
  CHECK(rank_statistic(kernel, n_some, seed + 2) < chi_squared_limit_15);
}
/// The sharpest of the tests above, on fewer chains.
template <class K>
double worst_z(const K& kernel, std::uint64_t seed, int settling_steps = 60) {
  Worst z;
  z.add(z_invariance(stationary_sweep(kernel, n_some, 2, seed)));
  z.add(z_settled(sweep(kernel, n_few, settling_steps, seed + 1, all_at({2.0, 0.5}))));
  return z.value();
}

using Wider = GaussianMixture<2, 1>;
Wider proposal() { return {{1.0}, {0.3, 0.4}, {1.7}}; }

}  // namespace

TEST_CASE("the tests of invariance accept exact draws and reject a shift of a fiftieth of a standard deviation", "[kernel]") {
  const Target p = target();
  std::vector<std::array<double, 2>> x(n_many), shifted;
  for (int i = 0; i < n_many; i += width_v<Wide>) {
    Wide at[2];
    p.sample<Wide>(random::Key(1), chains_from<Wide>(static_cast<std::uint32_t>(i)).id, Point<Wide, 2>(at));
    for (int c = 0; c < width_v<Wide>; ++c) x[static_cast<std::size_t>(i + c)] = {get(at[0], c), get(at[1], c)};
  }
  for (const auto& v : x) shifted.push_back({v[0] + 0.02, v[1]});
  CHECK(ks_of_projections(x) < ks_limit);
  CHECK(ks_of_projections(shifted) > ks_limit);
  CHECK(chi_squared_of_quarters(x) < chi_squared_limit_3);
  CHECK(chi_squared_of_quarters(shifted) > chi_squared_limit_3);
  CHECK(z_settled({x, x}) < z_limit);
  CHECK(z_settled({x, shifted}) > z_broken);
  CHECK(z_invariance({x, shifted}) > z_broken);
}

TEST_CASE("rwm leaves a mixture invariant, is reversible and forgets its start; broken ones do not", "[kernel]") {
  check_kernel(Rwm{{.step_size = 1.5}}, 11, 100);
  CHECK(worst_z(BrokenRwm{{Fault::none}, 1.5}, 14) < z_limit);
  CHECK(worst_z(BrokenRwm{{Fault::swapped_sign}, 1.5}, 15) > z_broken);
  CHECK(worst_z(BrokenRwm{{Fault::uniform_noise}, 1.5}, 16) > z_broken);
}

TEST_CASE("imh leaves a mixture invariant, is reversible and forgets its start; broken ones do not", "[kernel]") {
  check_kernel(Imh(proposal()), 21, 60);
  CHECK(worst_z(BrokenImh<Wider>(Fault::none, proposal()), 24) < z_limit);
  CHECK(worst_z(BrokenImh<Wider>(Fault::no_correction, proposal()), 25) > z_broken);
  CHECK(worst_z(BrokenImh<Wider>(Fault::swapped_sign, proposal()), 26) > z_broken);
}

TEST_CASE("mala leaves a mixture invariant, is reversible and forgets its start; broken ones do not", "[kernel]") {
  check_kernel(Mala{{.step_size = 1.0}}, 31, 100);
  CHECK(worst_z(BrokenHmc{{Fault::none}, 1.0, 1}, 34) < z_limit);
  for (const Fault f : {Fault::no_correction, Fault::swapped_sign, Fault::stale_gradient, Fault::drift_h, Fault::uniform_noise}) {
    CAPTURE(static_cast<int>(f));
    CHECK(worst_z(BrokenHmc{{f}, 1.0, 1}, 35) > z_broken);
  }
}

TEST_CASE("hmc leaves a mixture invariant, is reversible and forgets its start; broken ones do not", "[kernel]") {
  check_kernel(Hmc{{.step_size = 0.6, .n_leapfrog = 4}}, 41, 60);
  CHECK(worst_z(BrokenHmc{{Fault::none}, 1.0, 3}, 44) < z_limit);
  for (const Fault f : {Fault::no_correction, Fault::swapped_sign, Fault::momentum_kept, Fault::half_kick_forgotten, Fault::stale_gradient}) {
    CAPTURE(static_cast<int>(f));
    CHECK(worst_z(BrokenHmc{{f}, 1.0, 3}, 45) > z_broken);
  }
}

TEST_CASE("hmc with a jittered step size leaves a mixture invariant and is reversible", "[kernel]") {
  check_kernel(Hmc{{.step_size = 0.5, .n_leapfrog = 3, .jitter = 0.5}}, 51, 60);
}

TEST_CASE("barker leaves a mixture invariant, is reversible and forgets its start; broken ones do not", "[kernel]") {
  check_kernel(Barker{{.step_size = 1.2}}, 61, 100);
  CHECK(worst_z(BrokenBarker{{Fault::none}, 1.2}, 64) < z_limit);
  for (const Fault f : {Fault::no_correction, Fault::swapped_sign, Fault::stale_gradient}) {
    CAPTURE(static_cast<int>(f));
    CHECK(worst_z(BrokenBarker{{f}, 1.2}, 65) > z_broken);
  }
}
