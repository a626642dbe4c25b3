// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/exec/pieces.hpp"
#include "erg/latent/decoder.hpp"

namespace erg::latent {

/// The two terms of -ELBO, means over points.
struct ElboTerms {
  double reconstruction = 0.0;   ///< E_pi[-log q(x | z)]
  double kl = 0.0;               ///< KL(pi(z | x) | N(0, I))
  double negative_elbo() const { return reconstruction + kl; }
};

/// KL(N(mu, diag e^{2 s}) | N(0, I)), a coordinate: (mu^2 + e^{2 s} - 1) / 2 - s
inline double kl_to_standard_normal(double mu, double s) { return 0.5 * (mu * mu + std::exp(2.0 * s) - 1.0) - s; }

struct VaeParams {
  double sigma = 0.3;          ///< deviation of the observations
  double beta = 1.0;           ///< weight of the KL term in what is minimised; 1: the ELBO
  bool learns_sigma = false;
};
/// The released code of variational MCMC teaching minimises |x - g(z)|^2 + w KL. That is w times -ELBO at this sigma, up to a constant.
/// Source    an identity: |x - g|^2 / (2 sigma^2) + KL with sigma^2 = w / 2
inline double sigma_of_kl_weight(double w) { return std::sqrt(0.5 * erg::detail::require_positive("w", w)); }

/// A variational autoencoder with Gaussian decoder and encoder.
///
///   q(z) = N(0, I),   q(x | z) = N(g(z), sigma^2 I),   pi(z | x) = N(mu(x), diag e^{2 s(x)})
///   -ELBO(x) = E_pi[-log q(x | z)] + KL(pi | q(z)) >= -log q(x)
///
/// The reconstruction is estimated by one z = mu + e^s eps a point, the KL is exact. Where the split holds coordinates, all of this is
/// conditional on them: the encoder sees whole points, (x, c), and the decoder z and the held ones.
/// Shapes    encoder: dim -> 2 n_latent, mu and then s; decoder: n_latent + n_held -> n_free
/// Source    Kingma, Welling (2014), eqs. (3), (7), (10)
template <class DecoderNet, class EncoderNet, class T = float>
class Vae {
 public:
  using Scalar = T;
  using Decoder = GaussianDecoder<DecoderNet, T>;

  Vae(DecoderNet decoder, EncoderNet encoder, VaeParams p = {}, random::Key key = random::Key(0), Split split = {})
      : params(p), decoder_(std::move(decoder), {p.sigma, p.learns_sigma}, key, std::move(split)), encoder_(std::move(encoder)) {
    erg::detail::require_not_negative("beta", p.beta);
    if (encoder_.n_in() != dim() || encoder_.n_out() != 2 * n_latent()) {
      throw std::invalid_argument("an encoder from " + std::to_string(encoder_.n_in()) + " to " + std::to_string(encoder_.n_out()) +
                                  " numbers (points have " + std::to_string(dim()) + ", the latent " + std::to_string(n_latent()) +
                                  ") let it give mean and log-deviation of each coordinate of the latent");
    }
    nn::initialise(encoder_, key.stream(1));
  }

  int dim() const { return decoder_.dim(); }
  int n_latent() const { return decoder_.n_latent(); }
  const Split& split() const { return decoder_.split(); }
  double noise() const { return decoder_.noise(); }
  const Decoder& decoder() const { return decoder_; }
  Decoder& decoder() { return decoder_; }
  const auto& encoder() const { return encoder_; }
  auto& encoder() { return encoder_; }
  Snapshot<Vae> snapshot() const { return Snapshot<Vae>(*this); }

  void latents(random::Key key, std::uint32_t first, BlockView<T> z) const { decoder_.latents(key, first, z); }
  void mean(BlockView<const T> z, BlockView<T> x) const { decoder_.mean(z, x); }
  void sample(random::Key key, std::uint32_t first, BlockView<T> x, Decoding decoding = Decoding::sample) const { draw(*this, key, first, x, decoding); }

  /// mu and s of points.
  void encode(BlockView<const T> x, BlockView<T> mu, BlockView<T> s) const {
    OwnedBlock<T> h(x.n_chains, 2 * n_latent());
    encoder_.forward(x, h.view());
    for (int d = 0; d < n_latent(); ++d) {
      std::copy_n(h.view().column(d), x.n_chains, mu.column(d));
      std::copy_n(h.view().column(d + n_latent()), x.n_chains, s.column(d));
    }
  }

