// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/generator/generator.hpp"
#include "erg/latent/split.hpp"

#include <memory>

/// A decoder, or generator, is a model that chains can start from; a start asks it for
///
///   n_latent(), dim(), split(), noise()
///   latents(key, first, z)     z ~ N(0, I), a function of the key and of a point's number alone: who knows the key knows z
///   mean(z, x)                     the free coordinates of x become the mean given z and the held ones
///   snapshot()                       a copy that does not change, *snapshot the model
namespace erg::latent {

/// Whether a point is decoded as its mean, or drawn around it.
enum class Decoding { mean, sample };

/// A model that does not change: shared and cheap to copy. What starts of chains hold.
template <class M>
class Snapshot {
 public:
  using Scalar = typename M::Scalar;
  explicit Snapshot(const M& model) : model_(std::make_shared<const M>(model)) {}
  const M& operator*() const { return *model_; }
  const M* operator->() const { return model_.get(); }
  int dim() const { return model_->dim(); }

 private:
  std::shared_ptr<const M> model_;
};

/// Draws x ~ q(x) of any decoder: its free coordinates given its held ones. z from the key's stream 0, what is added to the mean from 1.
template <class M, class T>
void draw(const M& model, random::Key key, std::uint32_t first, BlockView<T> x, Decoding decoding) {
  OwnedBlock<T> z(x.n_chains, model.n_latent());
  model.latents(key, first, z.view());
  model.mean(BlockView<const T>(z.view()), x);
  if (decoding == Decoding::mean) return;
  OwnedBlock<T> noise(x.n_chains, model.split().n_free());
  fill_normal(noise.view(), key.stream(1), first);
  const T sigma = static_cast<T>(model.noise());
  for (int i = 0; i < noise.dim; ++i) {
    const int d = model.split().free()[static_cast<std::size_t>(i)];
    for (int c = 0; c < x.n_chains; ++c) x(c, d) += sigma * noise.view()(c, i);
  }
}

struct DecoderParams {
  double sigma = 0.3;          ///< deviation of the observations
  bool learns_sigma = false;   ///< one more parameter, log sigma
};

/// A network as the mean of Gaussian observations.
///
///   z ~ N(0, I),   x | z, c ~ N(g(z, c), sigma^2 I)
///
/// Shapes    the network takes n_latent + n_held numbers, z and then the held coordinates in order, and gives n_free of them
/// Requires  sigma > 0                   Errors  std::invalid_argument: a network whose sizes do not fit the split
template <class Net, class T = float>
class GaussianDecoder : private generator::Generator<Net, T> {
  using Base = generator::Generator<Net, T>;

 public:
  using Scalar = T;

  explicit GaussianDecoder(Net net, DecoderParams p = {}, random::Key key = random::Key(0), Split split = {})
      : Base(std::move(net), noise_params(p), key), split_(split.dim() > 0 ? std::move(split) : Split(network().n_out())), learns_sigma_(p.learns_sigma) {
    if (network().n_out() != split_.n_free() || network().n_in() <= split_.n_held()) {
      throw std::invalid_argument("a decoder from " + std::to_string(network().n_in()) + " to " + std::to_string(network().n_out()) + " numbers (" +
                                  std::to_string(split_.n_free()) + " coordinates are free and " + std::to_string(split_.n_held()) +
                                  " held) let it take the latent and the held ones, and give the free ones");
    }
  }

  int n_latent() const { return network().n_in() - split_.n_held(); }
  int dim() const { return split_.dim(); }
  const Split& split() const { return split_; }
  Snapshot<GaussianDecoder> snapshot() const { return Snapshot<GaussianDecoder>(*this); }
  /// The parameters are the network's, and log sigma, which stays where it is unless it is learnt.
  using Base::copy_parameters, Base::n_parameters, Base::network, Base::noise, Base::restore, Base::update;

