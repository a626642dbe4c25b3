// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// U(x) = sum_d l_d x_d^2 / 2 with trained l: where training with a generator and a penalty on slopes ends is known.
#pragma once

#include <erg/lane/math.hpp>
#include <erg/train/concepts.hpp>

#include <cmath>
#include <vector>

namespace erg::test {

struct DiagonalEnergy {
  static constexpr int dim = 2;
  std::vector<double> l{1.0, 1.0};

  int n_parameters() const { return 2; }
  template <class F>
  void update(F&& f) {
    f(std::span<double>(l));
  }
  void restore(std::span<const double> v) { l.assign(v.begin(), v.end()); }
  void restore(const std::vector<double>& v) { l = v; }
  void copy_parameters(std::span<double> to) const { to[0] = l[0], to[1] = l[1]; }
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    return L(0.5 * l[0]) * x[0] * x[0] + L(0.5 * l[1]) * x[1] * x[1];
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const auto i = static_cast<std::size_t>(c);
      if (!u.empty()) u[i] = 0.5 * (l[0] * x(c, 0) * x(c, 0) + l[1] * x(c, 1) * x(c, 1));
      for (int d = 0; d < 2; ++d) to[static_cast<std::size_t>(d)] += 0.5 * w[i] * x(c, d) * x(c, d);
    }
  }
  /// to += sum_c w_c d/dl (v_c . dU/dx_c).
  void tangent_parameter_gradient(BlockView<const double> x, BlockView<const double> v, BlockView<const double> w, std::span<double> to) const {
    for (int c = 0; c < x.n_chains; ++c) {
      for (int d = 0; d < 2; ++d) to[static_cast<std::size_t>(d)] += w(c, 0) * v(c, d) * x(c, d);
    }
  }
};

/// Points of mean square exactly s0 and s1, without correlation: normal quantiles on a grid, scaled.
inline std::vector<double> points_of_variances(double s0, double s1, int side = 64) {
  std::vector<double> quantile, x;
  double square = 0.0;
  for (int i = 0; i < side; ++i) quantile.push_back(1.4142135623730951 * math::erfinv(2.0 * (i + 0.5) / side - 1.0)), square += quantile.back() * quantile.back() / side;
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j) {
      x.push_back(std::sqrt(s0 / square) * quantile[static_cast<std::size_t>(i)]);
      x.push_back(std::sqrt(s1 / square) * quantile[static_cast<std::size_t>(j)]);
    }
  }
  return x;
}

/// Where l ends for data of variance s: (-s + sqrt(s^2 + 8 gamma s lambda)) / (4 gamma s); and c, the draws' variance.
inline double stiffness_at_end(double s, double gamma, double lambda) { return (-s + std::sqrt(s * s + 8.0 * gamma * s * lambda)) / (4.0 * gamma * s); }

}  // namespace erg::test