  /// Means over points of the terms of -ELBO; where `to` is not empty it gets the gradient of reconstruction + beta KL.
  ///
  /// Random    eps of point c is at (key, chain c)
  ElboTerms add_gradient(BlockView<const T> x, random::Key key, std::span<T> to, Pieces<T>& pieces) const {
    std::vector<double> kl(static_cast<std::size_t>(x.n_chains));
    std::vector<T> u(kl.size());
    const double share = 1.0 / x.n_chains;
    const auto piece = [&](int first, int n, std::span<T> sum) { one_piece(rows_of(x, first, n), key, first, share, u.data() + first, kl.data() + first, sum); };
    if (to.empty()) {
      pieces.run(x.n_chains, [&](int first, int n) { piece(first, n, {}); });
    } else {
      pieces.add(x.n_chains, to, piece);
    }
    ElboTerms mean;
    for (std::size_t c = 0; c < u.size(); ++c) mean.reconstruction += share * static_cast<double>(u[c]), mean.kl += share * kl[c];
    return mean;
  }
  ElboTerms elbo(BlockView<const T> x, random::Key key, Pieces<T>& pieces) const { return add_gradient(x, key, {}, pieces); }

  /// log of the mean of n_samples importance weights at each point: below log q(x) in expectation, and closer with more samples.
  /// Source    Burda, Grosse, Salakhutdinov (2016), eq. (8)
  std::vector<double> log_marginal(BlockView<const T> x, random::Key key, int n_samples, Pieces<T>& pieces) const {
    std::vector<double> total(static_cast<std::size_t>(x.n_chains), -INFINITY);
    pieces.run(x.n_chains, [&](int first, int n) {
      const BlockView<const T> at = rows_of(x, first, n);
      OwnedBlock<T> mu(n, n_latent()), s(n, n_latent()), z(n, n_latent()), eps(n, n_latent());
      encode(at, mu.view(), s.view());
      std::vector<T> u(static_cast<std::size_t>(n)), w(u.size(), T(1));
      for (int k = 0; k < n_samples; ++k) {
        fill_normal(eps.view(), key.stream(k), static_cast<std::uint32_t>(first));
        std::vector<double> log_w(u.size(), 0.0);
        for (std::size_t i = 0; i < z.values.size(); ++i) {
          const double e = static_cast<double>(eps.values[i]), sd = static_cast<double>(s.values[i]);
          const double v = static_cast<double>(mu.values[i]) + std::exp(sd) * e;
          z.values[i] = static_cast<T>(v);
          log_w[i % u.size()] += 0.5 * (e * e - v * v) + sd;
        }
        decoder_.observation(at, z.view(), w, u);
        for (std::size_t c = 0; c < u.size(); ++c) {
          double& sum = total[static_cast<std::size_t>(first) + c];
          const double v = log_w[c] - static_cast<double>(u[c]), most = std::max(sum, v);
          sum = most + std::log(std::exp(sum - most) + std::exp(v - most));
        }
      }
    });
    for (double& v : total) v -= std::log(n_samples);
    return total;
  }

  /// Mean KL of each coordinate of the latent.
  std::vector<double> kl_per_unit(BlockView<const T> x) const {
    OwnedBlock<T> mu(x.n_chains, n_latent()), s(x.n_chains, n_latent());
    encode(x, mu.view(), s.view());
    std::vector<double> kl(static_cast<std::size_t>(n_latent()), 0.0);
    for (std::size_t i = 0; i < mu.values.size(); ++i) {
      kl[i / static_cast<std::size_t>(x.n_chains)] += kl_to_standard_normal(static_cast<double>(mu.values[i]), static_cast<double>(s.values[i])) / x.n_chains;
    }
    return kl;
  }
  /// Coordinates of the latent whose mean varies over the data by more than `threshold`.
  /// Source    Burda, Grosse, Salakhutdinov (2016), section 5.2
  int active_units(BlockView<const T> x, double threshold = 0.01) const {
    OwnedBlock<T> mu(x.n_chains, n_latent()), s(x.n_chains, n_latent());
    encode(x, mu.view(), s.view());
    int n = 0;
    for (int d = 0; d < n_latent(); ++d) {
      double sum = 0.0, squares = 0.0;
      for (int c = 0; c < x.n_chains; ++c) {
        const double m = static_cast<double>(mu.view()(c, d));
        sum += m / x.n_chains, squares += m * m / x.n_chains;
      }
      n += squares - sum * sum > threshold;
    }
    return n;
  }

