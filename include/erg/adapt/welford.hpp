// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace erg::adapt {

/// Running mean and covariance of positions, pooled over chains, added one at a time in the order of the call: the result does not
/// depend on lanes or threads as long as the order does not.
///
///   delta = x - m;  m <- m + delta / n;  S <- S + delta (x - m)^T
///
/// Shapes    x: [dim]; covariance: [dim] diagonal or [dim, dim] row-major          Cost  dim or dim^2 a position
/// Source    Welford (1962), eqs. (I)-(II); Chan, Golub, LeVeque (1983) for its error
class Welford {
 public:
  Welford() = default;
  Welford(int dim, bool dense)
      : dense_(dense), mean_(static_cast<std::size_t>(dim)), delta_(mean_), sum_(dense ? mean_.size() * mean_.size() : mean_.size()) {}

  void restart() {
    n_ = 0.0;
    mean_.assign(mean_.size(), 0.0);
    sum_.assign(sum_.size(), 0.0);
  }
  /// Adds position x(d) of one chain.
  template <class X>
  void observe(X&& x) {
    n_ += 1.0;
    const std::size_t dim = mean_.size();
    for (std::size_t d = 0; d < dim; ++d) {
      delta_[d] = static_cast<double>(x(static_cast<int>(d))) - mean_[d];
      mean_[d] += delta_[d] / n_;
    }
    for (std::size_t i = 0; i < dim; ++i) {
      const double after = static_cast<double>(x(static_cast<int>(i))) - mean_[i];
      if (!dense_) {
        sum_[i] += delta_[i] * after;
      } else {
        for (std::size_t j = 0; j <= i; ++j) sum_[i * dim + j] += delta_[j] * after;
      }
    }
  }

  /// Adds one position of each of n chains: x(chain, d), by two passes and `sum_over(f)`, which adds f(chain) over the chains. As long as
  /// that has a fixed order, so has the result, whoever computes it.
  ///
  ///   m_b = sum x / n;  S_b = sum (x - m_b)(x - m_b)^T;   delta = m_b - m
  ///   m <- m + delta n / (N + n);  S <- S + S_b + delta delta^T N n / (N + n);  N <- N + n
  ///
  /// Source    Chan, Golub, LeVeque (1983), eqs. (2.1a)-(2.1b)
  template <class Sum, class X>
  void add(int n, Sum&& sum_over, X&& x) {
    const int dim = static_cast<int>(mean_.size());
    std::vector<double> mean(mean_.size()), sum(sum_.size());
    for (int d = 0; d < dim; ++d) {
      mean[static_cast<std::size_t>(d)] = sum_over([&x, d](auto c) { return static_cast<double>(x(static_cast<int>(c), d)); }) / n;
    }
    const auto deviations = [&](int i, int j) {
      const double mi = mean[static_cast<std::size_t>(i)], mj = mean[static_cast<std::size_t>(j)];
      return sum_over([&x, i, j, mi, mj](auto c) {
        return (static_cast<double>(x(static_cast<int>(c), i)) - mi) * (static_cast<double>(x(static_cast<int>(c), j)) - mj);
      });
    };
    for (int i = 0; i < dim; ++i) {
      if (!dense_) {
        sum[static_cast<std::size_t>(i)] = deviations(i, i);
      } else {
        for (int j = 0; j <= i; ++j) sum[static_cast<std::size_t>(i * dim + j)] = deviations(i, j);
      }
    }
    merge(n, mean, sum);
  }
  /// Adds n positions of which mean and sum of products of deviations are known.
  void merge(int n, const std::vector<double>& mean, const std::vector<double>& sum) {
    const double total = n_ + n;
    const std::size_t dim = mean_.size();
    for (std::size_t d = 0; d < dim; ++d) delta_[d] = mean[d] - mean_[d];
    for (std::size_t i = 0; i < dim; ++i) {
      if (!dense_) {
        sum_[i] += sum[i] + delta_[i] * delta_[i] * (n_ * n / total);
      } else {
        for (std::size_t j = 0; j <= i; ++j) sum_[i * dim + j] += sum[i * dim + j] + delta_[i] * delta_[j] * (n_ * n / total);
      }
    }
    for (std::size_t d = 0; d < dim; ++d) mean_[d] += delta_[d] * (n / total);
    n_ = total;
  }

  int dim() const { return static_cast<int>(mean_.size()); }
  bool is_dense() const { return dense_; }
  double count() const { return n_; }
  const std::vector<double>& mean() const { return mean_; }
  /// Shrunk towards 1e-3 I as Stan does, which keeps a matrix from few positions positive definite:
  ///   n/(n+5) S/(n-1) + 1e-3 * 5/(n+5) I.    Requires count() >= 2
  std::vector<double> regularised_covariance() const {
    const std::size_t dim = mean_.size();
    const double keep = n_ / (n_ + 5.0) / (n_ - 1.0), add = 1e-3 * 5.0 / (n_ + 5.0);
    std::vector<double> c(sum_.size());
    if (!dense_) {
      for (std::size_t d = 0; d < dim; ++d) c[d] = keep * sum_[d] + add;
      return c;
    }
    for (std::size_t i = 0; i < dim; ++i) {
      for (std::size_t j = 0; j <= i; ++j) c[i * dim + j] = c[j * dim + i] = keep * sum_[i * dim + j] + (i == j ? add : 0.0);
    }
    return c;
  }

  template <class F>
  void fields(F&& f) {
    f(n_);
    for (auto& v : mean_) f(v);
    for (auto& v : sum_) f(v);
  }

 private:
  bool dense_ = false;
  double n_ = 0.0;
  std::vector<double> mean_, delta_, sum_;
};

}  // namespace erg::adapt