  void latents(random::Key key, std::uint32_t first, BlockView<T> z) const { fill_normal(z, key, first); }
  void mean(BlockView<const T> z, BlockView<T> x) const {
    if (split_.n_held() == 0) return Base::mean(z, x);
    OwnedBlock<T> in, out(x.n_chains, split_.n_free());
    Base::mean(input(z, BlockView<const T>(x), in), out.view());
    for (int i = 0; i < split_.n_free(); ++i) std::copy_n(out.view().column(i), x.n_chains, x.column(split_.free()[static_cast<std::size_t>(i)]));
  }
  void sample(random::Key key, std::uint32_t first, BlockView<T> x, Decoding decoding = Decoding::sample) const { draw(*this, key, first, x, decoding); }

  /// u_c = -log q(x_c | z_c), to += sum_c w_c du_c/dtheta where it is not empty, and gz_c = w_c du_c/dz_c where it has memory.
  ///
  ///   u = |x - g(z)|^2 / (2 sigma^2) + (n_free / 2) log(2 pi sigma^2)
  void observation(BlockView<const T> x, BlockView<const T> z, std::span<const T> w, std::span<T> u, std::span<T> to = {}, BlockView<T> gz = {}) const {
    const int n = x.n_chains, n_free = split_.n_free();
    OwnedBlock<T> in, mean(n, n_free);
    const BlockView<const T> v = input(z, x, in);
    const BlockView<T> seed = mean.view();
    network().forward(v, seed);
    const double precision = 1.0 / (noise() * noise()), constant = 0.5 * n_free * (1.8378770664093455 + 2.0 * std::log(noise()));
    std::vector<double> square(static_cast<std::size_t>(n), 0.0);
    for (int i = 0; i < n_free; ++i) {
      const T* at = x.column(split_.free()[static_cast<std::size_t>(i)]);
      for (int c = 0; c < n; ++c) {
        const T r = seed(c, i) - at[c];
        square[static_cast<std::size_t>(c)] += static_cast<double>(r) * static_cast<double>(r);
        seed(c, i) = w[static_cast<std::size_t>(c)] * static_cast<T>(precision) * r;
      }
    }
    double by_log_sigma = 0.0;
    for (std::size_t c = 0; c < square.size(); ++c) {
      u[c] = static_cast<T>(0.5 * precision * square[c] + constant);
      by_log_sigma += static_cast<double>(w[c]) * (n_free - precision * square[c]);
    }
    if (to.empty() && gz.data == nullptr) return;
    OwnedBlock<T> gv(gz.data == nullptr ? 0 : n, v.dim);
    const BlockView<T> back{gz.data == nullptr ? nullptr : gv.values.data(), n, v.dim, n};
    if (to.empty()) {
      network().input_gradient(v, seed, {}, back);
    } else {
      network().parameter_gradient(v, seed, to.first(to.size() - 1), {}, back);
      if (learns_sigma_) to.back() += static_cast<T>(by_log_sigma);
    }
    if (gz.data == nullptr) return;
    for (int d = 0; d < gz.dim; ++d) std::copy_n(back.column(d), n, gz.column(d));
  }

 private:
  static generator::NoiseParams noise_params(const DecoderParams& p) {
    erg::detail::require_positive("sigma", p.sigma);
    return p.learns_sigma ? generator::NoiseParams{p.sigma, 1e-6 * p.sigma, 1e6 * p.sigma} : generator::NoiseParams{p.sigma, p.sigma, p.sigma};
  }
  /// z with the held coordinates of x behind it.
  BlockView<const T> input(BlockView<const T> z, BlockView<const T> x, OwnedBlock<T>& memory) const {
    if (split_.n_held() == 0) return z;
    memory = OwnedBlock<T>(z.n_chains, network().n_in());
    const BlockView<T> to = memory.view();
    for (int d = 0; d < z.dim; ++d) std::copy_n(z.column(d), z.n_chains, to.column(d));
    detail::gather<T>(x, split_.held(), {to.column(z.dim), to.n_chains, split_.n_held(), to.stride});
    return to;
  }

  Split split_;
  bool learns_sigma_;
};

}  // namespace erg::latent
