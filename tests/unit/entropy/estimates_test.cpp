// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/points.hpp"

#include <erg/energy/gaussian_mixture.hpp>
#include <erg/entropy/entropy.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::entropy;

namespace {

constexpr double pi = 3.14159265358979323846;
double density(double r, double sd) { return std::exp(-0.5 * r * r / (sd * sd)) / (sd * std::sqrt(2 * pi)); }

/// dH/dx of an estimator against central differences.
template <class Estimator>
void check_gradient_of(const Estimator& h, Cloud<double> x, std::span<const double> weights = {}) {
  Cloud<double> g(x.n, x.dim);
  h(x.view(), g.view(), weights);
  const double step = 1e-5;
  for (int i = 0; i < x.n; i += 3) {
    for (int d = 0; d < x.dim; ++d) {
      const double at = x(i, d);
      x(i, d) = at + step;
      const double up = h(x.view(), {}, weights).value;
      x(i, d) = at - step;
      const double down = h(x.view(), {}, weights).value;
      x(i, d) = at;
      CHECK_THAT(g(i, d), WithinAbs((up - down) / (2 * step), 1e-8));
    }
  }
}

/// The kernel density with bandwidths that stay: two standard deviations measured once.
struct HeldBandwidth {
  Cloud<double> at;
  double h;
  Estimate operator()(BlockView<double> x, Gradient<double> g, std::span<const double> w) const {
    const int n = x.n_chains;
    const auto weights = entropy::detail::normalised(w, n);
    entropy::detail::GaussianSums sums(BlockView<const double>(x), {1.1, 0.7}, weights);
    const auto s = entropy::detail::log_sums(BlockView<const double>(x), sums, h, weights, true, g.data != nullptr);
    for (int d = 0; d < g.dim; ++d) {
      for (int i = 0; i < n; ++i) g(i, d) = s.by_query[static_cast<std::size_t>(d * n + i)] + s.by_reference[static_cast<std::size_t>(d * n + i)];
    }
    Estimate e;
    e.value = s.value;
    return e;
  }
};

}  // namespace

TEST_CASE("the mutual information of four pairs is what it is by hand", "[entropy]") {
  // (0, 0), (1, 2), (3, 1), (7, 7), k = 1. Distances to the nearest: 2 (pair 1), 2 (pair 0 or 2), 2 (pair 1), 6 (pairs 1 and 2: 6).
  // n_x, strictly nearer: 0: {1} = 1; 1: {0} = 1, 3 is at 2; 2: none = 0; 3: {2} = 1. n_y: 0: {2} = 1; 1: {2} = 1; 2: {0, 1} = 2; 3: {1} = 1.
  const Cloud<double> x(1, {{0}, {1}, {3}, {7}}), y(1, {{0}, {2}, {1}, {7}});
  // psi(1) + psi(4) - mean(psi(2) + psi(2), psi(2) + psi(2), psi(1) + psi(3), psi(2) + psi(2)); psi(m) = psi(1) + sum_{j < m} 1 / j
  const double psi_sums = (2.0 + 2.0 + 1.5 + 2.0) / 4.0;
  CHECK_THAT(Ksg{.k = 1}(x.view(), y.view()).value, WithinAbs((1.0 + 1.0 / 2 + 1.0 / 3) - psi_sums, 1e-12));
}

TEST_CASE("values that repeat are counted: two equal coins share log 2, two fair ones nothing", "[entropy]") {
  const int n = 1000;
  Cloud<double> x(n, 1), y(n, 1);
  for (int i = 0; i < n; ++i) x(i, 0) = i % 2, y(i, 0) = (i / 2) % 2;
  const Estimate same = Ksg{}(x.view(), x.view()), apart = Ksg{}(x.view(), y.view());
  CHECK(same.n_ties == n);
  CHECK_THAT(same.value, WithinAbs(math::digamma(499.0) + std::log(1000.0) - 2 * std::log(500.0), 1e-12));
  CHECK_THAT(same.value, WithinAbs(std::log(2.0), 0.005));
  CHECK_THAT(apart.value, WithinAbs(0.0, 0.01));
  CHECK_THAT(same.warning, contains("values repeat"));
}

TEST_CASE("mutual information is symmetric, ignores shifts, and equal weights", "[entropy]") {
  const int n = 400;
  const auto x = normal_cloud<double>(n, 2, 3);
  auto y = normal_cloud<double>(n, 1, 4);
  for (int i = 0; i < n; ++i) y(i, 0) += x(i, 1);
  const Estimate e = Ksg{}(x.view(), y.view());
  CHECK_THAT(Ksg{}(y.view(), x.view()).value, WithinAbs(e.value, 1e-12));
  const std::vector<double> equal(static_cast<std::size_t>(n), 3.0);
  CHECK_THAT(Ksg{}(x.view(), y.view(), equal).value, WithinAbs(e.value, 1e-10));
  CHECK(e.standard_error > 0.0);
  ERG_CHECK_THROWS(Ksg{}(x.view(), normal_cloud<double>(5, 1, 1).view()), std::invalid_argument, "they come in pairs");
}

