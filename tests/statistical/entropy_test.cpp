// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Estimates of entropies, divergences and informations against closed forms, with the errors that they claim.
#include "support/catch.hpp"
#include "support/points.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian_mixture.hpp>
#include <erg/entropy/entropy.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::entropy;

namespace {

constexpr double pi = 3.14159265358979323846, e1 = 2.71828182845904523536;
const double h_normal = 0.5 * std::log(2 * pi * e1);

/// An estimator over many independent samples: the values, and the errors it claims.
struct Many {
  Mean value, squared_error;
  double sd() const { return std::sqrt(value.variance()); }
  double claimed() const { return std::sqrt(squared_error.mean()); }
};
template <class F>
Many many(int n_samples, std::uint64_t seed, F&& estimate) {
  Many m;
  for (int r = 0; r < n_samples; ++r) {
    const Estimate e = estimate(seed + static_cast<std::uint64_t>(r));
    m.value.add(e.value);
    m.squared_error.add(e.standard_error * e.standard_error);
  }
  return m;
}

}  // namespace

TEST_CASE("kNN entropy of uniform points on a line has expectation (2 log 2 - 1) / n", "[entropy]") {
  for (const int n : {2, 10, 50}) {
    const auto m = many(4000, 1000, [&](std::uint64_t seed) { return Knn<>{.k = 1}(uniform_cloud<double>(n, 1, seed).view()); });
    const double expected = (2 * std::log(2.0) - 1) / n;
    CHECK(std::abs(m.value.z(expected)) < z_limit);
    if (n != 2) continue;
    CHECK(std::abs(m.value.z(expected + math::digamma(2.0) - std::log(2.0))) > z_broken);  // mutant: log n for psi(n)
    CHECK(std::abs(m.value.z(expected + 0.5772)) > z_broken);  // mutant: no psi(k)
  }
}

TEST_CASE("kNN entropy on a torus is without bias, and at a wall it is not", "[entropy]") {
  const int n = 150, k = 3;
  Mean periodic, walled;
  for (std::uint64_t r = 0; r < 120; ++r) {
    const auto x = uniform_cloud<double>(n, 2, 7000 + r);
    Cloud<double> copies(9 * n, 2);
    for (int c = 0; c < 9; ++c) {
      for (int i = 0; i < n; ++i) copies(c * n + i, 0) = x(i, 0) + c % 3 - 1, copies(c * n + i, 1) = x(i, 1) + c / 3 - 1;
    }
    const Nearest near = BruteForce<>{}(x.view(), copies.view(), k + 1);  // the nearest is the point itself
    double h = math::digamma(double(n)) - math::digamma(double(k)) + std::log(pi);
    for (int i = 0; i < n; ++i) h += 2 * std::log(near.distance_of(i, k)) / n;
    periodic.add(h);
    walled.add(Knn<>{}(x.view()).value);
  }
  CHECK(std::abs(periodic.z(0.0)) < z_limit);
  CHECK(walled.z(0.0) > z_broken);
}

TEST_CASE("kNN entropy of two normal points is exactly what two points can tell", "[entropy]") {
  for (const int dim : {1, 2}) {
    const auto m = many(4000, 20000, [&](std::uint64_t seed) { return Knn<>{.k = 1}(normal_cloud<double>(2, dim, seed).view()); });
    CHECK(std::abs(m.value.z(dim == 1 ? 1.404539 : 2.953817)) < z_limit);
    const double box = dim * std::log(2.0) - entropy::detail::log_ball(dim);  // mutant: the volume of the box for the ball's
    if (dim == 2) CHECK(std::abs(m.value.z(2.953817 + box)) > z_broken);
  }
}

TEST_CASE("kNN entropy of normal points has the bias and the spread that were measured elsewhere", "[entropy]") {
  struct Case {
    int dim, n, samples;
    double bias, sd;
  };
  for (const Case& c : {Case{2, 250, 300, -0.037, 0.079}, Case{5, 250, 300, -0.072, 0.109}, Case{10, 250, 200, 0.254, 0.148}}) {
    const auto m = many(c.samples, 40000, [&](std::uint64_t seed) { return Knn<>{}(normal_cloud<double>(c.n, c.dim, seed).view()); });
    const double error = c.sd * std::sqrt(2.0 / c.samples);  // of both measurements
    CHECK(std::abs(m.value.mean() - c.dim * h_normal - c.bias) < 5 * error);
    CHECK(std::abs(m.sd() / c.sd - 1) < 0.25);
    // The jackknife is not below the truth in expectation, and not far above it.
    CHECK(m.claimed() > 0.9 * m.sd());
    CHECK(m.claimed() < 1.7 * m.sd());
  }
}

