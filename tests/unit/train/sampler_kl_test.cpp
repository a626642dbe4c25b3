// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The derivative through the last steps of the chains: against differences of the same chains with the same noise.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"
#include "support/gaussian_chain.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/sum.hpp>
#include <erg/nn/neural_energy.hpp>

using namespace erg;
using namespace erg::test;

namespace {

const LangevinLaw plain{.rate = 0.1, .noise = 0.3};

template <class E>
auto moved(const E& energy, std::size_t i, double by) {
  auto e = energy;
  e.update([&](std::span<double> theta) { theta[i] += by; });
  return e;
}

/// Positions after the trail's last n steps with the gradients of `energy`, from where they were, with the noise of their keys.
template <class E>
std::vector<double> replay(const E& energy, const train::Trail<double>& trail, int n_back) {
  const BlockView<const double> from = trail.before[static_cast<std::size_t>(trail.n() - n_back)];
  const int n = from.n_chains, dim = from.dim;
  std::vector<double> x(static_cast<std::size_t>(n * dim)), y, g(x.size()), u(static_cast<std::size_t>(n)), noise(static_cast<std::size_t>(dim) + 3);
  for (int d = 0; d < dim; ++d) std::copy_n(from.column(d), n, x.data() + d * n);
  for (int back = n_back; back > 0; --back) {
    std::vector<double> step(x.size());
    for (int c = 0; c < n; ++c) {
      random::fill_normal<double>(trail.keys[static_cast<std::size_t>(trail.n() - back)], static_cast<std::uint64_t>(c), noise.data(), dim);
      for (int d = 0; d < dim; ++d) step[static_cast<std::size_t>(c + d * n)] = trail.law.noise * noise[static_cast<std::size_t>(d)];
    }
    y = x;
    for (std::size_t i = 0; i < x.size() && trail.law.order == NoiseOrder::first; ++i) y[i] += step[i];
    batch_value_and_gradient(energy, BlockView<const double>{y.data(), n, dim, n}, std::span<double>(u), BlockView<double>{g.data(), n, dim, n});
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double clipped = std::clamp(g[i], -trail.law.clip, trail.law.clip);
      x[i] = std::clamp(x[i] + step[i] - trail.law.rate * clipped, trail.law.low, trail.law.high);
    }
  }
  return x;
}
/// The value that the term descends: E[U] - H, U and H those of now, at positions x.
template <class E, class H>
double loss(const E& energy, const H& entropy, const std::vector<double>& x, int dim) {
  const int n = static_cast<int>(x.size()) / dim;
  std::vector<double> u(static_cast<std::size_t>(n)), g(x.size());
  batch_value(energy, BlockView<const double>{x.data(), n, dim, n}, std::span<double>(u));
  double sum = 0.0;
  for (const double v : u) sum += v / n;
  return sum - entropy.value_and_gradient(BlockView<const double>{x.data(), n, dim, n}, BlockView<const double>{}, BlockView<double>{g.data(), n, dim, n}).value;
}

template <class E, class Kernel, class H = train::NeighbourEntropy>
void check_against_differences(const E& energy, Kernel kernel, int n_back, H entropy = train::NeighbourEntropy{{.k = 3}}, double share_clamped = 0.0) {
  constexpr int n_steps = 4, n_chains = 40;
  OneDraw draw(energy, kernel, {0.2, 1.0}, n_chains, n_steps, n_back);
  const auto batch = draw.batch();
  const int dim = batch.negatives.dim;
  // The trail and its keys are those of the steps that were made.
  const auto x = replay(energy, batch.trail, batch.trail.n());
  double n_clamped = 0.0;
  for (int d = 0; d < dim; ++d) {
    for (int c = 0; c < n_chains; ++c) {
      CHECK_THAT(x[static_cast<std::size_t>(c + d * n_chains)], WithinAbs(batch.negatives(c, d), 1e-12));
      n_clamped += batch.negatives(c, d) <= batch.trail.law.low || batch.negatives(c, d) >= batch.trail.law.high;
    }
  }
  CHECK(n_clamped >= share_clamped * n_chains * dim);

  const auto g = draw.gradient(train::SamplerKl({.n_steps = n_back}, entropy));
  const std::size_t n = g.size();
  double largest = 0.0;
  for (const double v : g) largest = std::max(largest, std::fabs(v));
  CHECK(largest > 1e-3);
  for (const std::size_t i : {std::size_t{0}, n / 3, n / 2, n - 2, n - 1}) {
    const double h = 1e-5;
    const int back = batch.trail.n();
    const double up = loss(energy, entropy, replay(moved(energy, i, h), batch.trail, back), dim);
    const double down = loss(energy, entropy, replay(moved(energy, i, -h), batch.trail, back), dim);
    CHECK_THAT(g[i], WithinAbs((up - down) / (2.0 * h), 2e-6 * largest + 1e-9));
  }
}

auto net() {
  auto layers = nn::mlp<nn::SiLU>(2, 8, 8, 1);
  nn::NeuralEnergy<decltype(layers), double> e(layers, random::Key(3));
  e.update([](std::span<double> theta) {
    for (double& t : theta) t *= 2.0;
  });
  return e;
}
const NoisyDescent<NoiseOrder::last> last{{.step_size = 0.2, .noise = 0.3}};
const NoisyDescent<NoiseOrder::first> first{{.step_size = 0.2, .noise = 0.3}};

}  // namespace