TEST_CASE("the Gaussian entropy of three points is what it is by hand, and its gradient that of log |S|", "[entropy]") {
  const Cloud<double> x(1, {{0}, {1}, {5}});  // variance 7, psi(1) = -0.5772...
  CHECK_THAT(GaussianFit{}(x.view()).value, WithinAbs(0.5 * std::log(2 * pi * std::exp(1.0) * 7) + 0.5 * 0.57721566490153286, 1e-12));
  auto y = normal_cloud<double>(30, 3, 6);
  check_gradient_of(GaussianFit{}, y);
  std::vector<double> w;
  for (int i = 0; i < 30; ++i) w.push_back(1.0 + i % 3);
  check_gradient_of(GaussianFit{}, y, w);
  const double h = GaussianFit{}(y.view()).value;
  for (int i = 0; i < y.n; ++i) y(i, 0) = 3 * y(i, 0) + y(i, 1) + 7;
  CHECK_THAT(GaussianFit{}(y.view()).value, WithinAbs(h + std::log(3.0), 1e-12));
  ERG_CHECK_THROWS(GaussianFit{}(normal_cloud<double>(3, 3, 1).view()), std::invalid_argument, "needs more than dim");
}

TEST_CASE("the kernel density of three points is what it is by hand", "[entropy]") {
  const Cloud<double> x(1, {{0}, {1}, {3}});
  const double sd = std::sqrt(7.0 / 3.0), h = 0.5 * sd;
  const double expected = -(std::log((density(1, h) + density(3, h)) / 2) + std::log((density(1, h) + density(2, h)) / 2) + std::log((density(3, h) + density(2, h)) / 2)) / 3;
  CHECK_THAT(KernelDensity{.bandwidth = 0.5}(x.view()).value, WithinAbs(expected, 1e-12));
  CHECK_THAT((KernelDensity{.rule = KernelDensity::Rule::silverman}.bandwidth_for(x.view())), WithinAbs(std::pow(4.0 / 9.0, 0.2), 1e-12));
}

TEST_CASE("cross validation finds the bandwidth of least cross entropy", "[entropy]") {
  const auto x = normal_cloud<double>(300, 2, 12);
  const double h = KernelDensity{}.bandwidth_for(x.view()), least = KernelDensity{}(x.view()).value;
  for (const double f : {0.7, 0.9, 1.1, 1.4}) CHECK(KernelDensity{.bandwidth = f * h}(x.view()).value > least);
}

TEST_CASE("the gradient of a kernel density entropy is its difference at fixed bandwidths", "[entropy]") {
  const auto x = normal_cloud<double>(24, 2, 13);
  std::vector<double> w;
  for (int i = 0; i < 24; ++i) w.push_back(1.0 + 0.5 * (i % 4));
  check_gradient_of(HeldBandwidth{x, 0.4}, x);
  check_gradient_of(HeldBandwidth{x, 0.4}, x, w);
}

TEST_CASE("a kernel density far below the smallest double does not underflow", "[entropy]") {
  auto x = normal_cloud<double>(50, 1, 14);
  x(0, 0) = 1e5;
  CHECK(std::isfinite(KernelDensity{.bandwidth = 1e-3}(x.view()).value));
  for (int i = 0; i < x.n; ++i) x(i, 0) = i / 2;
  CHECK_THAT(KernelDensity{}(x.view()).warning, contains("narrowest bandwidth"));
  for (int i = 0; i < x.n; ++i) x(i, 0) = 2.0;
  ERG_CHECK_THROWS(KernelDensity{}(x.view()), std::invalid_argument, "coordinate 0 of x does not vary");
  ERG_CHECK_THROWS(KernelDensity{.bandwidth = -1.0}.bandwidth_for(x.view()), std::invalid_argument, "bandwidth = -1");
}

