// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/network.hpp"
#include "erg/random/normal.hpp"

/// Score matching: fits an energy to data without its normalising constant and without sampling. s = -dU/dx is the model's score.
///
/// All return the mean over the data x: [chain, dim] of the objective J and add dJ/dtheta to `to`. Random numbers are at the address
/// (key, chain, ...): change the key's step from one call to the next.
namespace erg::nn {

namespace detail {
template <class T>
struct Sheet {
  std::vector<T> values;
  int n, columns;
  Sheet(int n_chains, int c) : values(static_cast<std::size_t>(n_chains) * static_cast<std::size_t>(c)), n(n_chains), columns(c) {}
  BlockView<T> view() { return {values.data(), n, columns, n}; }
  BlockView<const T> constant() const { return {values.data(), n, columns, n}; }
};
/// The sum of a table's products, in order, in double.
template <class T>
double sum_of_products(const Sheet<T>& a, const Sheet<T>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.values.size(); ++i) sum += static_cast<double>(a.values[i]) * static_cast<double>(b.values[i]);
  return sum;
}
/// Energies have dim() and gradient(x, g), networks of one output n_in() and input_gradient.
template <class N>
int width_of(const N& energy) {
  if constexpr (requires { energy.n_in(); }) {
    return energy.n_in();
  } else {
    return energy.dim();
  }
}
template <class N, class T>
void slope_of(const N& energy, BlockView<const T> x, BlockView<T> g) {
  if constexpr (requires { energy.gradient(x, g); }) {
    energy.gradient(x, g);
  } else {
    energy.input_gradient(x, {}, {}, g);
  }
}
/// g = dU/dx, J = |g|^2 / 2 averaged, and its parameter gradient: d/dtheta |g|^2 / 2 = d/dtheta (v . g) at v = g.
template <class N, class T>
double half_square_of_score(const N& energy, BlockView<const T> x, std::span<T> to) {
  const int n = x.n_chains;
  Sheet<T> g(n, width_of(energy)), seed(n, 1);
  std::fill(seed.values.begin(), seed.values.end(), static_cast<T>(1.0 / n));
  slope_of(energy, x, g.view());
  energy.tangent_parameter_gradient(x, g.constant(), seed.constant(), to);
  return 0.5 * sum_of_products(g, g) / n;
}
/// Adds -v . H v, averaged and weighted, and its parameter gradient.
template <class N, class T>
double minus_curvature(const N& energy, BlockView<const T> x, const Sheet<T>& v, double weight, std::span<T> to) {
  const int n = x.n_chains;
  Sheet<T> hv(n, width_of(energy)), seed(n, 1);
  std::fill(seed.values.begin(), seed.values.end(), static_cast<T>(-weight / n));
  energy.tangent(x, v.constant(), {}, {}, hv.view());
  energy.curvature_parameter_gradient(x, v.constant(), seed.constant(), to);
  return -weight * sum_of_products(hv, v) / n;
}
}  // namespace detail

/// Exact score matching.
///
///   J = E[ |s|^2 / 2 + div s ] = E[ |dU/dx|^2 / 2 - sum_d d^2 U / dx_d^2 ]
/// Cost      dim passes with second tangents, each about 6 parameter gradients: for small dim
/// Source    Hyvarinen (2005), Estimation of non-normalized statistical models by score matching, eq. (4)
template <class N, class T = typename N::Scalar>
double score_matching(const N& energy, BlockView<const T> x, std::span<T> to) {
  double j = detail::half_square_of_score(energy, x, to);
  detail::Sheet<T> v(x.n_chains, detail::width_of(energy));
  for (int d = 0; d < detail::width_of(energy); ++d) {
    std::fill(v.values.begin(), v.values.end(), T(0));
    std::fill_n(v.view().column(d), x.n_chains, T(1));
    j += detail::minus_curvature(energy, x, v, 1.0, to);
  }
  return j;
}

/// Sliced score matching with the exact norm (the lower-variance form), directions v ~ N(0, I).
///
///   J = E[ |s|^2 / 2 + v . ds/dx v ],  unbiased for exact score matching
/// Cost      n_slices passes with second tangents
/// Source    Song, Garg, Shi, Ermon (2019), Sliced score matching, eq. (8)
template <class N, class T = typename N::Scalar>
double sliced_score_matching(const N& energy, BlockView<const T> x, std::span<T> to, random::Key key, int n_slices = 1) {
  erg::detail::require_count("n_slices", n_slices);
  double j = detail::half_square_of_score(energy, x, to);
  detail::Sheet<T> v(x.n_chains, detail::width_of(energy));
  for (int k = 0; k < n_slices; ++k) {
    for (int c = 0; c < x.n_chains; ++c) {
      for (int d = 0; d < detail::width_of(energy); ++d) v.view()(c, d) = random::normal<T>(key, static_cast<bits_t<T>>(c), k * detail::width_of(energy) + d);
    }
    j += detail::minus_curvature(energy, x, v, 1.0 / n_slices, to);
  }
  return j;
}

/// Denoising score matching: the score of the data blurred by noise of the given deviation.
///
///   y = x + deviation xi;   J = E[ |s(y) + xi / deviation|^2 / 2 ]
/// Cost      a gradient and one pass with tangents
/// Source    Vincent (2011), A connection between score matching and denoising autoencoders, eqs. (9)-(11)
template <class N, class T = typename N::Scalar>
double denoising_score_matching(const N& energy, BlockView<const T> x, std::span<T> to, random::Key key, double deviation) {
  erg::detail::require_positive("deviation", deviation);
  const int n = x.n_chains, dim = detail::width_of(energy);
  detail::Sheet<T> y(n, dim), r(n, dim), seed(n, 1);
  for (int c = 0; c < n; ++c) {
    for (int d = 0; d < dim; ++d) {
      r.view()(c, d) = random::normal<T>(key, static_cast<bits_t<T>>(c), d);
      y.view()(c, d) = x(c, d) + static_cast<T>(deviation) * r.view()(c, d);
    }
  }
  detail::Sheet<T> g(n, dim);
  detail::slope_of(energy, y.constant(), g.view());
  // r = dU/dy - xi / deviation = -(s + xi / deviation): J = |r|^2 / 2, dJ = r . d(dU/dy)
  for (std::size_t i = 0; i < r.values.size(); ++i) r.values[i] = g.values[i] - r.values[i] / static_cast<T>(deviation);
  std::fill(seed.values.begin(), seed.values.end(), static_cast<T>(1.0 / n));
  energy.tangent_parameter_gradient(y.constant(), r.constant(), seed.constant(), to);
  return 0.5 * detail::sum_of_products(r, r) / n;
}

}  // namespace erg::nn