TEST_CASE("the error of a sum of nearest distances is more than that of independent terms", "[entropy]") {
  // Uniform points on a line, k = 1: n var = 2.13 where the terms alone have pi^2 / 6 = 1.64.
  const int n = 100;
  const auto m = many(2000, 60000, [&](std::uint64_t seed) { return Knn<>{.k = 1}(uniform_cloud<double>(n, 1, seed).view()); });
  CHECK(std::abs(n * m.value.variance() - 2.13) < 5 * 2.13 * std::sqrt(2.0 / 2000));
  CHECK(n * m.squared_error.mean() > 2.13);
  CHECK(n * m.value.variance() > 1.645 * (1 + 5 * std::sqrt(2.0 / 2000)));  // mutant: independent terms
}

TEST_CASE("the gradient of kNN entropy through a chain is that of the closed form, and too small against fixed references", "[entropy]") {
  // Five Langevin steps of U = t (x - u)^2 / 2 from N(1/2, 1): dH/dt = -0.2702603702 for each coordinate.
  const double t = 1.5, u = -0.3, step = 0.1, noise = std::sqrt(0.2), exact = -0.2702603702;
  const int n = 1000, dim = 5;
  Mean symmetric, one_sided;
  for (std::uint64_t r = 0; r < 24; ++r) {
    Cloud<double> x = normal_cloud<double>(n, dim, 500 + r), slope(n, dim), other = normal_cloud<double>(n, dim, 900 + r), g(n, dim);
    const auto walk = [&](Cloud<double>& at, Cloud<double>* d, std::uint64_t seed) {
      for (std::size_t i = 0; i < at.values.size(); ++i) at.values[i] += 0.5;
      for (std::uint64_t s = 0; s < 5; ++s) {
        const auto xi = normal_cloud<double>(n, dim, 10 * seed + s + 100000);
        for (std::size_t i = 0; i < at.values.size(); ++i) {
          if (d != nullptr) d->values[i] = (1 - step * t) * d->values[i] - step * (at.values[i] - u);
          at.values[i] += -step * t * (at.values[i] - u) + noise * xi.values[i];
        }
      }
    };
    walk(x, &slope, 500 + r);
    walk(other, nullptr, 900 + r);
    const auto along = [&] {
      double sum = 0.0;
      for (std::size_t i = 0; i < g.values.size(); ++i) sum += g.values[i] * slope.values[i];
      return sum;
    };
    Knn<>{}(x.view(), g.view());
    symmetric.add(along());
    Knn<>{}.against(x.view(), other.view(), g.view());
    one_sided.add(along());
  }
  CHECK(std::abs(symmetric.mean() - dim * exact) < 5 * std::sqrt(symmetric.variance() / 24) + 0.02);  // its own bias: -0.014
  CHECK(one_sided.z(dim * exact) > z_broken);
  CHECK(std::abs(one_sided.mean() + 1.109) < 5 * 0.085 * std::sqrt(2.0 / 24));
}

TEST_CASE("kNN divergences of normal laws are the closed form, and those of the roles exchanged are not", "[entropy]") {
  const int n = 400, dim = 2;
  const double expected = dim * 0.5 * (std::log(4.0) + 0.25 - 1), exchanged = dim * 0.5 * (4.0 - 1.0 - std::log(4.0));
  const auto wide = many(60, 3000, [&](std::uint64_t seed) {
    return knn_divergence(normal_cloud<double>(n, dim, seed).view(), normal_cloud<double>(n, dim, seed + 500, 2.0).view());
  });
  CHECK(std::abs(wide.value.mean() - expected) < 5 * std::sqrt(wide.value.variance() / 60) + 0.02);
  CHECK(std::abs(wide.value.z(exchanged)) > z_broken);
  CHECK(std::abs(wide.claimed() / wide.sd() - 1.2) < 0.5);
  const auto same = many(60, 4000, [&](std::uint64_t seed) { return knn_divergence(normal_cloud<double>(n, dim, seed).view(), normal_cloud<double>(n, dim, seed + 500).view()); });
  CHECK(std::abs(same.value.z(0.0)) < z_limit);
}

