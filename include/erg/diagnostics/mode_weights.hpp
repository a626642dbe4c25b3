// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// How much probability each mode holds according to the draws, and how well that is known.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <erg/diagnostics/draws.hpp>
#include <erg/diagnostics/ess.hpp>
#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/series.hpp>

namespace erg::diag {

/// Weights of modes with standard errors; all arrays have one entry per mode.
struct ModeWeights {
  std::vector<double> weight;          ///< share of the draws; they sum to 1 less the unassigned share
  std::vector<double> standard_error;  ///< sd / sqrt(ess); NaN where ess is
  std::vector<double>
      ess;  ///< ESS (mean, half-chains) of the membership; NaN for a mode that no draw or every draw is in
  std::size_t n_unassigned = 0;  ///< draws with a non-finite coordinate or responsibility: in no mode

  std::size_t n_modes() const { return weight.size(); }
};

/// Sum of |w_k - truth_k|: twice the total variation distance. Errors: std::invalid_argument for different lengths.
inline double l1_distance(std::span<const double> weights, std::span<const double> truth) {
  if (weights.size() != truth.size())
    throw std::invalid_argument(std::to_string(weights.size()) + " weights against " + std::to_string(truth.size()) +
                                " true ones (there must be as many)");
  double sum = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) sum += std::abs(weights[k] - truth[k]);
  return sum;
}

/// KL(p || q) = sum p_k log(p_k / q_k), with 0 log 0 = 0; infinite where q misses a mode of p.
///
/// Requires  p, q >= 0, each with sum 1 (not checked to rounding: unassigned draws may be missing)
/// Errors    std::invalid_argument for different lengths or a negative or NaN weight
inline double kl_divergence(std::span<const double> p, std::span<const double> q) {
  if (p.size() != q.size())
    throw std::invalid_argument("p has " + std::to_string(p.size()) + " weights but q has " + std::to_string(q.size()) +
                                " (there must be as many)");
  double sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) {
    if (!(p[k] >= 0) || !(q[k] >= 0))
      throw std::invalid_argument("weights of mode " + std::to_string(k) + ": p = " + std::to_string(p[k]) +
                                  ", q = " + std::to_string(q[k]) + " (must be at least 0)");
    if (p[k] > 0) sum += q[k] > 0 ? p[k] * std::log(p[k] / q[k]) : std::numeric_limits<double>::infinity();
  }
  return sum;
}

/// Mode weights from soft memberships: responsibilities(x, r) writes to r the probability that the point x belongs to
/// each mode.
///
///   w_k = mean over draws of r_k(x);     standard error sd(r_k) / sqrt(ESS of r_k)
///
/// Shapes    x: [dim]; r: [n_modes], zero on entry
/// Requires  the responsibilities of a point are >= 0 and sum to 1
/// Ensures   the standard error knows that chains which seldom change mode are worth few draws; chains that never do
///           are worth one draw each. A mode that no draw is in, or every draw, has weight 0 or 1 and an unknown (NaN)
///           error: absence from a run is no evidence of how rare a mode is
/// Cost      O(n dim) calls and n_modes ESS;  memory [n_modes, draw, chain]
/// Errors    std::invalid_argument for no draws, no chains or n_modes < 1; what responsibilities throws
/// Source    mcse.hpp, of the membership
template <Draws D, std::invocable<std::span<const double>, std::span<double>> F>
ModeWeights mode_weights(const D& draws, int n_modes, F&& responsibilities) {
  if (n_modes < 1) throw std::invalid_argument("n_modes = " + std::to_string(n_modes) + " (must be at least 1)");
  if (draws.dim() < 1)
    throw std::invalid_argument("dim = " + std::to_string(draws.dim()) + " (draws need at least one coordinate)");
  const int dim = draws.dim();
  std::vector<Series> coordinate;
  for (int d = 0; d < dim; ++d) coordinate.push_back(draws.series(d));
  detail::require_draws(coordinate[0]);
  const int n_draws = coordinate[0].n_draws, n_chains = coordinate[0].n_chains;

  const std::size_t modes = static_cast<std::size_t>(n_modes);
  std::vector<detail::Chains> member(modes, detail::Chains(n_draws, n_chains));
  std::vector<double> x(static_cast<std::size_t>(dim)), r(modes);
  ModeWeights out;
  for (int c = 0; c < n_chains; ++c)
    for (int i = 0; i < n_draws; ++i) {
      bool usable = true;
      for (std::size_t d = 0; d < x.size(); ++d) usable = std::isfinite(x[d] = coordinate[d](i, c)) && usable;
      r.assign(modes, 0.0);
      if (usable) responsibilities(std::span<const double>(x), std::span<double>(r));
      for (const double v : r) usable = usable && std::isfinite(v);
      if (!usable) {
        ++out.n_unassigned;
        r.assign(modes, 0.0);
      }
      for (std::size_t k = 0; k < modes; ++k) member[k].chain(c)[i] = r[k];
    }

  for (const detail::Chains& m : member) {
    const double ess = detail::ess_of(detail::split(m));
    out.weight.push_back(detail::mean_of(m.values.data(), m.values.size()));
    out.ess.push_back(ess);
    out.standard_error.push_back(std::sqrt(detail::variance_of(m.values.data(), m.values.size()) / ess));
  }
  return out;
}

/// Mode weights by nearest centre (Euclidean; of equally near ones the first).
///
/// Shapes    centres: [n_modes, dim]
/// Errors    std::invalid_argument for no centres, a non-finite one, or centres of another dimension than the draws
template <Draws D>
ModeWeights mode_weights(const D& draws, const Points& centres) {
  detail::require_points(centres, "centres", 1);
  if (centres.dim != draws.dim())
    throw std::invalid_argument("centres have dim = " + std::to_string(centres.dim) + " but the draws have dim = " +
                                std::to_string(draws.dim()) + " (a centre is a point of the same space)");
  for (int k = 0; k < centres.n; ++k)
    for (int d = 0; d < centres.dim; ++d)
      if (!std::isfinite(centres(k, d)))
        throw std::invalid_argument("centre " + std::to_string(k) + " has coordinate " + std::to_string(d) + " = " +
                                    std::to_string(centres(k, d)) + " (must be finite)");
  return mode_weights(draws, centres.n, [&](std::span<const double> x, std::span<double> r) {
    std::size_t nearest = 0;
    double smallest = std::numeric_limits<double>::infinity();
    for (int k = 0; k < centres.n; ++k) {
      double squared = 0;
      for (int d = 0; d < centres.dim; ++d) {
        const double off = x[static_cast<std::size_t>(d)] - centres(k, d);
        squared += off * off;
      }
      if (squared < smallest) {
        smallest = squared;
        nearest = static_cast<std::size_t>(k);
      }
    }
    r[nearest] = 1;
  });
}

}  // namespace erg::diag
