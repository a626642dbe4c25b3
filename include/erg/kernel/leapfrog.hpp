// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/concepts.hpp"
#include "erg/kernel/metric.hpp"

namespace erg {

namespace detail {
/// All of a trajectory but its last half kick. gradient(y, g) writes g.
template <class G, class M, class P, class H>
ERG_FN ERG_INLINE void trajectory(G&& gradient, const M& metric, const P& x, const P& gx, P& y, P& p, P& gy, const H& h, int n) {
  metric.kick_drift(y, x, p, gx, H(-0.5 * h), h);
  for (int i = 1; i < n; ++i) {
    gradient(y, gy);
    metric.kick_drift(y, y, p, gy, H(-h), h);
  }
}

/// The same for the K coordinates from d on, where no other coordinate influences them: position and momentum stay in registers
/// over the whole trajectory, where otherwise every step stores both and a gradient.
template <int K, class M, class P, class E, class H>
ERG_FN ERG_INLINE void trajectory_of_slice(const E& u, const M& metric, const P& x, const P& gx, P& y, P& p, int d, const H& h, int n) {
  using Slice = LanePosition<lane_of<P>, K>;
  Slice xs, ps, gs, ys;
  const auto for_each = [](auto&& f) __attribute__((always_inline)) { for_each_dim<K>(K, f); };
  for_each([&](int k) __attribute__((always_inline)) { xs[k] = x[d + k], ps[k] = p[d + k], gs[k] = gx[d + k]; });
  trajectory(
      [&](const Slice& at, Slice& g) __attribute__((always_inline)) {
        for_each([&](int k) __attribute__((always_inline)) { g[k] = u.slope(d + k, at[k]); });
      },
      metric.slice(d), xs, gs, ys, ps, gs, h, n);
  for_each([&](int k) __attribute__((always_inline)) { y[d + k] = ys[k], p[d + k] = ps[k]; });
}
}  // namespace detail

/// n leapfrog steps of Hamiltonian dynamics with whitened momentum p ~ N(0, I).
///
///   p <- p - (h/2) F^T g(x);   x <- x + h F p;   p <- p - (h/2) F^T g(x)          (inner half kicks joined)
///
/// Shapes    x, y, p, gx, gy: [chain, dim];  h: one for all chains (double), or [chain] (T::PerChain);  F: the metric's factor, M^-1 = F F^T
/// Requires  h finite, n >= 1, gx == gradient at x        Ensures  y, p at the end; gy == gradient at y; returns U(y)
/// Order     2: energy error O(h^2) over a fixed time; reversible, volume preserving
/// Cost      n gradients, one value
/// Numerics  non-finite values propagate; the caller rejects them
/// Source    Neal (2011), MCMC using Hamiltonian dynamics, eqs. (2.28)-(2.30); Duane et al. (1987)
template <class T, class M, class E, class H>
ERG_FN ERG_INLINE typename T::PerChain leapfrog(const E& u, const M& metric, const typename T::Position& x,
                                                const typename T::Position& gx, typename T::Position& y, typename T::Position& p,
                                                typename T::Position& gy, const H& h, int n) {
  using L = typename T::Lane;
  if constexpr (SeparableEnergy<E, L> && LaneCoordinates<typename T::Position> && requires { metric.slice(0); }) {
    int d = 0;
    for (; d + 4 <= x.size(); d += 4) detail::trajectory_of_slice<4>(u, metric, x, gx, y, p, d, h, n);
    for (; d < x.size(); ++d) detail::trajectory_of_slice<1>(u, metric, x, gx, y, p, d, h, n);
  } else {
    detail::trajectory([&u](const auto& at, auto& g) __attribute__((always_inline)) { gradient(u, at, g); }, metric, x, gx, y, p, gy, h, n);
  }
  const auto energy = value_and_gradient(u, y, gy);
  metric.add_transposed(p, H(-0.5 * h), gy);
  return energy;
}

}  // namespace erg
