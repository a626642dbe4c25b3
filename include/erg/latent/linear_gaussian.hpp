// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/symmetric_eigen.hpp"
#include "erg/latent/decoder.hpp"

namespace erg::latent {

/// The linear Gaussian model, in which everything is known: probabilistic principal components.
///
///   z ~ N(0, I),  x | z ~ N(m + W z, sigma^2 I);   x ~ N(m, C), C = W W^T + sigma^2 I
///   q(z | x) = N(P W^T (x - m), sigma^2 P),  P = (W^T W + sigma^2 I)^-1
///
/// A decoder like any other, whose refit to a second moment is exact: the fixed points of amortised training follow from it.
/// Shapes    w: [dim, n_latent] row-major, mean: [dim]            Cost  O(dim^3) where W changes
/// Source    Tipping, Bishop (1999), eqs. (4), (5), (7), (14)
template <class T = double>
class LinearGaussian {
 public:
  using Scalar = T;

  LinearGaussian(int dim, int n_latent, double sigma)
      : split_(dim), n_(dim), m_(erg::detail::require_count("n_latent", n_latent)), sigma2_(erg::detail::require_positive("sigma", sigma) * sigma),
        mean_(static_cast<std::size_t>(dim), 0.0), w_(static_cast<std::size_t>(dim) * static_cast<std::size_t>(n_latent), 0.0) {
    renew();
  }

  int dim() const { return n_; }
  int n_latent() const { return m_; }
  const Split& split() const { return split_; }
  double noise() const { return std::sqrt(sigma2_); }
  double w(int i, int j) const { return w_[at(i, j, m_)]; }
  double mean(int i) const { return mean_[static_cast<std::size_t>(i)]; }
  Snapshot<LinearGaussian> snapshot() const { return Snapshot<LinearGaussian>(*this); }
  void set(std::vector<double> w) {
    erg::detail::require_size("w", w, n_ * m_, "row-major, dim rows of n_latent");
    w_ = std::move(w);
    renew();
  }

  void latents(random::Key key, std::uint32_t first, BlockView<T> z) const { fill_normal(key, first, z); }
  void mean(BlockView<const T> z, BlockView<T> x) const {
    for (int i = 0; i < n_; ++i) {
      for (int c = 0; c < x.n_chains; ++c) {
        double v = mean(i);
        for (int j = 0; j < m_; ++j) v += w(i, j) * static_cast<double>(z(c, j));
        x(c, i) = static_cast<T>(v);
      }
    }
  }
  void sample(random::Key key, std::uint32_t first, BlockView<T> x, Decoding decoding = Decoding::sample) const { draw(*this, key, first, x, decoding); }

  /// -log q(x), exactly.
  double energy(std::span<const double> x) const {
    // |y|^2 / sigma^2 - y^T W P W^T y / sigma^2 and |C| = |P|^-1 sigma^(2 (n - m))
    const std::vector<double> y = off(x), mu = posterior_mean(x);
    double u = 0.5 * (n_ * 1.8378770664093455 + (n_ - m_) * std::log(sigma2_) + log_det_), square = 0.0;
    for (int i = 0; i < n_; ++i) {
      double fitted = 0.0;
      for (int j = 0; j < m_; ++j) fitted += w(i, j) * mu[static_cast<std::size_t>(j)];
      square += y[static_cast<std::size_t>(i)] * (y[static_cast<std::size_t>(i)] - fitted);
    }
    return u + 0.5 * square / sigma2_;
  }
  std::vector<double> posterior_mean(std::span<const double> x) const {
    const std::vector<double> y = off(x);
    std::vector<double> back(static_cast<std::size_t>(m_), 0.0), mu(back);
    for (int j = 0; j < m_; ++j) {
      for (int i = 0; i < n_; ++i) back[static_cast<std::size_t>(j)] += w(i, j) * y[static_cast<std::size_t>(i)];
    }
    for (int j = 0; j < m_; ++j) {
      for (int k = 0; k < m_; ++k) mu[static_cast<std::size_t>(j)] += p_[at(j, k, m_)] * back[static_cast<std::size_t>(k)];
    }
    return mu;
  }
  double posterior_covariance(int j, int k) const { return sigma2_ * p_[at(j, k, m_)]; }

  /// E_pi[-log q(x | z)] and KL(pi | N(0, I)) for an encoder N(mu, diag variance), exactly.
  std::pair<double, double> elbo_terms(std::span<const double> x, std::span<const double> mu, std::span<const double> variance) const {
    const std::vector<double> y = off(x);
    double square = 0.0, kl = 0.0;
    for (int i = 0; i < n_; ++i) {
      double r = y[static_cast<std::size_t>(i)];
      for (int j = 0; j < m_; ++j) {
        r -= w(i, j) * mu[static_cast<std::size_t>(j)];
        square += w(i, j) * w(i, j) * variance[static_cast<std::size_t>(j)];
      }
      square += r * r;
    }
    for (std::size_t j = 0; j < static_cast<std::size_t>(m_); ++j) kl += 0.5 * (mu[j] * mu[j] + variance[j] - 1.0 - std::log(variance[j]));
    return {0.5 * square / sigma2_ + 0.5 * n_ * std::log(6.283185307179586 * sigma2_), kl};
  }
  /// KL(N(mu, diag variance) | q(z | x)), exactly.
  double posterior_gap(std::span<const double> x, std::span<const double> mu, std::span<const double> variance) const {
    const std::vector<double> best = posterior_mean(x);
    double sum = -static_cast<double>(m_) + m_ * std::log(sigma2_) - log_det_;
    for (int j = 0; j < m_; ++j) {
      const auto a = static_cast<std::size_t>(j);
      sum += gram(j, j) / sigma2_ * variance[a] - std::log(variance[a]);
      for (int k = 0; k < m_; ++k) {
        const auto b = static_cast<std::size_t>(k);
        sum += (mu[a] - best[a]) * gram(j, k) / sigma2_ * (mu[b] - best[b]);
      }
    }
    return 0.5 * sum;
  }
  /// The objective of variational MCMC teaching with weight gamma on the distance of encoder and posterior. gamma = 1: -ELBO.
  ///
  ///   L = -log q(x) + gamma KL(pi(z | x) | q(z | x)) = (1 - gamma)(-log q(x)) + gamma (-ELBO(x))
  double teaching_loss(std::span<const double> x, std::span<const double> mu, std::span<const double> variance, double gamma) const {
    return energy(x) + gamma * posterior_gap(x, mu, variance);
  }

