// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

namespace erg {

/// A Gaussian bent along a parabola, normalised.
///
///   x_0 ~ N(0, s^2),   x_1 | x_0 ~ N(b (x_0^2 - s^2), 1),   x_d ~ N(0, 1) for d >= 2
///   U(x) = x_0^2 / (2 s^2) + (x_1 - b (x_0^2 - s^2))^2 / 2 + sum_{d >= 2} x_d^2 / 2 + log s + (D/2) log 2 pi
///
/// Shapes    x, g: [D], D >= 2 static or dynamic       Requires  s finite and > 0, b finite
/// Truth     mean 0, var x_0 = s^2, var x_1 = 1 + 2 b^2 s^4, uncorrelated; log Z = 0, exact sampler
/// Source    the twist of Haario, Saksman, Tamminen (1999), Adaptive proposal distribution for random walk Metropolis, section 4
template <int D = 2>
class Banana : public Dimension<D> {
 public:
  static_assert(D == dynamic || D >= 2, "erg: Banana<D> bends coordinate 1 along coordinate 0: D >= 2.");

  explicit Banana(double s = 2.0, double b = 0.25)
    requires(D != dynamic)
      : Banana(std::true_type{}, D, s, b) {}
  explicit Banana(int n, double s = 2.0, double b = 0.25)
    requires(D == dynamic)
      : Banana(std::true_type{}, detail::require_count("dim", n, 2), s, b) {}

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return value(x, offset(x));
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const L off = offset(x);
    const L u = value(x, off);
    const L x0 = x[0];
    g[0] = x0 * lane::mul_add(off, minus_2b_.as<L>(), precision_.as<L>());
    g[1] = off;
    detail::each<less_two(D)>(x.size() - 2, [&](int d) __attribute__((always_inline)) { g[d + 2] = x[d + 2]; });
    return u;
  }

  double mean(int) const { return 0.0; }
  double covariance(int i, int j) const {
    if (i != j) return 0.0;
    const double s2 = s_.value() * s_.value();
    return i == 0 ? s2 : i == 1 ? 1.0 + 2.0 * b_.value() * b_.value() * s2 * s2 : 1.0;
  }
  double log_z() const { return 0.0; }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    random::fill_normal<L>(key, chain, x, x.size());
    x[0] *= s_.as<L>();
    x[1] += lane::mul_add(x[0] * x[0], b_.as<L>(), minus_b_s2_.as<L>());
  }

 private:
  ERG_FN static constexpr int less_two(int n) { return n == dynamic ? dynamic : n - 2; }

  Banana(std::true_type, int n, double s, double b)
      : Dimension<D>(n),
        s_(detail::require_positive("s", s)),
        b_(detail::require_finite("b", b)),
        minus_b_s2_(-b * s * s),
        minus_2b_(-2.0 * b),
        precision_(1.0 / (s * s)),
        constant_(math::log(s) + 0.918938533204672742 * n) {}

  template <class L>
  ERG_FN ERG_INLINE L offset(Point<const L, D> x) const {
    return x[1] - lane::mul_add(x[0] * x[0], b_.as<L>(), minus_b_s2_.as<L>());
  }
  template <class L>
  ERG_FN ERG_INLINE L value(Point<const L, D> x, L off) const {
    L sum = lane::mul_add(x[0] * x[0], precision_.as<L>(), off * off);
    detail::each<less_two(D)>(x.size() - 2, [&](int d) __attribute__((always_inline)) { sum = lane::mul_add(x[d + 2], x[d + 2], sum); });
    return lane::mul_add(sum, L(0.5), constant_.as<L>());
  }

  detail::Parameter s_, b_, minus_b_s2_, minus_2b_, precision_, constant_;
};

}  // namespace erg
