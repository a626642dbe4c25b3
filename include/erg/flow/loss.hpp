// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/flow.hpp"
#include "erg/exec/pieces.hpp"
#include "erg/tile/owned_block.hpp"

#include <cmath>

/// What flows are trained by. Each returns its loss and adds the gradient by the parameters, times `factor`, to `to`; losses of one mix
/// are calls with the factors of the mix.
///
///   L = 0.8 * forward_kl(flow, states, {}, g, pieces, 0.8) + 0.2 * reverse_kl(flow, energy, key, n, g, pieces, 0.2)
namespace erg::flow {

/// Forward KL up to the data's entropy: sum_c w_c (-log p(x_c)), points and weights held fixed; no weights: the mean.
///
/// Data, states of chains, or the cloud of i-SIR with its weights (Rao-Blackwellised). A weighted mean has weights that sum to 1.
/// Shapes    x: [point, dim], w: [point] or empty; else std::invalid_argument
/// Source    Grenioux, Moulines, Gabrie (2023); Gabrie, Rotskoff, Vanden-Eijnden (2022), eq. (9)
template <class F, class T = typename F::Scalar>
double forward_kl(const F& flow, BlockView<const std::type_identity_t<T>> x, std::span<const std::type_identity_t<T>> w,
                  std::span<std::type_identity_t<T>> to, Pieces<T>& pieces, double factor = 1.0) {
  const auto n = static_cast<std::size_t>(x.n_chains);
  if (!w.empty()) erg::detail::require_size("w", w, x.n_chains, "one for each point, or none");
  std::vector<T> weights(n), u(n);
  for (std::size_t c = 0; c < n; ++c) {
    weights[c] = static_cast<T>(factor * (w.empty() ? 1.0 / static_cast<double>(n) : static_cast<double>(w[c])));
  }
  pieces.add(x.n_chains, to, [&](int first, int count, std::span<T> sum) {
    const auto at = static_cast<std::size_t>(first), m = static_cast<std::size_t>(count);
    flow.add_parameter_gradient(rows_of(x, first, count), std::span<const T>(weights).subspan(at, m), sum, std::span<T>(u).subspan(at, m));
  });
  double loss = 0.0;
  for (std::size_t c = 0; c < n; ++c) loss += (w.empty() ? 1.0 / static_cast<double>(n) : static_cast<double>(w[c])) * static_cast<double>(u[c]);
  return loss;
}

/// Reverse KL up to log Z of the energy: E_z[U(T(z)) - log_det(z) + log base(z)], z ~ base at the key, n of them.
///
/// Needs dU/dx and no samples of exp(-U); drops modes that the flow does not already have, so mix it with forward_kl.
/// Random    rows are chains 0 .. n - 1 at the key: change its step from call to call
template <class F, class E, class T = typename F::Scalar>
double reverse_kl(const F& flow, const E& energy, random::Key key, int n, std::span<std::type_identity_t<T>> to, Pieces<T>& pieces,
                  double factor = 1.0) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<T> z(size * static_cast<std::size_t>(flow.dim())), w(size), base(size);
  const BlockView<T> all{z.data(), n, flow.dim(), n};
  flow.sample_base(key, 0, all, base);
  pieces.add(n, to, [&](int first, int count, std::span<T> sum) {
    flow.pull_back(energy, rows_of(BlockView<const T>{z.data(), n, flow.dim(), n}, first, count),
                   std::span<T>(w).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)), BlockView<T>{}, sum, factor / n);
  });
  double loss = 0.0;
  for (std::size_t c = 0; c < size; ++c) loss += (static_cast<double>(w[c]) - static_cast<double>(base[c])) / n;
  return loss;
}

/// The mean of -log p over points.
template <class F, class T = typename F::Scalar>
double mean_nll(const F& flow, BlockView<const std::type_identity_t<T>> x, Pieces<T>& pieces) {
  std::vector<T> u(static_cast<std::size_t>(x.n_chains));
  pieces.run(x.n_chains, [&](int first, int count) {
    flow.value(rows_of(x, first, count), std::span<T>(u).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
  });
  double sum = 0.0;
  for (const T v : u) sum += static_cast<double>(v);
  return sum / static_cast<double>(x.n_chains);
}

}  // namespace erg::flow
