// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/cholesky.hpp"
#include "erg/generator/generator.hpp"
#include "erg/nn/dense.hpp"

namespace erg::generator {

/// The generator of probabilistic PCA, of which everything is known: what estimates are held against.
///
///   x = W z + b + sigma eps,   q = N(b, C),   C = W W^T + sigma^2 I,   M = W^T W + sigma^2 I
///   posterior   z | x ~ N(m, sigma^2 M^-1),   m = M^-1 W^T (x - b)
///   score       s(x) = -C^-1 (x - b) = -(x - b - W m) / sigma^2
///   entropy     H = (dim log(2 pi e) + (dim - latent) log sigma^2 + log |M|) / 2
///               dH/dW = W M^-1,   dH/db = 0,   dH/dlog sigma = dim - latent + sigma^2 tr M^-1
///
/// It is also a normalised energy, U = -log q.
/// Shapes    W: [dim, latent] row-major, b: [dim]; closed forms in double, row-major
/// Cost      a change of parameters costs O(dim latent^2) for the closed forms
/// Source    Tipping, Bishop (1999), Probabilistic principal component analysis, section 3
template <class T = double>
class LinearGaussian : public Generator<nn::Dense<>, T> {
  using Base = Generator<nn::Dense<>, T>;

 public:
  LinearGaussian(const std::vector<double>& w, const std::vector<double>& b, NoiseParams noise)
      : Base(layer_of(w, b), noise), encoder_(nn::Dense<>(this->dim(), this->n_latent())) {
    std::vector<T> theta;
    for (const double v : w) theta.push_back(static_cast<T>(v));
    for (const double v : b) theta.push_back(static_cast<T>(v));
    theta.push_back(static_cast<T>(std::log(noise.start)));
    restore(theta);
  }

  template <class F>
  void update(F&& f) {
    Base::update(f);
    renew();
  }
  void restore(std::span<const T> theta) {
    Base::restore(theta);
    renew();
  }

  double weight(int d, int k) const { return static_cast<double>(this->network().parameters().flat()[index(d, k)]); }
  double bias(int d) const { return static_cast<double>(this->network().parameters().flat()[index(this->dim(), 0) + static_cast<std::size_t>(d)]); }

  /// m(x).
  void posterior_mean(BlockView<const T> x, BlockView<T> m) const { encoder_.forward(x, m); }
  /// sigma^2 M^-1, [latent, latent].
  std::vector<double> posterior_covariance() const {
    std::vector<double> c = inverse_;
    for (double& v : c) v *= this->noise() * this->noise();
    return c;
  }
  /// An exact draw of z | x, its normals at the key.
  void sample_posterior(random::Key key, std::uint32_t first, BlockView<const T> x, BlockView<T> z) const {
    const int n = this->n_latent();
    OwnedBlock<T> normal;
    const auto xi = normal.shaped(z.n_chains, n);
    fill_normal(xi, key, first);
    posterior_mean(x, z);
    std::vector<double> v(static_cast<std::size_t>(n));
    for (int c = 0; c < z.n_chains; ++c) {  // L^T v = xi: v has covariance M^-1
      for (int i = n - 1; i >= 0; --i) {
        double sum = static_cast<double>(xi(c, i));
        for (int k = i + 1; k < n; ++k) sum -= factor_[erg::detail::at(k, i, n)] * v[static_cast<std::size_t>(k)];
        v[static_cast<std::size_t>(i)] = sum / factor_[erg::detail::at(i, i, n)];
        z(c, i) += static_cast<T>(this->noise() * v[static_cast<std::size_t>(i)]);
      }
    }
  }

