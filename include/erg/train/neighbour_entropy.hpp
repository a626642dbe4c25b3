// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/tile/block_tile.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace erg::train {

struct NeighbourEntropyParams {
  int k = 0;                ///< neighbours; 0: the square root of their number, which keeps the gradient's noise bounded in the plane
  bool calibrated = true;   ///< a differential entropy in nats; else the mean log distance alone, without its factor dim
  bool both_sides = true;   ///< a point that is somebody's neighbour is moved for that too; else neighbours stand still
  double floor = 1e-6;      ///< distances below count as this
};

/// A value, and how many distances were below the floor.
struct NeighbourEntropyValue {
  double value = 0.0;
  int n_floored = 0;
};

/// Entropy of the law of points by the distances to their k-th neighbours, and its gradient by their positions.
///
///   H = psi(m) - psi(k) + log V_D + (D/n) sum_i log e_k(i),   m = n among themselves, m = M + 1 among M references
///   dH/dx_i = (D/n) [ (x_i - x_j(i)) / e_i^2 + sum_{l: j(l) = i} (x_i - x_l) / e_l^2 ],   j(i) the k-th neighbour of i
///
/// Every pair is looked at: for the hundreds of points that a step of training has. Any class with this member can take its place.
/// Bias      O(1/n) and a boundary term; upwards beyond some 8 dimensions, so that it is a trend there, not a number
/// Numerics  distances in double by differences of coordinates; a point is left out by its index, so that duplicates count (at the floor)
/// Source    Kozachenko, Leonenko (1987); Beirlant et al. (1997), section 2.3; k > 1: Goria et al. (2005), eq. (2)
class NeighbourEntropy {
 public:
  explicit NeighbourEntropy(NeighbourEntropyParams p = {}) : params(p) {
    erg::detail::require_count("k", p.k, 0);
    erg::detail::require_positive("floor", p.floor);
  }

  /// Of x: [n, dim] among themselves, or, where y has memory, among points y that stand still. g: [n, dim] is dH/dx.
  template <class T>
  NeighbourEntropyValue value_and_gradient(BlockView<const T> x, BlockView<const T> y, BlockView<T> g) const {
    const bool alone = y.data == nullptr;
    if (alone) y = x;
    const int n = x.n_chains, m = y.n_chains, others = alone ? m - 1 : m;
    const int k = params.k > 0 ? params.k : std::max(1, static_cast<int>(std::lround(std::sqrt(static_cast<double>(others)))));
    if (k > others) {
      throw std::invalid_argument("k = " + std::to_string(k) + " (there are " + std::to_string(others) +
                                  " points that could be a neighbour) take more chains or references, or a smaller k");
    }
    const double scale = (params.calibrated ? x.dim : 1.0) / n;
    NeighbourEntropyValue out;
    double sum = 0.0;
    distance_.resize(static_cast<std::size_t>(m)), order_.resize(static_cast<std::size_t>(m));
    gradient_.assign(static_cast<std::size_t>(n) * static_cast<std::size_t>(x.dim), 0.0);
    for (int i = 0; i < n; ++i) {
      std::fill(distance_.begin(), distance_.end(), 0.0);
      for (int d = 0; d < x.dim; ++d) {
        const double at = static_cast<double>(x(i, d));
        const T* column = y.column(d);
        for (int j = 0; j < m; ++j) {
          const double difference = at - static_cast<double>(column[j]);
          distance_[static_cast<std::size_t>(j)] += difference * difference;
        }
      }
      if (alone) distance_[static_cast<std::size_t>(i)] = INFINITY;
      const int j = nearest(k);
      const double square = distance_[static_cast<std::size_t>(j)], least = params.floor * params.floor;
      if (square < least) ++out.n_floored;
      const double used = std::max(square, least);
      sum += 0.5 * std::log(used);
      for (int d = 0; d < x.dim; ++d) {
        const double pull = scale * (static_cast<double>(x(i, d)) - static_cast<double>(y(j, d))) / used;
        gradient_[static_cast<std::size_t>(i + d * n)] += pull;
        if (alone && params.both_sides) gradient_[static_cast<std::size_t>(j + d * n)] -= pull;
      }
    }
    for (int d = 0; d < x.dim; ++d) {
      for (int i = 0; i < n; ++i) g(i, d) = static_cast<T>(gradient_[static_cast<std::size_t>(i + d * n)]);
    }
    out.value = scale * sum;
    if (params.calibrated) {
      const double log_volume = 0.5 * x.dim * std::log(3.141592653589793) - std::lgamma(0.5 * x.dim + 1.0);
      out.value += harmonic(alone ? n - 1 : m) - harmonic(k - 1) + log_volume;
    }
    return out;
  }

  NeighbourEntropyParams params;

 private:
  /// The index at the k-th smallest distance, the lower index first where they tie.
  int nearest(int k) const {
    if (k == 1) return static_cast<int>(std::min_element(distance_.begin(), distance_.end()) - distance_.begin());
    for (std::size_t j = 0; j < order_.size(); ++j) order_[j] = static_cast<int>(j);
    const auto less = [this](int a, int b) {
      const double u = distance_[static_cast<std::size_t>(a)], v = distance_[static_cast<std::size_t>(b)];
      return u < v || (u == v && a < b);
    };
    std::nth_element(order_.begin(), order_.begin() + (k - 1), order_.end(), less);
    return order_[static_cast<std::size_t>(k - 1)];
  }
  /// psi(n + 1) less psi(1).
  static double harmonic(int n) {
    double s = 0.0;
    for (int i = n; i > 0; --i) s += 1.0 / i;
    return s;
  }

  mutable std::vector<double> distance_, gradient_;
  mutable std::vector<int> order_;
};

}  // namespace erg::train
