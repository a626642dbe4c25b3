// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/concepts.hpp"
#include "erg/kernel/metric.hpp"

namespace erg {

/// n leapfrog steps of Hamiltonian dynamics with whitened momentum p ~ N(0, I).
///
///   p <- p - (h/2) F^T g(x);   x <- x + h F p;   p <- p - (h/2) F^T g(x)          (inner half kicks joined)
///
/// Shapes    x, y, p, gx, gy: [chain, dim];  h: scalar;  F: the metric's factor, M^-1 = F F^T
/// Requires  h finite, n >= 1, gx == gradient at x        Ensures  y, p at the end; gy == gradient at y; returns U(y)
/// Order     2: energy error O(h^2) over a fixed time; reversible, volume preserving
/// Cost      n gradients, one value
/// Numerics  non-finite values propagate; the caller rejects them
/// Source    Neal (2011), MCMC using Hamiltonian dynamics, eqs. (2.28)-(2.30); Duane et al. (1987)
template <class T, class M, class E>
ERG_FN ERG_INLINE typename T::PerChain leapfrog(const E& u, const M& metric, const typename T::Position& x,
                                                const typename T::Position& gx, typename T::Position& y, typename T::Position& p,
                                                typename T::Position& gy, double h, int n) {
  metric.kick_drift(y, x, p, gx, -0.5 * h, h);
  for (int i = 1; i < n; ++i) {
    gradient(u, y, gy);
    metric.kick_drift(y, y, p, gy, -h, h);
  }
  const auto energy = value_and_gradient(u, y, gy);
  metric.add_transposed(p, -0.5 * h, gy);
  return energy;
}

}  // namespace erg
