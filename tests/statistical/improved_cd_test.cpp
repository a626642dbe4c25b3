// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The whole gradient of contrastive divergence on chains whose laws are known: closed forms of Gaussians, quadrature of a quartic well.
#include "support/catch.hpp"
#include "support/gaussian_chain.hpp"
#include "support/z_test.hpp"

using namespace erg;
using namespace erg::test;

namespace {

constexpr int n_batches = 16, n_chains = 4096;
constexpr double theta = 1.5, mu = -0.3, rate = 0.1;

/// The spring in two independent coordinates.
struct Plane : TwoParameters {
  static constexpr int dim = 2;
  Plane() { parameter = {theta, mu}; }
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    const L a = x[0] - L(parameter[1]), b = x[1] - L(parameter[1]);
    return L(0.5 * parameter[0]) * (a * a + b * b);
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double>) const {
    for (int c = 0; c < x.n_chains; ++c) {
      for (int d = 0; d < 2; ++d) {
        const double away = x(c, d) - parameter[1], weight = w[static_cast<std::size_t>(c)];
        to[0] += weight * 0.5 * away * away;
        to[1] -= weight * parameter[0] * away;
      }
    }
  }
};
/// Mean and standard error over batches with seeds of their own.
struct Estimate {
  double mean, error;
  double z(double expected) const { return (mean - expected) / error; }
};
template <class E, class Kernel, class Objective, class Change>
std::vector<Estimate> estimate(const E& energy, Kernel kernel, NormalStart start, int n_steps, int n_back, Objective objective, Change change) {
  std::vector<double> sum(2), squares(2);
  for (int b = 0; b < n_batches; ++b) {
    OneDraw draw(energy, kernel, start, n_chains, n_steps, n_back, 100 + static_cast<std::uint64_t>(b));
    auto batch = draw.batch();
    change(batch);
    const auto g = draw.gradient_of(objective, batch);
    for (std::size_t i = 0; i < 2; ++i) sum[i] += g[i] / n_batches, squares[i] += g[i] * g[i] / n_batches;
  }
  std::vector<Estimate> e;
  for (std::size_t i = 0; i < 2; ++i) e.push_back({sum[i], std::sqrt((squares[i] - sum[i] * sum[i]) / (n_batches - 1))});
  return e;
}
const auto as_it_is = [](train::StepBatch<double>&) {};

const NoisyDescentParams steps{.step_size = rate, .noise = std::sqrt(0.2)};
const NoisyDescent<NoiseOrder::last> noise_last{steps};
const NoisyDescent<NoiseOrder::first> noise_first{steps};

const train::SamplerKlParams energy_alone{.entropy = 0.0}, entropy_alone{.energy = 0.0};
train::SamplerKlParams with_steps(train::SamplerKlParams p, int n) {
  p.n_steps = n;
  return p;
}
template <class Kernel>
std::vector<Estimate> spring(Kernel kernel, train::SamplerKlParams p) {
  return estimate(Spring(theta, mu), kernel, {0.5, 1.0}, 5, p.n_steps, train::SamplerKl(p, NormalEntropy{}), as_it_is);
}

}  // namespace

TEST_CASE("through all steps of a Gaussian chain, noise last, both parts are the closed form's", "[statistical][train]") {
  const auto energy = spring(noise_last, with_steps(energy_alone, 0)), entropy = spring(noise_last, with_steps(entropy_alone, 0));
  CHECK(std::abs(energy[0].z(-0.4256390726)) < z_limit);
  CHECK(std::abs(energy[1].z(0.2961970898)) < z_limit);
  CHECK(std::abs(entropy[0].z(0.2702603702)) < z_limit);
  CHECK(std::abs(entropy[1].mean) < 1e-3);
  // Broken variants: the wrong sign, one step instead of all.
  CHECK(std::abs(energy[0].z(0.4256390726)) > z_broken);
  CHECK(std::abs(spring(noise_last, with_steps(energy_alone, 1))[0].z(-0.4256390726)) > z_broken);
}

TEST_CASE("through the last steps alone it is the closed form of a chain that starts there", "[statistical][train]") {
  const auto one = spring(noise_last, with_steps(energy_alone, 1)), one_entropy = spring(noise_last, with_steps(entropy_alone, 1));
  CHECK(std::abs(one[0].z(-0.1238299908)) < z_limit);
  CHECK(std::abs(one[1].z(0.0798669563)) < z_limit);
  CHECK(std::abs(one_entropy[0].z(0.0873140684)) < z_limit);
  const auto two = spring(noise_last, with_steps(energy_alone, 2)), two_entropy = spring(noise_last, with_steps(entropy_alone, 2));
  CHECK(std::abs(two[0].z(-0.2221599816)) < z_limit);
  CHECK(std::abs(two[1].z(0.1477538691)) < z_limit);
  CHECK(std::abs(two_entropy[0].z(0.1527125512)) < z_limit);
}

