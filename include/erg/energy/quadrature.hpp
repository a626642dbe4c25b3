// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

/// Integrals that give energies their truth (log Z, moments), on the host in double.
namespace erg::detail {

/// Nodes and weights of an integral over an interval.
struct Quadrature {
  std::vector<double> node, weight;

  template <class F>
  double integral(F f) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < node.size(); ++i) sum += weight[i] * f(node[i]);
    return sum;
  }
};

/// Gauss-Legendre rule with 16 nodes on each of n_panels equal panels of [a, b]: error about (panel / scale)^32.
inline Quadrature gauss_legendre(double a, double b, int n_panels) {
  constexpr int order = 16;
  double x[order], w[order];
  for (int i = 0; i < order; ++i) {  // Newton on the Legendre polynomial, from Chebyshev's guess
    double t = std::cos(3.14159265358979324 * (i + 0.75) / (order + 0.5)), slope = 1.0;
    for (int iteration = 0; iteration < 50; ++iteration) {
      double p = 1.0, before = 0.0;
      for (int k = 1; k <= order; ++k) {
        const double next = ((2.0 * k - 1.0) * t * p - (k - 1.0) * before) / k;
        before = p;
        p = next;
      }
      slope = order * (t * p - before) / (t * t - 1.0);
      const double step = p / slope;
      t -= step;
      if (std::fabs(step) < 1e-15) break;
    }
    x[i] = t;
    w[i] = 2.0 / ((1.0 - t * t) * slope * slope);
  }
  Quadrature q;
  const double half = 0.5 * (b - a) / n_panels;
  for (int panel = 0; panel < n_panels; ++panel) {
    for (int i = order - 1; i >= 0; --i) {
      q.node.push_back(a + half * (2.0 * panel + 1.0 + x[i]));
      q.weight.push_back(half * w[i]);
    }
  }
  return q;
}

/// The first t = start + k step (k = 1, 2, ...; step of either sign) where energy(t) exceeds its running minimum by 50:
/// e^-50 of the density is beyond double precision.
template <class F>
double negligible_beyond(F energy, double start, double step) {
  double lowest = energy(start), t = start;
  for (int k = 0; k < 100000; ++k) {
    t += step;
    const double u = energy(t);
    if (u < lowest) lowest = u;
    if (!(u - lowest < 50.0)) break;
  }
  return t;
}

/// A density of scalars in a row, prod_i f(x_i) prod_i k(x_i, x_{i+1}), reduced to matrices on quadrature nodes:
///   site[a] = weight_a f(node_a),  link[a, b] = k(node_a, node_b), symmetric
struct TransferMatrix {
  std::vector<double> node, site, link;

  template <class Energy, class Link>
  TransferMatrix(const Quadrature& q, Energy site_energy, Link link_energy) : node(q.node) {
    const std::size_t n = node.size();
    for (std::size_t a = 0; a < n; ++a) site.push_back(q.weight[a] * std::exp(-site_energy(node[a])));
    link.resize(n * n);
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = 0; b < n; ++b) link[a * n + b] = std::exp(-link_energy(node[a], node[b]));
    }
  }

  /// The sum over an open row of `length` scalars, with scalar i weighed by observe(i, value).
  template <class Observe>
  double open_row(int length, Observe observe) const {
    const std::size_t n = node.size();
    std::vector<double> left(n, 1.0), moved(n);
    for (int i = 0; i < length; ++i) {
      if (i > 0) {
        for (std::size_t a = 0; a < n; ++a) {
          double sum = 0.0;
          for (std::size_t b = 0; b < n; ++b) sum += link[a * n + b] * left[b];
          moved[a] = sum;
        }
        left = moved;
      }
      for (std::size_t a = 0; a < n; ++a) left[a] *= site[a] * observe(i, node[a]);
    }
    double total = 0.0;
    for (std::size_t a = 0; a < n; ++a) total += left[a];
    return total;
  }

  /// The same over a ring of `length` scalars: the trace of the product of their matrices.   Cost  length n^3
  template <class Observe>
  double ring(int length, Observe observe) const {
    const std::size_t n = node.size();
    double total = 0.0;
    std::vector<double> row(n), moved(n);
    for (std::size_t start = 0; start < n; ++start) {
      for (std::size_t a = 0; a < n; ++a) row[a] = a == start ? site[a] * observe(0, node[a]) : 0.0;
      for (int i = 1; i < length; ++i) {
        for (std::size_t a = 0; a < n; ++a) {
          double sum = 0.0;
          if (i == 1) {
            sum = link[a * n + start] * row[start];
          } else {
            for (std::size_t b = 0; b < n; ++b) sum += link[a * n + b] * row[b];
          }
          moved[a] = sum * site[a] * observe(i, node[a]);
        }
        row.swap(moved);
      }
      for (std::size_t a = 0; a < n; ++a) total += row[a] * link[a * n + start];
    }
    return total;
  }
};

}  // namespace erg::detail
