// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Bounds of an entropy that hold at any number of points, from a density that is close to the law or from a generator that draws it.
#pragma once

#include "erg/energy/batch.hpp"
#include "erg/entropy/gaussian_sums.hpp"
#include "erg/entropy/nearest.hpp"
#include "erg/random/key.hpp"

#include <concepts>
#include <numbers>

namespace erg::entropy {

/// Upper bound of an entropy from a normalised density: the cross entropy, which exceeds the entropy by the divergence D(p || q).
///
///   H(p) <= -E_p log q = mean_i [ U(x_i) + log Z ]
///
/// q         a flow, or any energy with log_z(), over lanes or blocks           Shapes  x: [point, dim]; weights: [point], positive
/// Requires  points that q was not fitted to: on those it fitted, the mean is too low and no bound
/// Bias      upper bound, at any number of points                                Cost    one evaluation of q a point
/// Errors    std::invalid_argument: no points, different dimensions, coordinates not finite
template <class Q, class T>
Estimate cross_entropy(const Q& q, BlockView<T> x, std::span<const double> weights = {}) {
  using S = std::remove_const_t<T>;
  static_assert(requires { static_cast<double>(q.log_z()); },
                "erg: an upper bound of an entropy needs a normalised density: a flow, or an energy that knows its log_z().");
  const BlockView<const S> points = x;
  detail::require_coordinates("x", points);
  const int n = erg::detail::require_count("number of points", x.n_chains);
  if (dim_of(q) != x.dim) {
    throw std::invalid_argument("points of " + std::to_string(x.dim) + " coordinates (the density has dim = " + std::to_string(dim_of(q)) + ") give points of that space");
  }
  const auto w = detail::normalised(weights, n);
  std::vector<S> u(w.size());
  batch_value(q, points, std::span<S>(u));
  std::vector<double> term;
  Estimate e;
  e.method = "cross entropy with a density";
  e.bias = Bias::upper_bound;
  e.why = "by the divergence of the law from the density";
  e.n = n;
  e.value = 0.0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    term.push_back(static_cast<double>(u[i]) + static_cast<double>(q.log_z()));
    e.value += w[i] * term[i];
  }
  e.standard_error = detail::error_of_mean(term, w, e.value);
  if (!std::isfinite(e.value)) detail::warn(e, "the density is 0 at some points (an infinite bound says nothing): take one that is positive everywhere");
  if (!weights.empty()) detail::warn_of_weights(e, w);
  return e;
}

/// Both bounds of the entropy of a generator x = g(z) + s e, e ~ N(0, I), from its own draws x_i about their centres g(z_i).
///
///   lower  -mean_i log [ (1/n) sum_j N(x_i; g(z_j), s^2) ]                    the centre that made x_i among them
///   upper  -mean_i log [ 1/(n - 1) sum_{j != i} N(x_i; g(z_j), s^2) ]         without it
///
/// Why they are bounds: an average over independent centres estimates the density without bias, and -log is convex (Jensen), so the mean of
/// `upper` is not below H; with x_i's own centre the average is larger than an independent one in just the way that turns the sign.
/// Shapes    centres, x: [draw, dim] column-major, of the same draws; sd: [dim], or one for all
/// Bias      bounds at any n; log n apart at most, equal as n covers the latent space. E log p(x | z) + entropy of the noise is a floor
/// Error     first order of the jackknife                                    Cost  n^2 (D + 1 exponential)
/// Errors    std::invalid_argument: shapes that differ, sd not positive
/// Source    Yin & Zhou (2018), Semi-implicit variational inference, eq. (9) for lower; Burda, Grosse & Salakhutdinov (2016) for upper
template <class T>
Bracket generator_entropy(BlockView<T> centres, BlockView<const std::remove_const_t<T>> x, std::span<const double> sd) {
  using S = std::remove_const_t<T>;
  const BlockView<const S> from = centres;
  detail::require_coordinates("centres", from);
  detail::require_coordinates("x", x);
  const int n = x.n_chains, dim = x.dim;
  erg::detail::require_count("number of draws", n, 2);
  if (from.n_chains != n || from.dim != dim) {
    throw std::invalid_argument("centres of shape [" + std::to_string(from.n_chains) + ", " + std::to_string(from.dim) + "] (the draws have [" + std::to_string(n) +
                                ", " + std::to_string(dim) + "]) give the centre of each draw");
  }
  std::vector<double> scale(sd.begin(), sd.end());
  if (scale.size() == 1) scale.resize(static_cast<std::size_t>(dim), scale[0]);
  erg::detail::require_size("sd", scale, dim, "one for each coordinate, or one for all");
  double volume = 0.5 * dim * std::log(2.0 * std::numbers::pi);
  for (const double v : scale) volume += std::log(erg::detail::require_positive("sd", v));
  const std::vector<double> w(static_cast<std::size_t>(n), 1.0 / n);
  detail::GaussianSums sums(from, scale, w);
  const auto bound = [&](bool without_own) {
    const auto s = detail::log_sums(x, sums, 1.0, w, without_own, false);
    Estimate e;
    e.method = without_own ? "generator, other centres" : "generator, all centres";
    e.bias = without_own ? Bias::upper_bound : Bias::lower_bound;
    e.why = without_own ? "Jensen, " + std::to_string(n - 1) + " centres" : "its own centre among " + std::to_string(n);
    e.n = n;
    e.value = s.value + volume + (without_own ? std::log1p(-1.0 / n) : 0.0);
    e.standard_error = detail::error_of_log_sums(s, w);
    return e;
  };
  return {bound(false), bound(true)};
}

