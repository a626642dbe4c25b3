// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/value_and_gradient.hpp"

#include <cmath>
#include <ostream>
#include <vector>

namespace erg {

/// What check_gradient found. Errors are relative: |a - b| / max(1, |a|, |b|).
struct GradientCheck {
  int n_points = 0;
  double max_error = 0.0;         ///< hand-written gradient against the reference: duals where the energy takes them, else differences
  int worst_point = -1;           ///< where max_error is
  int worst_coordinate = -1;
  double written = 0.0;           ///< the gradient there as written
  double reference = 0.0;         ///< and as it should be
  double max_difference_error = 0.0;  ///< against central differences, themselves good to about 1e-7
  double max_value_error = 0.0;   ///< U of value_and_gradient against operator()
  int n_non_finite = 0;           ///< points where U or a gradient is not finite: not compared
  bool used_duals = false;
  double tolerance = 0.0;

  bool passed() const {
    return n_points > n_non_finite && max_error <= tolerance && max_difference_error <= 1e-4 && max_value_error <= tolerance;
  }

  friend std::ostream& operator<<(std::ostream& out, const GradientCheck& c) {
    out << (c.passed() ? "gradient agrees" : "gradient is WRONG") << " at " << c.n_points - c.n_non_finite << " points: ";
    if (c.n_points == c.n_non_finite) return out << "U or its gradient is finite at none of them; choose points inside the support\n";
    out << "error " << c.max_error << (c.used_duals ? " against duals" : " against differences");
    if (c.worst_coordinate >= 0 && c.max_error > 0.0) {
      out << " (coordinate " << c.worst_coordinate << " of point " << c.worst_point << ": written " << c.written << ", should be "
          << c.reference << ")";
    }
    out << ", " << c.max_difference_error << " against differences, value " << c.max_value_error;
    if (c.n_non_finite > 0) out << "; skipped " << c.n_non_finite << " points that are not finite";
    return out << '\n';
  }
};

namespace detail {

inline double relative_error(double a, double b) { return std::fabs(a - b) / std::fmax(1.0, std::fmax(std::fabs(a), std::fabs(b))); }

template <class E>
void check_gradient_at(const E& energy, const std::vector<double>& x, int index, GradientCheck& check) {
  using L = Pack<double>;
  constexpr int D = static_dim<E>;
  const int n = static_cast<int>(x.size());
  std::vector<L> at(x.begin(), x.end()), written(x.size()), reference(x.size()), differences(x.size());
  const Point<const L, D> here(at.data(), n);
  const double u = lane_value_and_gradient<E, L, D>(energy, here, Point<L, D>(written.data(), n)).reg;
  const double value = L(energy(here)).reg;
  bool finite = std::isfinite(u) && std::isfinite(value);
  for (const L& g : written) finite = finite && std::isfinite(g.reg);
  ++check.n_points;
  if (!finite) {
    ++check.n_non_finite;
    return;
  }
  check.max_value_error = std::fmax(check.max_value_error, relative_error(u, value));
  for (int d = 0; d < n; ++d) {  // fourth order: error about h^4 U''''' + eps U / h
    const auto i = static_cast<std::size_t>(d);
    const double h = 1e-3 * std::fmax(1.0, std::fabs(x[i]));
    const auto shifted = [&](double by) {
      at[i] = L(x[i] + by);
      return L(energy(here)).reg;
    };
    const double slope = (8.0 * (shifted(h) - shifted(-h)) - (shifted(2.0 * h) - shifted(-2.0 * h))) / (12.0 * h);
    at[i] = L(x[i]);
    differences[i] = slope;
  }
  if constexpr (CallableOnLane<E, Dual<L, 1>>) {
    check.used_duals = true;
    dual_gradient(energy, here, Point<L, D>(reference.data(), n));
  } else {
    reference = differences;
  }
  for (int d = 0; d < n; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const auto compare = [&](double g) {
      const double error = relative_error(g, reference[i].reg);
      if (error > check.max_error || check.worst_coordinate < 0 || std::isnan(error)) {
        check.max_error = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
        check.worst_point = index;
        check.worst_coordinate = d;
        check.written = g;
        check.reference = reference[i].reg;
      }
      check.max_difference_error = std::fmax(check.max_difference_error, relative_error(g, differences[i].reg));
    };
    compare(written[i].reg);
    if constexpr (SeparableEnergy<E, L>) compare(energy.slope(d, L(x[i])).reg);
  }
}

}  // namespace detail

/// Compares the hand-written gradient of an energy (and its `slope`, where it has one) with forward duals (exact to rounding) and with central differences, in
/// double, and its value with operator(). Print the result, or test passed().
///
///   const auto check = erg::check_gradient(MyEnergy{}, {{0.3, -1.2}, {2.0, 0.1}});
///   std::cout << check;
///
/// Requires  points of the energy's dimension, where U is finite and smooth        Cost  4 D + 2 evaluations a point
/// Errors    no points, or one of another dimension: std::invalid_argument
template <class E>
  requires HasDim<E>
GradientCheck check_gradient(const E& energy, const std::vector<std::vector<double>>& points, double tolerance = 1e-10) {
  static_assert(CallableOnLane<E, Pack<double>>, "erg: check_gradient compares with operator(): write `template <erg::Lane L> ERG_FN L operator()"
                                                 "(erg::Point<const L, dim> x) const`.");
  if (points.empty()) throw std::invalid_argument("no points (a gradient is checked at points) give some where the energy is finite");
  GradientCheck check;
  check.tolerance = tolerance;
  for (std::size_t i = 0; i < points.size(); ++i) {
    detail::require_size(detail::indexed("points", static_cast<int>(i)), points[i], dim_of(energy), "one a coordinate of the energy");
    detail::check_gradient_at(energy, points[i], static_cast<int>(i), check);
  }
  if (!check.used_duals && tolerance < 1e-7) check.tolerance = 1e-7;
  return check;
}

/// The same at n_points points of standard normal coordinates, from a fixed seed.
template <class E>
  requires HasDim<E>
GradientCheck check_gradient(const E& energy, int n_points = 20, double tolerance = 1e-10) {
  const int n = dim_of(energy);
  std::vector<std::vector<double>> points(static_cast<std::size_t>(detail::require_count("n_points", n_points)));
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (int d = 0; d < n; ++d) points[i].push_back(random::normal<double>(random::Key(1), static_cast<bits_t<double>>(i), d));
  }
  return check_gradient(energy, points, tolerance);
}

}  // namespace erg
