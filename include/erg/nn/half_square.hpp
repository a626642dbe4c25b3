// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/layer.hpp"

namespace erg::nn {

/// y = |x|^2 / (2 deviation^2), one number: the energy of a normal law, which added to a network's keeps chains in bounds.
///
///   Residual(mlp(2, 64, 64, 1), HalfSquare(3.0))          U(x) = f(x) + |x|^2 / 18
struct HalfSquare {
  double deviation;
  int n = 0;

  explicit HalfSquare(double d = 1.0) : deviation(erg::detail::require_positive("HalfSquare::deviation", d)) {}
  Shape resolve(Shape in) {
    n = in.size();
    return 1;
  }
  template <class L>
  void forward(const Real<L>*, Block<const L> x, Block<L> y, Block<L>) const {
    for (int g = 0; g < x.n_groups; ++g) {
      L sum = L(0.0);
      for (int f = 0; f < n; ++f) sum += x.get(f, g) * x.get(f, g);
      y.put(0, g, sum * L(0.5 / (deviation * deviation)));
    }
  }
  template <class L>
  void input_gradient(const Real<L>*, Block<const L> x, Block<L>, Block<const L> gy, Block<L> gx) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < gy.n_groups; ++g) gx.put(f, g, x.get(f, g) * gy.get(0, g) * L(1.0 / (deviation * deviation)));
    }
  }
};

}  // namespace erg::nn
