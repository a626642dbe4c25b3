// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Effective sample sizes: how many independent draws the chains are worth, for which purpose.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <erg/diagnostics/autocorrelation.hpp>
#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/rank.hpp>
#include <erg/diagnostics/series.hpp>

namespace erg::diag {
namespace detail {

/// S / max(tau, 1 / log10 S), for chains that are already split or transformed.
inline double ess_of(const Chains& x) {
  if (x.n_draws < 3 || is_undefined(x.values)) return nan;
  const double total = static_cast<double>(x.values.size());
  return total / std::max(geyer_time(combined_autocorrelation(x)), 1 / std::log10(total));
}

/// ESS of the indicator of x <= threshold.
inline double ess_below(const Chains& x, double threshold) {
  Chains indicator = x;
  for (double& v : indicator.values) v = v <= threshold ? 1.0 : 0.0;
  return ess_of(split(indicator));
}

/// x and its values in ascending order, known already where several quantiles are asked for.
inline double ess_quantile_of(const Chains& x, const std::vector<double>& sorted, double p) {
  if (is_undefined(x.values)) return nan;
  const double total = static_cast<double>(sorted.size());
  return ess_below(x, sorted_quantile(sorted, p == 1 ? (total - 0.5) / total : p));
}

}  // namespace detail

/// ESS for the mean, of half-chains unless split is false.
///
///   ESS = S / tau,   S = n_draws n_chains,   tau >= 1 / log10 S (antithetic chains are not worth more than S log10 S)
///
/// Ensures   NaN where a value is not finite, where all are equal (within 2^-52), and for fewer than 6 draws (3
///           unsplit)
/// Cost      O(n log n) per chain
/// Source    Vehtari et al. (2021), section 3.2 (Geyer's initial monotone sequence); R posterior::ess_basic
inline double ess_basic(const Series& s, bool split = true) {
  const detail::Chains x = detail::copy(s);
  return detail::ess_of(split ? detail::split(x) : x);
}

/// ESS for the mean: ess_basic of half-chains. It belongs to mcse_mean; to judge mixing use ess_bulk, defined without
/// moments too.
inline double ess_mean(const Series& s) { return ess_basic(s); }

/// ESS for the standard deviation: that of |x - mean|.
/// Source    R posterior::ess_sd (1.4.0)
inline double ess_sd(const Series& s) {
  detail::Chains x = detail::copy(s);
  const double centre = detail::mean_of(x.values.data(), x.values.size());
  for (double& v : x.values) v = std::abs(v - centre);
  return detail::ess_of(detail::split(x));
}

/// Bulk ESS: ess_basic of the rank-normalised half-chains. The figure to compare samplers by.
/// Ensures   NaN as ess_basic, except that infinite values are ranked like any others
/// Cost      O(S log S)
/// Source    Vehtari et al. (2021), section 4; R posterior::ess_bulk
inline double ess_bulk(const Series& s) {
  return detail::ess_of(detail::normal_scores(detail::split(detail::copy(s))));
}

/// ESS for the p-quantile: that of the indicator x <= quantile(s, p).
///
/// Ensures   NaN as ess_basic, and where the indicator is constant (so for p = 0 of a few draws); p = 1 is read as 1 -
///           1/(2 S)
/// Errors    std::invalid_argument when p is outside [0, 1]
/// Source    Vehtari et al. (2021), section 4; R posterior::ess_quantile
inline double ess_quantile(const Series& s, double p) {
  detail::require_probability(p);
  const detail::Chains x = detail::copy(s);
  if (detail::is_undefined(x.values)) return detail::nan;
  return detail::ess_quantile_of(x, detail::ascending(x.values), p);
}

/// Tail ESS: the smaller of those for the 5% and 95% quantiles; NaN when either is.
/// Source    Vehtari et al. (2021), section 4; R posterior::ess_tail
inline double ess_tail(const Series& s) {
  const detail::Chains x = detail::copy(s);
  if (detail::is_undefined(x.values)) return detail::nan;
  const std::vector<double> sorted = detail::ascending(x.values);
  const double low = detail::ess_quantile_of(x, sorted, 0.05), high = detail::ess_quantile_of(x, sorted, 0.95);
  return std::isnan(low) || low < high ? low : high;
}

}  // namespace erg::diag
