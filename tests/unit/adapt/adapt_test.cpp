// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <erg/adapt/adaptor.hpp>
#include <erg/detail/tree_sum.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/rwm.hpp>
#include <erg/kernel/ula.hpp>

#include <array>
#include <cmath>

using namespace erg;
using namespace erg::adapt;
using namespace erg::test;

namespace {

/// Positions that no pattern fits.
double position(int chain, int d) { return std::sin(1.7 * chain + 0.3) * (1.0 + d) + 0.4 * d * std::cos(2.9 * chain) + 100.0; }

/// Adds n positions x(c, d) at once.
template <class X>
auto pooled(int n, X x) {
  return [n, x](Welford& w) { w.add(n, [n](auto&& f) { return detail::tree_sum(f, n); }, x); };
}

}  // namespace

TEST_CASE("positions added at once have the covariance of positions added one at a time", "[adapt]") {
  const int dim = 3;
  for (const bool dense : {false, true}) {
    Welford one_by_one(dim, dense), at_once(dim, dense);
    int first = 0;
    for (const int n : {1, 5, 100, 1}) {
      const auto x = [first](int c, int d) { return position(first + c, d); };
      for (int c = 0; c < n; ++c) one_by_one.observe([&](int d) { return x(c, d); });
      pooled(n, x)(at_once);
      first += n;
    }
    CHECK(at_once.count() == one_by_one.count());
    const auto a = at_once.regularised_covariance(), b = one_by_one.regularised_covariance();
    for (std::size_t i = 0; i < a.size(); ++i) CHECK_THAT(a[i], WithinAbs(b[i], 1e-11));
  }
}

TEST_CASE("a sum over chains is that of its strands, whoever adds them up", "[adapt]") {
  for (const int n : {1, 64, 65, 4096, 4097, 20000}) {
    const auto f = [](std::ptrdiff_t i) { return std::sin(0.1 * static_cast<double>(i)); };
    std::vector<double> terms;
    for (int i = 0; i < n; ++i) terms.push_back(f(i));
    for (const int width : {detail::tree_width, detail::tree_neck}) {
      if (static_cast<int>(terms.size()) <= width) continue;
      std::vector<double> strands(static_cast<std::size_t>(width), 0.0);
      for (std::size_t i = 0; i < terms.size(); ++i) strands[i % strands.size()] += terms[i];
      terms = strands;
    }
    double sum = 0.0;
    for (const double t : terms) sum += t;
    CHECK(detail::tree_sum(f, n) == sum);
  }
}

TEST_CASE("the running covariance is the one of two passes, far from the origin too", "[adapt]") {
  const int n = 50, dim = 3;
  Welford dense(dim, true), diagonal(dim, false);
  std::array<double, 3> mean{};
  for (int c = 0; c < n; ++c) {
    dense.observe([&](int d) { return position(c, d); });
    diagonal.observe([&](int d) { return position(c, d); });
    for (int d = 0; d < dim; ++d) mean[static_cast<std::size_t>(d)] += position(c, d) / n;
  }
  CHECK(dense.count() == n);
  const auto c = dense.regularised_covariance(), v = diagonal.regularised_covariance();
  REQUIRE(c.size() == 9);
  REQUIRE(v.size() == 3);
  for (int i = 0; i < dim; ++i) {
    CHECK_THAT(dense.mean()[static_cast<std::size_t>(i)], WithinAbs(mean[static_cast<std::size_t>(i)], 1e-12));
    for (int j = 0; j < dim; ++j) {
      double s = 0.0;
      for (int k = 0; k < n; ++k) s += (position(k, i) - mean[static_cast<std::size_t>(i)]) * (position(k, j) - mean[static_cast<std::size_t>(j)]);
      const double exact = n / (n + 5.0) * s / (n - 1.0) + (i == j ? 1e-3 * 5.0 / (n + 5.0) : 0.0);
      CHECK_THAT(c[static_cast<std::size_t>(i * dim + j)], WithinAbs(exact, 1e-11));
      if (i == j) CHECK_THAT(v[static_cast<std::size_t>(i)], WithinAbs(exact, 1e-11));
    }
  }
}

