// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/knn.hpp"

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
/// entropy::Knn without its error bar, over every pair: for the hundreds of points that a step of training has. Any class with this
/// member can take its place.
/// Bias      O(1/n) and a boundary term; upwards beyond some 8 dimensions, so that it is a trend there, not a number
/// Errors    std::invalid_argument: k out of range, coordinates not finite
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
    const int others = alone ? x.n_chains - 1 : y.n_chains;
    const int k = params.k > 0 ? params.k : std::max(1, static_cast<int>(std::lround(std::sqrt(static_cast<double>(others)))));
    if (k > others) {
      throw std::invalid_argument("k = " + std::to_string(k) + " (there are " + std::to_string(others) +
                                  " points that could be a neighbour) take more chains or references, or a smaller k");
    }
    const entropy::Knn<entropy::BruteForce<>> knn{.k = k, .floor = params.floor, .both_sides = params.both_sides};
    const entropy::Estimate h = alone ? knn(x, g) : knn.against(x, y, g);
    NeighbourEntropyValue out{h.value, static_cast<int>(h.n_ties)};
    if (params.calibrated) return out;
    out.value = (h.value - knn.constant(x.dim, others)) / x.dim;
    const T per_dim = T(1) / static_cast<T>(x.dim);
    for (int d = 0; d < x.dim; ++d) {
      for (int i = 0; i < x.n_chains; ++i) g(i, d) *= per_dim;
    }
    return out;
  }

  NeighbourEntropyParams params;
};

}  // namespace erg::train
