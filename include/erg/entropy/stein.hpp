// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Scores of a law from its draws alone: the gradient of its entropy where only a sampler is known. Needs Eigen.
#pragma once

#include "erg/entropy/nearest.hpp"
#include "erg/entropy/weights.hpp"

#if defined(__GNUC__) && !defined(__clang__)  // GCC 12 takes the undefined operand of its own intrinsics for a mistake
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Eigenvalues>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace erg::entropy {

/// An estimate of grad log p from draws of p.
///
///   s(x) = sum_m k(x, x_m) c_m,   c = U f(lambda) U' B,   B_m = sum_n (x_n - x_m) k(x_n, x_m) / h^2
///   K = U diag(lambda) U' the kernel matrix, k Gaussian of bandwidth h;   f = 1 / (lambda + ridge)^2 for the largest eigenvalues, else 0
///
/// ridge = 0 is SSGE, the projection on eigenfunctions; ridge > 0 with all eigenvalues is the Stein gradient estimator.
/// Gradient  of the entropy by positions that are draws of p: dH/dx_i = -s(x_i) / n (the gradient through log p itself is 0 on average)
/// Bias      towards 0: what the eigenfunctions kept cannot express, and far from the points all of it
class SteinScore {
 public:
  int dim() const { return static_cast<int>(points_.cols()); }
  int n_eigen() const { return n_eigen_; }
  double bandwidth() const { return h_; }

  /// s: [point, dim], at any points of the space. Cost n m D.
  template <class T>
  void score(BlockView<T> x, Gradient<T> s) const {
    using S = std::remove_const_t<T>;
    require(x.dim);
    if (s.data == nullptr || s.n_chains != x.n_chains || s.dim != x.dim) {
      throw std::invalid_argument("scores of shape [" + std::to_string(s.n_chains) + ", " + std::to_string(s.dim) + "] (the points have [" +
                                  std::to_string(x.n_chains) + ", " + std::to_string(x.dim) + "]) give memory of that shape");
    }
    for (int i = 0; i < x.n_chains; ++i) {
      const auto v = at(BlockView<const S>(x), i);
      for (int d = 0; d < x.dim; ++d) s(i, d) = static_cast<S>(v.score(d));
    }
  }
  /// dH/dx_i = -s(x_i) / n.
  template <class T>
  void entropy_gradient(BlockView<T> x, Gradient<T> g) const {
    using S = std::remove_const_t<T>;
    score(x, g);
    for (int d = 0; d < x.dim; ++d) {
      for (int i = 0; i < x.n_chains; ++i) g(i, d) = static_cast<S>(-static_cast<double>(g(i, d)) / x.n_chains);
    }
  }
  /// How good the scores are, from points that they were not fitted to: E|grad log p|^2 less the mean squared error of s.
  ///
  ///   -2 E [ |s|^2 / 2 + div s ] = I - E |s - grad log p|^2 <= I
  ///
  /// The larger the better: choose bandwidth and eigenvalues by it. Source: Hyvarinen (2005), theorem 1.
  template <class T>
  Estimate information(BlockView<T> held_out) const {
    using S = std::remove_const_t<T>;
    const BlockView<const S> x = held_out;
    require(x.dim);
    const int n = erg::detail::require_count("number of points", x.n_chains);
    std::vector<double> term, w(static_cast<std::size_t>(n), 1.0 / n);
    Estimate e;
    e.method = "Fisher information, " + std::to_string(n_eigen_) + " eigenfunctions";
    e.bias = Bias::lower_bound;
    e.why = "by the mean squared error of the scores";
    e.n = n;
    e.value = 0.0;
    for (int i = 0; i < n; ++i) {
      const auto v = at(x, i);
      term.push_back(-v.score.squaredNorm() - 2.0 * v.divergence);
      e.value += term.back() / n;
    }
    e.standard_error = detail::error_of_mean(term, w, e.value);
    return e;
  }

 private:
  friend struct SpectralStein;
  struct At {
    Eigen::VectorXd score;
    double divergence;
  };
  void require(int n_dim) const {
    if (n_dim == dim()) return;
    throw std::invalid_argument("points of " + std::to_string(n_dim) + " coordinates (the scores have dim = " + std::to_string(dim()) + ") give points of that space");
  }
  template <class S>
  At at(BlockView<const S> x, int i) const {
    Eigen::RowVectorXd here(dim());
    for (int d = 0; d < dim(); ++d) here(d) = static_cast<double>(x(i, d));
    const Eigen::MatrixXd off = (-points_).rowwise() + here;
    const Eigen::VectorXd k = (off.rowwise().squaredNorm() * (-0.5 / (h_ * h_))).array().exp();
    return {coefficients_.transpose() * k, -(off.cwiseProduct(coefficients_).rowwise().sum().cwiseProduct(k)).sum() / (h_ * h_)};
  }

  Eigen::MatrixXd points_, coefficients_;
  double h_ = 1.0;
  int n_eigen_ = 0;
};

/// Fits scores to draws.
///
/// Requires  independent draws; coordinates of comparable spread           Errors  std::invalid_argument: fewer than 2 points, all alike
/// Cost      10 n^3 operations: some seconds for n = 2000
/// Source    Shi, Sun & Zhu (2018), A spectral approach to gradient estimation for implicit distributions, eqs. (9)-(16);
///           Li & Turner (2018), Gradient estimators for implicit models, eq. (8); Zhou, Shi & Zhu (2020) for both as filters of one spectrum
struct SpectralStein {
  double bandwidth = 0.0;  ///< 0: the median distance of two points
  double share = 0.95;     ///< keeps the largest eigenvalues that make up this share of their sum; where n_eigen is 0
  int n_eigen = 0;
  double ridge = 0.0;      ///< in units of n: added to the eigenvalues

  template <class T>
  SteinScore operator()(BlockView<T> x) const {
    const BlockView<const std::remove_const_t<T>> points = x;
    detail::require_coordinates("x", points);
    const int n = x.n_chains, dim = x.dim;
    erg::detail::require_count("number of points", n, 2);
    erg::detail::require_not_negative("bandwidth", bandwidth);
    erg::detail::require_not_negative("ridge", ridge);
    if (!(share > 0.0 && share <= 1.0)) erg::detail::reject("share", share, "must be above 0 and at most 1");
    SteinScore s;
    s.points_.resize(n, dim);
    for (int d = 0; d < dim; ++d) {
      for (int i = 0; i < n; ++i) s.points_(i, d) = static_cast<double>(points(i, d));
    }
    Eigen::MatrixXd k(n, n);
    std::vector<double> pairs;
    for (int j = 0; j < n; ++j) {
      k.col(j) = (s.points_.rowwise() - s.points_.row(j)).rowwise().squaredNorm();
      for (int i = 0; i < j; ++i) pairs.push_back(k(i, j));
    }
    s.h_ = bandwidth;
    if (bandwidth == 0.0) {
      std::nth_element(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2), pairs.end());
      s.h_ = std::sqrt(pairs[pairs.size() / 2]);
      if (!(s.h_ > 0.0)) throw std::invalid_argument("the median distance of two points is 0 (most points repeat): give a bandwidth");
    }
    const double h2 = s.h_ * s.h_;
    k = (k * (-0.5 / h2)).array().exp().matrix();
    const Eigen::VectorXd row_sums = k.rowwise().sum();
    // sum_n (x_n - x_m) k_nm
    const Eigen::MatrixXd b = (k * s.points_ - s.points_.cwiseProduct(row_sums.replicate(1, dim))) / h2;
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> spectrum(k);
    const Eigen::VectorXd& lambda = spectrum.eigenvalues();  // ascending
    s.n_eigen_ = std::min(n_eigen, n);
    if (n_eigen <= 0) {
      double sum = 0.0;
      for (s.n_eigen_ = 0; s.n_eigen_ < n && sum < share * n; ++s.n_eigen_) sum += lambda(n - 1 - s.n_eigen_);
    }
    while (ridge == 0.0 && s.n_eigen_ > 1 && lambda(n - s.n_eigen_) < 1e-10 * n) --s.n_eigen_;  // beyond what rounding leaves of them
    const auto kept = spectrum.eigenvectors().rightCols(s.n_eigen_);
    const Eigen::VectorXd filter = (lambda.tail(s.n_eigen_).array() + ridge * n).square().inverse();
    s.coefficients_ = kept * (filter.asDiagonal() * (kept.transpose() * b));
    return s;
  }
};

}  // namespace erg::entropy
