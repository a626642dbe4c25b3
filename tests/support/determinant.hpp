// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The determinant of a small matrix: what the Jacobian of a map is judged by.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace erg::test {

/// det m, m: [n, n] row-major, by elimination with row exchanges.
inline double determinant(std::vector<double> m, int n) {
  const auto size = static_cast<std::size_t>(n);
  double det = 1.0;
  for (std::size_t k = 0; k < size; ++k) {
    std::size_t best = k;
    for (std::size_t i = k + 1; i < size; ++i) best = std::abs(m[i * size + k]) > std::abs(m[best * size + k]) ? i : best;
    if (best != k) det = -det;
    for (std::size_t j = 0; j < size; ++j) std::swap(m[k * size + j], m[best * size + j]);
    det *= m[k * size + k];
    for (std::size_t i = k + 1; i < size; ++i) {
      const double share = m[i * size + k] / m[k * size + k];
      for (std::size_t j = k; j < size; ++j) m[i * size + j] -= share * m[k * size + j];
    }
  }
  return det;
}

}  // namespace erg::test