TEST_CASE("with the noise first the terms are others, and exact too", "[statistical][train]") {
  const auto energy = spring(noise_first, with_steps(energy_alone, 0)), entropy = spring(noise_first, with_steps(entropy_alone, 0));
  CHECK(std::abs(energy[0].z(-0.4603816146)) < z_limit);
  CHECK(std::abs(entropy[0].z(0.3784941876)) < z_limit);
  CHECK(std::abs(energy[0].z(-0.4256390726)) > z_broken);
  const auto one = spring(noise_first, with_steps(energy_alone, 1)), one_entropy = spring(noise_first, with_steps(entropy_alone, 1));
  CHECK(std::abs(one[0].z(-0.1307784992)) < z_limit);
  CHECK_THAT(one_entropy[0].mean, WithinAbs(0.1176470588, 5e-4));  // lambda / a, whatever the chain
  // The broken variant: the gradient taken where the step began, as if its noise came last.
  const auto forgetful = estimate(Spring(theta, mu), noise_first, {0.5, 1.0}, 5, 1, train::SamplerKl(with_steps(energy_alone, 1), NormalEntropy{}),
                                  [](train::StepBatch<double>& b) { b.trail.law.order = NoiseOrder::last; });
  CHECK(std::abs(forgetful[0].z(-0.1307784992)) > z_broken);
}

TEST_CASE("two terms less the sampler's are the derivative of CD, two terms plus it are what was published", "[statistical][train]") {
  const auto rule = [](double sign) {
    // A - B: the data are the start's law
    const double s0 = 1.0, m0 = 0.5, s5 = 0.775703662, m5 = 0.05496425;
    const double two = 0.5 * (s0 + (m0 - mu) * (m0 - mu) - s5 - (m5 - mu) * (m5 - mu));
    const auto kl = spring(noise_last, with_steps({}, 0));
    return Estimate{two + sign * kl[0].mean, kl[0].error};
  };
  CHECK(std::abs(rule(-1.0).z(0.5245270619)) < z_limit);
  CHECK(std::abs(rule(+1.0).z(0.2137696569)) < z_limit);
  CHECK(std::abs(rule(+1.0).z(0.5245270619)) > z_broken);
}

TEST_CASE("on a quartic well the energy part agrees with quadrature", "[statistical][train]") {
  const NoisyDescent kernel{{.step_size = 0.05, .noise = std::sqrt(0.1)}};
  const auto well = [&](int n_back) {
    return estimate(QuarticWell(), kernel, {0.5, 0.36}, 3, n_back, train::SamplerKl(with_steps(energy_alone, n_back), NormalEntropy{}), as_it_is);
  };
  const auto all = well(0), one = well(1);
  CHECK(std::abs(all[0].z(-0.12300420)) < z_limit);
  CHECK(std::abs(all[1].z(0.05030957)) < z_limit);
  CHECK(std::abs(one[0].z(-0.07295261)) < z_limit);
  CHECK(std::abs(one[1].z(0.02644128)) < z_limit);
  CHECK(std::abs(one[0].z(-0.12300420)) > z_broken);
}

TEST_CASE("the entropy by neighbours moves the chain as the closed form does; with neighbours that stand still it does so less", "[statistical][train]") {
  // Two independent coordinates, each of the chain above: -2 * 0.27026. One-sided gradients are drawn towards 0.
  const auto slope = [](train::NeighbourEntropy h) {
    std::vector<double> v;
    for (int b = 0; b < 24; ++b) {
      OneDraw draw(Plane(), noise_last, {0.5, 1.0}, 1000, 5, 0, 300 + static_cast<std::uint64_t>(b));
      v.push_back(draw.gradient(train::SamplerKl(with_steps(entropy_alone, 0), h))[0]);
    }
    double mean = 0.0, square = 0.0;
    for (const double x : v) mean += x / 24.0;
    for (const double x : v) square += (x - mean) * (x - mean) / 23.0;
    return Estimate{mean, std::sqrt(square / 24.0)};
  };
  const double exact = 2.0 * 0.2702603702;
  const Estimate both = slope(train::NeighbourEntropy{{.k = 30}});
  CHECK(std::abs(both.mean - exact) < z_limit * both.error + 0.03 * exact);
  CHECK(slope(train::NeighbourEntropy{{.k = 30, .both_sides = false}}).z(exact) < -z_limit);
}
