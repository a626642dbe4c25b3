// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Stationary acceptance in closed form, in any dimension, on N(0, I): independence sampler, MALA, HMC, random walk.
#include "support/catch.hpp"
#include "support/chains.hpp"
#include "support/mutants.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/rwm.hpp>

using namespace erg;
using namespace erg::test;

namespace {

using Normal = GaussianDiagonal<dynamic>;
Normal normal(int dim, double sd = 1.0, double first_mean = 0.0) {
  std::vector<double> mean(static_cast<std::size_t>(dim), 0.0);
  mean[0] = first_mean;
  return {mean, std::vector<double>(static_cast<std::size_t>(dim), sd)};
}

struct Acceptance {
  Mean accepted, probability;
  /// The fraction accepted has the binomial's variance; the mean probability has its own, never larger.
  double z(double exact) const { return std::max(std::abs(accepted.z_fraction(exact)), std::abs(probability.z(exact))); }
};
/// Of one step from exact draws of p, over n independent chains.
template <class K>
Acceptance acceptance(const K& kernel, const Normal& p, int n, std::uint64_t seed) {
  Acceptance a;
  for_each_chain<dynamic>(kernel, p, n, 1, seed, drawn_from(p, seed), [&](const auto&, const auto&, const auto& info) {
    a.accepted.add(lane::select(info.accepted, Wide(1.0), Wide(0.0)));
    a.probability.add(info.accept_prob);
  });
  return a;
}
int chains_for(int dim) { return std::max(1 << 13, std::min(1 << 20, (1 << 23) / dim)); }

double arc_acceptance(double r, int dim) { return 2.0 * half_beta(0.5 * (1.0 + r), dim); }
double mala_acceptance(double h, int dim) {
  const double d = std::pow(h, 1.5) / 4.0;
  return arc_acceptance(-d / std::sqrt(4.0 + d * d), dim);
}
double rwm_acceptance(double s, int dim) { return arc_acceptance(-s / std::sqrt(4.0 + s * s), dim); }
double imh_acceptance(double s, int dim) { return 2.0 * half_beta(1.0 / (1.0 + s * s), dim); }
double hmc_acceptance(double eps, int n, int dim) {
  const double angle = std::acos(1.0 - 0.5 * eps * eps);
  const double d = 0.25 * eps * eps / std::sqrt(1.0 - 0.25 * eps * eps) * std::abs(std::sin(n * angle));
  return imh_acceptance(0.5 * (d + std::sqrt(d * d + 4.0)), dim);
}

}  // namespace

TEST_CASE("the closed forms of stationary acceptance give the figures in the literature of this library", "[kernel]") {
  CHECK_THAT(imh_acceptance(1.5, 1), WithinAbs(0.748668, 1e-6));
  CHECK_THAT(imh_acceptance(1.25, 2), WithinAbs(0.780488, 1e-6));
  CHECK_THAT(imh_acceptance(2.0, 10), WithinAbs(0.039163, 1e-6));
  CHECK_THAT(imh_acceptance(1.1, 100), WithinAbs(0.342109, 1e-6));
  CHECK_THAT(mala_acceptance(1.0, 1), WithinAbs(0.920833, 1e-6));
  CHECK_THAT(mala_acceptance(0.5, 100), WithinAbs(0.659486, 1e-6));
  CHECK_THAT(mala_acceptance(0.272521, 1000), WithinAbs(0.574, 1e-5));
  CHECK_THAT(hmc_acceptance(0.7, 4, 10), WithinAbs(0.955400, 1e-6));
  CHECK_THAT(hmc_acceptance(0.5, 5, 100), WithinAbs(0.852699, 1e-6));
  CHECK_THAT(hmc_acceptance(0.485556, 1, 1000), WithinAbs(0.651, 1e-5));
  CHECK_THAT(rwm_acceptance(2.38 / std::sqrt(10.0), 10), WithinAbs(0.261531, 1e-6));
  CHECK_THAT(rwm_acceptance(2.0, 1), WithinAbs(std::acos(0.0) / (2.0 * std::acos(0.0)), 1e-6));
}

TEST_CASE("imh accepts a wider Gaussian with the closed form's probability in dimensions 1 to 100", "[kernel]") {
  for (const int dim : {1, 2, 5, 10, 50, 100}) {
    for (const double s : {1.1, 1.25, 1.5, 2.0}) {
      const double exact = imh_acceptance(s, dim);
      if (exact < 1e-3) continue;
      CAPTURE(dim, s);
      CHECK(acceptance(Imh(normal(dim, s)), normal(dim), chains_for(dim), 201).z(exact) < z_limit);
    }
  }
  const double exact = imh_acceptance(1.5, 5);
  CHECK(acceptance(BrokenImh(Fault::none, normal(5, 1.5)), normal(5), 1 << 18, 202).z(exact) < z_limit);
  CHECK(acceptance(BrokenImh(Fault::no_correction, normal(5, 1.5)), normal(5), 1 << 18, 202).z(exact) > z_broken);
}

TEST_CASE("imh whose proposal is the target accepts every proposal", "[kernel]") {
  const auto a = acceptance(Imh(normal(10, 0.7, 0.3)), normal(10, 0.7, 0.3), 1 << 16, 203);
  CHECK(a.accepted.mean() == 1.0);
  CHECK(a.probability.mean() == 1.0);
}

