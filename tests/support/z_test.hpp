// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Statistical tests. Rule: |z| < 5 (two-sided 5.7e-7 a check), standard errors from the exact variance where it is known, else
// from independent chains; fixed seeds, no retries; what is broken on purpose must exceed 8.
#pragma once

#include <erg/lane/ops.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace erg::test {

inline constexpr double z_limit = 5.0;    ///< beyond it a test fails
inline constexpr double z_broken = 8.0;   ///< what a broken variant must exceed

/// Mean of independent values and its standard error.
class Mean {
 public:
  void add(double v) {
    n_ += 1.0;
    sum_ += v;
    squares_ += v * v;
  }
  template <class L>
    requires(!std::is_arithmetic_v<L>)
  void add(const L& v) {
    alignas(64) scalar_t<L> a[width_v<L>];
    lane::store(a, v);
    for (int i = 0; i < width_v<L>; ++i) add(static_cast<double>(a[i]));
  }
  double n() const { return n_; }
  double mean() const { return sum_ / n_; }
  double variance() const { return std::max(0.0, squares_ / n_ - mean() * mean()) * n_ / (n_ - 1.0); }
  /// In standard errors, estimated from the values; 0 where every value is exactly as expected.
  double z(double expected) const { return score(expected, variance()); }
  /// In standard errors, of values whose variance is known.
  double z(double expected, double known_variance) const { return score(expected, known_variance); }
  /// Of the fraction of ones among values 0 and 1.
  double z_fraction(double p) const { return score(p, p * (1.0 - p)); }

 private:
  double score(double expected, double variance) const {
    const double off = mean() - expected;
    return std::abs(off) < 1e-14 ? 0.0 : off / std::sqrt(variance / n_);
  }
  double n_ = 0.0, sum_ = 0.0, squares_ = 0.0;
};

/// The largest |z| of several checks, NaN counted as infinite.
class Worst {
 public:
  void add(double z) { worst_ = std::max(worst_, z == z ? std::abs(z) : INFINITY); }
  double value() const { return worst_; }

 private:
  double worst_ = 0.0;
};

inline double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// Integral over [a, b] by Simpson's rule with n (even) intervals.
template <class F>
double simpson(F&& f, double a, double b, int n) {
  const double h = (b - a) / n;
  double sum = f(a) + f(b);
  for (int i = 1; i < n; ++i) sum += (i % 2 == 1 ? 4.0 : 2.0) * f(a + i * h);
  return sum * h / 3.0;
}

/// I_x(d/2, d/2), the regularised incomplete beta function, d >= 1: with t = sin^2 v its integrand is (sin v cos v)^(d - 1).
inline double half_beta(double x, int d) {
  const auto f = [d](double v) { return std::pow(std::sin(2.0 * v), d - 1); };
  const double quarter = std::acos(0.0);
  const auto integral = [&](double b) { return simpson(f, 0.0, b, 20000); };
  return integral(std::asin(std::sqrt(x))) / integral(quarter);
}

/// Kolmogorov-Smirnov distance on a fine grid: values are counted between edges, so adding one is O(1).
class GridKs {
 public:
  GridKs(double low, double high, int n_bins) : low_(low), scale_(n_bins / (high - low)), counts_(static_cast<std::size_t>(n_bins) + 2) {}
  void add(double v) {
    const double i = std::floor((v - low_) * scale_);
    const double last = static_cast<double>(counts_.size()) - 2.0;
    ++counts_[i < 0.0 ? 0 : static_cast<std::size_t>(std::min(i, last)) + 1];  // NaN lands in the last
    n_ += 1.0;
  }
  /// sup over the edges of |empirical - cdf|, times sqrt(n): 1.949 is exceeded with probability 1e-3, 2.693 with 1e-6.
  template <class Cdf>
  double scaled(Cdf&& cdf) const {
    double below = 0.0, d = 0.0;
    for (std::size_t i = 0; i + 1 < counts_.size(); ++i) {
      below += static_cast<double>(counts_[i]);
      d = std::max(d, std::abs(below / n_ - cdf(low_ + static_cast<double>(i) / scale_)));
    }
    return d * std::sqrt(n_);
  }

 private:
  double low_, scale_, n_ = 0.0;
  std::vector<long> counts_;
};
inline constexpr double ks_limit = 2.693;

/// Pearson's chi-squared statistic of counts against probabilities.
inline double chi_squared(const std::vector<double>& counts, const std::vector<double>& probability) {
  double n = 0.0, sum = 0.0;
  for (const double c : counts) n += c;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = n * probability[i];
    sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return sum;
}

}  // namespace erg::test
