// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/symmetric_eigen.hpp"
#include "erg/generator/linear_gaussian.hpp"
#include "erg/latent/decoder.hpp"

namespace erg::latent {

/// The linear Gaussian model, probabilistic principal components, as a model that amortises: the generator in which everything is known, and
/// what teaching it means exactly.
///
///   z ~ N(0, I),  x | z ~ N(W z, sigma^2 I);   q(z | x) = N(m(x), sigma^2 M^-1),  M = W^T W + sigma^2 I
///
/// A decoder like any other, whose refit to a second moment is exact: the fixed points of amortised training follow from it. sigma stays.
/// Shapes    w: [dim, n_latent] row-major
/// Source    Tipping, Bishop (1999), eqs. (4), (5), (7), (14)
template <class T = double>
class LinearGaussian : public generator::LinearGaussian<T> {
  using Base = generator::LinearGaussian<T>;

 public:
  using Scalar = T;
  using Base::latents, Base::mean, Base::posterior_covariance, Base::posterior_mean;

  LinearGaussian(int dim, int n_latent, double sigma)
      : Base(zeros(erg::detail::require_count("n_latent", n_latent) * dim), zeros(dim), {erg::detail::require_positive("sigma", sigma), sigma, sigma}),
        split_(dim), n_(dim), m_(n_latent) {}

  const Split& split() const { return split_; }
  double w(int i, int j) const { return this->weight(i, j); }
  Snapshot<LinearGaussian> snapshot() const { return Snapshot<LinearGaussian>(*this); }
  void set(const std::vector<double>& w) {
    erg::detail::require_size("w", w, n_ * m_, "row-major, dim rows of n_latent");
    this->update([&](std::span<T> theta) {
      for (std::size_t i = 0; i < w.size(); ++i) theta[i] = static_cast<T>(w[i]);
    });
  }

  void latents(random::Key key, std::uint32_t first, BlockView<T> z) const { fill_normal(z, key, first); }
  void sample(random::Key key, std::uint32_t first, BlockView<T> x, Decoding decoding = Decoding::sample) const { draw(*this, key, first, x, decoding); }

  /// -log q(x), exactly.
  double energy(std::span<const double> x) const {
    const OwnedBlock<T> at = point(x);
    T u;
    this->value(at.view(), std::span<T>(&u, 1));
    return static_cast<double>(u);
  }
  std::vector<double> posterior_mean(std::span<const double> x) const {
    const OwnedBlock<T> at = point(x);
    OwnedBlock<T> mu(1, m_);
    Base::posterior_mean(at.view(), mu.view());
    return {mu.values.begin(), mu.values.end()};
  }
  double posterior_covariance(int j, int k) const { return this->posterior_covariance()[at(j, k, m_)]; }

