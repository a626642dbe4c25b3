// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Langevin kernels on a Gaussian, whose law after any number of steps is a linear recursion: overdamped and underdamped.
#include "support/catch.hpp"
#include "support/chains.hpp"
#include "support/mutants.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>

using namespace erg;
using namespace erg::test;

namespace {

using Normal = GaussianDiagonal<1>;
Normal normal(double mean = 0.0, double sd = 1.0) { return {{mean}, {sd}}; }

/// Moments over independent chains after some steps.
struct Moments {
  Mean x, xx, acceptance;
  double variance() const { return x.variance(); }
  /// Against a Gaussian law: the mean, and the variance with its exact standard error.
  double z(double mean, double variance) const {
    const double zv = (x.variance() - variance) / (variance * std::sqrt(2.0 / (x.n() - 1.0)));
    return std::max(std::abs(x.z(mean, variance)), std::abs(zv));
  }
};
template <class K, class Start>
Moments moments(const K& kernel, const Normal& p, int n, int n_steps, std::uint64_t seed, Start&& start) {
  Moments m;
  for_each_chain<1>(kernel, p, n, n_steps, seed, start, [&](const auto&, const auto& g, const auto& info) {
    m.x.add(g.s.position[0]);
    m.acceptance.add(info.accept_prob);
  });
  return m;
}

constexpr int n_many = 1 << 20, n_some = 1 << 18;

double ula_variance(double h, int n_steps, double start) {
  const double a = 1.0 - 0.5 * h;
  double v = start;
  for (int i = 0; i < n_steps; ++i) v = a * a * v + h;
  return v;
}

/// Second moments of (x, p) on N(0, 1) under the pieces of a splitting.
struct Pair {
  double xx = 1.0, xp = 0.0, pp = 1.0;
  void kick(double t) { pp += -2.0 * t * xp + t * t * xx, xp -= t * xx; }
  void drift(double t) { xx += 2.0 * t * xp + t * t * pp, xp += t * pp; }
  void refresh(double c, double temperature) { pp = c * c * pp + (1.0 - c * c) * temperature, xp *= c; }
  void step(Splitting scheme, double h, double friction, double temperature) {
    const double c = std::exp(-friction * h), half = std::exp(-0.5 * friction * h);
    if (scheme == Splitting::obabo) refresh(half, temperature);
    kick(0.5 * h);
    drift(0.5 * h);
    if (scheme == Splitting::baoab) refresh(c, temperature);
    drift(0.5 * h);
    kick(0.5 * h);
    if (scheme == Splitting::obabo) refresh(half, temperature);
  }
};

/// The largest |z| of the second moments of position and momentum against the recursion, from x ~ N(0, 1) and at x = 0.
template <class K>
double z_underdamped(const K& kernel, Splitting scheme, double h, double friction, double temperature, std::uint64_t seed) {
  Worst worst;
  for (const bool at_zero : {false, true}) {
    for (const int n_steps : {1, 3, 16}) {
      Pair exact;
      exact.xx = at_zero ? 0.0 : 1.0;
      exact.pp = temperature;
      for (int i = 0; i < n_steps; ++i) exact.step(scheme, h, friction, temperature);
      Mean xx, xp, pp;
      const Normal p = normal();
      const auto exact_draw = drawn_from(p, seed);
      for_each_chain<1>(
          kernel, p, 1 << 17, n_steps, seed,
          [&](const auto& chains, auto& x) {
            exact_draw(chains, x);
            if (at_zero) x[0] = 0.0;
          },
          [&](const auto&, const auto& g, const auto&) {
            xx.add(g.s.position[0] * g.s.position[0]);
            xp.add(g.s.position[0] * g.x.momentum[0]);
            pp.add(g.x.momentum[0] * g.x.momentum[0]);
          });
      worst.add(xx.z(exact.xx, 2.0 * exact.xx * exact.xx));
      worst.add(xp.z(exact.xp, exact.xx * exact.pp + exact.xp * exact.xp));
      worst.add(pp.z(exact.pp, 2.0 * exact.pp * exact.pp));
    }
  }
  return worst.value();
}

}  // namespace

