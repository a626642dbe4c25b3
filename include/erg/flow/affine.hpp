// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/bijector.hpp"
#include "erg/lane/math.hpp"

/// Transforms: invertible functions of one number, whose parameters come from a conditioner.
///
///   static constexpr int n_parameters        of one number
///   L to_data(p, L z, L& log_slope) const    x = f(z; p(0), p(1), ...), log_slope = log dx/dz
///   L to_latent(p, L x, L& log_slope) const  z = f^-1(x), the same log_slope
///   L pull_back<way>(p, L z, L g, L gl, put) const
///       of that way: g, gl are dF/dresult and dF/dlog_slope; returns dF/dargument, calls put(i, dF/dp(i)) after its last p(.)
/// The gradient of the inverse needs no second derivation: with l = log_slope(z; p), x = f(z; p) held, dz = -(df/dp dp) / f', so its
/// pull-back by p is that of f at (-lambda, gl), lambda = (g + gl dl/dz) / f', which is itself dF/dx.
namespace erg::flow {

/// Functions s(raw), the logarithm of a scale: 0 at 0, slope 1 there (Sigmoid2: 1/2).
struct Exp {
  template <Lane L>
  ERG_INLINE L operator()(L raw) const {
    return raw;
  }
};
/// c tanh(raw / c): |s| < c. A stack in which every coordinate is transformed n times scales it by at most exp(n c).
struct TanhBounded {
  double c = 1.0;
  template <Lane L>
  ERG_INLINE L operator()(L raw) const {
    using T = scalar_t<L>;
    return math::tanh(raw * static_cast<T>(1.0 / c)) * static_cast<T>(c);
  }
};
/// (2 c / pi) atan(pi raw / (2 c)): |s| < c, and slower to saturate.
struct SoftClamp {
  double c = 2.0;
  template <Lane L>
  ERG_INLINE L operator()(L raw) const {
    using T = scalar_t<L>;
    const double k = 2.0 * c / 3.14159265358979324;
    return math::atan(raw * static_cast<T>(1.0 / k)) * static_cast<T>(k);
  }
};
/// exp(s) = 2 sigmoid(raw): scales in (0, 2).
struct Sigmoid2 {
  template <Lane L>
  ERG_INLINE L operator()(L raw) const {
    return math::log_sigmoid(raw) + 0.693147180559945309;
  }
};

/// x = z + t, p = (t).                                          Source  Dinh, Krueger, Bengio (2015), NICE, section 3.2
struct Additive {
  static constexpr int n_parameters = 1;

  template <Lane L, class P>
  ERG_INLINE L to_data(P&& p, L z, L& log_slope) const {
    log_slope = L(0.0);
    return z + p(0);
  }
  template <Lane L, class P>
  ERG_INLINE L to_latent(P&& p, L x, L& log_slope) const {
    log_slope = L(0.0);
    return x - p(0);
  }
  template <Way way, Lane L, class P, class Put>
  ERG_INLINE L pull_back(P&&, L, L g, L, Put&& put) const {
    put(0, way == Way::to_data ? g : -g);
    return g;
  }
};

/// x = z exp(s) + t, or (z + t) exp(s) with shift_first; s = ScaleMap(p(0)), t = p(1).
///                                                              Source  Dinh, Sohl-Dickstein, Bengio (2017), RealNVP, eq. (4)-(8)
template <class ScaleMap = TanhBounded, bool shift_first = false>
struct Affine {
  static constexpr int n_parameters = 2;
  ScaleMap scale{};

  template <Lane L, class P>
  ERG_INLINE L to_data(P&& p, L z, L& log_slope) const {
    log_slope = scale(L(p(0)));
    const L e = math::exp(log_slope), t = p(1);
    return shift_first ? (z + t) * e : lane::mul_add(z, e, t);
  }
  template <Lane L, class P>
  ERG_INLINE L to_latent(P&& p, L x, L& log_slope) const {
    log_slope = scale(L(p(0)));
    const L e = math::exp(-log_slope), t = p(1);
    return shift_first ? lane::mul_add(x, e, -t) : (x - t) * e;
  }
  template <Way way, Lane L, class P, class Put>
  ERG_INLINE L pull_back(P&& p, L z, L g, L gl, Put&& put) const {
    const Dual<L, 1> s = scale(make_dual(L(p(0))));
    const L t = p(1);
    const L e = math::exp(way == Way::to_data ? s.value : -s.value);
    const L scaled = g * e;                                            // dF/dz, or lambda = dF/dx
    const L along = way == Way::to_data ? scaled : -g;                 // (the adjoint of x) exp(s)
    const L shift = way == Way::to_data ? g : -scaled;                 // the adjoint of x
    put(0, lane::mul_add(along, shift_first ? z + t : z, gl) * s.tangent[0]);
    put(1, shift_first ? along : shift);
    return scaled;
  }
};

}  // namespace erg::flow
