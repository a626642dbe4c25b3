// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies made for tests: a lookup table, one that counts its evaluations and has a hole, a batch one, a curved one.
#pragma once

#include <erg/energy/concepts.hpp>
#include <erg/energy/parameters.hpp>
#include <erg/lane/math/log.hpp>
#include <erg/lane/ops.hpp>
#include <erg/random/normal.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace erg::test {

/// States 0, 1, ..., N - 1 as reals, with weights: an energy, and a proposal.
template <std::size_t N>
struct Table {
  static constexpr int dim = 1;
  std::array<double, N> weight;

  template <Lane L>
  L operator()(Point<const L, 1> x) const {
    L u = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < N; ++i) u = lane::select(x[0] == L(i), L(-math::log(weight[i])), u);
    return u;
  }
  template <Lane L>
  L value_and_gradient(Point<const L, 1> x, Point<L, 1> g) const {
    g[0] = 0.0;
    return (*this)(x);
  }
  template <Lane L>
  void sample(random::Key key, bits_t<L> chain, Point<L, 1> x) const {
    x[0] = random::categorical<L>(key, chain, 0, weight.data(), static_cast<int>(N));
  }
};

struct Calls {
  long values = 0, gradients = 0;
};

/// U = |x|^2 / 2 where x_0 <= hole, else `inside_hole`, with a gradient of NaN there. Counts its calls, one per lane.
template <int D>
struct Probe : Dimension<D> {
  explicit Probe(int n = D) : Dimension<D>(n) {}
  Calls* calls = nullptr;
  double hole = 1e300;
  double inside_hole = std::numeric_limits<double>::quiet_NaN();

  template <Lane L>
  L operator()(Point<const L, D> x) const {
    if (calls != nullptr) ++calls->values;
    return value(x);
  }
  template <Lane L>
  L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    if (calls != nullptr) ++calls->gradients;
    for (int d = 0; d < x.size(); ++d) g[d] = lane::select(x[0] > L(hole), L(std::numeric_limits<double>::quiet_NaN()), x[d]);
    return value(x);
  }
  /// As a proposal: N(0, I), whatever the hole.
  template <Lane L>
  void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    random::fill_normal<L>(key, chain, x, x.size());
  }

 private:
  template <class L>
  L value(Point<const L, D> x) const {
    L sum = 0.0;
    for (int d = 0; d < x.size(); ++d) sum = lane::fma(x[d], x[d], sum);
    return lane::select(x[0] > L(hole), L(inside_hole), L(0.5) * sum);
  }
};

/// The batch counterpart: U = |A x|^2 / 2 by two matrix products, a block at a time, and the same hole. Include Eigen to evaluate it.
template <class Matrix>
struct BatchProbe {
  Matrix a;  ///< [dim, dim]
  Calls* calls = nullptr;
  double hole = 1e300;
  double inside_hole = std::numeric_limits<double>::quiet_NaN();

  int dim() const { return static_cast<int>(a.rows()); }
  template <class T>
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    if (calls != nullptr) ++calls->gradients;
    const Matrix at = a.transpose();
    Matrix batch(x.n_chains, x.dim);
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) batch(c, d) = x(c, d);
    }
    const Matrix ax = batch * at;
    const Matrix gradient = ax * a;
    for (int c = 0; c < x.n_chains; ++c) {
      const bool in = x(c, 0) > hole;
      u[static_cast<std::size_t>(c)] = static_cast<T>(in ? inside_hole : 0.5 * ax.row(c).squaredNorm());
      for (int d = 0; d < x.dim; ++d) g(c, d) = in ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(gradient(c, d));
    }
  }
};

/// U = a hard valley: x_0^2 / 2 + (x_1 - x_0^2)^2 + x_0^4 / 10. Its gradient comes from dual numbers.
struct Valley {
  static constexpr int dim = 2;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    const L bend = x[1] - x[0] * x[0];
    return 0.5 * x[0] * x[0] + bend * bend + 0.1 * x[0] * x[0] * x[0] * x[0];
  }
};

}  // namespace erg::test