  /// The decoder's and behind them the encoder's.
  int n_parameters() const { return decoder_.n_parameters() + encoder_.n_parameters(); }
  template <class F>
  void update(F&& f) {
    std::vector<T> theta(static_cast<std::size_t>(n_parameters()));
    copy_parameters(std::span<T>(theta));
    f(std::span<T>(theta));
    const auto take = [](std::span<const T> from) { return [from](std::span<T> to) { std::copy(from.begin(), from.end(), to.begin()); }; };
    const auto n = static_cast<std::size_t>(decoder_.n_parameters());
    decoder_.update(take(std::span<const T>(theta).first(n)));
    encoder_.update(take(std::span<const T>(theta).subspan(n)));
  }
  void restore(std::span<const T> theta) {
    erg::detail::require_size("theta", theta, n_parameters(), "the decoder's parameters and behind them the encoder's");
    const auto n = static_cast<std::size_t>(decoder_.n_parameters());
    decoder_.restore(theta.first(n));
    encoder_.restore(theta.subspan(n));
  }
  void copy_parameters(std::span<T> to) const {
    const auto n = static_cast<std::size_t>(decoder_.n_parameters());
    decoder_.copy_parameters(to.first(n));
    const auto flat = encoder_.parameters().flat();
    std::copy(flat.begin(), flat.end(), to.begin() + static_cast<std::ptrdiff_t>(n));
  }

  VaeParams params;

 private:
  void one_piece(BlockView<const T> x, random::Key key, int first, double share, T* u, double* kl, std::span<T> sum) const {
    const int n = x.n_chains, m = n_latent();
    OwnedBlock<T> h(n, 2 * m), z(n, m), eps(n, m), gz(n, m);
    encoder_.forward(x, h.view());
    fill_normal(eps.view(), key, static_cast<std::uint32_t>(first));
    const BlockView<T> mu = h.view();
    std::fill_n(kl, n, 0.0);
    for (int d = 0; d < m; ++d) {
      for (int c = 0; c < n; ++c) {
        const T s = mu(c, d + m);
        z.view()(c, d) = mu(c, d) + std::exp(s) * eps.view()(c, d);
        kl[c] += kl_to_standard_normal(static_cast<double>(mu(c, d)), static_cast<double>(s));
      }
    }
    const std::vector<T> w(static_cast<std::size_t>(n), static_cast<T>(share));
    const std::span<T> values(u, w.size());
    if (sum.empty()) return decoder_.observation(x, z.view(), w, values);
    const auto of_decoder = static_cast<std::size_t>(decoder_.n_parameters());
    decoder_.observation(x, z.view(), w, values, sum.first(of_decoder), gz.view());
    const T weight = static_cast<T>(params.beta * share);
    for (int d = 0; d < m; ++d) {
      for (int c = 0; c < n; ++c) {
        const T scale = std::exp(mu(c, d + m)), back = gz.view()(c, d);
        mu(c, d + m) = back * scale * eps.view()(c, d) + weight * (scale * scale - T(1));
        mu(c, d) = back + weight * mu(c, d);
      }
    }
    encoder_.parameter_gradient(x, h.view(), sum.subspan(of_decoder));
  }

  Decoder decoder_;
  nn::Network<EncoderNet, T> encoder_;
};

/// The same with the scalar said: latent::vae<double>(decoder, encoder, {.sigma = 0.3}).
template <class T = float, class DecoderNet, class EncoderNet>
auto vae(DecoderNet decoder, EncoderNet encoder, VaeParams p = {}, random::Key key = random::Key(0), Split split = {}) {
  return Vae<DecoderNet, EncoderNet, T>(std::move(decoder), std::move(encoder), p, key, std::move(split));
}

}  // namespace erg::latent
