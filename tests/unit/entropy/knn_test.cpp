// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/points.hpp"

#include <erg/entropy/knn.hpp>

#include <sstream>

using namespace erg;
using namespace erg::test;
using namespace erg::entropy;

namespace {

constexpr double pi = 3.14159265358979323846, euler = 0.57721566490153286;

/// H of a fresh copy of the points, one coordinate moved.
template <class Estimator>
double moved(const Estimator& h, Cloud<double> x, int i, int d, double by) {
  x(i, d) += by;
  return h(x.view()).value;
}

}  // namespace

TEST_CASE("the entropy of three points on a line is what it is by hand", "[entropy]") {
  // 0, 1, 3: nearest at 1, 1, 2. psi(3) - psi(1) = 3/2, V_1 = 2.
  const Cloud<double> x(1, {{0}, {1}, {3}});
  CHECK_THAT(Knn<>{.k = 1}(x.view()).value, WithinAbs(1.5 + std::log(2.0) + std::log(2.0) / 3, 1e-14));
  // k = 2: at 3, 2, 3; psi(2) = psi(1) + 1.
  CHECK_THAT(Knn<>{.k = 2}(x.view()).value, WithinAbs(0.5 + std::log(2.0) + (2 * std::log(3.0) + std::log(2.0)) / 3, 1e-14));
  // In the plane, against two references at distances 5 and 13 of the origin: psi(3) - psi(1) + log pi + 2 log 5.
  const Cloud<double> o(2, {{0, 0}}), y(2, {{3, 4}, {-5, 12}});
  CHECK_THAT(Knn<>{.k = 1}.against(o.view(), y.view()).value, WithinAbs(1.5 + std::log(pi) + 2 * std::log(5.0), 1e-14));
}

TEST_CASE("the divergence of three points from two is what it is by hand", "[entropy]") {
  // x: 0, 1, 3 (nearest at 1, 1, 2); y: 2, -2 (nearest at 2, 1, 1). psi(3) - psi(3) = 0.
  const Cloud<double> x(1, {{0}, {1}, {3}}), y(1, {{2}, {-2}});
  const Estimate e = knn_divergence(x.view(), y.view(), Knn<>{.k = 1});
  CHECK_THAT(e.value, WithinAbs((std::log(2.0) - std::log(2.0)) / 3, 1e-14));
  // Jackknife over x by hand: without 0: (1, 3) nearest 2, 2, sum log(1/2) + log(1/2); without 1: (0, 3): 3, 3: log(2/3) + log(1/3);
  // without 3: (0, 1): 1, 1: log 2 + log 1; each over 2. Over y: without 2: log(2/1) + log(3/1) + log(5/2); without -2: log 2 + log 1 + log(1/2).
  const auto error = [](std::vector<double> v) { return entropy::detail::jackknife_error(v); };
  const double over_x = error({-std::log(4.0) / 2, std::log(2.0 / 9) / 2, std::log(2.0) / 2}), over_y = error({std::log(15.0) / 3, 0.0});
  CHECK_THAT(e.standard_error, WithinRel(std::hypot(over_x, over_y), 1e-12));
}

TEST_CASE("the jackknife from k + 1 neighbours is that of leaving every point out", "[entropy]") {
  const int n = 40;
  for (const int k : {1, 4}) {
    const auto x = normal_cloud<double>(n, 2, 11);
    std::vector<double> weights, without;
    for (int i = 0; i < n; ++i) weights.push_back(1.0 + 0.3 * (i % 4));
    for (const bool weighted : {false, true}) {
      without.clear();
      for (int out = 0; out < n; ++out) {
        Cloud<double> rest(n - 1, 2);
        std::vector<double> w;
        for (int i = 0, to = 0; i < n; ++i) {
          if (i == out) continue;
          rest(to, 0) = x(i, 0), rest(to, 1) = x(i, 1);
          w.push_back(weights[static_cast<std::size_t>(i)]);
          ++to;
        }
        without.push_back(Knn<>{.k = k}(rest.view(), {}, weighted ? std::span<const double>(w) : std::span<const double>()).value);
      }
      const double error = Knn<>{.k = k}(x.view(), {}, weighted ? std::span<const double>(weights) : std::span<const double>()).standard_error;
      CHECK_THAT(error, WithinRel(entropy::detail::jackknife_error(without), weighted ? 1e-3 : 1e-9));
    }
  }
}

