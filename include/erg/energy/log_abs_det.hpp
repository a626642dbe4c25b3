// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/cholesky.hpp"
#include "erg/lane/math/log.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace erg::detail {

/// log |det A| of an [n, n] matrix, row by row or column by column; -infinity where a pivot is zero.
///
/// Numerics  Gaussian elimination with partial pivoting
inline double log_abs_det(std::vector<double> a, int n) {
  double sum = 0.0;
  for (int k = 0; k < n; ++k) {
    int best = k;
    for (int i = k + 1; i < n; ++i) {
      if (std::fabs(a[at(i, k, n)]) > std::fabs(a[at(best, k, n)])) best = i;
    }
    for (int j = 0; j < n; ++j) std::swap(a[at(k, j, n)], a[at(best, j, n)]);
    const double pivot = a[at(k, k, n)];
    sum += math::log(std::fabs(pivot));
    if (pivot == 0.0) return sum;
    for (int i = k + 1; i < n; ++i) {
      const double factor = a[at(i, k, n)] / pivot;
      for (int j = k; j < n; ++j) a[at(i, j, n)] -= factor * a[at(k, j, n)];
    }
  }
  return sum;
}

}  // namespace erg::detail
