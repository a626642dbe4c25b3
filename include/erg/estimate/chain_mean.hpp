// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/diagnostics/mcse.hpp"

#include <limits>

namespace erg::estimate {

/// A number and its standard error; NaN where there is none.
struct MeanAndError {
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();
};

/// The mean over all draws of all chains; its error knows that draws of a chain are correlated.
///
/// Shapes    s: [draw, chain]
/// Ensures   the error is mcse_mean; that of the chains' independence alone below 6 draws a chain; 0 where all values are equal
/// Errors    std::invalid_argument for no draws
inline MeanAndError mean_over_chains(const erg::diag::Series& s) {
  const double mean = erg::diag::mean(s), sd = erg::diag::sd(s);
  if (s.size() > 1 && sd <= 1e-15 * std::abs(mean)) return {mean, 0.0};
  if (s.n_draws < 6) return {mean, sd / std::sqrt(static_cast<double>(s.n_chains))};
  return {mean, erg::diag::mcse_mean(s)};
}

}  // namespace erg::estimate