TEST_CASE("one ula step moves by half h times the gradient and adds noise of variance h; by all of it, or with other noise, it is another", "[kernel]") {
  const double h = 0.25, m = 0.7, precision = 4.0, x = 1.9;
  for (const Fault f : {Fault::none, Fault::drift_h, Fault::uniform_noise}) {
    const double z = moments(BrokenUla{{f}, h}, normal(m, 0.5), n_some, 1, 302, all_at({x})).z(x - 0.5 * h * precision * (x - m), h);
    CAPTURE(static_cast<int>(f), z);
    CHECK((f == Fault::none ? z < z_limit : z > z_broken));
  }
  CHECK(moments(Ula{{.step_size = h}}, normal(m, 0.5), n_many, 1, 301, all_at({x})).z(x - 0.5 * h * precision * (x - m), h) < z_limit);
}

TEST_CASE("ula from exact draws drifts to its own variance step by step; with the wrong drift or noise it does not", "[kernel]") {
  const Ula kernel{{.step_size = 0.25}};
  const double table[4][2] = {{1, 1.015625}, {2, 1.027588}, {5, 1.049128}, {20, 1.066347}};
  for (const auto& [n, variance] : table) {
    CAPTURE(n);
    CHECK_THAT(ula_variance(0.25, static_cast<int>(n), 1.0), WithinAbs(variance, 1e-6));
    const auto p = normal();
    CHECK(moments(kernel, p, n_many, static_cast<int>(n), 311, drawn_from(p, 311)).z(0.0, ula_variance(0.25, static_cast<int>(n), 1.0)) < z_limit);
  }
  const auto at_zero = all_at({0.0});
  const double stationary = 1.0 / (1.0 - 0.0625);
  CHECK(moments(BrokenUla{{Fault::none}, 0.25}, normal(), n_some, 50, 312, at_zero).z(0.0, stationary) < z_limit);
  const Moments drift = moments(BrokenUla{{Fault::drift_h}, 0.25}, normal(), n_some, 50, 313, at_zero);
  CHECK(drift.z(0.0, stationary) > z_broken);
  CHECK(drift.z(0.0, 1.0 / (2.0 - 0.25)) < z_limit);  // its own law, 0.571
  const Moments uniform = moments(BrokenUla{{Fault::uniform_noise}, 0.25}, normal(), n_some, 100, 314, at_zero);
  CHECK(uniform.z(0.0, stationary) > z_broken);
  CHECK(std::abs(uniform.x.z(2.0)) < z_limit);  // its own mean, 1 / sqrt(h)
  CHECK(moments(BrokenUla{{Fault::stale_gradient}, 0.25}, normal(), n_some, 50, 315, at_zero).z(0.0, stationary) > z_broken);
}

TEST_CASE("ula's stationary variance on N(0, 1) is T / (1 - h / 4)", "[kernel]") {
  for (const double h : {0.2, 1.0, 2.0}) {
    for (const double t : {1.0, 0.3}) {
      CAPTURE(h, t);
      CHECK(moments(Ula{{.step_size = h, .temperature = t}}, normal(), 1 << 17, 70, 321, all_at({0.5})).z(0.0, t / (1.0 - 0.25 * h)) < z_limit);
    }
  }
}

TEST_CASE("ula without noise is gradient descent: x a^n to rounding, bounded up to h = 4 / curvature and not beyond", "[kernel]") {
  const double table[5][3] = {{0.002, 15, 0.8890092292}, {0.002, 30, 0.7903374097}, {0.001, 50, 0.9068740147},
                              {0.0008, 16, 0.9801864107}, {0.002, 20, 0.8548206918}};
  const auto last = [](double h, int n, double sd) {
    double x = 0.0;
    for_each_chain<1, One>(Ula{{.step_size = h, .temperature = 0.0}}, normal(0.0, sd), 1, n, 331, all_at({1.3}),
                           [&](const auto&, const auto& g, const auto&) { x = get(g.s.position[0], 0) / 1.3; });
    return x;
  };
  for (const auto& [delta, n, factor] : table) {
    const double a = 1.0 - 0.5 * delta * delta / (0.016 * 0.016);
    CHECK_THAT(std::pow(a, n), WithinAbs(factor, 1e-10));
    CHECK_THAT(last(delta * delta, static_cast<int>(n), 0.016), WithinRel(std::pow(a, n), 1e-12));
  }
  CHECK(std::abs(last(3.99, 1000, 1.0)) < 0.01);
  CHECK_THAT(last(4.4, 200, 1.0), WithinRel(std::pow(1.2, 200), 1e-12));
}