TEST_CASE("a covariance that starts again forgets", "[adapt]") {
  Welford w(1, false), fresh(1, false);
  for (int c = 0; c < 10; ++c) w.observe([&](int) { return -3.0 * c; });
  w.restart();
  CHECK(w.count() == 0.0);
  for (int c = 0; c < 7; ++c) {
    w.observe([&](int) { return position(c, 0); });
    fresh.observe([&](int) { return position(c, 0); });
  }
  CHECK(w.regularised_covariance() == fresh.regularised_covariance());
}

TEST_CASE("two positions in sixty dimensions give a matrix with a Cholesky factor", "[adapt]") {
  Welford w(60, true);
  for (int c = 0; c < 2; ++c) w.observe([&](int d) { return position(c, d); });
  CHECK_NOTHROW(DenseMetric(w.regularised_covariance(), 60));
}

TEST_CASE("the windows of a warm-up are those of Stan, and cover it without a gap for any length", "[adapt]") {
  const auto closing = [](int n) {
    std::vector<int> steps;
    const Windows w(n);
    for (int i = 0; i < n; ++i) {
      if (w.closes(i)) steps.push_back(i);
    }
    return steps;
  };
  CHECK(closing(1000) == std::vector<int>{99, 149, 249, 449, 949});
  CHECK(closing(150) == std::vector<int>{99});
  CHECK(closing(100) == std::vector<int>{89});
  CHECK(closing(0).empty());
  for (int n = 1; n < 700; ++n) {
    const Windows w(n);
    const auto steps = closing(n);
    int last_collected = -1, n_collected = 0;
    for (int i = 0; i < n; ++i) {
      if (w.collects(i)) last_collected = i, ++n_collected;
    }
    CAPTURE(n);
    REQUIRE(n_collected >= 1);
    REQUIRE_FALSE(steps.empty());
    REQUIRE(steps.back() == last_collected);  // what is collected is used
    REQUIRE((n < 20 || last_collected < n - 1));  // and a step size is found for the last metric
  }
}

TEST_CASE("dual averaging is its formula", "[adapt]") {
  DualAveraging rule(0.3, 0.8);
  const double accept[5] = {0.1, 0.95, 0.7, 1.0, 0.4};
  double error = 0.0, log_average = std::log(0.3);
  for (int t = 1; t <= 5; ++t) {
    error = (1.0 - 1.0 / (t + 10.0)) * error + (0.8 - accept[t - 1]) / (t + 10.0);
    const double log_step = std::log(3.0) - std::sqrt(t) / 0.2 * error;
    const double weight = std::pow(t, -0.75);
    log_average = weight * log_step + (1.0 - weight) * log_average;
    CHECK_THAT(rule.observe(accept[t - 1]), WithinRel(std::exp(log_step), 1e-13));
    CHECK_THAT(rule.final_step_size(), WithinRel(std::exp(log_average), 1e-13));
  }
  rule.restart(0.3);
  DualAveraging fresh(0.3, 0.8);
  CHECK(rule.observe(0.6) == fresh.observe(0.6));
}

TEST_CASE("robbins-monro is its formula", "[adapt]") {
  RobbinsMonro rule(0.3, 0.574);
  double log_step = std::log(0.3);
  int t = 0;
  for (const double a : {0.1, 0.95, 0.7, 1.0}) {
    log_step += std::pow(++t, -0.6) * (a - 0.574);
    CHECK_THAT(rule.observe(a), WithinRel(std::exp(log_step), 1e-13));
  }
  CHECK_THAT(rule.final_step_size(), WithinRel(std::exp(log_step), 1e-13));
}

