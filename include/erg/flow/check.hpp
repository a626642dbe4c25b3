// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/log_abs_det.hpp"
#include "erg/flow/flow.hpp"
#include "erg/tile/owned_block.hpp"

#include <cmath>
#include <limits>
#include <ostream>
#include <vector>

namespace erg::flow {

/// What check found. Errors are relative: |a - b| / max(1, |a|, |b|).
struct Check {
  int n_points = 0;
  int n_non_finite = 0;             ///< points at which the flow is not finite, or not invertible: not compared
  int first_non_finite = -1;
  double round_trip = 0.0;          ///< T^-1(T(z)) - z and T(T^-1(x)) - x
  double log_det = 0.0;             ///< of to_data against that of to_latent, at the same pair
  double jacobian = 0.0;            ///< log_det against that of the Jacobian matrix by central differences
  double input_gradient = 0.0;      ///< of both ways and of the density, against differences
  double parameter_gradient = 0.0;  ///< of both ways, slice by slice, against differences
  std::string worst_slice;          ///< where parameter_gradient is
  double single = 0.0;              ///< of a flow in float: log-densities and their gradients against those in double
  double round_trip_tolerance = 0.0, difference_tolerance = 0.0;

  bool passed() const {
    return n_points > 0 && n_non_finite == 0 && round_trip <= round_trip_tolerance && log_det <= 10.0 * round_trip_tolerance &&
           single <= 1e-2 && jacobian <= difference_tolerance && input_gradient <= difference_tolerance && parameter_gradient <= difference_tolerance;
  }
  friend std::ostream& operator<<(std::ostream& out, const Check& c) {
    out << (c.passed() ? "flow agrees with itself" : "flow is WRONG") << " at " << c.n_points - c.n_non_finite << " points: round trip "
        << c.round_trip << ", log-det both ways " << c.log_det << ", against the Jacobian " << c.jacobian << "; gradients by inputs "
        << c.input_gradient << ", by parameters " << c.parameter_gradient;
    if (!c.worst_slice.empty() && c.parameter_gradient > c.difference_tolerance) out << " (" << c.worst_slice << ')';
    if (c.single > 0.0) out << "; in single precision off by " << c.single;
    if (c.n_non_finite > 0) out << "; NOT invertible at " << c.n_non_finite << " points, the first is number " << c.first_non_finite;
    return out << '\n';
  }
};

namespace detail {

inline void raise(double& error, double a, double b) {
  const double e = std::fabs(a - b) / std::fmax(1.0, std::fmax(std::fabs(a), std::fabs(b)));
  if (!(e <= error)) error = std::isnan(e) ? std::numeric_limits<double>::infinity() : e;
}

/// The passes of one way at the points `from`, for functions F = seed . result + gl log_det.
template <Way way, class F, class T>
void check_way(const F& flow, const OwnedBlock<T>& from, double h, Check& check) {
  const int n = from.n, dim = from.dim;
  const auto go = [&](const F& f, const OwnedBlock<T>& at, OwnedBlock<T>& to, OwnedBlock<T>& log_det) {
    if constexpr (way == Way::to_data) {
      f.to_data(at, to.view(), log_det.values);
    } else {
      f.to_latent(at, to.view(), log_det.values);
    }
  };
  OwnedBlock<T> seed(n, dim), gl(n, 1), along(n, dim), g(n, dim), up(n, dim), down(n, dim), up_det(n, 1), down_det(n, 1), to(n, dim), det(n, 1);
  int stream = 0;
  for (auto* block : {&seed, &gl, &along}) fill_normal(block->view(), random::Key(1).stream(++stream));
  std::vector<T> gw(static_cast<std::size_t>(flow.n_parameters()));
  if constexpr (way == Way::to_data) {
    flow.to_data_gradient(from, seed, gl.values, g.view(), gw);
  } else {
    flow.to_latent_gradient(from, seed, gl.values, g.view(), gw);
  }
  const auto slope_of = [&](int c) {
    double s = static_cast<double>(gl(c, 0)) * (static_cast<double>(up_det(c, 0)) - static_cast<double>(down_det(c, 0)));
    for (int d = 0; d < dim; ++d) s += static_cast<double>(seed(c, d)) * (static_cast<double>(up(c, d)) - static_cast<double>(down(c, d)));
    return s / (2.0 * h);
  };
  const auto moved = [&](const OwnedBlock<T>& by, double a) {
    OwnedBlock<T> r = from;
    for (std::size_t i = 0; i < r.values.size(); ++i) r.values[i] += static_cast<T>(a) * by.values[i];
    return r;
  };
  go(flow, moved(along, h), up, up_det);
  go(flow, moved(along, -h), down, down_det);
  for (int c = 0; c < n; ++c) {
    double exact = 0.0;
    for (int d = 0; d < dim; ++d) exact += static_cast<double>(g(c, d)) * static_cast<double>(along(c, d));
    raise(check.input_gradient, exact, slope_of(c));
  }
  // log_det against the matrix of differences
  go(flow, from, to, det);
  std::vector<std::vector<double>> matrix(static_cast<std::size_t>(n), std::vector<double>(static_cast<std::size_t>(dim * dim)));
  for (int j = 0; j < dim; ++j) {
    OwnedBlock<T> unit(n, dim);
    for (int c = 0; c < n; ++c) unit(c, j) = T(1);
    go(flow, moved(unit, h), up, up_det);
    go(flow, moved(unit, -h), down, down_det);
    for (int c = 0; c < n; ++c) {
      for (int i = 0; i < dim; ++i) {
        matrix[static_cast<std::size_t>(c)][static_cast<std::size_t>(i * dim + j)] =
            (static_cast<double>(up(c, i)) - static_cast<double>(down(c, i))) / (2.0 * h);
      }
    }
  }
  for (int c = 0; c < n; ++c) {
    const double numeric = erg::detail::log_abs_det(matrix[static_cast<std::size_t>(c)], dim);
    raise(check.jacobian, static_cast<double>(det(c, 0)), way == Way::to_data ? numeric : -numeric);
  }
  // parameters, slice by slice, so that none hides behind another
  const std::vector<T> theta(flow.parameters().flat().begin(), flow.parameters().flat().end());
  F other = flow;
  for (const auto& s : flow.parameters().slices()) {
    if (s.is_state) continue;
    std::vector<double> direction(static_cast<std::size_t>(s.size()));
    double length = 0.0, exact = 0.0, numeric = 0.0;
    for (std::size_t i = 0; i < direction.size(); ++i) {
      direction[i] = random::normal<double>(random::Key(2), i, 0);
      length += direction[i] * direction[i];
    }
    for (int side = 0; side < 2; ++side) {
      std::vector<T> at = theta;
      for (std::size_t i = 0; i < direction.size(); ++i) {
        const auto k = static_cast<std::size_t>(s.offset) + i;
        at[k] += static_cast<T>((side == 0 ? h : -h) * direction[i] / std::sqrt(length));
        if (side == 0) exact += static_cast<double>(gw[k]) * direction[i] / std::sqrt(length);
      }
      other.restore(at);
      go(other, from, side == 0 ? up : down, side == 0 ? up_det : down_det);
    }
    for (int c = 0; c < n; ++c) numeric += slope_of(c);
    const double before = check.parameter_gradient;
    raise(check.parameter_gradient, exact, numeric);
    if (check.parameter_gradient > before) check.worst_slice = s.name;
  }
}

/// Gradients and log-dets against differences, in double.
template <class F>
void check_differences(const F& flow, const OwnedBlock<double>& z, const OwnedBlock<double>& x, double h, Check& check) {
  using T = double;
  const int n = x.n, dim = x.dim;
  OwnedBlock<T> g(n, dim), u(n, 1);
  check_way<Way::to_data>(flow, z, h, check);
  check_way<Way::to_latent>(flow, x, h, check);
  // the density as an energy
  flow.value_and_gradient(x, u.values, g.view());
  for (int d = 0; d < dim; ++d) {
    OwnedBlock<T> up = x, down = x, u_up(n, 1), u_down(n, 1);
    for (int c = 0; c < n; ++c) {
      up(c, d) += static_cast<T>(h);
      down(c, d) -= static_cast<T>(h);
    }
    flow.value(up, u_up.values);
    flow.value(down, u_down.values);
    for (int c = 0; c < n; ++c) {
      raise(check.input_gradient, static_cast<double>(g(c, d)),
                    (static_cast<double>(u_up(c, 0)) - static_cast<double>(u_down(c, 0))) / (2.0 * h));
    }
  }
}
template <class F>
void check_in_double(const F& flow, const OwnedBlock<float>& points, Check& check) {
  const auto exact = flow.template as<double>();
  const int n = points.n, dim = points.dim;
  OwnedBlock<double> x(n, dim), z(n, dim), g(n, dim), u(n, 1);
  OwnedBlock<float> g_single(n, dim), u_single(n, 1);
  std::copy(points.values.begin(), points.values.end(), x.values.begin());
  exact.to_latent(x, z.view());
  check_differences(exact, z, x, 1e-6, check);
  exact.value_and_gradient(x, u.values, g.view());
  flow.value_and_gradient(points, u_single.values, g_single.view());
  for (std::size_t i = 0; i < u.values.size(); ++i) raise(check.single, static_cast<double>(u_single.values[i]), u.values[i]);
  for (std::size_t i = 0; i < g.values.size(); ++i) raise(check.single, static_cast<double>(g_single.values[i]), g.values[i]);
}

}  // namespace detail

/// Checks a flow against itself and against central differences, at points x of the data side: that it inverts, that both log_dets are
/// that of its Jacobian matrix, and that the gradients of both passes and of the density are derivatives. Print it, or test passed().
///
///   std::cout << flow::check(flow, points);
///
/// Numerics  differences are taken in double, of a copy of the flow where it is in float; its round trip and log-dets are the float's own.
///           Splines have kinks in their slopes: a difference across one, one in some ten thousand, is off by up to 1e-4
/// Cost      about 4 dim + 4 + 4 slices passes of all points; a few dozen points are enough
template <class F>
Check check(const F& flow, BlockView<const typename F::Scalar> points) {
  using T = typename F::Scalar;
  constexpr bool single = sizeof(T) == 4;
  const double h = 1e-6;
  const int dim = flow.dim();
  Check check;
  check.round_trip_tolerance = single ? 1e-4 : 1e-9;
  check.difference_tolerance = 1e-6;
  OwnedBlock<T> all(points.n_chains, dim), all_z(points.n_chains, dim), back(points.n_chains, dim), det(points.n_chains, 1), det_back(points.n_chains, 1);
  flow.to_latent(points, all_z.view(), det.values);
  flow.to_data(all_z, back.view(), det_back.values);
  std::vector<int> good;
  for (int c = 0; c < points.n_chains; ++c) {
    bool finite = std::isfinite(det(c, 0)) && std::isfinite(det_back(c, 0));
    for (int d = 0; d < dim; ++d) finite = finite && std::isfinite(all_z(c, d)) && std::isfinite(back(c, d));
    ++check.n_points;
    if (finite) {
      good.push_back(c);
    } else if (check.n_non_finite++ == 0) {
      check.first_non_finite = c;
    }
  }
  const int n = static_cast<int>(good.size());
  if (n == 0) return check;
  OwnedBlock<T> x(n, dim), z(n, dim), again(n, dim);
  for (int c = 0; c < n; ++c) {
    const int at = good[static_cast<std::size_t>(c)];
    detail::raise(check.log_det, static_cast<double>(det(at, 0)), static_cast<double>(det_back(at, 0)));
    for (int d = 0; d < dim; ++d) {
      x(c, d) = points(at, d);
      z(c, d) = all_z(at, d);
      detail::raise(check.round_trip, static_cast<double>(back(at, d)), static_cast<double>(x(c, d)));
    }
  }
  flow.to_data(z, again.view());
  flow.to_latent(again, again.view());
  for (std::size_t i = 0; i < z.values.size(); ++i) detail::raise(check.round_trip, static_cast<double>(again.values[i]), static_cast<double>(z.values[i]));
  if constexpr (single) {
    detail::check_in_double(flow, x, check);
  } else {
    detail::check_differences(flow, z, x, h, check);
  }
  return check;
}

}  // namespace erg::flow
