// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/batch.hpp"
#include "erg/io/archive.hpp"
#include "erg/nn/initialise.hpp"
#include "erg/nn/network.hpp"
#include "erg/tile/owned_block.hpp"

#include <cmath>

/// Generators: samplers x = g(z) + sigma eps that one pass of a network draws from, and estimates of the score of what they draw, which has
/// no closed form but as a mean over the latents that may have made a point. Explained in docs/generators.md.
namespace erg::generator {

/// The deviation sigma of the noise, which is learnt within bounds.
struct NoiseParams {
  double start = 0.01;
  double least = 0.01, most = 0.3;   ///< after every update log sigma is clamped in between
};

/// A network that draws.
///
///   x = g(z) + sigma eps,   z ~ N(0, I_latent), eps ~ N(0, I_dim);   q(x | z) = N(g(z), sigma^2 I)
///
///   Generator g(nn::mlp<nn::Softplus>(2, 100, 100, 2));
///   Generator g(nn::Sequential(nn::Shape(64), nn::Dense(32 * 49), nn::SiLU{}, nn::Reshape({32, 7, 7}), nn::ConvTranspose2d(...), ...));
///
/// The parameters are the network's and log sigma, the last. No layer lets rows influence each other, so q(x | z) is one function.
/// Shapes    z: [chain, n_latent], x, eps, v: [chain, dim]; chain number c of a call with `first` is at address first + c
/// Errors    std::invalid_argument: bounds of the noise that are not 0 < least <= start <= most
/// Source    Grathwohl et al. (2021), No MCMC for me, section 3
template <class Net, class T = float>
class Generator {
 public:
  using Scalar = T;

  explicit Generator(Net net, NoiseParams noise = {}, random::Key key = random::Key(0)) : network_(std::move(net)), noise_params_(noise) {
    erg::detail::require_positive("noise.least", noise.least);
    if (!(noise.least <= noise.start && noise.start <= noise.most && std::isfinite(noise.most))) {
      throw std::invalid_argument("noise.start = " + erg::detail::number_text(noise.start) + " (must be between least = " +
                                  erg::detail::number_text(noise.least) + " and most = " + erg::detail::number_text(noise.most) + ")");
    }
    log_noise_ = static_cast<T>(std::log(noise.start));
    nn::initialise(network_, key);
  }

  int n_latent() const { return network_.n_in(); }
  int dim() const { return network_.n_out(); }
  int n_parameters() const { return network_.n_parameters() + 1; }
  double noise() const { return std::exp(static_cast<double>(log_noise_)); }
  const NoiseParams& noise_params() const { return noise_params_; }
  const nn::Network<Net, T>& network() const { return network_; }

  /// g(z).
  void mean(BlockView<const T> z, BlockView<T> g) const { network_.forward(z, g); }
  /// gz = (dg/dz)^T v, where v = seed(g(z)) row by row: seed(g, v, first) writes v.
  template <class F>
  void pull_back(BlockView<const T> z, F&& seed, BlockView<T> gz) const {
    network_.input_gradient(z, seed, gz);
  }
  /// to += sum_c (dx_c/dtheta)^T v_c, with latents and noise held fixed: what descends any loss of the draws, v = dloss/dx.
  void add_parameter_gradient(BlockView<const T> z, BlockView<const T> eps, BlockView<const T> v, std::span<T> to) const {
    network_.parameter_gradient(z, v, to.first(to.size() - 1));
    double slope = 0.0;
    for (int d = 0; d < v.dim; ++d) {
      for (int c = 0; c < v.n_chains; ++c) slope += static_cast<double>(v(c, d)) * static_cast<double>(eps(c, d));
    }
    to.back() += static_cast<T>(noise() * slope);
  }

  /// The latents and the noise behind the draws of `sample` at the same address.
  void latents(random::Key key, std::uint32_t first, BlockView<T> z, BlockView<T> eps) const {
    fill_normal(z, key, first);
    fill_normal(eps, key.stream(1), first);
  }
  /// Draws x = g(z) + sigma eps.
  void sample(random::Key key, std::uint32_t first, BlockView<T> x) const {
    static thread_local OwnedBlock<T> latent, noises;
    const auto z = latent.shaped(x.n_chains, n_latent()), eps = noises.shaped(x.n_chains, dim());
    latents(key, first, z, eps);
    sample(z, eps, x);
  }
  void sample(BlockView<const T> z, BlockView<const T> eps, BlockView<T> x) const {
    mean(z, x);
    const T sigma = static_cast<T>(noise());
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) x(c, d) += sigma * eps(c, d);
    }
  }

  void copy_parameters(std::span<T> to) const {
    const auto flat = network_.parameters().flat();
    std::copy(flat.begin(), flat.end(), to.begin());
    to.back() = log_noise_;
  }
  /// f(span of all parameters) changes them; then the noise is clamped.
  template <class F>
  void update(F&& f) {
    struct Owner;
    const auto n = static_cast<std::size_t>(n_parameters());
    const std::span<T> theta(erg::detail::thread_numbers<T, Owner>(n), n);
    copy_parameters(theta);
    f(theta);
    network_.update([&](std::span<T> to) { std::copy_n(theta.begin(), to.size(), to.begin()); });
    set_log_noise(theta.back());
  }
  void restore(std::span<const T> theta) {
    if (static_cast<int>(theta.size()) != n_parameters()) {
      throw std::invalid_argument(std::to_string(theta.size()) + " parameters (the generator has " + std::to_string(n_parameters()) +
                                  ") give those of the same generator");
    }
    network_.restore(theta.first(theta.size() - 1));
    set_log_noise(theta.back());
  }

 private:
  void set_log_noise(T v) {
    log_noise_ = std::min(std::max(v, static_cast<T>(std::log(noise_params_.least))), static_cast<T>(std::log(noise_params_.most)));
  }

  nn::Network<Net, T> network_;
  NoiseParams noise_params_;
  T log_noise_ = T(0);
};

}  // namespace erg::generator
