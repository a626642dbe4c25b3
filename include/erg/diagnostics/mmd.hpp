// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Maximum mean discrepancy: do two samples come from one distribution?
#pragma once

#include <cstddef>
#include <vector>

#include <erg/diagnostics/draws.hpp>
#include <erg/diagnostics/radial_kernel.hpp>
#include <erg/diagnostics/resample.hpp>

namespace erg::diag {
namespace detail {

/// Labelling 0 is the sample as given; the others, if asked for, are permutations.
template <class K>
std::vector<double> mmd2_of(const Points& x, const Points& y, const K& kernel, Statistic statistic,
                            const Resampling* resampling) {
  const int at_least = statistic == Statistic::u ? 2 : 1;
  require_points(x, "x", at_least);
  require_points(y, "y", at_least);
  require_same_dim(x, y);
  const PointSet pooled = stacked(x, y);
  const std::size_t dim = static_cast<std::size_t>(pooled.dim);
  const auto k = [&](int i, int j) {
    return kernel(squared_distance(pooled.values.data() + static_cast<std::size_t>(i) * dim,
                                   pooled.values.data() + static_cast<std::size_t>(j) * dim, pooled.dim))
        .value;
  };
  const double n = x.n, m = y.n, self = kernel(0.0).value;
  std::vector<double> out;
  for (const TwoSample& s : permuted(x.n, y.n, resampling, k)) {
    const double within = statistic == Statistic::u ? s.xx / (n * (n - 1)) + s.yy / (m * (m - 1))
                                                    : (s.xx + n * self) / (n * n) + (s.yy + m * self) / (m * m);
    out.push_back(within - 2 * s.xy / (n * m));
  }
  return out;
}

}  // namespace detail

/// Squared maximum mean discrepancy with a radial kernel.
///
///   v: mean_ij k(x_i, x_j) + mean_ij k(y_i, y_j) - 2 mean_ij k(x_i, y_j);     u: the first two means over i != j only
///
/// Shapes    x: [n, dim], y: [m, dim]
/// Ensures   v >= 0 up to rounding; u has expectation 0 when both samples have one distribution
/// Cost      O((n + m)^2 dim) time, O((n + m) dim) memory
/// Numerics  a non-finite coordinate gives NaN
/// Errors    std::invalid_argument for an empty sample (fewer than two points with u) or different dimensions
/// Source    Gretton et al. (2012), A kernel two-sample test, equations 3 (u) and 5 (v)
template <RadialKernel K>
double mmd2(const Points& x, const Points& y, const K& kernel, Statistic statistic = Statistic::u) {
  return detail::mmd2_of(x, y, kernel, statistic, nullptr).front();
}

/// The same with the Gaussian kernel whose bandwidth is the median distance of the pooled sample.
/// Errors    also std::invalid_argument when that median is 0 or NaN
inline double mmd2(const Points& x, const Points& y, Statistic statistic = Statistic::u) {
  return mmd2(x, y, Rbf(median_bandwidth(x, y)), statistic);
}

/// Two-sample test by mmd2: the pooled points are relabelled at random. Exact level for any sizes.
///
/// Requires  exchangeable points: thin correlated draws to independence first
/// Ensures   a small p_value speaks against one common distribution; it is never 0
/// Cost      O((n + m)^2 (dim + n_resamples)) time, O((n + m)(dim + n_resamples)) memory
/// Errors    as mmd2; std::invalid_argument for options out of range
template <RadialKernel K>
TestResult mmd_test(const Points& x, const Points& y, const K& kernel, Statistic statistic = Statistic::u,
                    const Resampling& resampling = {}) {
  detail::require_resampling(resampling);
  std::vector<double> all = detail::mmd2_of(x, y, kernel, statistic, &resampling);
  const double observed = all.front();
  all.erase(all.begin());
  return detail::ranked(observed, all);
}

/// The same with the median bandwidth, which relabelling leaves as it is.
inline TestResult mmd_test(const Points& x, const Points& y, Statistic statistic = Statistic::u,
                           const Resampling& resampling = {}) {
  return mmd_test(x, y, Rbf(median_bandwidth(x, y)), statistic, resampling);
}

}  // namespace erg::diag
