// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/batch.hpp"
#include "erg/latent/vae.hpp"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

/// Where an energy, a decoder and an encoder stand to each other. Three laws of pairs (z, x):
///
///   Pi = p_data(x) pi(z | x),   Q = q(z) q(x | z),   P = p(x) pi(z | x),   p = exp(-U) / Z
///
/// Teaching the model is a projection of P on the Qs, a step of the energy moves P towards Pi; where the three meet, all is learnt.
/// Source    Xie, Zheng, Li (2021), section 3.4
namespace erg::latent {

struct GeometryParams {
  int n_importance = 64;   ///< samples of the encoder in each estimate of log q(x)
  int n_draws = 4096;      ///< of the model, for log Z and the reverse divergence
};

/// Means over points. K: Kullback-Leibler divergences, up to the entropies that no one knows.
struct GeometryReport {
  double k_pq = 0.0;             ///< KL(P | Q) + H(p): -ELBO of the negatives
  double k_piq = 0.0;            ///< KL(Pi | Q) + H(data): -ELBO of the data; as k_pq where the three meet
  double data_nll = 0.0;         ///< -log q of the data, from above: importance-weighted
  double posterior_gap = 0.0;    ///< KL(pi | q(z | x)) over the data, from below: the part of k_piq that is the encoder's fault
  double log_z = 0.0;            ///< of exp(-U): log-mean weight of pairs, with pi(z | x) for the latent's share; from below in expectation. Of
                                 ///< models given conditions it is NaN, and so is what follows: every condition has a Z of its own
  double log_z_error = 0.0;      ///< its standard error, by the delta method
  double ess = 0.0;              ///< effective number of the draws behind it
  double k_pip = 0.0;            ///< KL(Pi | P) + H(data) = E_data U + log Z
  double k_qp = 0.0;             ///< KL(q | p): E_q[U + log q] + log Z
  double k_qp_error = 0.0;       ///< standard error of its mean over draws (not of log Z)
  double k_pip_error = 0.0;      ///< and over data
  int active_units = 0;          ///< of the latent, over the data
};

namespace detail {
/// Mean of independent numbers and its standard error.
inline std::pair<double, double> mean_and_error(const std::vector<double>& v) {
  const double n = static_cast<double>(v.size());
  double mean = 0.0, square = 0.0;
  for (const double x : v) mean += x / n;
  for (const double x : v) square += (x - mean) * (x - mean);
  return {mean, std::sqrt(square / (n * std::max(n - 1.0, 1.0)))};
}
}  // namespace detail

/// log Z and KL(q | p) from draws (z, x) of the model: weights w = exp(-U(x)) pi(z | x) / (q(z) q(x | z)) have mean Z.
///
/// Requires  sigma > 0: the means alone lie on a surface, where no density is
/// Numerics  heavy weights show as a small ess: then log_z is too small, and so is what is made of it
template <class Model, class E, class T = typename Model::Scalar>
void importance_log_z(const Model& model, const E& energy, random::Key key, const GeometryParams& p, GeometryReport& r, Pieces<T>& pieces) {
  if constexpr (requires { model.split(); }) {
    if (model.split().n_held() > 0) {
      r.log_z = r.log_z_error = r.ess = r.k_pip = r.k_qp = std::numeric_limits<double>::quiet_NaN();
      return;
    }
  }
  const int n = p.n_draws, m = model.n_latent();
  OwnedBlock<T> x(n, model.dim()), z(n, m), mu(n, m), s(n, m);
  model.sample(key, 0, x.view());
  model.latents(key, 0, z.view());
  model.encode(x.view(), mu.view(), s.view());
  std::vector<T> u(static_cast<std::size_t>(n)), nll(u.size()), one(u.size(), T(1));
  batch_value(energy, BlockView<const T>(x.view()), std::span<T>(u));
  model.decoder().observation(x.view(), z.view(), one, nll);
  std::vector<double> log_w(u.size());
  double most = -INFINITY;
  for (std::size_t c = 0; c < u.size(); ++c) {
    double v = static_cast<double>(nll[c]) - static_cast<double>(u[c]);
    for (int d = 0; d < m; ++d) {
      const std::size_t i = static_cast<std::size_t>(d) * u.size() + c;
      const double sd = static_cast<double>(s.values[i]), at = static_cast<double>(z.values[i]), e = (at - static_cast<double>(mu.values[i])) * std::exp(-sd);
      v += 0.5 * (at * at - e * e) - sd;
    }
    log_w[c] = v;
    most = std::max(most, v);
  }
  double sum = 0.0, squares = 0.0;
  for (const double v : log_w) {
    const double w = std::exp(v - most);
    sum += w, squares += w * w;
  }
  r.log_z = most + std::log(sum / n);
  r.ess = sum * sum / squares;
  r.log_z_error = std::sqrt(std::max(0.0, squares * n / (sum * sum) - 1.0) / n);
  const std::vector<double> log_q = model.log_marginal(x.view(), key.stream(2), p.n_importance, pieces);
  for (std::size_t c = 0; c < u.size(); ++c) log_w[c] = static_cast<double>(u[c]) + log_q[c];
  const auto [mean, error] = detail::mean_and_error(log_w);
  r.k_qp = r.log_z + mean, r.k_qp_error = error;
}

/// The rows of the table of diagnostics that need an encoder. Those that do not are train::Revision.
///
///   const auto g = latent::geometry(trainer.teacher().model(), trainer.energy(), held_out, trainer.negatives().positions(), key);
template <class Model, class E, class T = typename Model::Scalar>
GeometryReport geometry(const Model& model, const E& energy, BlockView<const std::type_identity_t<T>> data,
                        BlockView<const std::type_identity_t<T>> negatives, random::Key key, GeometryParams p = {}) {
  Pieces<T> pieces;
  GeometryReport r;
  r.k_pq = model.elbo(negatives, key, pieces).negative_elbo();
  r.k_piq = model.elbo(data, key.stream(1), pieces).negative_elbo();
  for (const double v : model.log_marginal(data, key.stream(2), p.n_importance, pieces)) r.data_nll -= v / data.n_chains;
  r.posterior_gap = r.k_piq - r.data_nll;
  r.active_units = model.active_units(data);
  importance_log_z(model, energy, key.purpose(random::Purpose::choice), p, r, pieces);
  std::vector<T> u(static_cast<std::size_t>(data.n_chains));
  batch_value(energy, data, std::span<T>(u));
  const auto [mean, error] = detail::mean_and_error(std::vector<double>(u.begin(), u.end()));
  r.k_pip = r.log_z + mean, r.k_pip_error = error;
  return r;
}

/// Points on the way from z_a to z_b, decoded: n rows, the ends included.
template <class Model, class T = typename Model::Scalar>
void interpolate(const Model& model, std::span<const std::type_identity_t<T>> a, std::span<const std::type_identity_t<T>> b, BlockView<T> x) {
  OwnedBlock<T> z(x.n_chains, model.n_latent());
  for (int c = 0; c < x.n_chains; ++c) {
    const T t = x.n_chains > 1 ? static_cast<T>(c) / static_cast<T>(x.n_chains - 1) : T(0);
    for (int d = 0; d < z.dim; ++d) z.view()(c, d) = (T(1) - t) * a[static_cast<std::size_t>(d)] + t * b[static_cast<std::size_t>(d)];
  }
  model.mean(z.view(), x);
}

}  // namespace erg::latent
