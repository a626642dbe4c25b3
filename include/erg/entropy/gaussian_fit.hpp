// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/covariance.hpp"
#include "erg/energy/cholesky.hpp"
#include "erg/entropy/nearest.hpp"
#include "erg/entropy/weights.hpp"
#include "erg/lane/math/gamma.hpp"

#include <numbers>

namespace erg::entropy {

/// The entropy of the Gaussian with the covariance of the points: the largest that any law with this covariance has.
///
///   H = (1/2) log |2 pi e S| - (1/2) sum_{j=1..D} [ psi((n - j) / 2) - log((n - 1) / 2) ],   S the covariance of divisor n - 1
///   dH/dx_i = S^-1 (x_i - mean) / (n - 1);   weighted: w_i / (1 - sum w^2) for 1 / (n - 1), and n = 1 / sum w^2
///
/// Bias      upper bound: without bias for Gaussian points, too high for all others by the divergence from the Gaussian
/// Error     sd of (x - mean)' S^-1 (x - mean) / 2, over sqrt(n): the first order of the estimate in the law of the points
/// Shapes    x: [point, dim] column-major; gradient as x               Requires  n > dim independent points
/// Cost      n D^2 + D^3
/// Errors    std::invalid_argument: too few points, points in a plane
/// Source    Cover & Thomas (2006), Elements of information theory, theorem 8.6.5; Ahmed & Gokhale (1989) for the correction
struct GaussianFit {
  template <class T>
  Estimate operator()(BlockView<T> x, Gradient<T> gradient = {}, std::span<const double> weights = {}) const {
    using S = std::remove_const_t<T>;
    const BlockView<const S> points = x;
    detail::require_coordinates("x", points);
    const int n = x.n_chains, dim = x.dim;
    const auto w = detail::normalised(weights, n);
    const double ess = detail::effective_size(w), spread = 1.0 - 1.0 / ess;
    if (ess < dim + 1.0 - 1e-9) {
      throw std::invalid_argument(detail::text("%.1f", ess) + " points (a covariance of dim = " + std::to_string(dim) + " needs more than dim) give more, or use Knn");
    }
    detail::clear_gradient(gradient, n, dim);
    const std::size_t size = static_cast<std::size_t>(dim);
    auto [mean, covariance] = erg::detail::mean_and_covariance(
        n, dim, [&](int i, int d) { return static_cast<double>(points(i, d)); }, [&](int i) { return w[static_cast<std::size_t>(i)]; });
    for (double& v : covariance) v /= spread;
    const auto factor = erg::detail::cholesky("the covariance of the points", covariance, dim);
    Estimate e;
    e.method = "Gaussian of equal covariance";
    e.bias = Bias::upper_bound;
    e.why = "the largest entropy of this covariance";
    e.n = n;
    e.value = 0.5 * (erg::detail::cholesky_log_det(factor, dim) + dim * std::log(2.0 * std::numbers::pi * std::numbers::e));
    for (int j = 1; j <= dim; ++j) e.value -= 0.5 * (math::digamma(0.5 * (ess - j)) - std::log(0.5 * (ess - 1.0)));
    std::vector<double> influence(w.size()), off(size);
    double centre = 0.0;
    for (int i = 0; i < n; ++i) {
      for (std::size_t d = 0; d < size; ++d) off[d] = static_cast<double>(points(i, static_cast<int>(d))) - mean[d];
      std::vector<double> solved = off;
      erg::detail::cholesky_solve(factor, dim, solved.data());
      double squared = 0.0;
      for (std::size_t d = 0; d < size; ++d) squared += off[d] * solved[d];
      influence[static_cast<std::size_t>(i)] = 0.5 * squared;
      centre += w[static_cast<std::size_t>(i)] * 0.5 * squared;
      if (gradient.data == nullptr) continue;
      for (int d = 0; d < dim; ++d) gradient(i, d) = static_cast<S>(w[static_cast<std::size_t>(i)] / spread * solved[static_cast<std::size_t>(d)]);
    }
    e.standard_error = detail::error_of_mean(influence, w, centre);
    if (!weights.empty()) detail::warn_of_weights(e, w);
    return e;
  }
};

}  // namespace erg::entropy
