// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energy distance between two samples: a two-sample test without a bandwidth. (The name is Szekely's; no erg energy is
// involved.)
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <erg/diagnostics/draws.hpp>
#include <erg/diagnostics/resample.hpp>

namespace erg::diag {
namespace detail {

inline std::vector<double> energy_distance_of(const Points& x, const Points& y, Statistic statistic,
                                              const Resampling* resampling) {
  const int at_least = statistic == Statistic::u ? 2 : 1;
  require_points(x, "x", at_least);
  require_points(y, "y", at_least);
  require_same_dim(x, y);
  const PointSet pooled = stacked(x, y);
  const std::size_t dim = static_cast<std::size_t>(pooled.dim);
  const auto distance = [&](int i, int j) {
    return std::sqrt(squared_distance(pooled.values.data() + static_cast<std::size_t>(i) * dim,
                                      pooled.values.data() + static_cast<std::size_t>(j) * dim, pooled.dim));
  };
  const double n = x.n, m = y.n;
  const double pairs_x = statistic == Statistic::u ? n * (n - 1) : n * n,
               pairs_y = statistic == Statistic::u ? m * (m - 1) : m * m;
  std::vector<double> out;
  for (const TwoSample& s : permuted(x.n, y.n, resampling, distance))
    out.push_back(2 * s.xy / (n * m) - s.xx / pairs_x - s.yy / pairs_y);
  return out;
}

}  // namespace detail

/// Squared energy distance.
///
///   D^2 = 2 E|X - Y| - E|X - X'| - E|Y - Y'|,   each mean over all pairs (v), or the last two over i != j only (u)
///
/// Shapes    x: [n, dim], y: [m, dim]
/// Ensures   v >= 0 up to rounding, and 0 only for equal samples; u has expectation 0 when both have one distribution
/// Cost      O((n + m)^2 dim) time, O((n + m) dim) memory
/// Numerics  a non-finite coordinate gives NaN; scale the coordinates alike, for the distance is Euclidean
/// Errors    std::invalid_argument for an empty sample (fewer than two points with u) or different dimensions
/// Source    Szekely & Rizzo (2013), Energy statistics: a class of statistics based on distances
inline double energy_distance2(const Points& x, const Points& y, Statistic statistic = Statistic::v) {
  return detail::energy_distance_of(x, y, statistic, nullptr).front();
}

/// Two-sample test by energy_distance2: the pooled points are relabelled at random. Exact level for any sizes.
///
/// Requires  exchangeable points: thin correlated draws to independence first
/// Ensures   a small p_value speaks against one common distribution; it is never 0
/// Cost      O((n + m)^2 (dim + n_resamples)) time, O((n + m)(dim + n_resamples)) memory
/// Errors    as energy_distance2; std::invalid_argument for options out of range
inline TestResult energy_test(const Points& x, const Points& y, Statistic statistic = Statistic::v,
                              const Resampling& resampling = {}) {
  detail::require_resampling(resampling);
  std::vector<double> all = detail::energy_distance_of(x, y, statistic, &resampling);
  const double observed = all.front();
  all.erase(all.begin());
  return detail::ranked(observed, all);
}

}  // namespace erg::diag
