// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/protocol.hpp"
#include "support/mutants.hpp"
#include "support/sanitized.hpp"

using namespace erg;
using namespace erg::test;

// Arithmetic in registers, which sanitizers take minutes to compile; the tests of runs cover the memory that chains live in.
#if !ERG_TEST_SANITIZED

namespace {

/// Every kernel there is, each with the cost of a step.
template <class T, class E>
void check_kernels(const E& energy, int n_steps) {
  check_protocol<T>(Rwm{{.step_size = 0.7}}, energy, Cost{1, 0}, n_steps);
  check_protocol<T>(Hmc{{.step_size = 0.4, .n_leapfrog = 3}}, energy, Cost{0, 3}, n_steps);
  check_protocol<T>(Imh(Probe<3>()), energy, Cost{1, 0}, n_steps);
  check_protocol<T>(Ula{{.step_size = 0.5}}, energy, Cost{0, 1}, n_steps);
  check_protocol<T>(Mala{{.step_size = 0.7}}, energy, Cost{0, 1}, n_steps);
  check_protocol<T>(Baoab{{.step_size = 0.4}}, energy, Cost{0, 1}, n_steps);
  check_protocol<T>(Obabo{{.step_size = 0.4}}, energy, Cost{0, 1}, n_steps);
  check_protocol<T>(Barker{{.step_size = 0.8}}, energy, Cost{0, 1}, n_steps);
}

}  // namespace

TEST_CASE("every kernel keeps the protocol on one chain", "[kernel]") { check_kernels<LaneTile<One, 3>>(Probe<3>(), 120); }

TEST_CASE("every kernel keeps the protocol on a register of chains", "[kernel]") { check_kernels<LaneTile<Wide, 3>>(Probe<3>(), 40); }

TEST_CASE("a kernel that accepts what is not a number enters the hole that the others stay out of", "[kernel]") {
  Probe<3> energy;
  energy.hole = 0.3;
  const random::Key key(602);
  const BrokenRwm broken{{Fault::accepts_nan}, 0.7};
  auto g = placed<LaneTile<Wide, 3>>(broken, energy, key);
  for (std::uint64_t i = 1; i <= 40; ++i) g.step(broken, energy, key.at(i));
  double highest = -1.0;
  for (int c = 0; c < width_v<Wide>; ++c) highest = std::max(highest, get(g.s.position[0], c));
  CHECK(highest > 0.3);
}

TEST_CASE("what kernels report of a proposal is what they decided by", "[kernel]") {
  const Probe<3> energy;
  const random::Key key(603);
  const Rwm kernel{{.step_size = 1.0}};
  auto g = placed<LaneTile<One, 3>>(kernel, energy, key);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    const double before = g.s.energy.reg;
    const auto info = g.step(kernel, energy, key.at(i));
    const double proposed = 0.5 * squared_norm(g.w.position).reg;
    CHECK_THAT(info.energy_error.reg, WithinAbs(proposed - before, 1e-12));
    CHECK_THAT(info.accept_prob.reg, WithinRel(std::min(1.0, std::exp(-info.energy_error.reg)), 1e-14));
    const double u = draw_uniform_positive(key.at(i), g.s.chains, random::first_after_normals(3)).reg;
    CHECK(info.accepted == (u <= info.accept_prob.reg));
  }
}

TEST_CASE("a proposal beyond the largest energy error counts as diverged, though its energy is finite", "[kernel]") {
  const Probe<3> energy;
  const random::Key key(604);
  const Mala kernel{{.step_size = 40.0, .max_energy_error = 5.0}};
  auto g = placed<LaneTile<One, 3>>(kernel, energy, key);
  const auto info = g.step(kernel, energy, key.at(1));
  CHECK(info.energy_error.reg > 5.0);
  CHECK(info.diverged);
  CHECK_FALSE(info.non_finite);
  CHECK_FALSE(info.accepted);
}

TEST_CASE("an underdamped chain that cannot move turns round", "[kernel]") {
  Probe<1> energy;
  energy.hole = 0.3;
  const Baoab kernel{{.step_size = 0.5, .friction = 1e-9}};
  Group<LaneTile<One, 1>, Baoab<>> g;
  g.s.chains = chains_from<One>(0);
  g.s.position[0] = 0.2;
  g.begin(kernel, energy, random::Key(605));
  g.x.momentum[0] = 1.0;
  const auto info = g.step(kernel, energy, random::Key(605).at(1));
  CHECK(info.non_finite);
  CHECK(g.s.position[0].reg == 0.2);
  CHECK(g.x.momentum[0].reg == -1.0);
  CHECK_FALSE(g.step(kernel, energy, random::Key(605).at(2)).non_finite);
  CHECK(g.s.position[0].reg < -0.2);
}

#endif

TEST_CASE("kernels refuse parameters that make no sense, and say which", "[kernel]") {
  ERG_CHECK_THROWS(Rwm{{.step_size = -0.1}}, std::invalid_argument, "step_size = -0.1");
  ERG_CHECK_THROWS(Ula{{.step_size = 0.0}}, std::invalid_argument, "step_size = 0");
  ERG_CHECK_THROWS((Ula{{.step_size = 0.1, .temperature = -1.0}}), std::invalid_argument, "temperature = -1");
  ERG_CHECK_THROWS(Mala{{.step_size = NAN}}, std::invalid_argument, "step_size = ");
  ERG_CHECK_THROWS(Mala{{.max_energy_error = 0.0}}, std::invalid_argument, "max_energy_error = 0");
  ERG_CHECK_THROWS(Hmc{{.step_size = INFINITY}}, std::invalid_argument, "step_size = ");
  ERG_CHECK_THROWS(Hmc{{.n_leapfrog = 0}}, std::invalid_argument, "n_leapfrog = 0");
  ERG_CHECK_THROWS(Hmc{{.jitter = 1.0}}, std::invalid_argument, "jitter = 1");
  ERG_CHECK_THROWS(Hmc{{.target_accept = -0.2}}, std::invalid_argument, "target_accept = -0.2");
  ERG_CHECK_THROWS(Baoab{{.friction = 0.0}}, std::invalid_argument, "friction = 0");
  ERG_CHECK_THROWS(Obabo{{.temperature = 0.0}}, std::invalid_argument, "temperature = 0");
  ERG_CHECK_THROWS(Barker{{.step_size = -1.0}}, std::invalid_argument, "step_size = -1");
  ERG_CHECK_THROWS(weighted(0.0, Barker{}), std::invalid_argument, "weight = 0");
  ERG_CHECK_THROWS(DiagonalMetric({1.0, -2.0}), std::invalid_argument, "inverse_mass[1] = -2");
  ERG_CHECK_THROWS(DenseMetric({1.0, 0.0, 0.0}, 2), std::invalid_argument, "inverse_mass has 3 entries");
  ERG_CHECK_THROWS(DenseMetric({1.0, 2.0, 2.0, 1.0}, 2), std::invalid_argument, "inverse_mass has pivot -3 in row 1 (must be positive definite)");
  DiagonalMetric three({1.0, 1.0, 1.0});
  ERG_CHECK_THROWS(three.prepare(2), std::invalid_argument, "inverse_mass has 3 entries");
}
