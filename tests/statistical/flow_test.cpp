// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Flows as distributions: their densities integrate to 1, their draws have that density, and maximum likelihood finds a law of four
// separate modes with their weights.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian_mixture.hpp>
#include <erg/flow/autoregressive_flow.hpp>
#include <erg/flow/fit.hpp>
#include <erg/flow/spline_flow.hpp>

using namespace erg;
using namespace erg::test;

namespace {

constexpr double half_width = 10.0;
constexpr int n_fine = 1000, n_cells = 20;

/// Probabilities of 20 x 20 cells of [-10, 10]^2 from a log density on a grid of 1000 x 1000 midpoints; their sum is the integral.
template <class F>
std::vector<double> cell_probabilities(F&& log_density) {
  std::vector<double> p(n_cells * n_cells), log_p(n_fine);
  const double step = 2.0 * half_width / n_fine;
  Table x(n_fine, 2);
  for (int row = 0; row < n_fine; ++row) {
    for (int c = 0; c < n_fine; ++c) {
      x(c, 0) = -half_width + (c + 0.5) * step;
      x(c, 1) = -half_width + (row + 0.5) * step;
    }
    log_density(x, log_p);
    for (int c = 0; c < n_fine; ++c) {
      const int cell = row / (n_fine / n_cells) * n_cells + c / (n_fine / n_cells);
      p[static_cast<std::size_t>(cell)] += std::exp(log_p[static_cast<std::size_t>(c)]) * step * step;
    }
  }
  return p;
}
/// (chi^2 - df) / sqrt(2 df) of draws against probabilities, cells of fewer than 10 expected draws put together.
double chi_squared_score(const Table& x, const std::vector<double>& p) {
  std::vector<double> count(p.size() + 1), probability, merged;
  for (int c = 0; c < x.n; ++c) {
    const auto cell = [](double v) { return static_cast<int>(std::floor((v + half_width) * n_cells / (2.0 * half_width))); };
    const int i = cell(x(c, 0)), j = cell(x(c, 1));
    const bool in = i >= 0 && i < n_cells && j >= 0 && j < n_cells;
    ++count[in ? static_cast<std::size_t>(j * n_cells + i) : p.size()];
  }
  double rest = 1.0, rest_count = x.n;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] * x.n < 10.0) continue;
    probability.push_back(p[i]);
    merged.push_back(count[i]);
    rest -= p[i];
    rest_count -= count[i];
  }
  double score = 0.0;
  for (std::size_t i = 0; i < merged.size(); ++i) score += std::pow(merged[i] - x.n * probability[i], 2) / (x.n * probability[i]);
  const double expected = std::max(x.n * rest, 1.0);
  score += std::pow(rest_count - expected, 2) / expected;
  const double df = static_cast<double>(merged.size());
  return (score - df) / std::sqrt(2.0 * df);
}

template <class F>
void check_distribution(const F& f) {
  const int n = 200000;
  Table x(n, 2);
  f.sample(random::Key(21), 0, x.view());
  const auto p = cell_probabilities([&](const Table& at, std::vector<double>& log_p) { f.log_density(at, log_p); });
  double total = 0.0;
  for (const double v : p) total += v;
  INFO("integral " << total);
  CHECK(std::abs(total - 1.0) < 1e-4);
  CHECK(chi_squared_score(x, p) < 7.0);
  // a mutant: the density without log |det dx/dz|
  const auto wrong = cell_probabilities([&](const Table& at, std::vector<double>& log_p) {
    Table z(at.n, 2), det(at.n, 1);
    f.to_latent(at, z.view(), det.v);
    f.log_density(at, log_p);
    for (std::size_t i = 0; i < log_p.size(); ++i) log_p[i] += det.v[i];
  });
  double wrong_total = 0.0;
  for (const double v : wrong) wrong_total += v;
  CHECK(std::abs(wrong_total - 1.0) > 1e-2);
  CHECK(chi_squared_score(x, wrong) > 100.0);
}

}  // namespace

TEST_CASE("densities of flows integrate to 1 and are those of their draws", "[flow]") {
  SECTION("affine couplings") {
    auto f = flow::real_nvp<double, nn::Tanh>(2, 4, 8);
    randomise(f, 0.25);
    check_distribution(f);
  }
  SECTION("spline couplings") {
    auto f = flow::spline<double, nn::Tanh, 4>(2, 2, 8);
    randomise(f, 0.25);
    check_distribution(f);
  }
  SECTION("autoregressive, on a mixture") {
    auto f = flow::with_base(flow::maf<double, nn::Tanh>(2, 2, {8}), GaussianMixture<>({0.3, 0.7}, {-2.0, 0.0, 1.0, 1.0}, {0.5, 0.8}));
    randomise(f, 0.2);
    check_distribution(f);
  }
}

TEST_CASE("a spline flow learns four separate modes and their weights by maximum likelihood", "[flow][slow]") {
  const GaussianMixture<> target({0.1, 0.2, 0.3, 0.4}, {-4, -4, -4, 4, 4, -4, 4, 4}, {0.5, 0.5, 0.5, 0.5});
  const auto draw = [&](int n, std::uint64_t seed) {
    std::vector<float> x(static_cast<std::size_t>(2 * n));
    for (int c = 0; c < n; ++c) {
      float at[2];
      target.sample<float>(random::Key(seed), static_cast<std::uint32_t>(c), Point<float>(at, 2));
      x[static_cast<std::size_t>(c)] = at[0];
      x[static_cast<std::size_t>(n + c)] = at[1];
    }
    return x;
  };
  const int n = 50000;
  const auto data = draw(n, 1), fresh = draw(n, 2);
  auto f = flow::spline<float>(2, 6, 64, 64);
  flow::fit(f, {data.data(), n, 2, n}, {.n_steps = 3000, .batch = 512, .learning_rate = 2e-3});
  std::vector<float> u(static_cast<std::size_t>(n)), x(static_cast<std::size_t>(2 * n));
  f.value({fresh.data(), n, 2, n}, u);
  Mean kl;
  for (int c = 0; c < n; ++c) {
    const double at[] = {fresh[static_cast<std::size_t>(c)], fresh[static_cast<std::size_t>(n + c)]};
    kl.add(static_cast<double>(u[static_cast<std::size_t>(c)]) - target(Point<const double>(at, 2)));
  }
  INFO("KL " << kl.mean());
  CHECK(kl.mean() < 0.03);
  CHECK(kl.z(0.0) > -z_limit);
  // weights: draws of the flow in the quadrants
  f.sample(random::Key(3), 0, {x.data(), n, 2, n});
  double share[4] = {};
  for (int c = 0; c < n; ++c) share[2 * (x[static_cast<std::size_t>(c)] > 0) + (x[static_cast<std::size_t>(n + c)] > 0)] += 1.0 / n;
  for (int k = 0; k < 4; ++k) CHECK(std::abs(share[k] - 0.1 * (k + 1)) < 0.02);
}
