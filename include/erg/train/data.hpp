// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/random/shuffle.hpp"
#include "erg/tile/block_tile.hpp"

#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace erg::train {

/// Observations to learn from, shuffled anew in every epoch.
///
/// Shapes    values: [n, dim], row-major: one observation after the other
/// Errors    std::invalid_argument: no observations, a size that is no multiple of dim, a number that is not finite (with its place)
template <class T>
class Data {
 public:
  Data(std::vector<T> values, int dim) : values_(std::move(values)), dim_(erg::detail::require_count("dim", dim)) {
    const auto d = static_cast<std::size_t>(dim);
    if (values_.empty() || values_.size() % d != 0) {
      throw std::invalid_argument("data of " + std::to_string(values_.size()) + " numbers (dim = " + std::to_string(dim) +
                                  ") give dim numbers an observation, at least one observation");
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (std::isfinite(values_[i])) continue;
      throw std::invalid_argument("data: coordinate " + std::to_string(i % d) + " of observation " + std::to_string(i / d) + " is " +
                                  erg::detail::number_text(static_cast<double>(values_[i])) +
                                  " (an energy has no gradient there) remove the observation or fill the gap");
    }
  }

  int n() const { return static_cast<int>(values_.size() / static_cast<std::size_t>(dim_)); }
  int dim() const { return dim_; }
  std::span<const T> values() const { return values_; }
  T operator()(int i, int d) const { return values_[static_cast<std::size_t>(i) * static_cast<std::size_t>(dim_) + static_cast<std::size_t>(d)]; }

  /// The observations of minibatch number `index`, in columns: epoch after epoch, each a new permutation at the key's address;
  /// and to `rows`, where it is not empty, which they are.
  void batch(random::Key key, std::uint64_t index, BlockView<T> to, std::span<int> rows = {}) {
    const auto size = static_cast<std::uint64_t>(n());
    for (int c = 0; c < to.n_chains; ++c) {
      const std::uint64_t at = index * static_cast<std::uint64_t>(to.n_chains) + static_cast<std::uint64_t>(c);
      const int row = permutation(key, at / size)[static_cast<std::size_t>(at % size)];
      for (int d = 0; d < dim_; ++d) to(c, d) = (*this)(row, d);
      if (!rows.empty()) rows[static_cast<std::size_t>(c)] = row;
    }
  }

 private:
  /// Kept for the present epoch.
  const std::vector<int>& permutation(random::Key key, std::uint64_t epoch) {
    if (epoch == epoch_ && key.seed() == seed_ && !order_.empty()) return order_;
    epoch_ = epoch;
    seed_ = key.seed();
    order_.resize(static_cast<std::size_t>(n()));
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<int>(i);
    random::shuffle(order_, key.at(epoch).purpose(random::Purpose::data));
    return order_;
  }

  std::vector<T> values_;
  int dim_;
  std::vector<int> order_;
  std::uint64_t epoch_ = 0, seed_ = 0;
};

}  // namespace erg::train
