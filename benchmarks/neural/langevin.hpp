// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <memory>
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
/// Seconds of a training step in PyTorch on one thread, by benchmarks/neural/torch_step.py; 0 where there is no PyTorch.
double torch_training_seconds(const std::vector<int>& sizes, int n_chains, int n_steps);

}  // namespace bench
