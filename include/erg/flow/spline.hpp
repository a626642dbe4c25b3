// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/affine.hpp"

namespace erg::flow {

/// A monotone rational-quadratic spline of K bins on [-bound, bound], the identity outside: a transform of coupling and autoregressive
/// layers. p: K widths, K heights, K - 1 slopes at the inner knots, raw.
///
///   width_j = 2 bound (least + (1 - K least) softmax_j(p)),  heights alike,  slope_j = least + softplus(p + slope_offset), 1 at +-bound
///   in bin k, with t = (z - x_k) / width, s = height / width, D = s + (d_k + d_k+1 - 2 s) t (1 - t):
///   x = y_k + height (s t^2 + d_k t (1 - t)) / D,   dx/dz = s^2 (d_k+1 t^2 + 2 s t (1 - t) + d_k (1 - t)^2) / D^2
///
/// The identity where all p are 0. Smooth once: the slope is continuous, its derivative jumps at knots.
/// Errors    std::invalid_argument: not bound > 0 and 0 < least < 1 / K
/// Cost      2 K exponentials; softplus of the two slopes of the bin alone, one logarithm; the inverse has a square root more
/// Numerics  the root of the inverse, by the formula that does not cancel, is polished by a Newton step, so that both ways agree to
///           rounding; what rounding takes out of a bin or below a discriminant of 0 is put back
/// Source    Durkan, Bekasov, Murray, Papamakarios (2019), Neural spline flows, eqs. (4)-(8), section 3.1; Gregory, Delbourgo (1982)
template <int K = 8>
struct RationalQuadratic {
  static_assert(K >= 2, "erg: a spline needs two bins or more.");
  static constexpr int n_parameters = 3 * K - 1;

  double bound = 5.0;
  double least = 1e-3;
  double slope_offset = identity_offset(least);     ///< 0: what nflows takes, which does not start as the identity

  double raw_edge = checked_edge(bound, least);     ///< of the slope 1 at +-bound

  /// softplus(offset) = 1 - least.
  static double identity_offset(double least) { return std::log(std::expm1(1.0 - least)); }
  static double checked_edge(double bound, double least) {
    erg::detail::require_positive("RationalQuadratic::bound", bound);
    erg::detail::require_positive("RationalQuadratic::least", least);
    if (!(least < 1.0 / K)) erg::detail::reject("RationalQuadratic::least", least, "must be < 1 / K: K bins of that share have to fit");
    return identity_offset(least);
  }

  template <Lane L, class P>
  ERG_INLINE L to_data(P&& p, L z, L& log_slope) const {
    const Bin<L> b = find<Way::to_data>(p, z, [](auto...) {});
    const Shape<L> f(b, (z - b.x) / b.width);
    const mask_t<L> in = inside(z);
    log_slope = lane::select(in, f.log_slope(), L(0.0));
    return lane::select(in, lane::mul_add(b.height, f.top / f.bottom, b.y), z);
  }
  template <Lane L, class P>
  ERG_INLINE L to_latent(P&& p, L x, L& log_slope) const {
    const Bin<L> b = find<Way::to_latent>(p, x, [](auto...) {});
    const L e = x - b.y, s = b.height / b.width, et = e * (b.left + b.right - (s + s));
    const L qa = lane::mul_add(b.height, s - b.left, et), qb = lane::mul_add(b.height, b.left, -et), qc = -(s * e);
    const L discriminant = lane::max(lane::mul_add(qb, qb, L(-4.0) * (qa * qc)), L(0.0));
    L t = clamp((qc + qc) / (-(qb + lane::sqrt(discriminant))));
    const Shape<L> near(b, t);
    t = clamp(t - lane::mul_add(b.height, near.top, -(e * near.bottom)) * near.bottom / (b.height * near.s * near.slope));
    const Shape<L> f(b, t);
    const mask_t<L> in = inside(x);
    log_slope = lane::select(in, f.log_slope(), L(0.0));
    return lane::select(in, lane::mul_add(b.width, t, b.x), x);
  }

