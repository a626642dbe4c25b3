// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Transformations between the steps of a chain: what they do to its stationary law, plainly and corrected.
#include "support/catch.hpp"
#include "support/z_test.hpp"

#include <erg/kernel/augment.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/noisy_descent.hpp>
#include <erg/kernel/repeat.hpp>
#include <erg/kernel/rwm.hpp>
#include <erg/energy/gaussian_mixture.hpp>
#include <erg/run/run.hpp>
#include <erg/train/augment.hpp>

using namespace erg;
using namespace erg::test;

namespace {

/// Means over chains and draws of f, with the chains' scatter as its error.
template <class Kernel, class E, class F>
std::pair<double, double> mean_of(Kernel kernel, const E& energy, F&& f) {
  constexpr int n_chains = 512, n_draws = 200;
  std::vector<double> sum(n_chains);
  Sampler<double, Simd<>, Kernel, E> sampler(Simd<>{}, kernel, energy, {.n_chains = n_chains, .n_warmup = 50, .n_draws = n_draws, .seed = 3, .adapt = false});
  sampler.start();
  sampler.warm_up(50, [](int, int) {});
  sampler.sample(n_draws, true, [&](const auto& draw) {
    for (int c = 0; c < n_chains; ++c) sum[static_cast<std::size_t>(c)] += f(draw, c) / n_draws;
    return Control::proceed;
  });
  double mean = 0.0, square = 0.0;
  for (const double v : sum) mean += v / n_chains;
  for (const double v : sum) square += (v - mean) * (v - mean);
  return {mean, std::sqrt(square / (n_chains - 1.0) / n_chains)};
}

/// Stiffness .1 / lambda a coordinate, so that a step shrinks the two by .9 and .6.
struct TwoStiffnesses {
  static constexpr int dim = 2;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    return L(0.5) * x[0] * x[0] + L(2.0) * x[1] * x[1];
  }
};

/// What `Rescale` is with its determinant forgotten.
struct Forgetful {
  static constexpr bool is_reversible = true;
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    train::Rescale{1.0}.apply(key, chain, x);
    return 0.0;
  }
};

}  // namespace

TEST_CASE("plain turns between steps have the stationary variance that the alternation says, not the target's", "[statistical][train]") {
  const NoisyDescent steps{{.step_size = 0.1, .noise = std::sqrt(0.2)}};
  const auto [mean, error] = mean_of(cycle(repeat<3>(steps), augment(train::Rotate{})), TwoStiffnesses{},
                                     [](const auto& draw, int c) { return 0.5 * (draw(c, 0) * draw(c, 0) + draw(c, 1) * draw(c, 1)); });
  CHECK(std::abs(mean - 0.5563951971) < z_limit * error);
  // Without the turns: sigma^2 / (1 - a^2), averaged.
  CHECK(std::abs(mean - 0.5 * (0.2 / 0.19 + 0.2 / 0.64)) > z_broken * error);
}

TEST_CASE("corrected transformations leave an uneven mixture as it is; a forgotten determinant does not", "[statistical][train]") {
  const GaussianMixture<1> target({0.2, 0.8}, {-2.0, 3.0}, {0.5, 0.5});
  const auto right = [](const auto& draw, int c) { return draw(c, 0) > 0.0 ? 1.0 : 0.0; };
  const auto square = [](const auto& draw, int c) { return draw(c, 0) * draw(c, 0); };
  const Rwm<> local{{.step_size = 0.8}};
  // Chains start around 0; flips and scalings carry them from mode to mode.
  const auto good = cycle(local, corrected_augment(train::OneOf(train::FlipSigns{1.0}, train::Rescale{1.0})));
  const auto share = mean_of(good, target, right), moment = mean_of(good, target, square);
  CHECK(std::abs(share.first - 0.8) < z_limit * share.second);
  CHECK(std::abs(moment.first - (0.2 * 4.25 + 0.8 * 9.25)) < z_limit * moment.second);
  const auto broken = mean_of(cycle(local, corrected_augment(train::OneOf(train::FlipSigns{1.0}, Forgetful{}))), target, square);
  CHECK(std::abs(broken.first - (0.2 * 4.25 + 0.8 * 9.25)) > z_broken * broken.second);
}
