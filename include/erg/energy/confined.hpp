// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/batch.hpp"
#include "erg/random/normal.hpp"

#include <cmath>

namespace erg {

/// The least energy on a sphere, found by descent along it from 32 directions.
template <class T, class E>
double least_on_sphere(const E& energy, double radius, std::uint64_t seed = 1) {
  constexpr int n = 32;
  const int dim = dim_of(energy);
  std::vector<T> x(static_cast<std::size_t>(n * dim)), g(x.size()), u(n);
  const BlockView<T> at{x.data(), n, dim, n}, slope{g.data(), n, dim, n};
  for (int c = 0; c < n; ++c) {
    for (int d = 0; d < dim; ++d) at(c, d) = static_cast<T>(random::normal<double>(random::Key(seed), static_cast<std::uint64_t>(c), d));
  }
  double least = INFINITY;
  for (int i = 0; i <= 200; ++i) {
    for (int c = 0; c < n; ++c) {
      double norm = 0.0, length = 0.0;
      for (int d = 0; d < dim && i > 0; ++d) length += static_cast<double>(slope(c, d)) * static_cast<double>(slope(c, d));
      // Steps of a share of the radius that shrinks from 1/2 to 1/50.
      const double rate = length > 0.0 ? radius / ((2.0 + 0.24 * i) * std::sqrt(length)) : 0.0;
      for (int d = 0; d < dim; ++d) {
        at(c, d) -= static_cast<T>(i > 0 ? rate * static_cast<double>(slope(c, d)) : 0.0);
        norm += static_cast<double>(at(c, d)) * static_cast<double>(at(c, d));
      }
      for (int d = 0; d < dim; ++d) at(c, d) *= static_cast<T>(radius / std::sqrt(norm));
    }
    batch_value_and_gradient(energy, BlockView<const T>(at), std::span<T>(u), slope);
    // The part along the sphere.
    for (int c = 0; c < n; ++c) {
      least = std::fmin(least, static_cast<double>(u[static_cast<std::size_t>(c)]));
      double radial = 0.0;
      for (int d = 0; d < dim; ++d) radial += static_cast<double>(slope(c, d)) * static_cast<double>(at(c, d)) / (radius * radius);
      for (int d = 0; d < dim; ++d) slope(c, d) -= static_cast<T>(radial) * at(c, d);
    }
  }
  return least;
}

/// Throws std::invalid_argument where the energy does not grow outwards: its least value on the sphere of twice the radius is not above that
/// on the sphere of the radius. Then exp(-U) has probably no integral, and chains run away.
///
/// A search, not a proof: give a radius well outside of where the mass is.
/// Cost      400 gradients of 32 chains
template <class T = double, class E>
void require_confined(const E& energy, double radius) {
  detail::require_positive("radius", radius);
  const double near = least_on_sphere<T>(energy, radius), far = least_on_sphere<T>(energy, 2.0 * radius);
  if (far > near) return;
  throw std::invalid_argument("an energy that falls from " + detail::number_text(near) + " to " + detail::number_text(far) +
                              " between radius " + detail::number_text(radius) + " and " + detail::number_text(2.0 * radius) +
                              " (exp(-U) has no integral, chains run away) take less of what is negated, or add a Gaussian's energy");
}

}  // namespace erg
