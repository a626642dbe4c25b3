// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/gaussian_sums.hpp"
#include "erg/entropy/nearest.hpp"

#include <numbers>

namespace erg::entropy {

/// Entropy by a kernel density estimate that leaves out the point it is evaluated at.
///
///   H = -sum_i w_i log [ sum_{j != i} w_j N(x_i; x_j, h^2 diag(s^2)) / (1 - w_i) ],      s: standard deviations of the coordinates
///
/// Bandwidth h = bandwidth where given; else of the rule. silverman: (4 / ((D + 2) n))^(1 / (D + 4)), the best for a Gaussian and too wide
///           for several modes. cross_validation: the h of the least H, which is the likelihood of each point under the others (between
///           1/20 and 3 of Silverman's: the best of nine, then golden section, at up to 500 of the points).
/// Bias      upper bound: the mean is the cross entropy with the estimated density; a bandwidth chosen from the same points takes O(1/n) off
/// Error     first order of the jackknife, neighbours' reliance on a point included; the bandwidth is held
/// Gradient  by the positions at the bandwidth and scales used, which do not move with the points
/// Ties      a point far from all others weighs in with the log of a tiny density; duplicates draw cross_validation to its narrow end, which
///           is reported
/// Shapes    x: [point, dim] column-major; gradient as x; weights: [point], positive
/// Cost      n^2 (D + 1 exponential); with cross validation up to 22 times 500 n besides. Sums in double
/// Errors    std::invalid_argument: fewer than 3 points, a coordinate that does not vary, bandwidth < 0
/// Source    Hall & Morton (1993), On the estimation of entropy; Silverman (1986), eq. (4.14); Joe (1989)
struct KernelDensity {
  enum class Rule { cross_validation, silverman };

  double bandwidth = 0.0;  ///< in standard deviations of each coordinate; 0: by the rule
  Rule rule = Rule::cross_validation;

  /// The bandwidth that the estimate uses for these points.
  template <class T>
  double bandwidth_for(BlockView<T> x, std::span<const double> weights = {}) const {
    const BlockView<const std::remove_const_t<T>> points = x;
    check(points);
    const auto w = detail::normalised(weights, x.n_chains);
    if (bandwidth > 0.0) return bandwidth;
    detail::GaussianSums sums(points, scales(points, w), w);
    return choose(points, sums, w);
  }

  template <class T>
  Estimate operator()(BlockView<T> x, Gradient<T> gradient = {}, std::span<const double> weights = {}) const {
    const BlockView<const std::remove_const_t<T>> points = x;
    const int n = x.n_chains, dim = x.dim;
    check(points);
    const auto w = detail::normalised(weights, n);
    detail::clear_gradient(gradient, n, dim);
    const auto scale = scales(points, w);
    detail::GaussianSums sums(points, scale, w);
    const double h = bandwidth > 0.0 ? bandwidth : choose(points, sums, w);
    const auto s = detail::log_sums(points, sums, h, w, true, gradient.data != nullptr);
    Estimate e;
    e.method = "kernel density, h = " + detail::text("%.3g", h);
    e.bias = Bias::upper_bound;
    e.why = "cross entropy with the density of the other points";
    e.n = n;
    e.value = s.value + dim * (std::log(h) + 0.5 * std::log(2.0 * std::numbers::pi));
    for (const double v : scale) e.value += std::log(v);
    for (const double v : w) e.value += v * std::log1p(-v);
    e.standard_error = detail::error_of_log_sums(s, w);
    if (gradient.data != nullptr) {
      std::vector<double> both = s.by_query;
      for (std::size_t i = 0; i < both.size(); ++i) both[i] += s.by_reference[i];
      detail::write_gradient(gradient, both);
    }
    if (bandwidth == 0.0 && rule == Rule::cross_validation && h < 1.02 * narrowest * silverman(dim, detail::effective_size(w))) {
      detail::warn(e, "cross validation chose the narrowest bandwidth (points repeat, or lie in a surface): give a bandwidth, or take Knn with a floor");
    }
    if (!weights.empty()) detail::warn_of_weights(e, w);
    return e;
  }

 private:
  static constexpr double narrowest = 0.05, widest = 3.0;

  template <class S>
  void check(BlockView<const S> x) const {
    erg::detail::require_not_negative("bandwidth", bandwidth);
    detail::require_coordinates("x", x);
    erg::detail::require_count("number of points", x.n_chains, 3);
  }
  static double silverman(int dim, double n) { return std::pow(4.0 / ((dim + 2.0) * n), 1.0 / (dim + 4.0)); }
  template <class S>
  static std::vector<double> scales(BlockView<const S> x, const std::vector<double>& w) {
    std::vector<double> to;
    for (int d = 0; d < x.dim; ++d) {
      double mean = 0.0, sum = 0.0;
      for (int i = 0; i < x.n_chains; ++i) mean += w[static_cast<std::size_t>(i)] * static_cast<double>(x(i, d));
      for (int i = 0; i < x.n_chains; ++i) sum += w[static_cast<std::size_t>(i)] * (static_cast<double>(x(i, d)) - mean) * (static_cast<double>(x(i, d)) - mean);
      to.push_back(std::sqrt(sum / (1.0 - 1.0 / detail::effective_size(w))));
      if (!(to.back() > 1e-12 * std::abs(mean))) {
        throw std::invalid_argument("coordinate " + std::to_string(d) + " of x does not vary (a law on a plane has no entropy in space): leave it out");
      }
    }
    return to;
  }
  template <class S>
  double choose(BlockView<const S> x, detail::GaussianSums& sums, const std::vector<double>& w) const {
    const double start = silverman(x.dim, detail::effective_size(w));
    if (rule == Rule::silverman) return start;
    const int n = x.n_chains, step = std::max(1, n / 500);
    std::vector<double> at(static_cast<std::size_t>(x.dim));
    const auto left_out = [&](double log_h) {
      double sum = 0.0, weight = 0.0;
      for (int i = 0; i < n; i += step) {
        for (int d = 0; d < x.dim; ++d) at[static_cast<std::size_t>(d)] = static_cast<double>(x(i, d)) / sums.scale()[static_cast<std::size_t>(d)];
        sums.distances(at.data(), i);
        sum -= w[static_cast<std::size_t>(i)] * sums.log_sum(std::exp(log_h));
        weight += w[static_cast<std::size_t>(i)];
      }
      return sum / weight + x.dim * log_h;
    };
    // The likelihood may have several peaks: the highest of nine, then what is highest about it.
    constexpr int n_coarse = 9;
    const double low = std::log(narrowest * start), width = std::log(widest / narrowest) / (n_coarse - 1);
    int best = 0;
    double at_best = lane::Format<double>::infinity;  // a value that is not finite is never the best
    for (int i = 0; i < n_coarse; ++i) {
      const double h = left_out(low + i * width);
      if (h < at_best) best = i, at_best = h;
    }
    double a = low + std::max(0, best - 1) * width, b = low + std::min(n_coarse - 1, best + 1) * width;
    const double ratio = 0.5 * (std::sqrt(5.0) - 1.0);
    double c = b - ratio * (b - a), d = a + ratio * (b - a), at_c = left_out(c), at_d = left_out(d);
    while (b - a > 0.01) {
      if (at_c < at_d) {
        b = d, d = c, at_d = at_c;
        at_c = left_out(c = b - ratio * (b - a));
      } else {
        a = c, c = d, at_c = at_d;
        at_d = left_out(d = a + ratio * (b - a));
      }
    }
    return std::exp(0.5 * (a + b));
  }
};

}  // namespace erg::entropy
