// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/function.hpp"

namespace erg::math {
namespace detail {

/// atan(x) on 0 <= x <= 1.
template <class L>
ERG_FN ERG_INLINE L atan_of_fraction(L x) {
  const L z = x * x;
  if constexpr (is_single<L>) {
    return lane::mul_add(polynomial(z, -0x1.55553ep-2, 0x1.9991e4p-3, -0x1.242086p-3, 0x1.c08c46p-4, -0x1.5808d6p-4, 0x1.da2834p-5,
                                    -0x1.fd7806p-6, 0x1.641b34p-7, -0x1.d3424ap-10) * z, x, x);
  } else {
    return lane::mul_add(polynomial(z, -0x1.55555555554ap-2, 0x1.999999998b81p-3, -0x1.24924921760dp-3, 0x1.c71c7112435fp-4,
                                    -0x1.745d0ac8d5858p-4, 0x1.3b131d7b11049p-4, -0x1.110c3420059d2p-4, 0x1.e1a4f0d6ac2f1p-5,
                                    -0x1.ae0368c4bc155p-5, 0x1.81c57872d693ep-5, -0x1.571a42f5379d4p-5, 0x1.279564ff3fbcfp-5,
                                    -0x1.dd179be6ff5ecp-6, 0x1.5a59465e53987p-6, -0x1.b0d0ec9111988p-7, 0x1.bc0bd6d274f8ap-8,
                                    -0x1.621c2bc6fa1p-9, 0x1.97bb5ba7abc7dp-11, -0x1.2b7c6209fbb36p-13, 0x1.a37f4e6e0f42fp-17) * z, x,
                                    x);
  }
}
/// pi/2 - r and pi - r, their constants in two words.
template <class L>
ERG_FN ERG_INLINE L from_half_pi(L r) {
  constexpr double low = is_single<L> ? -0x1.777a5cp-25 : 0x1.1a62633145c07p-54;
  return L(0x1.921fb54442d18p+0) - (r - L(low));
}
template <class L>
ERG_FN ERG_INLINE L from_pi(L r) {
  constexpr double low = is_single<L> ? -0x1.777a5cp-24 : 0x1.1a62633145c07p-53;
  return L(0x1.921fb54442d18p+1) - (r - L(low));
}

struct AtanRule {
  static constexpr MaxUlp max_ulp{1.4, 1.8};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const L a = lane::abs(x);
    const mask_t<L> steep = a > L(1.0);
    const L r = atan_of_fraction(lane::select(steep, L(1.0) / a, a));
    return lane::copysign(lane::select(steep, from_half_pi(r), r), x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(1.0) / lane::mul_add(x, x, L(1.0));
  }
};

struct Atan2Rule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L y, L x) {
    using F = lane::Format<scalar_t<L>>;
    const L a = lane::abs(y), b = lane::abs(x);
    const mask_t<L> steep = a > b;
    const L quotient = lane::select(steep, b, a) / lane::select(steep, a, b);
    // equal: 0 / 0 stands for 0, infinity / infinity for 1
    const L t = lane::select(a == b, lane::select(a > L(0.0), L(1.0), L(0.0)), quotient);
    const L r = atan_of_fraction(t);
    const mask_t<L> left = lane::has_bits<L>(lane::to_bits(x), bits_t<L>(F::sign));
    const L up = from_half_pi(lane::select(left, -r, r)), level = lane::select(left, from_pi(r), r);
    return lane::copysign(lane::select(steep, up, level), y);
  }
  template <class L>
  ERG_FN ERG_INLINE static void partials(L y, L x, L, L& dy, L& dx) {
    const L n = x * x + y * y;
    dy = x / n;
    dx = -y / n;
  }
};

}  // namespace detail

/// Arc tangent.
///
/// Domain    all x
/// Max ULP   1.4 in float, 1.8 in double
/// Specials  atan(+-0) = +-0, atan(+-inf) = +-pi/2; NaN gives NaN
ERG_OBJECT detail::Unary<detail::AtanRule> atan{};
/// Angle of the point (x, y) from the positive x axis: atan2(y, x), in [-pi, pi].
///
/// Domain    all y, x whose quotient, the smaller by the larger, does not underflow
/// Max ULP   1.8 in float, 2.0 in double
/// Specials  as in C: signed zeros and infinities give multiples of pi/4; NaN gives NaN
ERG_OBJECT detail::Binary<detail::Atan2Rule> atan2{};

}  // namespace erg::math