TEST_CASE("mutual information of normal pairs is the closed form, and none is left where pairs are taken apart", "[entropy]") {
  const int n = 500;
  const double rho = 0.6, expected = -0.5 * std::log(1 - rho * rho);
  Mean apart;
  const auto m = many(60, 8000, [&](std::uint64_t seed) {
    const auto z = normal_cloud<double>(n, 2, seed);
    Cloud<double> x(n, 1), y(n, 1), shifted(n, 1);
    for (int i = 0; i < n; ++i) x(i, 0) = z(i, 0), y(i, 0) = rho * z(i, 0) + std::sqrt(1 - rho * rho) * z(i, 1);
    for (int i = 0; i < n; ++i) shifted(i, 0) = y((i + 1) % n, 0);
    apart.add(Ksg{}(x.view(), shifted.view()).value);
    return Ksg{}(x.view(), y.view());
  });
  CHECK(std::abs(m.value.mean() - expected) < 5 * std::sqrt(m.value.variance() / 60) + 0.005);
  CHECK(std::abs(apart.z(0.0)) < z_limit);
  CHECK(std::abs(apart.z(expected)) > z_broken);  // mutant: the pairing forgotten
  CHECK(std::abs(m.value.z(expected + 1.0 / 3.0)) > z_broken);  // mutant: psi(k + 1) for psi(k)
  CHECK(std::abs(m.claimed() / m.sd() - 1) < 0.4);
}

TEST_CASE("weighted points of one law give the entropy of another", "[entropy]") {
  // Draws of N(0, 1.5^2 I) weighted to N(0, I): the entropy of the latter; forgetting the weights gives that of the former.
  const int n = 1000, dim = 2;
  const double s = 1.5;
  Mean plain;
  const auto m = many(40, 11000, [&](std::uint64_t seed) {
    const auto x = normal_cloud<double>(n, dim, seed, s);
    std::vector<double> w;
    for (int i = 0; i < n; ++i) w.push_back(std::exp(-0.5 * (1 - 1 / (s * s)) * (x(i, 0) * x(i, 0) + x(i, 1) * x(i, 1))));
    plain.add(Knn<>{}(x.view()).value);
    return Knn<>{.k = 5}(x.view(), {}, w);
  });
  CHECK(std::abs(m.value.mean() - dim * h_normal) < 5 * std::sqrt(m.value.variance() / 40) + 0.04);
  CHECK(std::abs(plain.z(dim * h_normal)) > z_broken);
  CHECK(m.claimed() > 0.8 * m.sd());
  CHECK(m.claimed() < 2.0 * m.sd());
}

TEST_CASE("weighted points of both laws give the divergence of the laws they are weighted to", "[entropy]") {
  // x: N(0, 1.5^2) weighted to N(0, 1); y: N(0, 2.5^2) weighted to N(0, 4).
  const int n = 1000, dim = 2;
  const double expected = dim * 0.5 * (std::log(4.0) + 0.25 - 1);
  const auto weighted_to = [&](const Cloud<double>& x, double from, double to) {
    std::vector<double> w;
    for (int i = 0; i < n; ++i) w.push_back(std::exp(-0.5 * (1 / (to * to) - 1 / (from * from)) * (x(i, 0) * x(i, 0) + x(i, 1) * x(i, 1))));
    return w;
  };
  Mean forgotten;
  const auto m = many(40, 13000, [&](std::uint64_t seed) {
    const auto x = normal_cloud<double>(n, dim, seed, 1.5), y = normal_cloud<double>(n, dim, seed + 700, 2.5);
    const auto w = weighted_to(x, 1.5, 1.0), w_y = weighted_to(y, 2.5, 2.0);
    forgotten.add(knn_divergence(x.view(), y.view(), Knn<>{.k = 5}, {}, w).value);
    return knn_divergence(x.view(), y.view(), Knn<>{.k = 5}, {}, w, w_y);
  });
  CHECK(std::abs(m.value.mean() - expected) < 5 * std::sqrt(m.value.variance() / 40) + 0.03);
  CHECK(std::abs(forgotten.z(expected)) > z_broken);  // mutant: the weights of y forgotten
  CHECK(m.claimed() > 0.8 * m.sd());
  CHECK(m.claimed() < 2.0 * m.sd());
}