TEST_CASE("imh leaves the mode of a narrower target with probability s^-d at each step", "[kernel]") {
  for (const int dim : {1, 2, 5}) {
    const double s = dim == 1 ? 2.0 : 1.3, leave = std::pow(s, -dim);
    for (const int n : {1, 2, 4}) {
      Mean stays;
      for_each_chain<dynamic>(Imh(normal(dim, s)), normal(dim), 1 << 18, n, 211, all_at(std::vector<double>(static_cast<std::size_t>(dim), 0.0)),
                              [&](const auto&, const auto& g, const auto&) {
                                stays.add(lane::select(squared_norm(g.s.position) == Wide(0.0), Wide(1.0), Wide(0.0)));
                              });
      CAPTURE(dim, n);
      CHECK(std::abs(stays.z_fraction(std::pow(1.0 - leave, n))) < z_limit);
    }
  }
}

TEST_CASE("imh from N(0, I) accepts a linear tilt of length s with probability erfc(s / 2) in any dimension", "[kernel]") {
  for (const int dim : {1, 3, 30}) {
    for (const double s : {0.5, 1.0, 2.0, 3.0}) {
      CAPTURE(dim, s);
      CHECK(acceptance(Imh(normal(dim)), normal(dim, 1.0, s), chains_for(dim), 221).z(std::erfc(0.5 * s)) < z_limit);
    }
  }
  CHECK(acceptance(BrokenImh(Fault::swapped_sign, normal(3)), normal(3, 1.0, 1.0), 1 << 18, 222).z(std::erfc(0.5)) > z_broken);
}

TEST_CASE("mala accepts with the closed form's probability in dimensions 1 to 1000", "[kernel]") {
  for (const int dim : {1, 2, 10, 100, 1000}) {
    for (const double h : {1.0, 0.5, 0.272521}) {
      CAPTURE(dim, h);
      CHECK(acceptance(Mala{{.step_size = h}}, normal(dim), chains_for(dim), 231).z(mala_acceptance(h, dim)) < z_limit);
    }
  }
  CHECK(acceptance(BrokenHmc{{Fault::none}, 1.0, 1}, normal(10), 1 << 18, 232).z(mala_acceptance(1.0, 10)) < z_limit);
  for (const Fault f : {Fault::no_correction, Fault::swapped_sign, Fault::drift_h}) {
    CAPTURE(static_cast<int>(f));
    CHECK(acceptance(BrokenHmc{{f}, 1.0, 1}, normal(10), 1 << 18, 232).z(mala_acceptance(1.0, 10)) > z_broken);
  }
}

TEST_CASE("hmc accepts with the closed form's probability in dimensions 1 to 1000, and always after half a turn", "[kernel]") {
  for (const int dim : {1, 2, 10, 100, 1000}) {
    CAPTURE(dim);
    CHECK(acceptance(Hmc{{.step_size = 0.7, .n_leapfrog = 4}}, normal(dim), chains_for(dim), 241).z(hmc_acceptance(0.7, 4, dim)) < z_limit);
    CHECK(acceptance(Hmc{{.step_size = 0.5, .n_leapfrog = 5}}, normal(dim), chains_for(dim), 242).z(hmc_acceptance(0.5, 5, dim)) < z_limit);
  }
  const auto half_turn = acceptance(Hmc{{.step_size = 1.0, .n_leapfrog = 3}}, normal(10), 1 << 16, 243);
  CHECK(half_turn.accepted.mean() == 1.0);
  CHECK_THAT(half_turn.probability.mean(), WithinAbs(1.0, 1e-14));
  CHECK(hmc_acceptance(0.9, 1, 7) == mala_acceptance(0.81, 7));
  for (const Fault f : {Fault::half_kick_forgotten, Fault::no_correction}) {
    CAPTURE(static_cast<int>(f));
    CHECK(acceptance(BrokenHmc{{f}, 0.7, 4}, normal(10), 1 << 18, 244).z(hmc_acceptance(0.7, 4, 10)) > z_broken);
  }
}

TEST_CASE("rwm accepts with the closed form's probability in dimensions 1 to 1000", "[kernel]") {
  for (const int dim : {1, 10, 100, 1000}) {
    const double s = 2.38 / std::sqrt(dim);
    CAPTURE(dim);
    CHECK(acceptance(Rwm{{.step_size = s}}, normal(dim), chains_for(dim), 251).z(rwm_acceptance(s, dim)) < z_limit);
  }
  CHECK(acceptance(Rwm{{.step_size = 0.5}}, normal(1), 1 << 20, 252).z(std::atan(2.0 / 0.5) / std::acos(0.0)) < z_limit);
  CHECK(acceptance(BrokenRwm{{Fault::none}, 0.7}, normal(10), 1 << 18, 253).z(rwm_acceptance(0.7, 10)) < z_limit);
  CHECK(acceptance(BrokenRwm{{Fault::swapped_sign}, 0.7}, normal(10), 1 << 18, 253).z(rwm_acceptance(0.7, 10)) > z_broken);
  CHECK(acceptance(BrokenRwm{{Fault::uniform_noise}, 0.7}, normal(10), 1 << 18, 253).z(rwm_acceptance(0.7, 10)) > z_broken);
}
