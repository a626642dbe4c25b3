// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

namespace erg {

/// Neal's funnel, normalised: a density whose scale changes by orders of magnitude along its first coordinate.
///
///   v = x_0 ~ N(0, s^2),   x_d | v ~ N(0, exp v) for d = 1 .. D - 1
///   U(x) = v^2 / (2 s^2) + (D - 1) v / 2 + exp(-v) sum_d x_d^2 / 2 + log s + (D/2) log 2 pi
///
/// Shapes    x, g: [D], D >= 2 static or dynamic         Requires  s finite and > 0 (Neal has s = 3, D = 10)
/// Truth     mean 0, var v = s^2, var x_d = exp(s^2 / 2), uncorrelated; log Z = 0, exact sampler. Fixed step sizes are biased here
/// Numerics  exp(-v) overflows in float below v = -88, 29 standard deviations out: U = +inf there, which a kernel rejects
/// Source    Neal (2003), Slice sampling, section 8
template <int D = 10>
class Funnel : public Dimension<D> {
 public:
  static_assert(D == dynamic || D >= 2, "erg: Funnel<D> has a scale x[0] and at least one scaled coordinate: D >= 2.");

  explicit Funnel(double s = 3.0)
    requires(D != dynamic)
      : Funnel(std::true_type{}, D, s) {}
  explicit Funnel(int n, double s = 3.0)
    requires(D == dynamic)
      : Funnel(std::true_type{}, detail::require_count("dim", n, 2), s) {}

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    const L sum = detail::accumulate<less_one(D), L>(x.size() - 1, [&](int d, L s) __attribute__((always_inline)) { return lane::mul_add(x[d + 1], x[d + 1], s); });
    return value(x[0], math::exp(-x[0]) * sum * L(0.5));
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const L v = x[0];
    const L precision = math::exp(-v);
    const L sum = detail::accumulate<less_one(D), L>(x.size() - 1, [&](int d, L s) __attribute__((always_inline)) {
      const L slope = precision * x[d + 1];
      const L next = lane::mul_add(slope, x[d + 1], s);
      g[d + 1] = slope;
      return next;
    });
    const L half = L(0.5) * sum;
    g[0] = lane::mul_add(v, precision_.as<L>(), half_n_.as<L>()) - half;
    return value(v, half);
  }

  double mean(int) const { return 0.0; }
  double covariance(int i, int j) const {
    if (i != j) return 0.0;
    const double s2 = s_.value() * s_.value();
    return i == 0 ? s2 : std::exp(0.5 * s2);
  }
  double log_z() const { return 0.0; }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    random::fill_normal<L>(key, chain, x, x.size());
    x[0] *= s_.as<L>();
    const L scale = math::exp(L(0.5) * x[0]);
    for (int d = 1; d < x.size(); ++d) x[d] *= scale;
  }

 private:
  ERG_FN static constexpr int less_one(int n) { return n == dynamic ? dynamic : n - 1; }

  Funnel(std::true_type, int n, double s)
      : Dimension<D>(n),
        s_(detail::require_positive("s", s)),
        precision_(1.0 / (s * s)),
        half_precision_(0.5 / (s * s)),
        half_n_(0.5 * (n - 1)),
        constant_(math::log(s) + 0.918938533204672742 * n) {}

  template <class L>
  ERG_FN ERG_INLINE L value(L v, L half_square) const {
    const L prior = lane::mul_add(v * v, half_precision_.as<L>(), constant_.as<L>());
    return lane::mul_add(v, half_n_.as<L>(), prior) + half_square;
  }

  detail::Parameter s_, precision_, half_precision_, half_n_, constant_;
};

}  // namespace erg
