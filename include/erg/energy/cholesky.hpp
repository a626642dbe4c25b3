// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/lane/math/log.hpp"

#include <cstddef>
#include <vector>

/// Dense symmetric matrices for constructors: [n, n] column-major in a vector, double, O(n^3), nothing clever.
namespace erg::detail {

inline std::size_t at(int i, int j, int n) { return static_cast<std::size_t>(j) * static_cast<std::size_t>(n) + static_cast<std::size_t>(i); }

/// Lower L with A = L L^T. Throws where A is not symmetric (1e-8 relative) and positive definite beyond rounding: pivots above 1e-14 n of their
/// element of the diagonal.
inline std::vector<double> cholesky(const std::string& name, const std::vector<double>& a, int n) {
  std::vector<double> l(a.size(), 0.0);
  for (int j = 0; j < n; ++j) {
    for (int i = j; i < n; ++i) {
      const double upper = a[at(j, i, n)], lower = a[at(i, j, n)];
      if (!(std::fabs(upper - lower) <= 1e-8 * (std::fabs(upper) + std::fabs(lower)))) {
        throw std::invalid_argument(name + "[" + std::to_string(i) + ", " + std::to_string(j) + "] = " + number_text(lower) +
                                    " (must be finite and symmetric) its mirror is " + number_text(upper));
      }
      double sum = lower;
      for (int k = 0; k < j; ++k) sum -= l[at(i, k, n)] * l[at(j, k, n)];
      if (i == j) {
        if (!(sum > 1e-14 * n * lower && lower > 0.0)) {
          throw std::invalid_argument(name + " has pivot " + number_text(sum) + " in row " + std::to_string(j) +
                                      " (must be positive definite)");
        }
        l[at(j, j, n)] = std::sqrt(sum);
      } else {
        l[at(i, j, n)] = sum / l[at(j, j, n)];
      }
    }
  }
  return l;
}

/// b <- A^-1 b from the Cholesky factor of A.
inline void cholesky_solve(const std::vector<double>& l, int n, double* b) {
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < i; ++k) b[i] -= l[at(i, k, n)] * b[k];
    b[i] /= l[at(i, i, n)];
  }
  for (int i = n - 1; i >= 0; --i) {
    for (int k = i + 1; k < n; ++k) b[i] -= l[at(k, i, n)] * b[k];
    b[i] /= l[at(i, i, n)];
  }
}

/// A^-1 from the Cholesky factor of A, exactly symmetric.
inline std::vector<double> cholesky_inverse(const std::vector<double>& l, int n) {
  std::vector<double> inverse(l.size(), 0.0);
  for (int j = 0; j < n; ++j) {
    inverse[at(j, j, n)] = 1.0;
    cholesky_solve(l, n, &inverse[at(0, j, n)]);
  }
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < j; ++i) inverse[at(i, j, n)] = inverse[at(j, i, n)] = 0.5 * (inverse[at(i, j, n)] + inverse[at(j, i, n)]);
  }
  return inverse;
}

/// log |A| from the Cholesky factor of A.
inline double cholesky_log_det(const std::vector<double>& l, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; ++i) sum += 2.0 * math::log(l[at(i, i, n)]);
  return sum;
}

}  // namespace erg::detail