TEST_CASE("ula that diverges stays where it last was finite, and says so", "[kernel]") {
  for_each_chain<1, One>(Ula{{.step_size = 40.0, .temperature = 0.0}}, normal(), 1, 1000, 341, all_at({1.0}),
                         [&](const auto&, const auto& g, const auto& info) {
                           CHECK(std::isfinite(get(g.s.position[0], 0)));
                           CHECK(std::abs(get(g.s.position[0], 0)) > 1e300);
                           CHECK(get_mask<One>(info.non_finite, 0));
                           CHECK_FALSE(get_mask<One>(info.accepted, 0));
                         });
}

TEST_CASE("mala keeps the variance at 1 at every step and accepts always as h goes to 0; without its correction it does not", "[kernel]") {
  const auto p = normal();
  const auto start = drawn_from(p, 351);
  for (const double h : {0.25, 1.0, 2.0}) {
    for (const int n : {1, 2, 5, 20}) {
      CAPTURE(h, n);
      CHECK(moments(Mala{{.step_size = h}}, p, n_some, n, 351, start).z(0.0, 1.0) < z_limit);
    }
  }
  CHECK(moments(Mala{{.step_size = 1e-4}}, p, 1 << 14, 1, 352, start).acceptance.mean() > 1.0 - 1e-6);
  const Moments broken = moments(BrokenHmc{{Fault::no_correction}, 1.0, 1}, p, n_some, 100, 353, start);
  CHECK(broken.z(0.0, 1.0) > z_broken);
  CHECK_THAT(broken.variance(), WithinAbs(0.570, 0.006));  // its own law
}

TEST_CASE("baoab follows the exact law of its pieces, with variance 1 at any stable step; broken ones do not", "[kernel]") {
  for (const double h : {0.3, 1.0, 1.7}) {
    Pair fixed;
    for (int i = 0; i < 2000; ++i) fixed.step(Splitting::baoab, h, 0.8, 1.0);
    CHECK_THAT(fixed.xx, WithinAbs(1.0, 1e-12));
    CHECK_THAT(fixed.pp, WithinAbs(1.0 - 0.25 * h * h, 1e-12));
    CAPTURE(h);
    CHECK(z_underdamped(Baoab{{.step_size = h, .friction = 0.8}}, Splitting::baoab, h, 0.8, 1.0, 361) < z_limit);
  }
  CHECK(z_underdamped(Baoab{{.step_size = 0.7, .friction = 2.0, .temperature = 0.4}}, Splitting::baoab, 0.7, 2.0, 0.4, 362) < z_limit);
  CHECK(z_underdamped(BrokenUnderdamped{{Fault::none}, Splitting::baoab, 0.7, 1.0}, Splitting::baoab, 0.7, 1.0, 1.0, 363) < z_limit);
  for (const Fault f : {Fault::momentum_kept, Fault::half_kick_forgotten, Fault::wrong_noise, Fault::uniform_noise}) {
    CAPTURE(static_cast<int>(f));
    CHECK(z_underdamped(BrokenUnderdamped{{f}, Splitting::baoab, 0.7, 1.0}, Splitting::baoab, 0.7, 1.0, 1.0, 364) > z_broken);
  }
}

TEST_CASE("obabo follows the exact law of its pieces, with variance 1 / (1 - h^2 / 4); broken ones do not", "[kernel]") {
  for (const double h : {0.3, 1.0, 1.5}) {
    Pair fixed;
    for (int i = 0; i < 2000; ++i) fixed.step(Splitting::obabo, h, 0.8, 1.0);
    CHECK_THAT(fixed.xx, WithinAbs(1.0 / (1.0 - 0.25 * h * h), 1e-12));
    CHECK_THAT(fixed.pp, WithinAbs(1.0, 1e-12));
    CAPTURE(h);
    CHECK(z_underdamped(Obabo{{.step_size = h, .friction = 0.8}}, Splitting::obabo, h, 0.8, 1.0, 371) < z_limit);
  }
  CHECK(z_underdamped(Obabo{{.step_size = 0.7, .friction = 2.0, .temperature = 0.4}}, Splitting::obabo, 0.7, 2.0, 0.4, 372) < z_limit);
  CHECK(z_underdamped(BrokenUnderdamped{{Fault::none}, Splitting::obabo, 0.7, 1.0}, Splitting::obabo, 0.7, 1.0, 1.0, 373) < z_limit);
  for (const Fault f : {Fault::momentum_kept, Fault::half_kick_forgotten, Fault::same_noise_twice, Fault::wrong_noise}) {
    CAPTURE(static_cast<int>(f));
    CHECK(z_underdamped(BrokenUnderdamped{{f}, Splitting::obabo, 0.7, 1.0}, Splitting::obabo, 0.7, 1.0, 1.0, 374) > z_broken);
  }
}
