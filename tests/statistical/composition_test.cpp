// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Cycles, repeats and mixtures leave the target where it is; with a cache, a stream or a choice handled wrongly they do not.
#include "support/catch.hpp"
#include "support/invariance.hpp"
#include "support/mutants.hpp"

#include <erg/kernel/mala.hpp>
#include <erg/kernel/repeat.hpp>
#include <erg/kernel/rwm.hpp>

using namespace erg;
using namespace erg::test;

namespace {

constexpr int n_many = 1 << 20, n_some = 1 << 17, n_few = 1 << 14;

using Wider = GaussianMixture<2, 1>;
Wider wider() { return {{1.0}, {0.3, 0.4}, {1.7}}; }

template <class K>
void check_composition(const K& kernel, std::uint64_t seed, int settling_steps) {
  const Sweep s = stationary_sweep(kernel, n_many, 1, seed);
  CHECK(z_invariance(s) < z_limit);
  CHECK(ks_of_projections(s.after) < ks_limit);
  CHECK(chi_squared_of_quarters(s.after) < chi_squared_limit_3);
  CHECK(z_settled(sweep(kernel, n_few, settling_steps, seed + 1, all_at({2.0, 0.5}))) < z_limit);
}
template <class K>
double worst_z(const K& kernel, std::uint64_t seed) {
  Worst z;
  z.add(z_invariance(stationary_sweep(kernel, n_some, 3, seed)));
  z.add(z_settled(sweep(kernel, n_few, 80, seed + 1, all_at({2.0, 0.5}))));
  return z.value();
}

/// A kernel as a user writes one: with probability 1/2 an exact draw of the target. It keeps no cache.
struct Redraw {
  struct Params {};
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  struct Scratch {
    typename T::Position draw;
  };
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::none;
  static constexpr int n_streams = 2;
  Target p = target();

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E&, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    erg::detail::draw_from(p, key.stream(1), s.chains, w.draw, s.position.size());
    const auto moves = draw_uniform(key, s.chains, 0) < typename T::Lane(0.5);
    copy_where(moves, s.position, w.draw);
    return unadjusted<T>(moves, s.energy);
  }
};

}  // namespace

TEST_CASE("a cycle of four kernels with different caches leaves a mixture invariant", "[kernel]") {
  check_composition(cycle(Called(Rwm{{.step_size = 1.0}}), Called(Mala{{.step_size = 0.8}}), Called(Imh(wider())),
                          Called(Hmc{{.step_size = 0.5, .n_leapfrog = 3}})), 101, 40);
}

TEST_CASE("every Metropolis kernel leaves a mixture invariant in single precision", "[kernel]") {
  using Single = simd_lane<float, default_arch>;
  const auto kernel = cycle(Called(Rwm{{.step_size = 1.0}}), Called(Imh(wider())), Called(Mala{{.step_size = 0.8}}),
                            Called(Hmc{{.step_size = 0.5, .n_leapfrog = 3}}), Called(Barker{{.step_size = 1.0}}));
  const Sweep s = stationary_sweep<Single>(kernel, n_many, 1, 191);
  CHECK(z_invariance(s) < z_limit);
  CHECK(ks_of_projections(s.after) < ks_limit);
  CHECK(chi_squared_of_quarters(s.after) < chi_squared_limit_3);
}

TEST_CASE("a palindromic cycle is reversible, a repeat is, and a plain cycle is only invariant", "[kernel]") {
  const Called a(Rwm{{.step_size = 0.8}});
  const Called b(Mala{{.step_size = 1.2}});
  const auto palindrome = cycle(a, b, a);
  check_composition(palindrome, 111, 60);
  CHECK(z_reversibility(stationary_sweep(palindrome, n_many, 1, 113)) < z_limit);
  CHECK(rank_statistic(palindrome, n_some, 114) < chi_squared_limit_15);
  const auto thrice = repeat<3>(Called(Barker{{.step_size = 1.0}}));
  check_composition(thrice, 121, 40);
  CHECK(z_reversibility(stationary_sweep(thrice, n_many, 1, 123)) < z_limit);
}

