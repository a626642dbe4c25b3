// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Pareto smoothed importance sampling: do the weights have a mean that draws can find, and weights with their tail put in order.
#pragma once

#include "erg/estimate/weights.hpp"

#include <cstdint>
#include <numeric>

namespace erg::estimate {

/// From where on an average over weights is not to be trusted.
/// Source    Vehtari, Simpson, Gelman, Yao, Gabry (2024), Pareto smoothed importance sampling, section 3
inline constexpr double max_pareto_k = 0.7;

/// A generalized Pareto law on (0, infinity): density (1 + k x / sigma)^(-1 / k - 1) / sigma; 1 / k moments are finite.
struct ParetoFit {
  double k, sigma;
};

/// The fit to exceedances, by the mean of a quasi-posterior of theta = -k / sigma over a grid, k then drawn towards 1/2 by 10 pseudo-draws.
///
/// Shapes    excess: [n], ascending                Requires  n >= 5; excess >= 0, some > 0
/// Cost      (30 + sqrt n) n logarithms
/// Source    Zhang, Stephens (2009), A new and efficient estimation method for the generalized Pareto distribution, section 3;
///           the pseudo-draws: Vehtari et al. (2024), appendix C
inline ParetoFit fit_pareto(std::span<const double> excess) {
  const auto n = static_cast<double>(excess.size());
  const auto n_grid = static_cast<std::size_t>(30.0 + std::floor(std::sqrt(n)));
  const double largest = excess.back();
  double quartile = excess[static_cast<std::size_t>(std::floor(n / 4.0 + 0.5)) - 1];
  if (!(quartile > 0.0)) quartile = *std::upper_bound(excess.begin(), excess.end(), 0.0);  // ties at the threshold
  const auto mean_log = [&](double theta) {
    double sum = 0.0;
    for (const double x : excess) sum += std::log1p(-theta * x);
    return sum / n;
  };
  std::vector<double> theta(n_grid), log_likelihood(n_grid);
  for (std::size_t j = 0; j < n_grid; ++j) {
    theta[j] = 1.0 / largest + (1.0 - std::sqrt(static_cast<double>(n_grid) / (static_cast<double>(j) + 0.5))) / (3.0 * quartile);
    const double k = mean_log(theta[j]);
    log_likelihood[j] = n * (std::log(-theta[j] / k) - k - 1.0);
  }
  const double best = *std::max_element(log_likelihood.begin(), log_likelihood.end());
  double total = 0.0, mean = 0.0;
  for (std::size_t j = 0; j < n_grid; ++j) {
    const double w = std::exp(log_likelihood[j] - best);
    total += w;
    mean += w * theta[j];
  }
  mean /= total;
  const double k = mean_log(mean);
  return {(k * n + 5.0) / (n + 10.0), -k / mean};
}

struct Smoothed {
  std::vector<double> log_weights;  ///< as given, the largest replaced by the fitted law's quantiles, none above the largest given
  double pareto_k;                  ///< -infinity: the largest are all equal; NaN: too few to tell
};

/// Weights with their largest ones replaced by quantiles of the generalized Pareto law fitted to them, and its shape k.
///
/// Where k < 1/2 the weights have a variance, where k < 1 a mean; an average of n of them is useful for k < 0.7 (max_pareto_k).
/// Shapes    log_w: [n]; relative_efficiency: ESS / n of correlated draws, 1 of independent ones
/// Requires  no NaN, no +infinity
/// Ensures   pareto_k is NaN, the weights unchanged, where the tail has fewer than 5 draws (n < 21)
/// Cost      a sort, and 36 logarithms per weight of the tail, of which there are 3 sqrt(n), 0.2 n at most
/// Source    Vehtari et al. (2024), algorithm 1
inline Smoothed smooth_weights(std::span<const double> log_w, double relative_efficiency = 1.0) {
  detail::require_log_weights(log_w, detail::infinity, detail::of_proposal);
  Smoothed out{{log_w.begin(), log_w.end()}, detail::nan};
  const auto n = static_cast<double>(log_w.size());
  const auto n_tail = static_cast<std::size_t>(std::ceil(std::min(0.2 * n, 3.0 * std::sqrt(n / relative_efficiency))));
  if (n_tail < 5 || n_tail >= log_w.size()) return out;

  std::vector<std::uint32_t> order(log_w.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto smaller = [&](std::uint32_t a, std::uint32_t b) { return log_w[a] < log_w[b] || (log_w[a] == log_w[b] && a < b); };
  const auto tail = order.end() - static_cast<std::ptrdiff_t>(n_tail);
  std::nth_element(order.begin(), tail - 1, order.end(), smaller);
  std::sort(tail, order.end(), smaller);
  const double largest = log_w[order.back()];
  if (largest == -detail::infinity) return out;
  const double threshold = std::exp(log_w[*(tail - 1)] - largest);
  std::vector<double> excess;
  for (auto i = tail; i != order.end(); ++i) excess.push_back(std::exp(log_w[*i] - largest) - threshold);
  if (excess.back() - excess.front() < 1e-10 || !(excess.back() > 0.0)) {  // what differs is rounding
    out.pareto_k = -detail::infinity;
    return out;
  }
  const ParetoFit fit = fit_pareto(excess);
  out.pareto_k = std::isnan(fit.k) ? detail::infinity : fit.k;
  if (!std::isfinite(fit.k)) return out;
  for (std::size_t i = 0; i < n_tail; ++i) {
    const double log_q = std::log1p(-(static_cast<double>(i) + 0.5) / static_cast<double>(n_tail));  // of the upper tail
    const double quantile = fit.k == 0.0 ? -fit.sigma * log_q : fit.sigma * std::expm1(-fit.k * log_q) / fit.k;
    out.log_weights[tail[static_cast<std::ptrdiff_t>(i)]] = largest + std::min(0.0, std::log(quantile + threshold));
  }
  return out;
}

/// The shape of the tail of weights alone.
inline double pareto_k(std::span<const double> log_w, double relative_efficiency = 1.0) {
  return smooth_weights(log_w, relative_efficiency).pareto_k;
}

}  // namespace erg::estimate
