// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The smallest batch energy: one matrix product for a block of chains, with Eigen, written as a user would write it.
#pragma once

#include <erg/energy/concepts.hpp>
#include <erg/lane/xsimd_lane.hpp>  // before Eigen: it includes the intrinsics without GCC 12's false warnings about them

#include <Eigen/Dense>

#include <span>
#include <vector>

namespace erg::test {

/// U = |A (x - m)|^2 / 2: a Gaussian with mean m and covariance (A^T A)^-1.
///
/// Shapes    A: [rows, dim], m: [dim], x and g: [chain, dim]         Cost  two products of a block with A
template <class T>
class BatchGaussian {
 public:
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

  BatchGaussian(const Eigen::MatrixXd& a, const Eigen::VectorXd& m) : a_(a.cast<T>()), m_(m.cast<T>()) {}
  int dim() const { return static_cast<int>(m_.size()); }

  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    using Stride = Eigen::OuterStride<>;
    const Eigen::Map<const Matrix, 0, Stride> xs(x.data, x.n_chains, x.dim, Stride(x.stride));
    Eigen::Map<Matrix, 0, Stride> gs(g.data, g.n_chains, g.dim, Stride(g.stride));
    Eigen::Map<Vector> us(u.data(), x.n_chains);
    static thread_local Matrix centred, residual;  // one energy serves all threads; memory is kept from call to call
    centred.noalias() = xs.rowwise() - m_.transpose();
    residual.noalias() = centred * a_.transpose();
    us.noalias() = T(0.5) * residual.rowwise().squaredNorm();
    gs.noalias() = residual * a_;
  }

 private:
  Matrix a_;
  Vector m_;
};

/// The same energy lane by lane, its gradient by dual numbers: the reference.
class LaneGaussian {
 public:
  LaneGaussian(const Eigen::MatrixXd& a, const Eigen::VectorXd& m) : dim_(static_cast<int>(a.cols())) {
    for (int r = 0; r < a.rows(); ++r) {
      for (int d = 0; d < dim_; ++d) a_.push_back(a(r, d));
    }
    m_.assign(m.data(), m.data() + dim_);
  }
  int dim() const { return dim_; }
  template <Lane L>
  L operator()(Point<const L> x) const {
    L u = 0.0;
    for (std::size_t at = 0; at < a_.size();) {
      L residual = 0.0;
      for (int d = 0; d < dim_; ++d, ++at) residual += L(a_[at]) * (x[d] - L(m_[static_cast<std::size_t>(d)]));
      u += residual * residual;
    }
    return L(0.5) * u;
  }

 private:
  int dim_;
  std::vector<double> a_, m_;
};

}  // namespace erg::test
