// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The passes of a network against differences and against each other, in double.
#pragma once

#include "support/compiled_products.hpp"

#include <erg/nn/initialise.hpp>
#include <erg/nn/network.hpp>

#include <cmath>
#include <vector>

namespace erg::test {

/// A matrix [chain, column] of normals at an address.
struct Table {
  std::vector<double> v;
  int n, columns;

  Table(int chains, int c) : v(static_cast<std::size_t>(chains) * static_cast<std::size_t>(c)), n(chains), columns(c) {}
  Table(int chains, int c, std::uint64_t seed, double scale = 1.0) : Table(chains, c) {
    for (std::size_t i = 0; i < v.size(); ++i) {
      v[i] = scale * random::normal<double>(random::Key(seed), static_cast<std::uint64_t>(i), 0);
    }
  }
  BlockView<double> view() { return {v.data(), n, columns, n}; }
  BlockView<const double> view() const { return {v.data(), n, columns, n}; }
  operator BlockView<const double>() const { return view(); }
  double& operator()(int c, int d) { return v[static_cast<std::size_t>(c + d * n)]; }
  double operator()(int c, int d) const { return v[static_cast<std::size_t>(c + d * n)]; }
  Table plus(double a, const Table& b) const {
    Table r = *this;
    for (std::size_t i = 0; i < v.size(); ++i) r.v[i] += a * b.v[i];
    return r;
  }
  /// sum over columns of the product, summed over chains too.
  double dot(const Table& b) const {
    double s = 0.0;
    for (std::size_t i = 0; i < v.size(); ++i) s += v[i] * b.v[i];
    return s;
  }
};

inline double largest(const std::vector<double>& v) {
  double m = 0.0;
  for (const double x : v) m = std::max(m, std::abs(x));
  return m;
}
inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double m = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) m = std::max(m, std::abs(a[i] - b[i]));
  return m;
}
template <class V>
double inner(const V& a, const V& b) {
  double s = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}

/// Relative errors of the passes; a value far above 1e-6 is a wrong derivative.
struct PassErrors {
  double input = 0.0;        ///< input gradient, against central differences of forward
  double parameter = 0.0;    ///< parameter gradient, the same along a direction
  double jacobian = 0.0;     ///< tangent of forward, the same
  double hessian = 0.0;      ///< tangent of the input gradient, against differences of the input gradient
  double symmetry = 0.0;     ///< v.H w - w.H v
  double mixed = 0.0;        ///< d/dtheta v.g along a direction, against differences of v.g over theta
  double curvature = 0.0;    ///< d/dtheta v.H v, the same
  double worst() const { return std::max({input, parameter, jacobian, hessian, symmetry, mixed, curvature}); }
  double worst_first() const { return std::max({input, parameter, jacobian}); }
};

/// Checks a network of double at random parameters, inputs, directions and seeds.
template <class N>
PassErrors check_passes(N& net, int n_chains = 5, std::uint64_t key = 1, double scale = 0.7) {
  const double h = 1e-5;
  {
    std::vector<double> theta(net.parameters().flat().begin(), net.parameters().flat().end());
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += 0.3 * random::normal<double>(random::Key(key + 100), i, 0);
    net.restore(theta);
  }
  const Table x(n_chains, net.n_in(), key + 1, scale), v(n_chains, net.n_in(), key + 2), w(n_chains, net.n_in(), key + 3);
  const Table seed(n_chains, net.n_out(), key + 4);
  const auto outputs = [&](const Table& at) {
    Table y(n_chains, net.n_out());
    net.forward(at, y.view());
    return y;
  };
  const auto gradient = [&](const Table& at) {
    Table g(n_chains, net.n_in()), y(n_chains, net.n_out());
    net.input_gradient(at, seed, y.view(), g.view());
    return g;
  };
  const auto hv = [&](const Table& along) {
    Table r(n_chains, net.n_in()), dy(n_chains, net.n_out());
    net.tangent(x, along, seed, dy.view(), r.view());
    return r;
  };
  const auto relative = [](double a, double b) { return std::abs(a - b) / (1.0 + std::abs(b)); };

  PassErrors e;
  // input gradient and forward tangent, chain by chain
  const Table up = outputs(x.plus(h, v)), down = outputs(x.plus(-h, v)), g = gradient(x);
  Table dy(n_chains, net.n_out());
  net.tangent(x, v, seed, dy.view(), {});
  for (int c = 0; c < n_chains; ++c) {
    double numeric = 0.0, exact = 0.0;
    for (int o = 0; o < net.n_out(); ++o) {
      const double slope = (up(c, o) - down(c, o)) / (2 * h);
      e.jacobian = std::max(e.jacobian, relative(dy(c, o), slope));
      numeric += seed(c, o) * slope;
    }
    for (int d = 0; d < net.n_in(); ++d) exact += g(c, d) * v(c, d);
    e.input = std::max(e.input, relative(exact, numeric));
  }
  const Table gu = gradient(x.plus(h, v)), gd = gradient(x.plus(-h, v)), hvv = hv(v), hvw = hv(w);
  for (std::size_t i = 0; i < g.v.size(); ++i) e.hessian = std::max(e.hessian, relative(hvv.v[i], (gu.v[i] - gd.v[i]) / (2 * h)));
  e.symmetry = relative(hvv.dot(w), hvw.dot(v));

  if (net.n_parameters() == 0) return e;
  const auto size = static_cast<std::size_t>(net.n_parameters());
  std::vector<double> first(size), mixed(size), curved(size), along(size);
  net.parameter_gradient(x, seed, first);
  net.tangent_parameter_gradient(x, v, seed, mixed);
  net.curvature_parameter_gradient(x, v, seed, curved);
  const std::vector<double> theta(net.parameters().flat().begin(), net.parameters().flat().end());
  for (const auto& s : net.parameters().slices()) {  // slice by slice, so that none hides behind another
    std::fill(along.begin(), along.end(), 0.0);
    if (s.is_state) continue;
    for (int i = s.offset; i < s.offset + s.size(); ++i) {
      along[static_cast<std::size_t>(i)] = random::normal<double>(random::Key(key + 5), static_cast<std::uint64_t>(i), 0);
    }
    double value[2], slope[2], bend[2];
    for (int side = 0; side < 2; ++side) {
      std::vector<double> moved = theta;
      for (std::size_t i = 0; i < size; ++i) moved[i] += (side == 0 ? h : -h) * along[i];
      net.restore(moved);
      value[side] = outputs(x).dot(seed);
      slope[side] = gradient(x).dot(v);
      bend[side] = hv(v).dot(v);
    }
    net.restore(theta);
    e.parameter = std::max(e.parameter, relative(inner(first, along), (value[0] - value[1]) / (2 * h)));
    e.mixed = std::max(e.mixed, relative(inner(mixed, along), (slope[0] - slope[1]) / (2 * h)));
    e.curvature = std::max(e.curvature, relative(inner(curved, along), (bend[0] - bend[1]) / (2 * h)));
  }
  return e;
}

}  // namespace erg::test
