// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"

#include <algorithm>
#include <vector>

namespace erg::detail {

/// Eigenvalues, largest first, and eigenvectors of a symmetric matrix, by Jacobi's rotations.
///
///   A = V diag(value) V^T,   vector(i, k): component i of the k-th
///
/// Shapes    a: [n, n] row-major; its lower triangle is not read
/// Cost      about 10 n^3 multiply-adds a sweep, 6 to 10 sweeps: for hundreds of rows, not thousands
/// Numerics  eigenvalues to about 1e-15 of the largest; the sign of an eigenvector is fixed by its largest component, positive
/// Source    Golub, Van Loan (2013), Matrix computations, section 8.5
class SymmetricEigen {
 public:
  SymmetricEigen(std::vector<double> a, int n) : n_(require_count("n", n)), vectors_(a.size(), 0.0) {
    require_size("a", a, n * n, "row-major, n rows of n");
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < i; ++j) a[at(i, j)] = a[at(j, i)];
      vectors_[at(i, i)] = 1.0;  // rows are eigenvectors until the end
    }
    double total = 0.0;
    for (const double v : a) total += v * v;
    for (int sweep = 0; sweep < 60; ++sweep) {
      double off = 0.0;
      for (int i = 0; i < n; ++i) {
        for (int j = i + 1; j < n; ++j) off += a[at(i, j)] * a[at(i, j)];
      }
      if (!(off > 1e-32 * total)) break;
      for (int p = 0; p < n; ++p) {
        for (int q = p + 1; q < n; ++q) rotate(a, p, q);
      }
    }
    sort(a);
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

  void rotate(std::vector<double>& a, int p, int q) {
    const double apq = a[at(p, q)];
    if (apq == 0.0) return;
    const double theta = 0.5 * (a[at(q, q)] - a[at(p, p)]) / apq;
    const double t = (theta >= 0.0 ? 1.0 : -1.0) / (std::fabs(theta) + std::sqrt(theta * theta + 1.0));
    const double c = 1.0 / std::sqrt(t * t + 1.0), s = t * c;
    const auto turn = [&](double* x, double* y, int n) {
      for (int k = 0; k < n; ++k) {
        const double u = x[k], v = y[k];
        x[k] = c * u - s * v;
        y[k] = s * u + c * v;
      }
    };
    turn(a.data() + at(p, 0), a.data() + at(q, 0), n_);
    for (int k = 0; k < n_; ++k) {
      const double u = a[at(k, p)], v = a[at(k, q)];
      a[at(k, p)] = c * u - s * v;
      a[at(k, q)] = s * u + c * v;
    }
    a[at(p, q)] = a[at(q, p)] = 0.0;
    turn(vectors_.data() + at(p, 0), vectors_.data() + at(q, 0), n_);
  }
  void sort(const std::vector<double>& a) {
    std::vector<int> order;
    for (int i = 0; i < n_; ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](int i, int j) { return a[at(i, i)] > a[at(j, j)]; });
    std::vector<double> rows;
    for (const int k : order) {
      values_.push_back(a[at(k, k)]);
      const double* v = vectors_.data() + at(k, 0);
      const double sign = *std::max_element(v, v + n_, [](double x, double y) { return std::fabs(x) < std::fabs(y); }) < 0.0 ? -1.0 : 1.0;
      for (int i = 0; i < n_; ++i) rows.push_back(sign * v[i]);
    }
    vectors_ = std::move(rows);
  }

  int n_;
  std::vector<double> values_, vectors_;
};

}  // namespace erg::detail
