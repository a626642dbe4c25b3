// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Monte Carlo standard errors: how far an estimate from these chains is from the truth.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <erg/diagnostics/ess.hpp>
#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/series.hpp>
#include <erg/diagnostics/special.hpp>

namespace erg::diag {

/// Standard error of mean(s): sd(s) / sqrt(ess_mean(s)).
///
/// Ensures   NaN where ess_mean is
/// Source    Vehtari et al. (2021), section 3.2; R posterior::mcse_mean
inline double mcse_mean(const Series& s) { return sd(s) / std::sqrt(ess_mean(s)); }

/// Standard error of sd(s), by the delta method from that of the variance.
///
///   sqrt((m4 - m2^2) / (ESS of (x - mean)^2)) / (2 sqrt(m2)),   m2, m4 the central moments (divisor S)
///
/// Ensures   NaN where that ESS is
/// Source    Kenney & Keeping (1951), Mathematics of Statistics II; R posterior::mcse_sd (1.4.0)
inline double mcse_sd(const Series& s) {
  detail::Chains x = detail::copy(s);
  const std::size_t n = x.values.size();
  const double centre = detail::mean_of(x.values.data(), n);
  for (double& v : x.values) v = (v - centre) * (v - centre);
  const double m2 = detail::mean_of(x.values.data(), n);
  const double ess = detail::ess_of(detail::split(x));
  for (double& v : x.values) v *= v;
  const double m4 = detail::mean_of(x.values.data(), n);
  return std::sqrt((m4 - m2 * m2) / ess / m2 / 4);
}

/// Standard error of quantile(s, p): half the distance between the order statistics that bound a 68% interval of the
/// quantile.
///
/// Ensures   NaN where ess_quantile(s, p) is
/// Numerics  an order statistic, so it moves in steps; the interval's ends are the 0.1586553 and 0.8413447 quantiles of
///           Beta(E p + 1, E (1 - p) + 1), E = ess_quantile(s, p)
/// Errors    std::invalid_argument when p is outside [0, 1]
/// Source    Vehtari et al. (2021), section 4.4; R posterior::mcse_quantile
inline double mcse_quantile(const Series& s, double p) {
  detail::require_probability(p);
  const detail::Chains x = detail::copy(s);
  if (detail::is_undefined(x.values)) return detail::nan;
  const std::vector<double> sorted = detail::ascending(x.values);
  const double ess = detail::ess_quantile_of(x, sorted, p);
  if (std::isnan(ess)) return detail::nan;
  const double total = static_cast<double>(sorted.size());
  const double low = detail::beta_quantile(0.1586553, ess * p + 1, ess * (1 - p) + 1);
  const double high = detail::beta_quantile(0.8413447, ess * p + 1, ess * (1 - p) + 1);
  const double first = std::max(std::floor(low * total), 1.0), last = std::min(std::ceil(high * total), total);
  return (sorted[static_cast<std::size_t>(last) - 1] - sorted[static_cast<std::size_t>(first) - 1]) / 2;
}

}  // namespace erg::diag
