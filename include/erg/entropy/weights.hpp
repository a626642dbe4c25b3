// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/report.hpp"
#include "erg/tile/block_tile.hpp"

#include <span>
#include <stdexcept>

namespace erg::entropy {

/// Where a gradient by positions goes, [point, dim] as the points; without memory none is computed.
template <class T>
using Gradient = BlockView<std::remove_const_t<T>>;

namespace detail {

/// Weights that sum to 1, from any that are not negative; empty: all equal.
inline std::vector<double> normalised(std::span<const double> w, int n) {
  if (w.empty()) return std::vector<double>(static_cast<std::size_t>(n), 1.0 / n);
  if (static_cast<int>(w.size()) != n) {
    throw std::invalid_argument(std::to_string(w.size()) + " weights (there are " + std::to_string(n) + " points) give one for each");
  }
  double sum = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    if (!(w[i] > 0.0 && std::isfinite(w[i]))) {
      throw std::invalid_argument("weights[" + std::to_string(i) + "] = " + text("%g", w[i]) + " (must be finite and > 0) leave out points without weight");
    }
    sum += w[i];
  }
  std::vector<double> to(w.begin(), w.end());
  for (double& v : to) v /= sum;
  return to;
}
/// Effective number of weighted points: 1 / sum w^2.
inline double effective_size(const std::vector<double>& w) {
  double sum = 0.0;
  for (const double v : w) sum += v * v;
  return 1.0 / sum;
}
inline void warn_of_weights(Estimate& e, const std::vector<double>& w) {
  const double ess = effective_size(w);
  if (ess < 0.1 * static_cast<double>(w.size())) {
    warn(e, "the weights are worth " + text("%.0f", ess) + " of " + std::to_string(w.size()) + " points (few carry the estimate): use a closer proposal");
  }
}
/// A gradient of the shape of the points, set to 0.
template <class T>
void clear_gradient(BlockView<T> g, int n, int dim) {
  if (g.data == nullptr) return;
  if (g.n_chains != n || g.dim != dim) {
    throw std::invalid_argument("a gradient of shape [" + std::to_string(g.n_chains) + ", " + std::to_string(g.dim) + "] (the points have [" +
                                std::to_string(n) + ", " + std::to_string(dim) + "]) give one of theirs");
  }
  for (int d = 0; d < dim; ++d) std::fill_n(g.column(d), n, T(0));
}
template <class T>
void write_gradient(BlockView<T> g, const std::vector<double>& from) {
  for (int d = 0; d < g.dim; ++d) {
    for (int i = 0; i < g.n_chains; ++i) g(i, d) = static_cast<T>(from[static_cast<std::size_t>(d) * static_cast<std::size_t>(g.n_chains) + static_cast<std::size_t>(i)]);
  }
}

/// Sum of squared deviations from the mean.
inline double squares_about_mean(const std::vector<double>& v) {
  double mean = 0.0, sum = 0.0;
  for (const double x : v) mean += x / static_cast<double>(v.size());
  for (const double x : v) sum += (x - mean) * (x - mean);
  return sum;
}
/// Standard error of a statistic from its n values without one point each; not below it in expectation (Efron & Stein 1981).
inline double jackknife_error(const std::vector<double>& without_one) {
  const double n = static_cast<double>(without_one.size());
  return std::sqrt((n - 1.0) / n * squares_about_mean(without_one));
}
/// Standard error of a weighted mean of independent values.
inline double error_of_mean(const std::vector<double>& v, const std::vector<double>& w, double mean) {
  double sum = 0.0;
  for (std::size_t i = 0; i < v.size(); ++i) sum += w[i] * w[i] * (v[i] - mean) * (v[i] - mean);
  const double n = effective_size(w);
  return n > 1.0 ? std::sqrt(sum * n / (n - 1.0)) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail
}  // namespace erg::entropy
