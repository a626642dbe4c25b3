// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/tile/owned_block.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace erg::generator {

/// Self-normalised weighted means of rows, one sample of every row at a time: memory does not grow with the number of samples.
///
///   mean_c = sum_k w_kc y_kc / sum_k w_kc,   w_kc = exp(l_kc)
///
/// Ensures   the same, to rounding, in any order and cutting of the samples, and with a constant added to all l
/// Numerics  weights are kept relative to the largest so far, and the mean moves by w / (sum of w) towards each sample
template <class T>
class StreamingMean {
 public:
  /// Means of all samples so far are in `sum`.
  void begin(BlockView<T> sum) {
    sum_ = sum;
    for (int d = 0; d < sum.dim; ++d) std::fill_n(sum.column(d), sum.n_chains, T(0));
    const auto n = static_cast<std::size_t>(sum.n_chains);
    most_.assign(n, -std::numeric_limits<double>::infinity());
    weights_.assign(n, 0.0);
    squares_.assign(n, 0.0);
    keep_.resize(n);
    take_.resize(n);
  }
  /// A sample of every row. Where l is NaN or -infinity it has no weight, whatever y; where it is +infinity it has all, in equal shares if
  /// several are. A row that has seen no weight has mean 0. Afterwards share_of_last(c) is w / (sum of w so far).
  void add(std::span<const double> l, BlockView<const T> y) {
    const std::size_t n = most_.size();
    for (std::size_t c = 0; c < n; ++c) {
      double keep = 1.0, take = 0.0;
      if (l[c] > most_[c]) {
        keep = std::exp(most_[c] - l[c]);
        take = 1.0;
        most_[c] = l[c];
      } else if (l[c] > -std::numeric_limits<double>::infinity()) {
        take = l[c] < most_[c] ? std::exp(l[c] - most_[c]) : 1.0;  // infinity less itself would be NaN
      }
      weights_[c] = keep * weights_[c] + take;
      squares_[c] = keep * keep * squares_[c] + take * take;
      const double share = weights_[c] > 0.0 ? take / weights_[c] : 0.0;  // the mean itself moves: no division at the end
      keep_[c] = static_cast<T>(1.0 - share);
      take_[c] = static_cast<T>(share);
    }
    for (int d = 0; d < y.dim; ++d) {
      T* to = sum_.column(d);
      const T* from = y.column(d);
      for (std::size_t c = 0; c < n; ++c) {  // selected, for what has no weight may be NaN
        const T moved = keep_[c] * to[c] + take_[c] * from[c];
        const T kept = keep_[c] == T(0) ? from[c] : moved;
        to[c] = take_[c] == T(0) ? to[c] : kept;
      }
    }
  }
  double share_of_last(int c) const { return static_cast<double>(take_[static_cast<std::size_t>(c)]); }
  /// log (sum of w).
  double log_sum(int c) const { return most_[static_cast<std::size_t>(c)] + std::log(weights_[static_cast<std::size_t>(c)]); }
  /// (sum w)^2 / sum w^2; 0 where nothing has weight.
  double ess(int c) const {
    const auto i = static_cast<std::size_t>(c);
    return squares_[i] > 0.0 ? weights_[i] * weights_[i] / squares_[i] : 0.0;
  }

 private:
  BlockView<T> sum_{};
  std::vector<double> most_, weights_, squares_;
  std::vector<T> keep_, take_;
};

}  // namespace erg::generator
