// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Precision and recall of a sample: its quality and its coverage, apart.
#pragma once

#include <erg/diagnostics/draws.hpp>
#include <erg/entropy/nearest.hpp>
#include <erg/tile/owned_block.hpp>

namespace erg::diag {

/// How much of a sample lies where the reference does, and the other way round.
struct PrecisionRecall {
  double precision = 0.0;   ///< share of samples within reach of a reference point: quality
  double recall = 0.0;      ///< share of reference points within reach of a sample: coverage
};

namespace detail {
/// Coordinate by coordinate, as searches of neighbours take them.
inline OwnedBlock<double> block_of(const Points& x) {
  OwnedBlock<double> block(x.n, x.dim);
  const BlockView<double> to = block.view();
  for (int d = 0; d < x.dim; ++d) {
    for (int i = 0; i < x.n; ++i) to(i, d) = x(i, d);
  }
  return block;
}

/// Share of points that are at most as far from some point of `reference` as its k-th neighbour there is.
inline double share_within_reach(const Points& points, const Points& reference, int k) {
  const OwnedBlock<double> block = block_of(reference);
  const entropy::Nearest nearest = entropy::AllPairs<>{}(block.view(), block.view(), k, entropy::Sets::one);
  const PointSet from = stacked(points, reference);
  const auto row = [&](int i) { return from.values.data() + static_cast<std::ptrdiff_t>(i) * from.dim; };
  int inside = 0;
  for (int i = 0; i < points.n; ++i) {
    for (int j = 0; j < reference.n; ++j) {
      if (std::sqrt(squared_distance(row(i), row(points.n + j), from.dim)) > nearest.distance_of(j, k - 1)) continue;
      ++inside;
      break;
    }
  }
  return static_cast<double>(inside) / points.n;
}
}  // namespace detail

/// Each point reaches as far as its k-th nearest neighbour in its own sample.
///
/// Cost      (n + m)^2 dim for n and m points
/// Errors    std::invalid_argument: k < 1, a sample of k points or fewer, different dimensions, coordinates that are not finite
/// Source    Kynkaanniemi et al. (2019), eqs. (1), (2)
inline PrecisionRecall precision_recall(const Points& sample, const Points& reference, int k = 3) {
  erg::detail::require_count("k", k);
  detail::require_points(sample, "sample", k + 1);
  detail::require_points(reference, "reference", k + 1);
  detail::require_same_dim(sample, reference);
  return {detail::share_within_reach(sample, reference, k), detail::share_within_reach(reference, sample, k)};
}

}  // namespace erg::diag
