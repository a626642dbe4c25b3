// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Hamiltonian Monte Carlo on a standard Gaussian in 100 dimensions as a competent C++ user writes it: one chain at a time,
// Eigen vectors whose loops are packets of SIMD, buffers reused, the gradient carried from step to step, the standard
// library's generator.
#include <Eigen/Dense>
#include <cmath>
#include <random>

#include "sampler.hpp"

namespace bench {
namespace {

using Eigen::VectorXf;

struct StandardGaussian {
  float energy(const VectorXf& x) const { return 0.5F * x.squaredNorm(); }
  void gradient(const VectorXf& x, VectorXf& g) const { g = x; }
};

class Hmc final : public Sampler {
 public:
  explicit Hmc(std::uint64_t seed) : generator_(seed), x_(n_, VectorXf::Zero(dim_)) {}
  void set_positions(const std::vector<float>& x) override {
    for (std::size_t i = 0; i < n_; ++i)
      for (int d = 0; d < dim_; ++d) x_[i][d] = x[static_cast<std::size_t>(d) * n_ + i];
    n_proposed_ = n_accepted_ = 0;
  }
  std::vector<float> positions() const override {
    std::vector<float> x(n_ * static_cast<std::size_t>(dim_));
    for (std::size_t i = 0; i < n_; ++i)
      for (int d = 0; d < dim_; ++d) x[static_cast<std::size_t>(d) * n_ + i] = x_[i][d];
    return x;
  }
  double acceptance() const override { return static_cast<double>(n_accepted_) / static_cast<double>(n_proposed_); }
  void step(std::size_t n_steps) override {
    for (VectorXf& x : x_) {
      target_.gradient(x, gradient_);
      float energy = target_.energy(x);
      for (std::size_t t = 0; t < n_steps; ++t) {
        for (float& p : momentum_) p = normal_(generator_);
        const float start = energy + 0.5F * momentum_.squaredNorm();
        proposal_ = x;
        proposal_gradient_ = gradient_;
        momentum_ -= 0.5F * step_size_ * proposal_gradient_;
        for (int leap = 0; leap < Gaussian::n_leapfrog; ++leap) {
          proposal_ += step_size_ * momentum_;
          target_.gradient(proposal_, proposal_gradient_);
          const float kick = leap + 1 == Gaussian::n_leapfrog ? 0.5F * step_size_ : step_size_;
          momentum_ -= kick * proposal_gradient_;
        }
        const float proposal_energy = target_.energy(proposal_);
        if (uniform_(generator_) < std::exp(start - proposal_energy - 0.5F * momentum_.squaredNorm())) {
          x.swap(proposal_);
          gradient_.swap(proposal_gradient_);
          energy = proposal_energy;
          ++n_accepted_;
        }
      }
      n_proposed_ += n_steps;
    }
  }

 private:
  static constexpr std::size_t n_ = Gaussian::n_chains;
  static constexpr int dim_ = Gaussian::dim;
  StandardGaussian target_;
  std::mt19937_64 generator_;
  std::normal_distribution<float> normal_;
  std::uniform_real_distribution<float> uniform_;
  std::vector<VectorXf> x_;
  VectorXf momentum_ = VectorXf::Zero(dim_), proposal_ = VectorXf::Zero(dim_);
  VectorXf gradient_ = VectorXf::Zero(dim_), proposal_gradient_ = VectorXf::Zero(dim_);
  std::uint64_t n_proposed_ = 0, n_accepted_ = 0;
  float step_size_ = static_cast<float>(Gaussian::step_size);
};

}  // namespace

std::unique_ptr<Sampler> reference_hmc_plain(std::uint64_t seed) { return std::make_unique<Hmc>(seed); }

}  // namespace bench