  /// E_pi[-log q(x | z)] and KL(pi | N(0, I)) for an encoder N(mu, diag variance), exactly.
  std::pair<double, double> elbo_terms(std::span<const double> x, std::span<const double> mu, std::span<const double> variance) const {
    double square = 0.0, kl = 0.0;
    for (int i = 0; i < n_; ++i) {
      double r = x[static_cast<std::size_t>(i)] - this->bias(i);
      for (int j = 0; j < m_; ++j) {
        r -= w(i, j) * mu[static_cast<std::size_t>(j)];
        square += w(i, j) * w(i, j) * variance[static_cast<std::size_t>(j)];
      }
      square += r * r;
    }
    for (std::size_t j = 0; j < static_cast<std::size_t>(m_); ++j) kl += 0.5 * (mu[j] * mu[j] + variance[j] - 1.0 - std::log(variance[j]));
    return {0.5 * square / sigma2() + 0.5 * n_ * std::log(6.283185307179586 * sigma2()), kl};
  }
  /// KL(N(mu, diag variance) | q(z | x)), exactly.
  double posterior_gap(std::span<const double> x, std::span<const double> mu, std::span<const double> variance) const {
    const std::vector<double> best = posterior_mean(x);
    double sum = -static_cast<double>(m_) + m_ * std::log(sigma2()) - log_det_gram();
    for (int j = 0; j < m_; ++j) {
      const auto a = static_cast<std::size_t>(j);
      sum += gram(j, j) / sigma2() * variance[a] - std::log(variance[a]);
      for (int k = 0; k < m_; ++k) {
        const auto b = static_cast<std::size_t>(k);
        sum += (mu[a] - best[a]) * gram(j, k) / sigma2() * (mu[b] - best[b]);
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

  /// Maximum likelihood at this sigma for a second moment: W = V (Lambda - sigma^2)^{1/2}, directions below sigma^2 unused.
  void fit_moment(const std::vector<double>& moment) {
    erg::detail::require_size("moment", moment, n_ * n_, "row-major, dim rows of dim");
    const erg::detail::SymmetricEigen e(moment, n_);
    std::vector<double> w = zeros(n_ * m_);
    for (int j = 0; j < std::min(m_, n_); ++j) {
      const double over = e.value(j) - sigma2();
      for (int i = 0; i < n_ && over > 0.0; ++i) w[at(i, j, m_)] = std::sqrt(over) * e.vector(i, j);
    }
    set(w);
  }
  /// The same for points. At a rate below 1 for that share of their moment and the rest of the model's own.
  void fit(BlockView<const T> x, double rate = 1.0) {
    std::vector<double> moment = zeros(n_ * n_);
    for (int i = 0; i < n_; ++i) {
      for (int k = 0; k <= i; ++k) {
        double sum = 0.0;
        for (int c = 0; c < x.n_chains; ++c) sum += static_cast<double>(x(c, i)) * static_cast<double>(x(c, k));
        double own = i == k ? sigma2() : 0.0;
        for (int j = 0; j < m_; ++j) own += w(i, j) * w(k, j);
        moment[at(i, k, n_)] = moment[at(k, i, n_)] = rate * sum / x.n_chains + (1.0 - rate) * own;
      }
    }
    fit_moment(moment);
  }
  /// Least squares of x on the z that it was decoded from: W = E[x z^T] E[z z^T]^-1. What regression on the known latent does.
  void regress(BlockView<const T> x, BlockView<const T> z, double rate = 1.0) {
    std::vector<double> cross = zeros(n_ * m_), moment = zeros(m_ * m_), w_new = cross;
    for (int j = 0; j < m_; ++j) {
      for (int c = 0; c < x.n_chains; ++c) {
        const double v = static_cast<double>(z(c, j)) / x.n_chains;
        for (int i = 0; i < n_; ++i) cross[at(i, j, m_)] += v * static_cast<double>(x(c, i));
        for (int k = 0; k < m_; ++k) moment[at(j, k, m_)] += v * static_cast<double>(z(c, k));
      }
    }
    const std::vector<double> inverse = erg::detail::SymmetricEigen(moment, m_).map([](double v) { return 1.0 / v; });
    for (int i = 0; i < n_; ++i) {
      for (int j = 0; j < m_; ++j) {
        double sum = 0.0;
        for (int k = 0; k < m_; ++k) sum += cross[at(i, k, m_)] * inverse[at(k, j, m_)];
        w_new[at(i, j, m_)] = w(i, j) + rate * (sum - w(i, j));
      }
    }
    set(w_new);
  }

 private:
  static std::size_t at(int i, int j, int columns) { return static_cast<std::size_t>(i) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(j); }
  static std::vector<double> zeros(int n) { return std::vector<double>(static_cast<std::size_t>(n), 0.0); }
  static OwnedBlock<T> point(std::span<const double> x) {
    OwnedBlock<T> b(1, static_cast<int>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) b.values[i] = static_cast<T>(x[i]);
    return b;
  }
  double sigma2() const { return this->noise() * this->noise(); }
  /// M
  double gram(int j, int k) const {
    double sum = j == k ? sigma2() : 0.0;
    for (int i = 0; i < n_; ++i) sum += w(i, j) * w(i, k);
    return sum;
  }
  double log_det_gram() const {
    // |C| = |M| sigma^(2 (n - m))
    return 2.0 * this->entropy() - n_ * 2.8378770664093453 - (n_ - m_) * std::log(sigma2());
  }

  Split split_;
  int n_, m_;
};

}  // namespace erg::latent
