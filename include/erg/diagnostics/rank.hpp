// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Rank normalisation: what makes R-hat and ESS meaningful for heavy tails.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/series.hpp>
#include <erg/diagnostics/special.hpp>

namespace erg::diag::detail {

/// Normal scores of the ranks over all chains together, tied values sharing their average rank.
///
///   z = Phi^-1((r - 3/8) / (S + 1/4)),   r = 1 .. S
///
/// Shapes    [draw, chain] to [draw, chain]          Cost  O(S log S) and S normal quantiles
/// Numerics  infinities have a rank like any value; one NaN makes every score NaN (posterior makes its own NaN, with
///           the same end)
/// Source    Vehtari et al. (2021), section 4.1; Blom (1958)
inline Chains normal_scores(const Chains& x) {
  Chains out(x.n_draws, x.n_chains);
  if (has_nan(x.values)) {
    std::fill(out.values.begin(), out.values.end(), nan);
    return out;
  }
  std::vector<std::pair<double, std::size_t>> order(x.values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = {x.values[i], i};
  std::sort(order.begin(), order.end());
  const double total = static_cast<double>(order.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && order[last + 1].first == order[first].first) ++last;
    const double rank = 0.5 * static_cast<double>(first + last) + 1;
    const double z = normal_quantile((rank - 0.375) / (total + 0.25));
    for (; first <= last; ++first) out.values[order[first].second] = z;
  }
  return out;
}

/// |x - centre|, centre the median: a difference in spread becomes a difference in location.
/// Source    Vehtari et al. (2021), section 4
inline Chains folded(Chains x, double centre) {
  for (double& v : x.values) v = std::abs(v - centre);
  return x;
}

}  // namespace erg::diag::detail
