// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Importance weights by their logarithms: sums that neither overflow nor vanish.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace erg::estimate {

namespace detail {
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Throws std::invalid_argument for no weights, NaN, or an infinity of the sign that is not allowed.
inline void require_log_weights(std::span<const double> log_w, double forbidden, const char* because) {
  if (log_w.empty()) throw std::invalid_argument("no log weights (an estimate needs at least one) draw some");
  for (std::size_t i = 0; i < log_w.size(); ++i) {
    if (std::isnan(log_w[i]) || log_w[i] == forbidden) {
      throw std::invalid_argument("log weight " + std::to_string(i) + " is " + (std::isnan(log_w[i]) ? "NaN" : log_w[i] > 0 ? "inf" : "-inf") + " (" +
                                  because + ") look at the energies of that draw");
    }
  }
}
inline constexpr const char* of_proposal = "a weight at a draw of the proposal is a number, 0 where the target has no density";
inline constexpr const char* of_target = "a draw of the target has some density there";
}  // namespace detail

/// log of the mean of exp(log_w): -infinity where all weights are 0.
inline double log_mean_exp(std::span<const double> log_w) {
  const double largest = *std::max_element(log_w.begin(), log_w.end());
  if (!(std::abs(largest) < detail::infinity)) return largest;
  double sum = 0.0;
  for (const double v : log_w) sum += std::exp(v - largest);
  return largest + std::log(sum / static_cast<double>(log_w.size()));
}

/// Draws that independent weighted ones are worth: (sum w)^2 / sum w^2, in [1, n].
///
/// Ensures   1 + variance / mean^2 of the weights is n / ESS; NaN where all weights are 0
/// Source    Kong (1992), A note on importance sampling using standardized weights
inline double kish_ess(std::span<const double> log_w) {
  const double largest = *std::max_element(log_w.begin(), log_w.end());
  double sum = 0.0, squares = 0.0;
  for (const double v : log_w) {
    const double w = std::exp(v - largest);
    sum += w;
    squares += w * w;
  }
  return sum * sum / squares;
}

}  // namespace erg::estimate