TEST_CASE("equal weights of any size give the unweighted entropy, and twice the weight counts as nearly two points", "[entropy]") {
  const auto x = normal_cloud<double>(500, 3, 4);
  const std::vector<double> equal(500, 7.0);
  const Estimate plain = Knn<>{}(x.view()), weighted = Knn<>{}(x.view(), {}, equal);
  CHECK_THAT(weighted.value, WithinAbs(plain.value, 1e-12));
  CHECK_THAT(weighted.standard_error, WithinRel(plain.standard_error, 1e-9));
  const auto y = normal_cloud<double>(300, 3, 5, 1.3);
  const std::vector<double> equal_y(300, 0.1);
  const Estimate apart = knn_divergence(x.view(), y.view()), apart_weighted = knn_divergence(x.view(), y.view(), Knn<>{}, {}, equal, equal_y);
  CHECK_THAT(apart_weighted.value, WithinAbs(apart.value, 1e-12));
  CHECK_THAT(apart_weighted.standard_error, WithinRel(apart.standard_error, 1e-9));
  ERG_CHECK_THROWS(Knn<>{}(x.view(), {}, std::vector<double>(500, 0.0)), std::invalid_argument, "weights[0] = 0 (must be finite and > 0)");
  ERG_CHECK_THROWS(Knn<>{}(x.view(), {}, std::vector<double>(3, 1.0)), std::invalid_argument, "3 weights (there are 500 points)");
}

TEST_CASE("kNN entropy moves with shifts, scales, turns and the order of points as an entropy does", "[entropy]") {
  const int n = 300, dim = 3;
  const auto x = normal_cloud<double>(n, dim, 7);
  const double h = Knn<>{}(x.view()).value;
  auto y = x;
  for (auto& v : y.values) v += 4.0;  // exact for these numbers but for the last bits
  CHECK_THAT(Knn<>{}(y.view()).value, WithinAbs(h, 1e-11));
  y = x;
  for (auto& v : y.values) v *= 2.5;
  CHECK_THAT(Knn<>{}(y.view()).value, WithinAbs(h + dim * std::log(2.5), 1e-11));
  for (int i = 0; i < n; ++i) {  // a turn and a reversal of the order
    y(n - 1 - i, 0) = 0.6 * x(i, 0) - 0.8 * x(i, 1);
    y(n - 1 - i, 1) = 0.8 * x(i, 0) + 0.6 * x(i, 1);
    y(n - 1 - i, 2) = -x(i, 2);
  }
  CHECK_THAT(Knn<>{}(y.view()).value, WithinAbs(h, 1e-11));
}

TEST_CASE("the gradient of kNN entropy sums to 0, along x to dim, and turns nothing", "[entropy]") {
  for (const int dim : {1, 2, 5}) {
    const int n = 120;
    const auto x = normal_cloud<double>(n, dim, 9);
    Cloud<double> g(n, dim);
    Knn<>{.k = 3}(x.view(), g.view());
    for (int d = 0; d < dim; ++d) {
      double sum = 0.0;
      for (int i = 0; i < n; ++i) sum += g(i, d);
      CHECK_THAT(sum, WithinAbs(0.0, 1e-10));
    }
    double along = 0.0, turn = 0.0;
    for (int i = 0; i < n; ++i) {
      for (int d = 0; d < dim; ++d) along += x(i, d) * g(i, d);
      if (dim > 1) turn += x(i, 0) * g(i, 1) - x(i, 1) * g(i, 0);
    }
    CHECK_THAT(along, WithinAbs(dim, 1e-10));
    CHECK_THAT(turn, WithinAbs(0.0, 1e-10));
  }
}