  /// s(x).
  void score(BlockView<const T> x, BlockView<T> s) const {
    static thread_local OwnedBlock<T> latent;
    const auto m = latent.shaped(x.n_chains, this->n_latent());
    posterior_mean(x, m);
    this->mean(m, s);
    const double sigma = this->noise();
    const T scale = static_cast<T>(1.0 / (sigma * sigma));
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) s(c, d) = scale * (s(c, d) - x(c, d));
    }
  }

  double entropy() const {
    return 0.5 * (this->dim() * std::log(6.283185307179586 * std::exp(1.0)) + log_det());
  }
  /// dH by all parameters, in their order: W, b, log sigma.
  std::vector<double> entropy_gradient() const {
    const int n = this->n_latent(), dim = this->dim();
    std::vector<double> g(static_cast<std::size_t>(this->n_parameters()), 0.0);
    for (int d = 0; d < dim; ++d) {
      for (int k = 0; k < n; ++k) {
        for (int j = 0; j < n; ++j) g[index(d, k)] += weight(d, j) * inverse_[erg::detail::at(j, k, n)];
      }
    }
    double trace = 0.0;
    for (int k = 0; k < n; ++k) trace += inverse_[erg::detail::at(k, k, n)];
    g.back() = dim - n + this->noise() * this->noise() * trace;
    return g;
  }

  // ---- as an energy, U = -log q ---------------------------------------------------------------------------------------------
  double log_z() const { return 0.0; }
  void value(BlockView<const T> x, std::span<T> u) const {
    OwnedBlock<T> slope;
    value_and_gradient(x, u, slope.shaped(x.n_chains, x.dim));
  }
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    score(x, g);
    const double constant = 0.5 * (this->dim() * std::log(6.283185307179586) + log_det());
    for (int c = 0; c < x.n_chains; ++c) {
      double sum = 0.0;
      for (int d = 0; d < x.dim; ++d) {
        g(c, d) = -g(c, d);
        sum += (static_cast<double>(x(c, d)) - bias(d)) * static_cast<double>(g(c, d));
      }
      u[static_cast<std::size_t>(c)] = static_cast<T>(constant + 0.5 * sum);
    }
  }

 private:
  static nn::Dense<> layer_of(const std::vector<double>& w, const std::vector<double>& b) {
    if (b.empty() || w.empty() || w.size() % b.size() != 0) {
      throw std::invalid_argument("W of " + std::to_string(w.size()) + " numbers (b has " + std::to_string(b.size()) +
                                  ") give a whole number of columns, at least one");
    }
    return nn::Dense<>(static_cast<int>(w.size() / b.size()), static_cast<int>(b.size()));
  }
  std::size_t index(int d, int k) const { return static_cast<std::size_t>(d) * static_cast<std::size_t>(this->n_latent()) + static_cast<std::size_t>(k); }
  double log_det() const { return 2.0 * (this->dim() - this->n_latent()) * std::log(this->noise()) + erg::detail::cholesky_log_det(factor_, this->n_latent()); }
  void renew() {
    const int n = this->n_latent(), dim = this->dim();
    std::vector<double> m(static_cast<std::size_t>(n) * static_cast<std::size_t>(n), 0.0);
    for (int d = 0; d < dim; ++d) {
      for (int j = 0; j < n; ++j) {
        for (int i = 0; i <= j; ++i) m[erg::detail::at(i, j, n)] += weight(d, i) * weight(d, j);
      }
    }
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < j; ++i) m[erg::detail::at(j, i, n)] = m[erg::detail::at(i, j, n)];
      m[erg::detail::at(j, j, n)] += this->noise() * this->noise();
    }
    factor_ = erg::detail::cholesky("M", m, n);
    inverse_ = erg::detail::cholesky_inverse(factor_, n);
    // The posterior mean as a layer: M^-1 W^T (x - b).
    std::vector<T> theta(static_cast<std::size_t>(encoder_.n_parameters()));
    for (int k = 0; k < n; ++k) {
      double offset = 0.0;
      for (int d = 0; d < dim; ++d) {
        double sum = 0.0;
        for (int j = 0; j < n; ++j) sum += inverse_[erg::detail::at(k, j, n)] * weight(d, j);
        theta[static_cast<std::size_t>(k) * static_cast<std::size_t>(dim) + static_cast<std::size_t>(d)] = static_cast<T>(sum);
        offset -= sum * bias(d);
      }
      theta[static_cast<std::size_t>(n) * static_cast<std::size_t>(dim) + static_cast<std::size_t>(k)] = static_cast<T>(offset);
    }
    encoder_.restore(theta);
  }

  nn::Network<nn::Dense<>, T> encoder_;
  std::vector<double> factor_, inverse_;  // Cholesky factor and inverse of M
};

}  // namespace erg::generator
