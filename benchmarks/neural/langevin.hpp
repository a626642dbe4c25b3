// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace bench {

/// Chains under the unadjusted Langevin algorithm with an MLP energy with SiLU, and steps of contrastive training.
struct Langevin {
  virtual ~Langevin() = default;
  virtual void step() = 0;
  /// n Langevin steps, the parameter gradient of data minus that of the chains, one step of Adam.
  virtual void train(int n) = 0;
  /// dU/dx at fixed points, [chain, dim] column-major.
  virtual std::vector<float> gradient() = 0;
};

std::shared_ptr<Langevin> erg_langevin(const std::vector<int>& sizes, int n_chains);
std::shared_ptr<Langevin> eigen_langevin(const std::vector<int>& sizes, int n_chains);  // steps only
/// Weights for both: number i of layer l, W row-major, then b.
std::vector<float> weights_of(const std::vector<int>& sizes);
std::vector<float> points_of(const std::vector<int>& sizes, int n_chains);

inline double largest_gradient_difference(Langevin& a, Langevin& b) {
  const auto x = a.gradient(), y = b.gradient();
  double worst = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, static_cast<double>(x[i] > y[i] ? x[i] - y[i] : y[i] - x[i]));
  return worst;
}
/// Chains under the MNIST ConvNet energy of cooperative learning: four convolutions, 1,625,188 parameters; steps only.
std::shared_ptr<Langevin> convnet_langevin(int n_chains);
/// Multiply-adds of a forward pass of it, those on padding counted as everybody counts them.
inline constexpr double convnet_multiply_adds = 196.0 * 25 * 64 + 49.0 * 9 * 64 * 128 + 49.0 * 9 * 128 * 256 + 49.0 * 256 * 100;

}  // namespace bench