  /// Maximum likelihood at this sigma for a second moment about m: W = V (Lambda - sigma^2)^{1/2}, directions below sigma^2 unused.
  void fit_moment(const std::vector<double>& moment) {
    erg::detail::require_size("moment", moment, n_ * n_, "row-major, dim rows of dim");
    const erg::detail::SymmetricEigen e(moment, n_);
    for (int j = 0; j < m_; ++j) {
      const double over = j < n_ ? std::max(e.value(j) - sigma2_, 0.0) : 0.0;
      for (int i = 0; i < n_; ++i) w_[at(i, j, m_)] = over > 0.0 ? std::sqrt(over) * e.vector(i, j) : 0.0;
    }
    renew();
  }
  /// The same for points, about m, which stays. At a rate below 1 for that share of their moment and the rest of the model's own.
  void fit(BlockView<const T> x, double rate = 1.0) {
    std::vector<double> moment(static_cast<std::size_t>(n_) * static_cast<std::size_t>(n_));
    for (int i = 0; i < n_; ++i) {
      for (int k = 0; k <= i; ++k) {
        double sum = 0.0;
        for (int c = 0; c < x.n_chains; ++c) sum += (static_cast<double>(x(c, i)) - mean(i)) * (static_cast<double>(x(c, k)) - mean(k));
        double own = i == k ? sigma2_ : 0.0;
        for (int j = 0; j < m_; ++j) own += w(i, j) * w(k, j);
        moment[at(i, k, n_)] = moment[at(k, i, n_)] = rate * sum / x.n_chains + (1.0 - rate) * own;
      }
    }
    fit_moment(moment);
  }
  /// Least squares of x on the z that it was decoded from: W = E[(x - m) z^T] E[z z^T]^-1. What regression on the known latent does.
  void regress(BlockView<const T> x, BlockView<const T> z, double rate = 1.0) {
    std::vector<double> cross(w_.size()), moment(static_cast<std::size_t>(m_) * static_cast<std::size_t>(m_));
    for (int j = 0; j < m_; ++j) {
      for (int c = 0; c < x.n_chains; ++c) {
        const double v = static_cast<double>(z(c, j)) / x.n_chains;
        for (int i = 0; i < n_; ++i) cross[at(i, j, m_)] += v * (static_cast<double>(x(c, i)) - mean(i));
        for (int k = 0; k < m_; ++k) moment[at(j, k, m_)] += v * static_cast<double>(z(c, k));
      }
    }
    const std::vector<double> inverse = erg::detail::SymmetricEigen(moment, m_).map([](double v) { return 1.0 / v; });
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < m_; ++j) {
        double sum = 0.0;
        for (int k = 0; k < m_; ++k) sum += cross[at(i, k, m_)] * inverse[at(k, j, m_)];
        w_[at(i, j, m_)] += rate * (sum - w(i, j));
      }
    }
    renew();
  }

  int n_parameters() const { return n_ * m_; }
  void copy_parameters(std::span<T> to) const { std::copy(w_.begin(), w_.end(), to.begin()); }
  void restore(std::span<const T> theta) { set(std::vector<double>(theta.begin(), theta.end())); }

 private:
  static std::size_t at(int i, int j, int columns) { return static_cast<std::size_t>(i) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(j); }
  std::vector<double> off(std::span<const double> x) const {
    std::vector<double> y(x.begin(), x.end());
    for (std::size_t i = 0; i < y.size(); ++i) y[i] -= mean_[i];
    return y;
  }
  /// W^T W + sigma^2 I
  double gram(int j, int k) const {
    double sum = j == k ? sigma2_ : 0.0;
    for (int i = 0; i < n_; ++i) sum += w(i, j) * w(i, k);
    return sum;
  }
  void renew() {
    std::vector<double> g(static_cast<std::size_t>(m_) * static_cast<std::size_t>(m_));
    for (int j = 0; j < m_; ++j) {
      for (int k = 0; k < m_; ++k) g[at(j, k, m_)] = gram(j, k);
    }
    const erg::detail::SymmetricEigen e(g, m_);
    p_ = e.map([](double v) { return 1.0 / v; });
    log_det_ = 0.0;
    for (int j = 0; j < m_; ++j) log_det_ += std::log(e.value(j));
  }

  Split split_;
  int n_, m_;
  double sigma2_, log_det_ = 0.0;
  std::vector<double> mean_, w_, p_;
};

}  // namespace erg::latent