TEST_CASE("sums over numbers of references that fill no lanes are right where a point is nearer to the origin than to any reference", "[entropy]") {
  for (const int n : {63, 100}) {
    // Corners of a cube of half side 1, deviations of .01: a draw is a deviation from its own corner in each coordinate, the first in the middle.
    Cloud<double> centres(n, 10), x(n, 10);
    for (int i = 0; i < n; ++i) {
      for (int d = 0; d < 10; ++d) centres(i, d) = (i >> d) % 2 == 0 ? 1.0 : -1.0, x(i, d) = i == 0 ? 0.0 : centres(i, d) + 0.01;
    }
    const Bracket b = generator_entropy(centres.view(), x.view(), std::vector<double>{0.01});
    const double noise = 10 * std::log(0.01 * std::sqrt(2 * pi));
    CHECK_THAT(b.lower.value, WithinAbs(noise + (5e4 + (n - 1) * (5.0 + std::log(static_cast<double>(n)))) / n, 1e-8));
    CHECK(std::isfinite(b.upper.value));
  }
  // n points at +-10 and one in the middle, whose nearest others are 10 away
  Cloud<double> x(101, 1);
  for (int i = 0; i < 100; ++i) x(i, 0) = (i % 2 == 0 ? 10.0 : -10.0) + 0.01 * i;
  x(100, 0) = 0.0;
  const auto law = [&](double h) { return KernelDensity{.bandwidth = h}(x.view()); };
  const double h = KernelDensity{}.bandwidth_for(x.view());
  CHECK(std::isfinite(law(0.001).value));
  CHECK(h > 1.05 * 0.05 * (KernelDensity{.rule = KernelDensity::Rule::silverman}.bandwidth_for(x.view())));
  for (const double f : {0.8, 1.25}) CHECK(law(f * h).value > law(h).value);
}

TEST_CASE("the bounds of a generator's entropy from two draws are what they are by hand", "[entropy]") {
  const Cloud<double> c(1, {{0}, {3}}), x(1, {{1}, {2}});
  const std::vector<double> sd{2.0};
  const Bracket b = generator_entropy(c.view(), x.view(), sd);
  const double own = density(1, 2), other = density(2, 2);
  CHECK_THAT(b.lower.value, WithinAbs(-std::log((own + other) / 2), 1e-12));
  CHECK_THAT(b.upper.value, WithinAbs(-std::log(other), 1e-12));
  ERG_CHECK_THROWS(generator_entropy(c.view(), x.view(), std::vector<double>{0.0}), std::invalid_argument, "sd = 0 (must be finite and > 0)");
  const Cloud<double> three(1, {{0}, {1}, {2}});
  ERG_CHECK_THROWS(generator_entropy(c.view(), three.view(), sd), std::invalid_argument, "give the centre of each draw");
}

TEST_CASE("a generator whose centres are far apart has the entropy of its noise and of the choice", "[entropy]") {
  const int n = 64;
  Cloud<double> c(n, 2), x(n, 2);
  const auto noise = normal_cloud<double>(n, 2, 15);
  for (int i = 0; i < n; ++i) c(i, 0) = 1000.0 * i, x(i, 0) = c(i, 0) + noise(i, 0), x(i, 1) = noise(i, 1);
  const Bracket b = generator_entropy(c.view(), x.view(), std::vector<double>{1.0, 1.0});
  double expected = std::log(2 * pi) + std::log(64.0);
  for (const double v : noise.values) expected += 0.5 * v * v / n;
  CHECK_THAT(b.lower.value, WithinAbs(expected, 1e-11));
  CHECK(b.upper.value > 1e5);
}

TEST_CASE("the cross entropy with a density is its mean energy and log Z", "[entropy]") {
  const GaussianMixture<2> q({0.5, 0.5}, {-2, 0, 2, 0}, {1.0, 1.0});
  const auto x = normal_cloud<double>(101, 2, 16);
  double sum = 0.0;
  for (int i = 0; i < x.n; ++i) sum -= std::log(0.5 * density(x(i, 1), 1) * (density(x(i, 0) + 2, 1) + density(x(i, 0) - 2, 1))) / x.n;
  const Estimate e = cross_entropy(q, x.view());
  CHECK_THAT(e.value, WithinAbs(sum, 1e-12));
  CHECK(e.bias == Bias::upper_bound);
  ERG_CHECK_THROWS(cross_entropy(q, normal_cloud<double>(4, 3, 1).view()), std::invalid_argument, "points of 3 coordinates");
  ERG_CHECK_THROWS(cross_entropy(q, BlockView<const double>{x.values.data(), 0, 2, 101}), std::invalid_argument, "number of points = 0");
}

TEST_CASE("the encoder's bound adds entropies and the mean log density of the latents", "[entropy]") {
  const Estimate e = encoder_bound(std::vector<double>{-1.0, -3.0}, 1.4, 0.5);
  CHECK_THAT(e.value, WithinAbs(-0.1, 1e-14));
  CHECK_THAT(e.standard_error, WithinAbs(1.0, 1e-14));
}