TEST_CASE("the derivative through the last steps is that of the same chains with the same noise", "[train]") {
  const auto r = GENERATE(1, 2, 0);
  CAPTURE(r);
  check_against_differences(net(), last, r);
  check_against_differences(net(), first, r);
  check_against_differences(net(), Ula{{.step_size = 0.4}}, r);
  check_against_differences(Spring(1.5, -0.3), first, r, NormalEntropy{});
}

TEST_CASE("what a box or a clip cuts off passes nothing on", "[train]") {
  const auto r = GENERATE(1, 2, 0);
  CAPTURE(r);
  check_against_differences(net(), NoisyDescent<NoiseOrder::first>{{.step_size = 0.2, .noise = 0.3, .low = -0.5, .high = 0.6}}, r,
                            train::NeighbourEntropy{{.k = 1}}, 0.2);
  check_against_differences(net(), NoisyDescent{{.step_size = 0.2, .noise = 0.3, .clip = 0.1}}, r);
}

TEST_CASE("a sum of a Gaussian and a network is looked through as a whole", "[train][energy]") {
  check_against_differences(sum(GaussianIsotropic<2>(0.8), net()), last, 0);
  check_against_differences(sum(net(), GaussianIsotropic<2>(0.8)), first, 2);
}

TEST_CASE("second derivatives of an energy that has none to offer are differences, right to second order", "[energy]") {
  struct Bare {  // hides what the network has
    decltype(net()) e = net();
    int dim() const { return 2; }
    void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const { e.value_and_gradient(x, u, g); }
    void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u) const {
      e.add_parameter_gradient(x, w, to, u);
    }
  };
  const Bare bare;
  std::vector<double> x, v, w{0.5, -1.0, 2.0};
  for (int i = 0; i < 6; ++i) x.push_back(std::sin(i + 1.0)), v.push_back(std::cos(3.0 * i));
  v[2] = v[5] = 0.0;  // no direction at all
  const auto view = [](std::vector<double>& values) { return BlockView<double>{values.data(), 3, 2, 3}; };
  const BlockView<const double> at = view(x), along = view(v);
  std::vector<double> hv(6), exact(6), to(static_cast<std::size_t>(bare.e.n_parameters())), exact_to(to.size());
  batch_hessian_product(bare, at, along, view(hv));
  batch_hessian_product(bare.e, at, along, view(exact));
  for (std::size_t i = 0; i < 6; ++i) CHECK_THAT(hv[i], WithinAbs(exact[i], 1e-6));
  add_mixed_gradient(bare, at, along, std::span<const double>(w), std::span<double>(to));
  add_mixed_gradient(bare.e, at, along, std::span<const double>(w), std::span<double>(exact_to));
  for (std::size_t i = 0; i < to.size(); ++i) CHECK_THAT(to[i], WithinAbs(exact_to[i], 1e-6));
}

TEST_CASE("the energy after a step of the sampler falls with its stiffness until the step overshoots, and then grows", "[train]") {
  // L_opt of U = theta x^2 / 2, rate lambda: a = 1 - lambda theta
  const auto slope = [](double theta) {
    OneDraw draw(Spring(theta, 0.0), NoisyDescent{{.step_size = 0.5, .noise = 0.0}}, {0.0, 1.0}, 64, 1, 1);
    return draw.gradient(train::SamplerKl({.entropy = 0.0}, NormalEntropy{}))[0];
  };
  CHECK(slope(1.0) < -0.01);
  CHECK_THAT(slope(2.0), WithinAbs(0.0, 1e-12));
  CHECK(slope(3.0) > 0.01);
}

TEST_CASE("the sign is a choice: published and exact are opposite, scale and weights are linear", "[train]") {
  OneDraw draw(Spring(1.5, -0.3), last, {0.5, 1.0}, 100, 5, 2);
  const auto g = [&](train::SamplerKlParams p) { return draw.gradient(train::SamplerKl(p, NormalEntropy{})); };
  const auto published = g({.n_steps = 2}), exact = g({.n_steps = 2, .sign = train::KlSign::exact, .scale = 3.0});
  const auto energy = g({.n_steps = 2, .entropy = 0.0}), entropy = g({.n_steps = 2, .energy = 0.0});
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK_THAT(exact[i], WithinAbs(-3.0 * published[i], 1e-12));
    CHECK_THAT(energy[i] + entropy[i], WithinAbs(published[i], 1e-12));
  }
}

TEST_CASE("looking through more steps than chains make is refused", "[train]") {
  CHECK_THROWS_WITH(OneDraw(Spring(1.5, -0.3), last, {0.5, 1.0}, 10, 2, 3), contains("looks through 3 steps (chains make 2"));
  CHECK_THROWS_WITH(train::SamplerKl({.energy = -1.0}), contains("energy = -1 (must be finite and >= 0)"));
  CHECK_THROWS_WITH(NoisyDescent({.step_size = 0.1, .low = 2.0, .high = 1.0}), contains("low = 2 (must be below high)"));
}