TEST_CASE("both rules find where a falling acceptance meets its target, from far below and far above", "[adapt]") {
  for (const double start : {1e-4, 1.0, 50.0}) {
    CAPTURE(start);
    DualAveraging dual(start, 0.651);
    RobbinsMonro monro(start, 0.651);
    double a = start, b = start;
    for (int t = 0; t < 4000; ++t) {
      a = dual.observe(1.0 / (1.0 + a * a));
      b = monro.observe(1.0 / (1.0 + b * b));
    }
    const double exact = std::sqrt(1.0 / 0.651 - 1.0);
    CHECK_THAT(dual.final_step_size(), WithinRel(exact, 0.03));  // its pull towards 10 times the start fades like 1 / sqrt(t)
    CHECK_THAT(monro.final_step_size(), WithinRel(exact, 0.02));
  }
}

TEST_CASE("an adaptor tunes what its kernel has, ignores steps in which it did not move, and freezes the average", "[adapt]") {
  const auto nowhere = [](Welford&) {};
  Rwm<> rwm{{.step_size = 0.4}};
  PartAdaptor a(rwm, 2, 100, false);
  DualAveraging rule(0.4, 0.234);
  for (int i = 0; i < 20; ++i) {
    a.update(rwm, i, 0.5, nowhere);
    CHECK(rwm.params.step_size == rule.observe(0.5));
    const double kept = rwm.params.step_size;
    a.update(rwm, i, NAN, nowhere);
    CHECK(rwm.params.step_size == kept);
  }
  a.finish(rwm);
  CHECK(rwm.params.step_size == rule.final_step_size());

  Ula<> ula{{.step_size = 0.4}};  // no acceptance, so nothing to aim at
  PartAdaptor none(ula, 2, 100, false);
  none.update(ula, 0, 1.0, nowhere);
  none.finish(ula);
  CHECK(ula.params.step_size == 0.4);
}

TEST_CASE("an adaptor sets the metric at the end of each window, from that window's positions alone", "[adapt]") {
  Hmc<DiagonalMetric> hmc{{.step_size = 0.1}, DiagonalMetric{}};
  hmc.metric.prepare(2);
  const int n_warmup = 200, n_chains = 8;
  PartAdaptor a(hmc, 2, n_warmup, true);
  Welford expected(2, false);
  for (int i = 0; i < n_warmup; ++i) {
    const auto x = [&](int c, int d) { return position(i * n_chains + c, d); };
    a.update(hmc, i, 0.8, pooled(n_chains, x));
    if (i < 75) CHECK(hmc.metric.inverse_mass() == std::vector<double>{1.0, 1.0});
    if (i >= 100 && i < 150) {
      pooled(n_chains, x)(expected);
    }
    if (i == 99) CHECK(hmc.metric.inverse_mass() != std::vector<double>{1.0, 1.0});
  }
  CHECK(hmc.metric.inverse_mass() == expected.regularised_covariance());
}

TEST_CASE("an adaptor comes back from its fields as it was", "[adapt]") {
  Hmc<DenseMetric> k{{.step_size = 0.1}, DenseMetric{}};
  k.metric.prepare(2);
  PartAdaptor a(k, 2, 400, false);
  const auto x = pooled(5, [](int c, int d) { return position(c, d); });
  for (int i = 0; i < 120; ++i) a.update(k, i, 0.7, x);
  std::vector<double> saved;
  a.fields([&](double v) { saved.push_back(v); });
  auto k2 = k;
  PartAdaptor b(k2, 2, 400, false);
  std::size_t next = 0;
  b.fields([&](double& v) { v = saved.at(next++); });
  CHECK(next == saved.size());
  for (int i = 120; i < 400; ++i) {
    a.update(k, i, 0.7, x);
    b.update(k2, i, 0.7, x);
  }
  CHECK(k.params.step_size == k2.params.step_size);
  CHECK(k.metric.inverse_mass() == k2.metric.inverse_mass());
}