  template <Way way, Lane L, class P, class Put>
  ERG_INLINE L pull_back(P&& p, L z, L g, L gl, Put&& put) const {
    L wide[K], high[K];  // softmax of widths and heights
    mask_t<L> from[K];   // z is in bin j or above
    const Bin<L> b = find<Way::to_data>(p, z, [&](int j, const L& w, const L& h, const mask_t<L>& m) __attribute__((always_inline)) {
      wide[j] = w;
      high[j] = h;
      from[j] = m;
    });
    const mask_t<L> in = inside(z);
    const L t = clamp((z - b.x) / b.width), u = L(1.0) - t, tu = t * u;
    const Shape<L> f(b, t);
    const L two(2.0), by_slope = two * (b.right * t - b.left * u), per_width = L(1.0) / b.width, per_bottom = L(1.0) / f.bottom;
    const L per_slope = L(1.0) / f.slope;
    // a = dF/dx, of the forward function; going to the latent side it is minus that of the implicit function, see affine.hpp
    L a = g, along = g;
    if constexpr (way == Way::to_latent) {
      const L bend = lane::mul_add(per_slope, by_slope + two * f.s * (u - t), -two * per_bottom * f.bend * (u - t)) * per_width;
      along = lane::mul_add(gl, bend, g) * (f.bottom * f.bottom) * per_slope / (f.s * f.s);
      a = -along;
    }
    const L g_top = a * b.height * per_bottom, g_slope = gl * per_slope;
    const L g_bottom = -lane::mul_add(g_top, f.top, gl + gl) * per_bottom, g_bend = g_bottom * tu;
    const L g_tu = lane::mul_add(g_top, b.left, g_bottom * f.bend) + two * g_slope * f.s;
    const L g_s = (gl + gl) / f.s + g_top * t * t + g_bottom - (g_bend + g_bend) + two * g_slope * tu;
    const L g_t = two * g_top * f.s * t + g_slope * by_slope + g_tu * (u - t);
    const L g_left = lane::mul_add(g_top, tu, g_bend) + g_slope * u * u, g_right = lane::mul_add(g_slope, t * t, g_bend);
    const L zero(0.0), g_x = -(g_t * per_width), g_width = -(lane::mul_add(g_t, t, g_s * f.s) * per_width);
    const L g_height = lane::mul_add(a, f.top * per_bottom, g_s * per_width);
    // knots: those left of the bin move it, its own stretch it
    const L scale(2.0 * bound * (1.0 - K * least));
    const auto share = [&](int first, const L* soft, const L& moves, const L& stretches) __attribute__((always_inline)) {
      L each[K], mean(0.0);
      for (int j = 0; j < K; ++j) {
        each[j] = lane::select(from[j], stretches, zero);
        if (j + 1 < K) each[j] = lane::select(from[j + 1], moves, each[j]);
        mean = lane::mul_add(soft[j], each[j], mean);
      }
      for (int j = 0; j < K; ++j) put(first + j, lane::select(in, scale * soft[j] * (each[j] - mean), zero));
    };
    const L raw_left = g_left * math::sigmoid(b.raw_left), raw_right = g_right * math::sigmoid(b.raw_right);
    share(0, wide, g_x, g_width);
    share(K, high, a, g_height);
    for (int j = 0; j < K - 1; ++j) {  // knot j + 1, on the right of bin j
      L v = lane::select(from[j + 1], raw_left, lane::select(from[j], raw_right, zero));
      if (j + 2 < K) v = lane::select(from[j + 2], zero, v);
      put(2 * K + j, lane::select(in, v, zero));
    }
    if constexpr (way == Way::to_latent) return lane::select(in, along, g);
    return lane::select(in, g_t * per_width, g);
  }

 private:
  template <class L>
  struct Bin {
    L x, y, width, height, left, right, raw_left, raw_right;
  };
  /// The terms of the spline at t in a bin.
  template <class L>
  struct Shape {
    L s, bend, top, bottom, slope;
    ERG_INLINE Shape(const Bin<L>& b, L t) {
      const L u = L(1.0) - t, tu = t * u;
      s = b.height / b.width;
      bend = b.left + b.right - (s + s);
      top = lane::mul_add(s, t * t, b.left * tu);
      bottom = lane::mul_add(bend, tu, s);
      slope = lane::mul_add(b.right, t * t, lane::mul_add(s + s, tu, b.left * (u * u)));
    }
    ERG_INLINE L log_slope() const {
      const L r = s / bottom;
      return math::log(r * r * slope);
    }
  };

  template <class L>
  ERG_INLINE static L clamp(L t) {
    return lane::min(lane::max(t, L(0.0)), L(1.0));
  }
  template <class L>
  ERG_INLINE mask_t<L> inside(L z) const {
    return lane::abs(z) <= L(bound);
  }
  /// exp(p - max) of K numbers; returns 1 / their sum.
  template <class L, class P>
  ERG_INLINE static L softmax(P&& p, int first, L* e) {
    L most = p(first);
    for (int j = 1; j < K; ++j) most = lane::max(L(p(first + j)), most);
    L sum(0.0);
    for (int j = 0; j < K; ++j) {
      e[j] = math::exp(L(p(first + j)) - most);
      sum = sum + e[j];
    }
    return L(1.0) / sum;
  }
  /// The bin of v, given on the side that `way` comes from; each(j, softmax of width j, of height j, v is right of knot j).
  template <Way way, class L, class P, class Each>
  ERG_INLINE Bin<L> find(P&& p, const L& v, Each&& each) const {
    L wide[K], high[K];
    const L per_wide = softmax<L>(p, 0, wide), per_high = softmax<L>(p, K, high);
    const L scale(2.0 * bound * (1.0 - K * least)), floor(2.0 * bound * least), offset(slope_offset), edge(raw_edge);
    Bin<L> b;
    L x(-bound), y(-bound);
    const auto size = [&](L soft) __attribute__((always_inline)) { return lane::mul_add(soft, scale, floor); };
    for (int j = 0; j < K; ++j) {
      const L w = wide[j] * per_wide, h = high[j] * per_high, width = size(w), height = size(h);
      const L left = j == 0 ? edge : L(p(2 * K + (j == 0 ? 0 : j - 1))) + offset;
      const L right = j == K - 1 ? edge : L(p(2 * K + (j == K - 1 ? 0 : j))) + offset;
      const mask_t<L> m = j == 0 ? L(0.0) == L(0.0) : v >= (way == Way::to_data ? x : y);
      if (j == 0) {
        b = {x, y, width, height, left, right, left, right};
      } else {
        b.x = lane::select(m, x, b.x);
        b.y = lane::select(m, y, b.y);
        b.width = lane::select(m, width, b.width);
        b.height = lane::select(m, height, b.height);
        b.raw_left = lane::select(m, left, b.raw_left);
        b.raw_right = lane::select(m, right, b.raw_right);
      }
      x = x + width;
      y = y + height;
      each(j, w, h, m);
    }
    b.left = math::softplus(b.raw_left) + L(least);
    b.right = math::softplus(b.raw_right) + L(least);
    return b;
  }
};

}  // namespace erg::flow
