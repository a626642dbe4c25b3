// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/batch.hpp"

#include <cmath>

/// Second derivatives along a direction v, without a tape: what the derivative of a path through gradient steps is made of.
namespace erg {

namespace detail {

/// Central differences along v_c: f(x + h v, x - h v, 1 / (2 h_c)), h_c |v_c| = size of a step that balances both errors.
template <class T, class F>
void along_direction(BlockView<const T> x, BlockView<const T> v, F&& f) {
  const auto n = static_cast<std::size_t>(x.n_chains), size = n * static_cast<std::size_t>(x.dim);
  std::vector<T> up(size), down(size), share(n);
  const double step = sizeof(T) == 4 ? 1e-2 : 1e-4;
  for (int c = 0; c < x.n_chains; ++c) {
    double square = 0.0;
    for (int d = 0; d < x.dim; ++d) square += static_cast<double>(v(c, d)) * static_cast<double>(v(c, d));
    const T h = static_cast<T>(square > 0.0 ? step / std::sqrt(square) : 1.0);
    share[static_cast<std::size_t>(c)] = T(0.5) / h;
    for (int d = 0; d < x.dim; ++d) {
      const auto at = static_cast<std::size_t>(c) + n * static_cast<std::size_t>(d);
      up[at] = x(c, d) + h * v(c, d), down[at] = x(c, d) - h * v(c, d);
    }
  }
  f(BlockView<const T>{up.data(), x.n_chains, x.dim, x.n_chains}, BlockView<const T>{down.data(), x.n_chains, x.dim, x.n_chains}, share);
}

/// H v of one chain, d/de of the gradient at x + e v.
template <class E, class T>
void lane_hessian_product(const E& energy, BlockView<const T> x, BlockView<const T> v, BlockView<T> hv) {
  using D = Dual<T, 1>;
  constexpr int dim = static_dim<E>;
  struct Owner;
  const auto n = static_cast<std::size_t>(x.dim);
  D* memory = thread_numbers<D, Owner>(2 * n);
  for (int c = 0; c < x.n_chains; ++c) {
    for (int d = 0; d < x.dim; ++d) {
      memory[d] = D(x(c, d));
      memory[d].tangent[0] = v(c, d);
    }
    (void)lane_value_and_gradient<E, D, dim>(energy, Point<const D, dim>(memory, x.dim), Point<D, dim>(memory + n, x.dim));
    for (int d = 0; d < x.dim; ++d) hv(c, d) = memory[n + static_cast<std::size_t>(d)].tangent[0];
  }
}

}  // namespace detail

/// hv_c = d^2 U / dx^2 (x_c) v_c.
///
/// Exact where the energy has `hessian_product(x, v, hv)`, is a network, or can be evaluated on nested duals; else central differences of
/// gradients.
/// Shapes    x, v, hv: [chain, dim]                         Cost  about 2 gradients
template <class E, class T>
void batch_hessian_product(const E& energy, BlockView<const T> x, BlockView<const T> v, BlockView<T> hv) {
  if constexpr (requires { energy.hessian_product(x, v, hv); }) {
    energy.hessian_product(x, v, hv);
  } else if constexpr (requires { energy.tangent(x, v, BlockView<const T>{}, BlockView<T>{}, hv); }) {
    energy.tangent(x, v, BlockView<const T>{}, BlockView<T>{}, hv);
  } else if constexpr (LaneEnergy<E, Dual<T, 1>>) {
    detail::lane_hessian_product(energy, x, v, hv);
  } else {
    detail::along_direction(x, v, [&](BlockView<const T> up, BlockView<const T> down, const std::vector<T>& share) {
      std::vector<T> u(share.size()), g(share.size() * static_cast<std::size_t>(x.dim));
      const BlockView<T> below{g.data(), x.n_chains, x.dim, x.n_chains};
      batch_value_and_gradient(energy, up, std::span<T>(u), hv);
      batch_value_and_gradient(energy, down, std::span<T>(u), below);
      for (int d = 0; d < x.dim; ++d) {
        for (int c = 0; c < x.n_chains; ++c) hv(c, d) = share[static_cast<std::size_t>(c)] * (hv(c, d) - below(c, d));
      }
    });
  }
}

/// to += sum_c w_c d/dtheta (v_c . dU/dx(x_c)), v and w held fixed.
///
/// Exact where the energy has `add_mixed_gradient(x, v, w, to)` or is a network (a pass with tangents), else central differences of the
/// parameter gradient, error of order h^2.
/// Shapes    x, v: [chain, dim]; w: [chain]; to: [parameter]   Cost  about 2 parameter gradients
/// Source    Pearlmutter (1994), Fast exact multiplication by the Hessian, section 3
template <class E, class T>
void add_mixed_gradient(const E& energy, BlockView<const T> x, BlockView<const T> v, std::span<const T> w, std::span<T> to) {
  if constexpr (requires { energy.add_mixed_gradient(x, v, w, to); }) {
    energy.add_mixed_gradient(x, v, w, to);
  } else if constexpr (requires { energy.tangent_parameter_gradient(x, v, BlockView<const T>{}, to); }) {
    energy.tangent_parameter_gradient(x, v, BlockView<const T>{w.data(), x.n_chains, 1, x.n_chains}, to);
  } else {
    detail::along_direction(x, v, [&](BlockView<const T> up, BlockView<const T> down, std::vector<T>& share) {
      for (std::size_t c = 0; c < share.size(); ++c) share[c] *= w[c];
      energy.add_parameter_gradient(up, std::span<const T>(share), to, std::span<T>{});
      for (T& s : share) s = -s;
      energy.add_parameter_gradient(down, std::span<const T>(share), to, std::span<T>{});
    });
  }
}

}  // namespace erg
