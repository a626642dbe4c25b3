// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace erg::detail {

/// Eigenvalues, largest first, and eigenvectors of a symmetric matrix: Householder reflections to a tridiagonal one, then QR steps.
///
///   A = V diag(value) V^T,   vector(i, k): component i of the k-th
///
/// Shapes    a: [n, n] row-major; its lower triangle is not read
/// Cost      some 8 n^3 multiply-adds, all along rows
/// Numerics  eigenvalues to about 1e-15 of the largest; the sign of an eigenvector is fixed by its largest component, positive
/// Errors    std::invalid_argument: sizes that do not fit, numbers that are not finite
/// Source    Golub, Van Loan (2013), Matrix computations, algorithms 8.3.1 to 8.3.3
class SymmetricEigen {
 public:
  SymmetricEigen(std::vector<double> a, int n) : n_(require_count("n", n)) {
    require_size("a", a, n * n, "row-major, n rows of n");
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < i; ++j) a[at(i, j)] = a[at(j, i)];
    }
    for (const double v : a) {
      if (!std::isfinite(v)) throw std::invalid_argument("a matrix with a number that is not finite (its eigenvalues are asked for) look where it comes from");
    }
    values_.resize(static_cast<std::size_t>(n));
    off_.assign(static_cast<std::size_t>(n), 0.0);
    vectors_.assign(a.size(), 0.0);
    reduce(a);
    diagonalise();
    sort();
    off_.clear();
  }

  int size() const { return n_; }
  double value(int k) const { return values_[static_cast<std::size_t>(k)]; }
  double vector(int i, int k) const { return vectors_[at(k, i)]; }
  /// V diag(f(value)) V^T
  template <class F>
  std::vector<double> map(F&& f) const {
    std::vector<double> to(vectors_.size(), 0.0);
    for (int k = 0; k < n_; ++k) {
      const double v = f(value(k));
      const double* row = vectors_.data() + at(k, 0);
      for (int i = 0; i < n_; ++i) {
        for (int j = 0; j < n_; ++j) to[at(i, j)] += v * row[i] * row[j];
      }
    }
    return to;
  }

 private:
  std::size_t at(int i, int j) const { return static_cast<std::size_t>(i) * static_cast<std::size_t>(n_) + static_cast<std::size_t>(j); }

  double& value_at(int k) { return values_[static_cast<std::size_t>(k)]; }
  double& off(int k) { return off_[static_cast<std::size_t>(k)]; }

  /// T = Q^T A Q tridiagonal: its diagonals to values_ and off_, Q^T to vectors_. Row k of a is left with the reflection that it took.
  void reduce(std::vector<double>& a) {
    std::vector<double> scale(static_cast<std::size_t>(n_), 0.0), w(scale);
    const auto index = [](int i) { return static_cast<std::size_t>(i); };
    for (int k = 0; k + 1 < n_; ++k) {
      double* v = a.data() + at(k, 0);
      double rest = 0.0;
      for (int i = k + 2; i < n_; ++i) rest += v[i] * v[i];
      off(k) = v[k + 1];
      if (rest == 0.0) continue;
      off(k) = std::copysign(std::sqrt(v[k + 1] * v[k + 1] + rest), -v[k + 1]);
      v[k + 1] -= off(k);
      const double s = scale[index(k)] = 2.0 / (v[k + 1] * v[k + 1] + rest);
      double along = 0.0;
      for (int i = k + 1; i < n_; ++i) {
        const double* row = a.data() + at(i, 0);
        double sum = 0.0;
        for (int j = k + 1; j < n_; ++j) sum += row[j] * v[j];
        w[index(i)] = s * sum;
        along += w[index(i)] * v[i];
      }
      for (int i = k + 1; i < n_; ++i) w[index(i)] -= 0.5 * s * along * v[i];
      for (int i = k + 1; i < n_; ++i) {
        double* row = a.data() + at(i, 0);
        for (int j = k + 1; j < n_; ++j) row[j] -= v[i] * w[index(j)] + w[index(i)] * v[j];
      }
    }
    for (int i = 0; i < n_; ++i) value_at(i) = a[at(i, i)], vectors_[at(i, i)] = 1.0;
    for (int k = n_ - 3; k >= 0; --k) {  // Q is the product of the reflections, from the last on
      const double* v = a.data() + at(k, 0);
      if (scale[index(k)] == 0.0) continue;
      std::fill(w.begin(), w.end(), 0.0);
      for (int i = k + 1; i < n_; ++i) {
        for (int j = k + 1; j < n_; ++j) w[index(j)] += v[i] * vectors_[at(i, j)];
      }
      for (int i = k + 1; i < n_; ++i) {
        const double s = scale[index(k)] * v[i];
        for (int j = k + 1; j < n_; ++j) vectors_[at(i, j)] -= s * w[index(j)];
      }
    }
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < i; ++j) std::swap(vectors_[at(i, j)], vectors_[at(j, i)]);
    }
  }
  /// QR steps on the last block that is not diagonal yet, until there is none.
  void diagonalise() {
    constexpr double epsilon = std::numeric_limits<double>::epsilon();
    const auto settle = [&](int k) {
      if (std::fabs(off(k)) <= epsilon * (std::fabs(value_at(k)) + std::fabs(value_at(k + 1)))) off(k) = 0.0;
      return off(k) == 0.0;
    };
    int last = n_ - 1;
    for (long step = 0; last > 0 && step < 60L * n_; ++step) {
      if (settle(last - 1)) {
        --last;
        continue;
      }
      int first = last - 1;
      while (first > 0 && !settle(first - 1)) --first;
      chase(first, last);
    }
  }
  /// One QR step of the block [first, last], shifted by the eigenvalue of its last 2 x 2 part that is nearer to the last number.
  void chase(int first, int last) {
    const double half = 0.5 * (value_at(last - 1) - value_at(last)), e = off(last - 1);
    const double shift = value_at(last) - e * (e / (half + std::copysign(std::hypot(half, e), half)));
    double x = value_at(first) - shift, z = off(first);
    for (int k = first; k < last; ++k) {
      const double r = std::hypot(x, z), c = r > 0.0 ? x / r : 1.0, s = r > 0.0 ? z / r : 0.0;
      if (k > first) off(k - 1) = r;
      const double a = value_at(k), b = off(k), d = value_at(k + 1);
      value_at(k) = c * c * a + 2.0 * c * s * b + s * s * d;
      value_at(k + 1) = s * s * a - 2.0 * c * s * b + c * c * d;
      off(k) = (c * c - s * s) * b + c * s * (d - a);
      if (k + 1 < last) {
        x = off(k);
        z = s * off(k + 1);
        off(k + 1) *= c;
      }
      double *upper = vectors_.data() + at(k, 0), *lower = vectors_.data() + at(k + 1, 0);
      for (int i = 0; i < n_; ++i) {
        const double u = upper[i], v = lower[i];
        upper[i] = c * u + s * v;
        lower[i] = c * v - s * u;
      }
    }
  }
  void sort() {
    std::vector<int> order;
    for (int i = 0; i < n_; ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](int i, int j) { return value_at(i) > value_at(j); });
    std::vector<double> rows, sorted;
    rows.reserve(vectors_.size());
    for (const int k : order) {
      sorted.push_back(value_at(k));
      const double* v = vectors_.data() + at(k, 0);
      const double sign = *std::max_element(v, v + n_, [](double x, double y) { return std::fabs(x) < std::fabs(y); }) < 0.0 ? -1.0 : 1.0;
      for (int i = 0; i < n_; ++i) rows.push_back(sign * v[i]);
    }
    values_ = std::move(sorted);
    vectors_ = std::move(rows);
  }

  int n_;
  std::vector<double> values_, off_, vectors_;  // a row of vectors_ is an eigenvector
};

}  // namespace erg::detail