TEST_CASE("the Gaussian entropy of few normal points is without bias, and without its correction it is not", "[entropy]") {
  const int n = 12, dim = 3;
  const auto m = many(2000, 15000, [&](std::uint64_t seed) { return GaussianFit{}(normal_cloud<double>(n, dim, seed).view()); });
  CHECK(std::abs(m.value.z(dim * h_normal)) < z_limit);
  double correction = 0.0;
  for (int j = 1; j <= dim; ++j) correction += 0.5 * (math::digamma(0.5 * (n - j)) - std::log(0.5 * (n - 1)));
  CHECK(std::abs(m.value.z(dim * h_normal - correction)) > z_broken);
  const auto many_points = many(300, 18000, [&](std::uint64_t seed) { return GaussianFit{}(normal_cloud<double>(200, dim, seed).view()); });
  CHECK(std::abs(many_points.claimed() / many_points.sd() - 1) < 0.2);
  // Of two modes it is an upper bound, and no small one.
  auto x = normal_cloud<double>(2000, 1, 5);
  for (int i = 0; i < x.n; ++i) x(i, 0) += i % 2 == 0 ? 4.0 : -4.0;
  CHECK(GaussianFit{}(x.view()).value > h_normal + std::log(2.0) + 0.3);
}

TEST_CASE("kernel density entropies lie above the truth, and their errors are right", "[entropy]") {
  const int n = 150;
  const auto m = many(100, 21000, [&](std::uint64_t seed) { return KernelDensity{}(normal_cloud<double>(n, 1, seed).view()); });
  CHECK(m.value.z(h_normal) > -2.0);
  CHECK(m.value.mean() < h_normal + 0.05);
  CHECK(std::abs(m.claimed() / m.sd() - 1) < 0.3);
  // Mutant: the point itself left in its own density.
  Mean own;
  for (std::uint64_t r = 0; r < 40; ++r) {
    const auto x = normal_cloud<double>(n, 1, 21000 + r);
    const std::vector<double> w(static_cast<std::size_t>(n), 1.0 / n);
    entropy::detail::GaussianSums sums(x.view(), {1.0}, w);
    const double h = 0.08;
    own.add(entropy::detail::log_sums(x.view(), sums, h, w, false, false).value + std::log(h) + 0.5 * std::log(2 * pi));
  }
  CHECK(own.z(h_normal) < -z_broken);
}

TEST_CASE("a generator's entropy lies between its bounds, which meet", "[entropy]") {
  // x = 2 z + e / 2: variance 4.25.
  const double truth = h_normal + 0.5 * std::log(4.25);
  const std::vector<double> sd{0.5};
  const auto draw = [&](int n, std::uint64_t seed) {
    Cloud<double> c = normal_cloud<double>(n, 1, seed, 2.0), x = c;
    const auto noise = normal_cloud<double>(n, 1, seed + 100000, 0.5);
    for (int i = 0; i < n; ++i) x(i, 0) += noise(i, 0);
    return generator_entropy(c.view(), x.view(), sd);
  };
  Many lower, upper;
  for (std::uint64_t r = 0; r < 400; ++r) {
    const Bracket b = draw(30, 30000 + r);
    lower.value.add(b.lower.value), upper.value.add(b.upper.value);
    lower.squared_error.add(b.lower.standard_error * b.lower.standard_error);
    upper.squared_error.add(b.upper.standard_error * b.upper.standard_error);
  }
  CHECK(lower.value.z(truth) < -z_broken);  // strictly below and above with 30 draws: exchanged, they would be caught
  CHECK(upper.value.z(truth) > z_broken);
  CHECK(std::abs(lower.claimed() / lower.sd() - 1) < 0.3);
  CHECK(upper.claimed() > 0.6 * upper.sd());
  const Bracket close = draw(2000, 1);
  CHECK(close.gap() < 0.02);
  CHECK(close.covers(truth, 4.0));
}

TEST_CASE("the cross entropy with a density is above the entropy by the divergence", "[entropy]") {
  const GaussianMixture<2> q({1.0}, {0, 0}, {1.5});
  const double expected = 2 * (0.5 * std::log(2 * pi) + std::log(1.5) + 0.5 / 2.25);
  const auto m = many(200, 51000, [&](std::uint64_t seed) { return cross_entropy(q, normal_cloud<double>(200, 2, seed).view()); });
  CHECK(std::abs(m.value.z(expected)) < z_limit);
  CHECK(std::abs(m.value.z(2 * h_normal)) > z_broken);
  CHECK(std::abs(m.claimed() / m.sd() - 1) < 0.2);
}
