// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// R-hat: do the chains agree?
#pragma once

#include <cmath>
#include <cstddef>

#include <erg/diagnostics/autocorrelation.hpp>
#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/rank.hpp>
#include <erg/diagnostics/series.hpp>

namespace erg::diag {
namespace detail {

/// sqrt((B/W + n - 1) / n), B = n times the variance of the chain means, W the mean of the chain variances.
inline double rhat_of(const Chains& x) {
  if (x.n_draws < 2 || x.n_chains < 2 || is_undefined(x.values)) return nan;
  const double n = static_cast<double>(x.n_draws);
  double within = 0;
  for (int c = 0; c < x.n_chains; ++c) within += variance_of(x.chain(c), x.length());
  within /= static_cast<double>(x.n_chains);
  return std::sqrt((n * variance_of_chain_means(x) / within + n - 1) / n);
}

/// The larger, or NaN when either is.
inline double worse(double a, double b) { return std::isnan(a) || a > b ? a : b; }

}  // namespace detail

/// Gelman and Rubin's potential scale reduction, of half-chains unless split is false.
///
///   R = sqrt(((n - 1)/n W + B/n) / W)
///
/// Ensures   NaN where a value is not finite, where all are equal (within 2^-52), for fewer than 4 draws (2 unsplit),
///           and for one unsplit chain; infinite when every chain is constant and they differ
/// Cost      O(n)
/// Source    Vehtari et al. (2021), section 3.1; R posterior::rhat_basic
inline double rhat_basic(const Series& s, bool split = true) {
  const detail::Chains x = detail::copy(s);
  return detail::rhat_of(split ? detail::split(x) : x);
}

/// Rank-normalised split R-hat: the larger of that of the normal scores (location) and of the folded normal scores
/// (spread). Below 1.01 the chains agree; works for densities without moments.
///
/// Ensures   NaN where a value is NaN, where all are equal, for fewer than 4 draws; a quantity with |x - median|
///           constant (such as a balanced two-valued one) also has none
/// Cost      O(S log S), S = n_draws n_chains
/// Source    Vehtari et al. (2021), section 4; R posterior::rhat
inline double rhat(const Series& s) {
  const detail::Chains x = detail::copy(s);
  return detail::worse(detail::rhat_of(detail::normal_scores(detail::split(x))),
                       detail::rhat_of(detail::normal_scores(detail::split(detail::folded(x, median(s))))));
}

}  // namespace erg::diag
