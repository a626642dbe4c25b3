// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/brute_force.hpp"
#include "erg/entropy/kd_tree.hpp"

namespace erg::entropy {

/// Whether a k-d tree, built for this one search, is expected to be faster than looking at all pairs: few dimensions, and queries enough to pay
/// for building it. Measured, see docs/entropy.md.
inline bool kd_tree_pays(int dim, int n_queries, int n_references) {
  return dim <= 2.0 * std::log10(static_cast<double>(n_references)) - 3.5 && n_queries >= 17.0 * std::sqrt(static_cast<double>(n_references));
}

/// Nearest neighbours by whatever is expected to be fastest here: KdTree where nanoflann.hpp is installed and kd_tree_pays, else
/// BruteForce. The answer is the same.
struct Neighbours {
  template <class T>
  Nearest operator()(BlockView<T> x, BlockView<const std::remove_const_t<T>> y, int k, Sets sets = Sets::two) const {
    if constexpr (has_kd_tree) {
      if (kd_tree_pays(y.dim, x.n_chains, y.n_chains)) return KdTree{}(x, y, k, sets);
    }
    return BruteForce<>{}(x, y, k, sets);
  }
};

}  // namespace erg::entropy
