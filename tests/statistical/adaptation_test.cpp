// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Warm-up finds the step size at which the closed form of the acceptance meets the target, and then leaves it alone.
#include "support/catch.hpp"
#include "support/chains.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/rwm.hpp>
#include <erg/run/run.hpp>

using namespace erg;
using namespace erg::test;

namespace {

using Normal = GaussianIsotropic<dynamic>;

double arc_acceptance(double r, int dim) { return 2.0 * half_beta(0.5 * (1.0 + r), dim); }
double mala_acceptance(double h, int dim) { return arc_acceptance(-1.0 / std::sqrt(1.0 + 64.0 / (h * h * h)), dim); }
double rwm_acceptance(double s, int dim) { return arc_acceptance(-s / std::sqrt(4.0 + s * s), dim); }
double hmc_acceptance(double h, int dim) { return mala_acceptance(h * h, dim); }  // of one leapfrog step

/// The step size at which a falling acceptance is `target`.
template <class F>
double solve(F&& acceptance, double target) {
  double low = 1e-3, high = 10.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = std::sqrt(low * high);
    (acceptance(middle) > target ? low : high) = middle;
  }
  return low;
}

/// Adapts from a bad start, then samples: the step size found, and the acceptance with it.
template <class K>
PartReport adapted(const K& kernel, int dim, StepSizeRule rule, int n_draws) {
  return run(Simd<>(), kernel, Normal(dim), {.n_chains = 64, .n_warmup = 5000, .n_draws = n_draws, .seed = 801, .step_size_rule = rule}).parts.at(0);
}

/// The acceptance at the best of some step sizes, by the same random numbers for all.
template <class K, class Vary>
double acceptance_at_best(K kernel, const std::vector<double>& sizes, int n_chains, int dim, Vary&& vary) {
  const Normal p(dim);
  double best = 0.0, at_best = 0.0;
  for (const double size : sizes) {
    const double cost = vary(kernel, size);
    Mean jump, accept;
    for_each_chain<dynamic>(kernel, p, n_chains, 1, 811, drawn_from(p, 811), [&](const auto& x0, const auto& g, const auto& info) {
      // Proposal distance times its probability: the expectation over the decision is taken exactly.
      const auto square = sum_over_dims([](const auto& a, const auto& b) { return (a - b) * (a - b); }, x0, g.w.position);
      jump.add(square * info.accept_prob);
      accept.add(info.accept_prob);
    });
    if (jump.mean() / cost > best) best = jump.mean() / cost, at_best = accept.mean();
  }
  return at_best;
}
std::vector<double> geometric(double low, double high, int n) {
  std::vector<double> v;
  for (int i = 0; i < n; ++i) v.push_back(low * std::pow(high / low, double(i) / (n - 1)));
  return v;
}

}  // namespace

TEST_CASE("warm-up lands within 3 % of the step size whose acceptance is the target, by either rule, and stays there", "[adapt]") {
  CHECK_THAT(solve([](double h) { return mala_acceptance(h, 100); }, 0.574), WithinRel(0.588291, 1e-4));
  CHECK_THAT(solve([](double h) { return hmc_acceptance(h, 100); }, 0.651), WithinRel(0.713343, 1e-4));
  for (const StepSizeRule rule : {StepSizeRule::dual_averaging, StepSizeRule::robbins_monro}) {
    for (const int dim : {2, 10, 100}) {
      CAPTURE(dim, static_cast<int>(rule));
      const auto check = [&](const auto& kernel, const auto& acceptance, double target) {
        const PartReport found = adapted(kernel, dim, rule, 400);
        CHECK_THAT(found.step_size, WithinRel(solve(acceptance, target), 0.03));
        CHECK_THAT(found.mean_accept, WithinAbs(acceptance(found.step_size), 0.01));
        CHECK(adapted(kernel, dim, rule, 0).step_size == found.step_size);
      };
      check(Mala{{.step_size = 0.02}}, [&](double h) { return mala_acceptance(h, dim); }, 0.574);
      check(Hmc{{.step_size = 0.02, .n_leapfrog = 1, .target_accept = 0.651}}, [&](double h) { return hmc_acceptance(h, dim); }, 0.651);
      check(Rwm{{.step_size = 0.02}}, [&](double s) { return rwm_acceptance(s, dim); }, 0.234);
    }
  }
}

TEST_CASE("the step size that moves furthest at dimension 1000 has the acceptance that theory gives", "[adapt]") {
  const int dim = 1000, n = 1 << 11;
  const auto set = [](auto& k, double h) {
    k.params.step_size = h;
    return 1.0;
  };
  const double mala = acceptance_at_best(Mala{}, geometric(0.15, 0.5, 25), n, dim, set);
  CHECK(mala > 0.54);
  CHECK(mala < 0.61);
  const double rwm = acceptance_at_best(Rwm{}, geometric(0.03, 0.2, 25), n, dim, set);
  CHECK(rwm > 0.20);
  CHECK(rwm < 0.27);
  // HMC over a fixed time, three quarters of a turn, in n steps: per gradient.
  const double hmc = acceptance_at_best(Hmc{}, geometric(8, 24, 17), 1 << 10, dim, [](auto& k, double steps) {
    k.params.n_leapfrog = static_cast<int>(std::lround(steps));
    k.params.step_size = 3.0 * std::acos(0.0) / k.params.n_leapfrog;
    return double(k.params.n_leapfrog);
  });
  CHECK(hmc > 0.6);
  CHECK(hmc < 0.7);
}
