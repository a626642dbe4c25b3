// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/compose.hpp"
#include "erg/energy/log_abs_det.hpp"
#include "erg/lane/math/log.hpp"

#include <cmath>
#include <stdexcept>
#include <vector>

namespace erg {

/// The density of z where x = A z + b has the inner density:
///
///   U'(z) = U(A z + b) - log |det A|,   dU'/dz = A^T dU/dx
///
/// With a scale per coordinate A is diagonal, else any invertible matrix. Sampling z is sampling x with another metric.
/// Shapes    z, g, shift: [D]; scale: [D], or [D, D] column-major (A[i + D j] multiplies z_j in x_i)
/// Requires  shift finite, A invertible              Truth  log Z is the inner one
/// Cost      the inner energy's and 2 D (diagonal) or 2 D^2 (matrix) multiply-adds
template <class Inner, bool is_diagonal>
class Affine : public Dimension<detail::checked_common_dim<Inner>()> {
  static constexpr int D = detail::checked_common_dim<Inner>();

 public:
  static constexpr bool on_device = runs_on_device<Inner>;

  Affine(Inner inner, const std::vector<double>& shift, const std::vector<double>& scale)
      : Dimension<D>(dim_of(inner)), inner_(std::move(inner)), shift_(dim_of(inner_)), scale_(static_cast<int>(scale.size())) {
    const int n = shift_.size();
    detail::require_size("shift", shift, n, "one a coordinate");
    detail::require_size("scale", scale, is_diagonal ? n : n * n, is_diagonal ? "one a coordinate" : "a square matrix");
    for (int d = 0; d < n; ++d) shift_.set(d, detail::require_finite(detail::indexed("shift", d), shift[static_cast<std::size_t>(d)]));
    for (int i = 0; i < scale_.size(); ++i) {
      scale_.set(i, detail::require_finite(detail::indexed("scale", i), scale[static_cast<std::size_t>(i)]));
    }
    log_det_ = log_det_of(scale, n);
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> z) const {
    return detail::with_scratch<L, D>(z.size(), [&](Point<L, D> x) {
      map(z, x);
      return detail::value_of(inner_, Point<const L, D>(x)) - log_det_.as<L>();
    });
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> z, Point<L, D> g) const {
    const int n = z.size();
    return detail::with_scratch<L, D>(n, [&](Point<L, D> x) {
      map(z, x);
      if constexpr (is_diagonal) {
        const L u = detail::gradient_of(inner_, Point<const L, D>(x), g);
        detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = g[d] * scale_.template as<L>(d); });
        return u - log_det_.as<L>();
      } else {
        return detail::with_scratch<L, D>(n, [&](Point<L, D> slope) {
          const L u = detail::gradient_of(inner_, Point<const L, D>(x), slope);
          detail::each<D>(n, [&](int j) __attribute__((always_inline)) {
            g[j] = detail::accumulate<D, L>(n, [&](int i, L s) __attribute__((always_inline)) {
              return lane::mul_add(slope[i], scale_.template as<L>(j * n + i), s);
            });
          });
          return u - log_det_.as<L>();
        });
      }
    });
  }

  /// x <- A z + b
  template <class L>
  ERG_FN ERG_INLINE void map(Point<const L, D> z, Point<L, D> x) const {
    const int n = z.size();
    detail::each<D>(n, [&](int i) __attribute__((always_inline)) {
      if constexpr (is_diagonal) {
        x[i] = lane::mul_add(z[i], scale_.template as<L>(i), shift_.template as<L>(i));
      } else {
        L sum = shift_.template as<L>(i);
        detail::each<D>(n, [&](int j) __attribute__((always_inline)) { sum = lane::mul_add(z[j], scale_.template as<L>(j * n + i), sum); });
        x[i] = sum;
      }
    });
  }
  double log_det() const { return log_det_.value(); }
  double log_z() const
    requires requires(const Inner& e) { e.log_z(); }
  {
    return inner_.log_z();
  }
  const Inner& inner() const { return inner_; }

 private:
  static double log_det_of(const std::vector<double>& scale, int n) {
    double log_det = 0.0;
    if constexpr (is_diagonal) {
      for (const double s : scale) log_det += math::log(std::fabs(s));
    } else {
      log_det = detail::log_abs_det(scale, n);
    }
    if (!std::isfinite(log_det)) throw std::invalid_argument("scale has log |det| = " + detail::number_text(log_det) + " (must be invertible)");
    return log_det;
  }

  Inner inner_;
  detail::Parameters<D> shift_;
  detail::Parameters<is_diagonal ? D : detail::static_product(D, D)> scale_;
  detail::Parameter log_det_;
};

/// z -> U(scale * z + shift) - log |det|, with one scale per coordinate.
template <class E>
Affine<E, true> affine(E energy, const std::vector<double>& shift, const std::vector<double>& scale) {
  return Affine<E, true>(std::move(energy), shift, scale);
}
/// The same with a matrix, [D, D] column-major.
template <class E>
Affine<E, false> affine_matrix(E energy, const std::vector<double>& shift, const std::vector<double>& matrix) {
  return Affine<E, false>(std::move(energy), shift, matrix);
}

}  // namespace erg