/// A sampler x = g(z) + sigma e, z and e standard normal, that says which of them made its draws, as erg::generator::Generator does.
template <class G>
concept CentredGenerator = requires(const G& g, BlockView<typename G::Scalar> block, BlockView<const typename G::Scalar> fixed, random::Key key) {
  { g.dim() } -> std::convertible_to<int>;
  { g.n_latent() } -> std::convertible_to<int>;
  { g.noise() } -> std::convertible_to<double>;
  g.latents(key, std::uint32_t{0}, block, block);
  g.mean(fixed, block);
};

/// Both bounds of the entropy of a generator from n of its own draws: those that g.sample(key, 0, x) gives.
/// Cost      n draws, and n^2 (D + 1 exponential)
template <class G>
Bracket generator_entropy(const G& g, int n, random::Key key) {
  static_assert(CentredGenerator<G>,
                "erg: bounds of a generator's entropy need the centres of its draws: dim, n_latent, noise, latents and mean as generator::Generator has "
                "them; or give centres, draws and deviations.");
  using S = typename G::Scalar;
  erg::detail::require_count("number of draws", n, 2);
  const auto memory = [n](int columns) { return std::vector<S>(static_cast<std::size_t>(n) * static_cast<std::size_t>(columns)); };
  std::vector<S> latent = memory(g.n_latent()), noise = memory(g.dim()), centre = memory(g.dim());
  const BlockView<S> z{latent.data(), n, g.n_latent(), n}, x{noise.data(), n, g.dim(), n}, centres{centre.data(), n, g.dim(), n};
  g.latents(key, 0, z, x);
  g.mean(z, centres);
  const double sd = g.noise();
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = centre[i] + static_cast<S>(sd) * noise[i];
  return generator_entropy(centres, BlockView<const S>(x), std::span<const double>(&sd, 1));
}

/// Lower bound of the entropy of a generator from an encoder r(z | x): H(x) = H(z) + H(x | z) - H(z | x), and H(z | x) <= -E log r.
///
///   H(x) >= H(z) + H(x | z) + mean_i log r(z_i | x_i)
///
/// Shapes    log_r: [draw], log densities of the latents that made the draws     Requires  independent draws that r was not fitted to
/// Source    Barber & Agakov (2003), The IM algorithm, eq. (3)
inline Estimate encoder_bound(std::span<const double> log_r, double latent_entropy, double noise_entropy) {
  const int n = static_cast<int>(log_r.size());
  erg::detail::require_count("number of draws", n, 1);
  erg::detail::require_finite("latent_entropy", latent_entropy);
  erg::detail::require_finite("noise_entropy", noise_entropy);
  const std::vector<double> term(log_r.begin(), log_r.end()), w(log_r.size(), 1.0 / n);
  Estimate e;
  e.method = "generator, encoder";
  e.bias = Bias::lower_bound;
  e.why = "by the divergence of the latents given x from the encoder";
  e.n = n;
  double mean = 0.0;
  for (const double v : term) mean += v / n;
  e.value = latent_entropy + noise_entropy + mean;
  e.standard_error = detail::error_of_mean(term, w, mean);
  return e;
}
/// The same of a generator with normal latents and noise, whose entropies are known.
template <class G>
  requires CentredGenerator<G>
Estimate encoder_bound(const G& g, std::span<const double> log_r) {
  const double of_one = 0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e);
  return encoder_bound(log_r, g.n_latent() * of_one, g.dim() * (of_one + std::log(static_cast<double>(g.noise()))));
}

}  // namespace erg::entropy
