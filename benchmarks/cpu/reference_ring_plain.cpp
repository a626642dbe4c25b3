// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// ULA and MALA on the ring of Gaussians as a competent C++ user writes them: one chain at a time, Eigen's fixed-size vectors,
// and the standard library's generator and exponential. Nothing is computed twice, nothing is allocated in the loop.
#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <random>

#include "sampler.hpp"

namespace bench {
namespace {

using Eigen::Vector2f;

struct Density {
  std::array<Vector2f, Ring::n_modes> centers;
  float inverse_variance;

  explicit Density(const Ring& target) : inverse_variance(static_cast<float>(1.0 / (target.sigma * target.sigma))) {
    for (int k = 0; k < Ring::n_modes; ++k)
      centers[static_cast<std::size_t>(k)] =
          Vector2f(static_cast<float>(target.centre(k, 0)), static_cast<float>(target.centre(k, 1)));
  }

  /// Writes the gradient; returns U = -log density up to a constant where asked for.
  template <bool want_value>
  float evaluate(const Vector2f& x, Vector2f& gradient) const {
    std::array<float, Ring::n_modes> a;
    float largest = -INFINITY;
    for (std::size_t k = 0; k < a.size(); ++k) {
      a[k] = -0.5F * inverse_variance * (x - centers[k]).squaredNorm();
      largest = std::max(largest, a[k]);
    }
    float total = 0.0F;
    Vector2f mean = Vector2f::Zero();
    for (std::size_t k = 0; k < a.size(); ++k) {
      const float weight = std::exp(a[k] - largest);
      total += weight;
      mean += weight * centers[k];
    }
    gradient = inverse_variance * (x - mean / total);
    if constexpr (want_value) return -(largest + std::log(total));
    return 0.0F;
  }
};

class Chains : public Sampler {
 public:
  Chains(const Ring& target, std::uint64_t seed)
      : density_(target),
        generator_(seed),
        x_(Ring::n_chains),
        step_size_(static_cast<float>(target.step_size)),
        noise_(std::sqrt(2.0F * step_size_)) {}
  void set_positions(const std::vector<float>& x) override {
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = Vector2f(x[i], x[x_.size() + i]);
    n_proposed_ = n_accepted_ = 0;
  }
  std::vector<float> positions() const override {
    std::vector<float> x(2 * x_.size());
    for (std::size_t i = 0; i < x_.size(); ++i) {
      x[i] = x_[i][0];
      x[x_.size() + i] = x_[i][1];
    }
    return x;
  }

 protected:
  Density density_;
  std::mt19937_64 generator_;
  std::normal_distribution<float> normal_;
  std::uniform_real_distribution<float> uniform_;
  std::vector<Vector2f> x_;
  std::uint64_t n_proposed_ = 0, n_accepted_ = 0;
  float step_size_, noise_;
};

class Ula final : public Chains {
 public:
  using Chains::Chains;
  void step(std::size_t n_steps) override {
    for (Vector2f& chain : x_) {
      Vector2f x = chain, gradient;
      for (std::size_t t = 0; t < n_steps; ++t) {
        density_.evaluate<false>(x, gradient);
        const float n0 = normal_(generator_), n1 = normal_(generator_);
        x += -step_size_ * gradient + noise_ * Vector2f(n0, n1);
      }
      chain = x;
    }
  }
};

class Mala final : public Chains {
 public:
  using Chains::Chains;
  double acceptance() const override { return static_cast<double>(n_accepted_) / static_cast<double>(n_proposed_); }
  void step(std::size_t n_steps) override {
    for (Vector2f& chain : x_) {
      Vector2f x = chain, gradient, proposal_gradient;
      float energy = density_.evaluate<true>(x, gradient);
      for (std::size_t t = 0; t < n_steps; ++t) {
        const float n0 = normal_(generator_), n1 = normal_(generator_);
        const Vector2f noise(n0, n1);
        const Vector2f proposal = x - step_size_ * gradient + noise_ * noise;
        const float proposal_energy = density_.evaluate<true>(proposal, proposal_gradient);
        const Vector2f back = x - proposal + step_size_ * proposal_gradient;
        const float log_ratio =
            energy - proposal_energy + 0.5F * noise.squaredNorm() - back.squaredNorm() / (4.0F * step_size_);
        if (uniform_(generator_) < std::exp(log_ratio)) {
          x = proposal;
          gradient = proposal_gradient;
          energy = proposal_energy;
          ++n_accepted_;
        }
      }
      n_proposed_ += n_steps;
      chain = x;
    }
  }
};

}  // namespace

std::unique_ptr<Sampler> reference_ula_plain(const Ring& target, std::uint64_t seed) {
  return std::make_unique<Ula>(target, seed);
}
std::unique_ptr<Sampler> reference_mala_plain(const Ring& target, std::uint64_t seed) {
  return std::make_unique<Mala>(target, seed);
}

}  // namespace bench