TEST_CASE("gradients of kNN entropies and divergences are their differences where no neighbour changes", "[entropy]") {
  const int n = 40, dim = 2, k = 2;
  const auto x = normal_cloud<double>(n, dim, 21), y = normal_cloud<double>(60, dim, 22, 1.5);
  std::vector<double> weights;
  for (int i = 0; i < n; ++i) weights.push_back(1.0 + 0.5 * (i % 3));
  const Nearest near = BruteForce<>{}(x.view(), x.view(), k + 2, Sets::one), far = BruteForce<>{}(x.view(), y.view(), k + 2, Sets::two);
  const double h = 1e-6;
  const auto safe = [&](int i) {
    for (const Nearest* s : {&near, &far}) {
      for (int j = 0; j < n; ++j) {
        const bool uses = i == j || (s == &near && [&] { for (int r = 0; r <= k; ++r) if (near.index_of(j, r) == i) return true; return false; }());
        for (int r = 0; uses && r <= k; ++r) {
          if (s->distance_of(j, r + 1) - s->distance_of(j, r) < 10 * h) return false;
        }
      }
    }
    return true;
  };
  const auto plain = [&](auto view, Gradient<double> g = {}) { return Knn<>{.k = k}(view, g); };
  const auto weighted = [&](auto view, Gradient<double> g = {}) { return Knn<>{.k = k}(view, g, weights); };
  const auto cross = [&](auto view, Gradient<double> g = {}) { return Knn<>{.k = k}.against(view, y.view(), g); };
  const auto weighted_cross = [&](auto view, Gradient<double> g = {}) { return Knn<>{.k = k}.against(view, y.view(), g, weights); };
  const auto divergence = [&](auto view, Gradient<double> g = {}) { return knn_divergence(view, y.view(), Knn<>{.k = k}, g); };
  int n_checked = 0;
  const auto check = [&](const auto& f) {
    Cloud<double> g(n, dim);
    f(x.view(), g.view());
    for (int i = 0; i < n; ++i) {
      if (!safe(i)) continue;
      for (int d = 0; d < dim; ++d, ++n_checked) {
        CHECK_THAT(g(i, d), WithinAbs((moved(f, x, i, d, h) - moved(f, x, i, d, -h)) / (2 * h), 2e-6 * (1.0 + std::abs(g(i, d)))));
      }
    }
  };
  check(plain), check(weighted), check(cross), check(weighted_cross), check(divergence);
  CHECK(n_checked > 200);
}

TEST_CASE("duplicates are counted, floored, and leave gradients finite", "[entropy]") {
  auto x = normal_cloud<double>(100, 2, 5);
  for (int d = 0; d < 2; ++d) x(1, d) = x(0, d);
  Cloud<double> g(100, 2);
  const Estimate e = Knn<>{.k = 1}(x.view(), g.view());
  CHECK(e.n_ties == 2);
  CHECK(std::isfinite(e.value));
  CHECK_THAT(e.warning, contains("2 distances are below"));
  for (const double v : g.values) CHECK(std::isfinite(v));
  const Estimate coarse = Knn<>{.k = 1, .floor = 1e3}(x.view(), g.view());
  CHECK(coarse.n_ties == 100);
  CHECK_THAT(coarse.value, WithinAbs(math::digamma(100.0) + euler + std::log(pi) + 2 * std::log(1e3), 1e-12));
  // Below the floor points part at its pace: |x_i - x_j| dim / (n floor^2) for each of a few pairs, but duplicates do not know where to.
  double most = 0.0;
  for (const double v : g.values) most = std::max(most, std::abs(v));
  CHECK((most > 0.0 && most < 5 * 6.0 * 2 / (100 * 1e6)));
  Knn<>{.k = 1, .floor = 1e3, .both_sides = false}(x.view(), g.view());
  for (int i = 0; i < 2; ++i) CHECK((g(i, 0) == 0.0 && g(i, 1) == 0.0));
}

TEST_CASE("float points give the entropy of the same numbers in double", "[entropy]") {
  const auto x = normal_cloud<float>(400, 6, 8);
  Cloud<double> y(400, 6);
  for (std::size_t i = 0; i < x.values.size(); ++i) y.values[i] = static_cast<double>(x.values[i]);
  CHECK_THAT(Knn<>{}(x.view()).value, WithinAbs(Knn<>{}(y.view()).value, 1e-13));
}

TEST_CASE("an estimate prints its value, error, bias and what speaks against it", "[entropy]") {
  Estimate e = Knn<>{}(normal_cloud<double>(50, 9, 1).view());
  std::ostringstream out;
  out << e;
  CHECK_THAT(out.str(), contains("kNN entropy, k = 3"));
  CHECK_THAT(out.str(), contains("vanishing: of order (k/n)^(2/dim)"));
  CHECK_THAT(out.str(), contains("dim = 9 (above 8 the bias exceeds"));
  Estimate high = e, low = e;
  low.value = e.value + 100.0 * e.standard_error;
  std::ostringstream crossed;
  crossed << Bracket{low, high};
  CHECK_THAT(crossed.str(), contains("(bounds of one number cannot cross)"));
}
