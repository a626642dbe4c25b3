// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace erg::detail {

/// Mean and covariance of weighted points, in double.
///
///   m = sum_i w_i x_i,   S = sum_i w_i (x_i - m) (x_i - m)^T            w sums to 1; the divisor n - 1 is the caller's
///
/// Shapes    at(i, d): coordinate d of point i; w(i): its weight; mean: [dim], covariance: [dim, dim], both halves
/// Cost      n dim^2 / 2            Numerics  two passes
struct MeanAndCovariance {
  std::vector<double> mean, covariance;
};
template <class At, class W>
MeanAndCovariance mean_and_covariance(int n, int dim, At&& at, W&& w) {
  const auto size = static_cast<std::size_t>(dim);
  MeanAndCovariance to{std::vector<double>(size, 0.0), std::vector<double>(size * size, 0.0)};
  for (int d = 0; d < dim; ++d) {
    for (int i = 0; i < n; ++i) to.mean[static_cast<std::size_t>(d)] += w(i) * at(i, d);
  }
  std::vector<double> off(size);
  for (int i = 0; i < n; ++i) {
    for (int d = 0; d < dim; ++d) off[static_cast<std::size_t>(d)] = at(i, d) - to.mean[static_cast<std::size_t>(d)];
    for (std::size_t a = 0; a < size; ++a) {
      const double scaled = w(i) * off[a];
      for (std::size_t b = 0; b <= a; ++b) to.covariance[a * size + b] += scaled * off[b];
    }
  }
  for (std::size_t a = 0; a < size; ++a) {
    for (std::size_t b = 0; b < a; ++b) to.covariance[b * size + a] = to.covariance[a * size + b];
  }
  return to;
}

}  // namespace erg::detail