TEST_CASE("a cycle that keeps what another part made stale, or shares its random numbers, is rejected", "[kernel]") {
  const Called rwm(Rwm{{.step_size = 1.0}});
  const Called mala(Mala{{.step_size = 1.0}});
  CHECK(worst_z(BrokenCycle(Fault::none, rwm, mala), 131) < z_limit);
  CHECK(worst_z(BrokenCycle(Fault::stale_cache, rwm, mala), 132) > z_broken);  // the gradient
  CHECK(worst_z(BrokenCycle(Fault::none, Redraw{}, rwm), 133) < z_limit);
  CHECK(worst_z(BrokenCycle(Fault::stale_cache, Redraw{}, rwm), 134) > z_broken);  // the energy
  CHECK(worst_z(BrokenCycle(Fault::none, rwm, rwm), 135) < z_limit);
  CHECK(worst_z(BrokenCycle(Fault::shared_stream, rwm, rwm), 136) > z_broken);
}

TEST_CASE("an independence sampler that remembers its weight through another kernel's moves is rejected", "[kernel]") {
  const Called rwm(Rwm{{.step_size = 1.0}});
  CHECK(worst_z(cycle(rwm, BrokenImh<Wider>(Fault::none, wider())), 141) < z_limit);
  CHECK(worst_z(cycle(rwm, BrokenImh<Wider>(Fault::stale_cache, wider())), 142) > z_broken);
}

TEST_CASE("a mixture leaves its target invariant, is reversible, and chooses by weight", "[kernel]") {
  const auto kernel = mix(weighted(3.0, Called(Rwm{{.step_size = 1.0}})), weighted(1.0, Called(Mala{{.step_size = 1.0}})), weighted(1.0, Called(Imh(wider()))));
  for (std::uint64_t seed = 151; seed < 154; ++seed) {
    const Sweep s = stationary_sweep(kernel, n_some, 2, seed);
    CHECK(z_invariance(s) < z_limit);
    CHECK(z_reversibility(stationary_sweep(kernel, n_some, 1, seed + 10)) < z_limit);
  }
  CHECK(z_settled(sweep(kernel, n_few, 100, 171, all_at({2.0, 0.5}))) < z_limit);

  using T = LaneTile<One, 2>;
  Group<T, std::remove_const_t<decltype(kernel)>> g;
  g.s.chains = chains_from<One>(0);
  g.s.position[0] = g.s.position[1] = 0.5;
  const Target p = target();
  const random::Key key(172);
  g.begin(kernel, p, key);
  Mean first, second, third;
  for (std::uint64_t i = 1; i <= 40000; ++i) {
    const auto info = g.step(kernel, p, key.at(i));
    first.add(info.first.n_steps);
    second.add(info.second.first.n_steps);
    third.add(info.second.second.n_steps);
  }
  CHECK(first.mean() + second.mean() + third.mean() == 1.0);
  CHECK(std::abs(first.z_fraction(0.6)) < z_limit);
  CHECK(std::abs(second.z_fraction(0.2)) < z_limit);
  CHECK(std::abs(third.z_fraction(0.2)) < z_limit);
}

TEST_CASE("a mixture that chooses by the state, by a number its parts use, or keeps a stale energy is rejected", "[kernel]") {
  const Called rwm(Rwm{{.step_size = 1.0}});
  const Called mala(Mala{{.step_size = 1.0}});
  CHECK(worst_z(BrokenMix(Fault::none, rwm, mala), 181) < z_limit);
  CHECK(worst_z(BrokenMix(Fault::chosen_by_state, rwm, mala), 182) > z_broken);
  CHECK(worst_z(BrokenMix(Fault::chosen_by_noise, rwm, mala), 183) > z_broken);
  CHECK(worst_z(BrokenMix(Fault::stale_cache, rwm, mala), 184) > z_broken);
}
