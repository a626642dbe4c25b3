// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The same Langevin step as one writes it with Eigen: whole batches, buffers kept, erg's random numbers.
#include <erg/lane/xsimd_lane.hpp>  // before Eigen: it includes the intrinsics without GCC 12's false warnings about them

#include <erg/tile/block_tile.hpp>

#include <Eigen/Core>

#include "langevin.hpp"

namespace bench {
namespace {

using Matrix = Eigen::MatrixXf;

class EigenLangevin final : public Langevin {
 public:
  EigenLangevin(const std::vector<int>& sizes, int n_chains) {
    const std::vector<float> w = weights_of(sizes), points = points_of(sizes, n_chains);
    const float* at = w.data();
    for (std::size_t l = 1; l < sizes.size(); ++l) {
      w_.emplace_back(Eigen::Map<const Eigen::Matrix<float, -1, -1, Eigen::RowMajor>>(at, sizes[l], sizes[l - 1]).transpose());
      at += sizes[l] * sizes[l - 1];
      b_.emplace_back(Eigen::Map<const Eigen::RowVectorXf>(at, sizes[l]));
      at += sizes[l];
      a_.emplace_back(n_chains, sizes[l]);
      slope_.emplace_back(n_chains, sizes[l]);
      g_.emplace_back(n_chains, sizes[l - 1]);
    }
    x_ = points_ = Eigen::Map<const Matrix>(points.data(), n_chains, sizes[0]);
    evaluate(x_);
  }
  void step() override {
    constexpr float h = 1e-3f;
    const int n_groups = static_cast<int>((x_.rows() + erg::width_v<L> - 1) / erg::width_v<L>);
    erg::fill_normal(noise_, erg::random::Key(5).at(++at_), erg::BlockChains<L>{0, n_groups}, static_cast<int>(x_.cols()));
    const auto xi = noise_.view();
    x_.noalias() += -0.5f * h * g_[0] + std::sqrt(h) * Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>(xi.data, x_.rows(), x_.cols(), Eigen::OuterStride<>(xi.stride));
    evaluate(x_);
  }
  void train(int) override {}
  std::vector<float> gradient() override {
    evaluate(points_);
    std::vector<float> g(g_[0].data(), g_[0].data() + g_[0].size());
    evaluate(x_);
    return g;
  }

 private:
  using L = erg::simd_lane<float, erg::default_arch>;

  void evaluate(const Matrix& x) {
    const std::size_t last = w_.size() - 1;
    for (std::size_t l = 0; l < last; ++l) {
      a_[l].noalias() = (l == 0 ? x : a_[l - 1]) * w_[l];
      a_[l].rowwise() += b_[l];
      slope_[l].array() = (1.0f + (-a_[l].array()).exp()).inverse();
      a_[l].array() *= slope_[l].array();
      slope_[l].array() += a_[l].array() * (1.0f - slope_[l].array());
    }
    g_[last].rowwise() = w_[last].col(0).transpose();
    for (std::size_t l = last; l-- > 0;) {
      g_[l + 1].array() *= slope_[l].array();
      g_[l].noalias() = g_[l + 1] * w_[l].transpose();
    }
  }

  std::vector<Matrix> w_, a_, slope_, g_;
  std::vector<Eigen::RowVectorXf> b_;
  Matrix x_, points_;
  erg::BlockPosition<L> noise_;
  std::uint64_t at_ = 0;
};

}  // namespace

std::shared_ptr<Langevin> eigen_langevin(const std::vector<int>& sizes, int n_chains) { return std::make_shared<EigenLangevin>(sizes, n_chains); }

}  // namespace bench
