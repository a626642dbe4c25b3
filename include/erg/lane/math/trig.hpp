// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/function.hpp"

namespace erg::math {

/// The result of sincos.
template <class L>
struct SinCos {
  L sin, cos;
};

namespace detail {

/// x = n pi/2 + r; the quadrant is n mod 4, in the low bits.
template <class L>
struct QuarterTurns {
  bits_t<L> quadrant;
  L r;
};
template <class L, class... C>
ERG_FN ERG_INLINE L subtract_multiples(L n, L x, double c, C... more) {
  const L r = lane::mul_add(n, L(-c), x);
  if constexpr (sizeof...(C) == 0) {
    return r;
  } else {
    return subtract_multiples(n, r, more...);
  }
}
template <class L>
ERG_FN ERG_INLINE QuarterTurns<L> reduce_trig(L x) {
  constexpr auto magic = lane::Format<scalar_t<L>>::magic;
  const L t = lane::mul_add(x, L(0x1.45f306dc9c883p-1), L(magic));
  const L n = t - L(magic);
  // Cody and Waite: fused, pi/2 in full-length pieces; else in pieces whose products with n are exact. All are positive, so that
  // -0 stays -0
  L r = x;
  if constexpr (is_single<L> && lane::fuses) {
    r = subtract_multiples(n, x, 0x1.921fb4p+0, 0x1.4442dp-24, 0x1.84698ap-48);
  } else if constexpr (is_single<L>) {
    r = subtract_multiples(n, x, 0x1.92p+0, 0x1.fap-12, 0x1.54p-20, 0x1.1p-30, 0x1.68c234p-39);
  } else if constexpr (lane::fuses) {
    r = subtract_multiples(n, x, 0x1.921fb54442d18p+0, 0x1.1a62633145c06p-54, 0x1.c1cd129024e09p-107);
  } else {
    r = subtract_multiples(n, x, 0x1.921fb54p+0, 0x1.10b46118p-30, 0x1.313198ap-61, 0x1.701b839a25205p-92);
  }
  // Far outside the domain r is no remainder at all: keep the result within [-1, 1]. NaN passes.
  return {lane::to_bits(t), lane::min(L(0.8), lane::max(L(-0.8), r))};
}

/// sin and cos on |r| <= pi/4.
template <class L>
ERG_FN ERG_INLINE L sin_near_zero(L r, L r2) {
  if constexpr (is_single<L>) {  // the sum with 0 turns -0 into 0, so that sin(-0) = -0
    const L p = lane::mul_add(r2, polynomial(r2, -0x1.555546p-3, 0x1.11077cp-7, -0x1.9955b4p-13), L(0.0));
    return lane::mul_add(p, r, r);
  } else {
    const L p = lane::mul_add(r2, polynomial(r2, -0x1.5555555555549p-3, 0x1.111111110f89dp-7, -0x1.a01a019c144b4p-13,
                                             0x1.71de35791f7d8p-19, -0x1.ae5e66cf37b1bp-26, 0x1.5d930e2ce8049p-33), L(0.0));
    return lane::mul_add(p, r, r);
  }
}
template <class L>
ERG_FN ERG_INLINE L cos_near_zero(L r2) {
  if constexpr (is_single<L>) {
    return polynomial(r2, 1.0, -0.5, 0x1.55554ap-5, -0x1.6c0c1ap-10, 0x1.99e0e6p-16);
  } else {
    return polynomial(r2, 1.0, -0.5, 0x1.555555555554cp-5, -0x1.6c16c16c15218p-10, 0x1.a01a019cbe329p-16, -0x1.27e4f81190abdp-22,
                      0x1.1ee9f0609298ep-29, -0x1.8fb0a09892b01p-37);
  }
}

template <class L>
ERG_FN ERG_INLINE SinCos<L> sincos_of(L x) {
  using F = lane::Format<scalar_t<L>>;
  using Bits = bits_t<L>;
  constexpr int to_sign = 8 * static_cast<int>(sizeof(scalar_t<L>)) - 2;
  const auto [q, r] = reduce_trig(x);
  const L r2 = r * r;
  const L s = sin_near_zero(r, r2), c = cos_near_zero(r2);
  const Bits one(static_cast<typename F::Word>(1)), sign(F::sign);
  const mask_t<L> odd = lane::has_bits<L>(q, one);
  const L sin = lane::from_bits<L>(lane::to_bits(lane::select(odd, c, s)) ^ ((q << to_sign) & sign));
  const L cos = lane::from_bits<L>(lane::to_bits(lane::select(odd, s, c)) ^ (((q + one) << to_sign) & sign));
  return {sin, cos};
}

struct SinCosFunction {
  template <class L>
    requires Lane<L>
  ERG_FN ERG_INLINE constexpr SinCos<L> operator()(L x) const {
    if constexpr (is_dual_v<L>) {
      const auto [s, c] = (*this)(x.value);
      return {x.chain(s, c), x.chain(c, -s)};
    } else if constexpr (is_bare<L>) {
      const auto [s, c] = sincos_of(Pack<L>::make(x));
      return {s.reg, c.reg};
    } else {
      return sincos_of(x);
    }
  }
};

struct SinRule {
  static constexpr MaxUlp max_ulp{1.6, 1.6};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return sincos_of(x).sin;
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return SinCosFunction{}(x).cos;
  }
};
struct CosRule {
  static constexpr MaxUlp max_ulp{1.6, 1.6};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return sincos_of(x).cos;
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return -SinCosFunction{}(x).sin;
  }
};
struct TanRule {
  static constexpr MaxUlp max_ulp{3.2, 3.2};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const auto [s, c] = sincos_of(x);
    return s / c;
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return L(1.0) + y * y;
  }
};

}  // namespace detail

/// Sine and cosine at once, for little more than the price of one, as sincos(x).sin and .cos.
///
/// Domain, Max ULP, Specials   those of sin and cos
ERG_OBJECT detail::SinCosFunction sincos{};

/// Sine.
///
/// Domain    |x| <= 1e5; farther out the result is finite and within [-1, 1], without a bound on its error
/// Max ULP   1.6 in float, 1.6 in double
/// Specials  sin(+-0) = +-0, sin(+-inf) = NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::SinRule> sin{};

/// Cosine.
///
/// Domain    as sin
/// Max ULP   1.6 in float, 1.6 in double
/// Specials  cos(+-0) = 1, cos(+-inf) = NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::CosRule> cos{};

/// Tangent.
///
/// Domain    as sin
/// Max ULP   3.2 in float, 3.2 in double
/// Specials  tan(+-0) = +-0, tan(+-inf) = NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::TanRule> tan{};

}  // namespace erg::math
