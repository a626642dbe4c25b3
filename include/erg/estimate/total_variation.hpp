// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// How far a proposal is from its target, certified by the acceptance of independence Metropolis-Hastings.
#pragma once

#include "erg/estimate/log_z_report.hpp"

namespace erg::estimate {

/// Bounds on the total variation distance of two distributions.
struct TotalVariation {
  double accept;          ///< a: mean of min(1, w(y) / w(x)), x of the target, y of the proposal
  double standard_error;  ///< of a
  double lower() const { return 0.5 * (1.0 - accept); }
  double upper() const { return 1.0 - accept; }
};

[[gnu::cold]] inline std::ostream& operator<<(std::ostream& out, const TotalVariation& v) {
  return out << "acceptance " << detail::text("%.4f", v.accept) << " (" << detail::text("%.4f", v.standard_error) << "): "
             << detail::text("%.4f", v.lower()) << " <= total variation <= " << detail::text("%.4f", v.upper()) << '\n';
}

/// From what `Imh` reports in equilibrium: accept_prob, not the indicator of acceptance, which has more variance.
///
///   1 - a = TV(p x q, q x p), hence (1 - a) / 2 <= TV(p, q) <= 1 - a
///
/// Shapes    accept_prob: [draw, chain]
/// Requires  chains in equilibrium over the whole target: a mode that they miss is missed here too
/// Errors    std::invalid_argument for no draws
/// Source    the coupling inequality twice: TV(p x q, q x p) is at least either margin's TV(p, q), and at most their sum
inline TotalVariation total_variation(const erg::diag::Series& accept_prob) {
  const MeanAndError a = mean_over_chains(accept_prob);
  return {a.value, a.standard_error};
}

/// From log weights at draws of the proposal and of the target: all pairs at once.
///
///   a = 1/(n m) sum_ij min(1, w(y_i) / w(x_j))
///
/// Shapes    proposal: [n] at independent draws; target: [draw, chain]
/// Ensures   the standard error is that of the two samples' own means (Hoeffding's projections)
/// Cost      O((n + m) log(n + m))
/// Errors    std::invalid_argument: no weights, NaN, +infinity at the proposal's or -infinity at the target's
inline TotalVariation total_variation(std::span<const double> proposal, const erg::diag::Series& target) {
  detail::require_log_weights(proposal, detail::infinity, detail::of_proposal);
  erg::diag::detail::Chains x = erg::diag::detail::copy(target);
  detail::require_log_weights(x.values, -detail::infinity, detail::of_target);
  std::vector<double> y(proposal.begin(), proposal.end());
  std::sort(y.begin(), y.end());
  // A mean over `other` of min(1, exp(rise)), rise = v - other or other - v: the ones counted, the rest by sums relative to the pivot.
  const auto averaged = [](std::vector<double> sorted, const std::vector<double>& at, bool at_is_proposal) {
    const std::size_t n = sorted.size();
    std::vector<double> part(n + 1, -detail::infinity);  // log sums: of exp(y) from below, or of exp(-x) from above
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t k = at_is_proposal ? n - 1 - i : i;
      const double v = at_is_proposal ? -sorted[k] : sorted[k], before = part[i];
      part[i + 1] = before == -detail::infinity ? v : v == -detail::infinity ? before : std::max(before, v) + std::log1p(std::exp(-std::abs(before - v)));
    }
    std::vector<double> mean(at.size());
    for (std::size_t i = 0; i < at.size(); ++i) {
      // x's with log w <= y take it for certain; of y's those with log w >= x.
      const auto split = static_cast<std::size_t>((at_is_proposal ? std::upper_bound(sorted.begin(), sorted.end(), at[i])
                                                                  : std::lower_bound(sorted.begin(), sorted.end(), at[i])) - sorted.begin());
      const double rest = at_is_proposal ? part[n - split] + at[i] : part[split] - at[i];
      const double certain = static_cast<double>(at_is_proposal ? split : n - split);
      mean[i] = (certain + (std::isnan(rest) ? 0.0 : std::exp(rest))) / static_cast<double>(n);
    }
    return mean;
  };
  std::vector<double> sorted_x = x.values;
  std::sort(sorted_x.begin(), sorted_x.end());
  const std::vector<double> of_y = averaged(sorted_x, y, true);
  x.values = averaged(y, x.values, false);
  const MeanAndError of_x = mean_over_chains(erg::diag::series_of(x.values, x.n_chains));
  const double error_of_y = erg::diag::sd(erg::diag::series_of(of_y)) / std::sqrt(static_cast<double>(of_y.size()));
  return {of_x.value, std::hypot(of_x.standard_error, error_of_y)};
}

}  // namespace erg::estimate
