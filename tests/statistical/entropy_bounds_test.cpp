// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Bounds of entropies from generators and flows, where the entropy is known in closed form.
#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/z_test.hpp"

#include <erg/entropy/bounds.hpp>
#include <erg/flow/flow.hpp>
#include <erg/flow/scaling.hpp>
#include <erg/generator/linear_gaussian.hpp>

#include <numbers>
#include <utility>

using namespace erg;
using namespace erg::test;
using namespace erg::entropy;

namespace {

const generator::LinearGaussian<double> linear({1.0, 0.3, -0.5, 0.8, 0.2, 0.4}, {1.0, -2.0, 0.5}, {.start = 0.4, .least = 0.1, .most = 1.0});

}  // namespace

TEST_CASE("the entropy of a linear generator lies between the bounds from its own draws, which few draws leave apart", "[entropy][generator]") {
  const double truth = linear.entropy();
  const Bracket close = generator_entropy(linear, 2000, random::Key(1));
  CHECK(close.covers(truth, z_limit));
  CHECK((close.gap() > 0.0 && close.gap() < 0.1));
  CHECK(close.lower.bias == Bias::lower_bound);
  Mean lower, upper, other_noise;
  for (std::uint64_t r = 0; r < 300; ++r) {
    const Bracket b = generator_entropy(linear, 40, random::Key(100 + r));
    lower.add(b.lower.value), upper.add(b.upper.value);
    // Mutant: a lower bound that forgets the latents, the entropy of the noise about one centre.
    other_noise.add(b.lower.value - std::log(40.0));
  }
  CHECK(lower.z(truth) < -z_broken);
  CHECK(upper.z(truth) > z_broken);
  CHECK(truth - lower.mean() < 0.3);
  CHECK(truth - other_noise.mean() > 1.0);
  // The draws are those of the generator: the same numbers by hand.
  const int n = 60;
  Cloud<double> z(n, 2), e(n, 3), c(n, 3), x(n, 3);
  linear.latents(random::Key(7), 0, z.view(), e.view());
  linear.mean(z.view(), c.view());
  linear.sample(random::Key(7), 0, x.view());
  const Bracket by_hand = generator_entropy(c.view(), std::as_const(x).view(), std::vector<double>{0.4}), own = generator_entropy(linear, n, random::Key(7));
  CHECK_THAT(own.lower.value, WithinAbs(by_hand.lower.value, 1e-12));
  CHECK_THAT(own.upper.value, WithinAbs(by_hand.upper.value, 1e-12));
  ERG_CHECK_THROWS(generator_entropy(linear, 1, random::Key(1)), std::invalid_argument, "number of draws = 1");
}

TEST_CASE("with the exact posterior for an encoder the lower bound is the entropy, and with a wider one it is below by the divergence", "[entropy][generator]") {
  const int n = 2000;
  Cloud<double> z(n, 2), e(n, 3), x(n, 3), m(n, 2);
  linear.latents(random::Key(3), 0, z.view(), e.view());
  linear.sample(random::Key(3), 0, x.view());
  linear.posterior_mean(std::as_const(x).view(), m.view());
  const auto c = linear.posterior_covariance();
  const double det = c[0] * c[3] - c[1] * c[2];
  const auto log_r = [&](double wider) {  // N(m, wider C)
    std::vector<double> v;
    for (int i = 0; i < n; ++i) {
      const double a = z(i, 0) - m(i, 0), b = z(i, 1) - m(i, 1), square = (c[3] * a * a - 2 * c[1] * a * b + c[0] * b * b) / det;
      v.push_back(-0.5 * (square / wider + std::log(det) + 2 * std::log(wider * 2 * std::numbers::pi)));
    }
    return v;
  };
  const Estimate exact = encoder_bound(linear, log_r(1.0)), wide = encoder_bound(linear, log_r(2.0));
  CHECK(std::abs(exact.value - linear.entropy()) < z_limit * exact.standard_error);
  CHECK(exact.standard_error < 0.03);
  const double divergence = std::log(2.0) - 0.5;  // of N(0, C) from N(0, 2 C) in two dimensions
  CHECK(std::abs(wide.value - (linear.entropy() - divergence)) < z_limit * wide.standard_error);
  CHECK(linear.entropy() - wide.value > z_broken * wide.standard_error);
}

TEST_CASE("a flow bounds the entropy from above by the divergence from it, and a generator from below: a bracket", "[entropy][flow]") {
  // Together N(0, I), against N(0, 1.5^2 I).
  const double w = std::sqrt(1.0 - 0.16), truth = 2 * 0.5 * std::log(2 * std::numbers::pi * std::numbers::e);
  const generator::LinearGaussian<double> g({w, 0.0, 0.0, w}, {0.0, 0.0}, {.start = 0.4, .least = 0.1, .most = 1.0});
  flow::Flow<flow::ActNorm, flow::StandardNormal, double> wide(flow::ActNorm(2));
  wide.update([](std::span<double> theta) { theta[0] = theta[1] = std::log(1.5); });
  const int n = 2000;
  Cloud<double> x(n, 2);
  g.sample(random::Key(5), 0, x.view());
  const Bracket b{generator_entropy(g, n, random::Key(6)).lower, cross_entropy(wide, std::as_const(x).view())};
  const double divergence = 2 * (std::log(1.5) + 0.5 / 2.25 - 0.5);
  CHECK(std::abs(b.upper.value - truth - divergence) < z_limit * b.upper.standard_error);
  CHECK(b.upper.value - truth > z_broken * b.upper.standard_error);
  CHECK(b.covers(truth, z_limit));
  CHECK(std::abs(b.gap() - divergence) < 0.1);
}
