// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Resampling tests of statistics that are sums over pairs of points: one pass over the pairs serves every resample.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <erg/diagnostics/series.hpp>

namespace erg::diag {

/// Which estimate of a mean over pairs: v keeps the pairs of a point with itself (biased, never negative for a positive
/// definite kernel), u leaves them out (unbiased, may be negative).
enum class Statistic { v, u };

/// How a resampling test is drawn. Same options, same points, same answer.
/// Requires  n_resamples >= 1; 0 < flip_probability <= 0.5
struct Resampling {
  int n_resamples = 500;
  std::uint64_t seed = 1;
  double flip_probability =
      0.5;  ///< wild bootstrap only: 0.5 for independent points, lower for correlated ones (see ksd_test)
};

/// A statistic and how often a resample under the null hypothesis reaches it: p = (1 + #{resamples >= statistic}) / (1
/// + n). NaN in gives NaN for both.
struct TestResult {
  double statistic = 0;
  double p_value = 1;
  int n_resamples = 0;
};

namespace detail {

inline void require_resampling(const Resampling& r) {
  if (r.n_resamples < 1)
    throw std::invalid_argument("n_resamples = " + std::to_string(r.n_resamples) +
                                " (a p-value needs at least one resample)");
  if (!(r.flip_probability > 0 && r.flip_probability <= 0.5))
    throw std::invalid_argument("flip_probability = " + std::to_string(r.flip_probability) +
                                " (must be above 0 and at most 0.5)");
}

/// Source: Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators, SplitMix64.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// Uniform on 0 .. n - 1; the few values that would favour small results are drawn again.
  std::uint64_t below(std::uint64_t n) {
    const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % n;
    std::uint64_t v = next();
    while (v >= limit) v = next();
    return v % n;
  }

 private:
  std::uint64_t state_;
};

inline double dot(const double* a, const double* b, std::size_t n) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (; i < n; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

/// For a symmetric f: forms[k] = sum_{i != j} w_k(i) w_k(j) f(i, j), and row_sums[i] = sum_{j != i} f(i, j).
struct PairSums {
  std::vector<double> forms, row_sums;
  double total = 0;  ///< sum_{i != j} f(i, j)
};

/// Shapes    weights: [form, n], row-major           Cost  n^2 / 2 calls of f and n^2 / 2 products per form; no n^2
///           memory
template <class Pair>
PairSums sum_pairs(int n, const std::vector<double>& weights, const Pair& f) {
  const std::size_t length = static_cast<std::size_t>(n), n_forms = weights.size() / length;
  PairSums out{std::vector<double>(n_forms, 0.0), std::vector<double>(length, 0.0), 0};
  std::vector<double> row(length);
  for (int i = 1; i < n; ++i) {
    const std::size_t at = static_cast<std::size_t>(i);
    double sum = 0;
    for (int j = 0; j < i; ++j) {
      const double v = f(i, j);
      row[static_cast<std::size_t>(j)] = v;
      out.row_sums[static_cast<std::size_t>(j)] += v;
      sum += v;
    }
    out.row_sums[at] += sum;
    out.total += 2 * sum;
    for (std::size_t k = 0; k < n_forms; ++k) {
      const double* w = weights.data() + k * length;
      if (w[at] != 0) out.forms[k] += 2 * w[at] * dot(row.data(), w, at);
    }
  }
  return out;
}

/// Ties count against the statistic; rounding must not break them.
inline TestResult ranked(double statistic, const std::vector<double>& resampled) {
  const int n = static_cast<int>(resampled.size());
  if (std::isnan(statistic)) return {nan, nan, n};
  int reached = 0;
  for (const double r : resampled) reached += r >= statistic - 1e-12 * std::abs(statistic) ? 1 : 0;
  return {statistic, (1.0 + reached) / (1.0 + n), n};
}

/// Sums over pairs within and between the two halves of a pooled sample, one entry per labelling.
struct TwoSample {
  double xx = 0, yy = 0, xy = 0;  ///< xx, yy: over i != j; xy: over all i of x, j of y
};

/// Labellings of n_x + n_y points: entry 0 as given, then n_resamples random permutations.
/// f: symmetric, f(i, j) of pooled points. Cost: as sum_pairs.
template <class Pair>
std::vector<TwoSample> permuted(int n_x, int n_y, const Resampling* resampling, const Pair& f) {
  const std::size_t length = static_cast<std::size_t>(n_x) + static_cast<std::size_t>(n_y);
  const std::size_t n_forms = 1 + (resampling ? static_cast<std::size_t>(resampling->n_resamples) : 0);
  std::vector<double> is_x(n_forms * length, 0.0);
  std::vector<double> labels(length, 0.0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(n_x); ++i) labels[i] = 1;
  SplitMix64 random(resampling ? resampling->seed : 0);
  for (std::size_t k = 0; k < n_forms; ++k) {
    if (k > 0)
      for (std::size_t i = length - 1; i > 0; --i) std::swap(labels[i], labels[random.below(i + 1)]);
    for (std::size_t i = 0; i < length; ++i) is_x[k * length + i] = labels[i];
  }
  const PairSums sums = sum_pairs(static_cast<int>(length), is_x, f);
  std::vector<TwoSample> out(n_forms);
  for (std::size_t k = 0; k < n_forms; ++k) {
    const double from_x = dot(is_x.data() + k * length, sums.row_sums.data(), length);  // x to everything: xx + xy
    out[k].xx = sums.forms[k];
    out[k].xy = from_x - out[k].xx;
    out[k].yy = sums.total - out[k].xx - 2 * out[k].xy;
  }
  return out;
}

}  // namespace detail
}  // namespace erg::diag
