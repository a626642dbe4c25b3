// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Mean, variance and quantiles of a series: plain statistics of all draws of all chains together.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <erg/diagnostics/series.hpp>

namespace erg::diag {
namespace detail {

/// Mean in two passes: the second adds the mean residual, so that a large offset costs no digits.
inline double mean_of(const double* x, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i];
  const double first = sum / static_cast<double>(n);
  if (!std::isfinite(first)) return first;
  double residual = 0;
  for (std::size_t i = 0; i < n; ++i) residual += x[i] - first;
  return first + residual / static_cast<double>(n);
}

/// Sum of squared deviations over n - 1; NaN for n < 2.
inline double variance_of(const double* x, std::size_t n) {
  if (n < 2) return nan;
  const double centre = mean_of(x, n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += (x[i] - centre) * (x[i] - centre);
  return sum / static_cast<double>(n - 1);
}

inline bool has_nan(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
}

/// Type 7 quantile of values already in ascending order (no NaN among them).
inline double sorted_quantile(const std::vector<double>& ascending, double p) {
  const double index = static_cast<double>(ascending.size() - 1) * p;
  const double below = std::floor(index);
  const double low = ascending[static_cast<std::size_t>(below)];
  const double high = ascending[static_cast<std::size_t>(std::ceil(index))];
  if (index <= below || low == high) return low;
  const double h = index - below;
  return (1 - h) * low + h * high;
}

inline std::vector<double> ascending(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace detail

/// Mean of all draws of all chains.
/// Cost      O(n)          Numerics  two passes; a non-finite draw gives a non-finite mean
inline double mean(const Series& s) {
  const detail::Chains x = detail::copy(s);
  return detail::mean_of(x.values.data(), x.values.size());
}

/// Variance of all draws of all chains about their common mean, divisor n - 1; NaN for a single draw.
inline double variance(const Series& s) {
  const detail::Chains x = detail::copy(s);
  return detail::variance_of(x.values.data(), x.values.size());
}

/// Square root of variance().
inline double sd(const Series& s) { return std::sqrt(variance(s)); }

/// Quantile of type 7 (the default of R and NumPy): linear between order statistics at (n - 1) p, counted from 0.
///
/// Requires  0 <= p <= 1            Ensures  NaN when a draw is NaN
/// Cost      O(n log n)
/// Errors    std::invalid_argument when p is outside [0, 1] or the series is empty
/// Source    Hyndman & Fan (1996), Sample quantiles in statistical packages, definition 7
inline double quantile(const Series& s, double p) {
  detail::require_probability(p);
  detail::Chains x = detail::copy(s);
  if (detail::has_nan(x.values)) return detail::nan;
  return detail::sorted_quantile(detail::ascending(std::move(x.values)), p);
}

/// quantile(s, 0.5).
inline double median(const Series& s) { return quantile(s, 0.5); }

}  // namespace erg::diag
