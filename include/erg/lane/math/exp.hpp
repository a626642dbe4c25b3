// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/function.hpp"

#include <cmath>

namespace erg::math {
namespace detail {

/// x = n ln 2 + r, |r| <= 0.35, n integer.
template <class L>
struct ExpReduction {
  L n, r;
};
template <class L>
ERG_FN ERG_INLINE ExpReduction<L> reduce_exp(L x) {
  constexpr auto magic = lane::Format<scalar_t<L>>::magic;
  const L n = lane::mul_add(x, L(0x1.71547652b82fep+0), L(magic)) - L(magic);
  // ln 2 in two pieces, the first short enough for an exact product with n even where products are rounded
  constexpr double high = is_single<L> ? 0x1.62e4p-1 : 0x1.62e42fefa4p-1;
  constexpr double low = is_single<L> ? 0x1.7f7d1cp-20 : -0x1.8432a1b0e2634p-43;
  return {n, lane::mul_add(n, L(-low), lane::mul_add(n, L(-high), x))};
}

/// exp(r) on |r| <= 0.35.
template <class L>
ERG_FN ERG_INLINE L exp_near_zero(L r) {
  if constexpr (is_single<L>) {
    return polynomial(r, 1.0, 1.0, 0x1.fffffcp-2, 0x1.555482p-3, 0x1.555822p-5, 0x1.12444p-7, 0x1.6afadcp-10);
  } else {
    return polynomial(r, 1.0, 1.0, 0x1.000000000000ap-1, 0x1.555555555539ap-3, 0x1.55555555501ddp-5, 0x1.1111111184653p-7,
                      0x1.6c16c18615bbep-10, 0x1.a019ff2636e8p-13, 0x1.a0199416ea715p-16, 0x1.71e3b6c145967p-19,
                      0x1.28b362fa1283ep-22, 0x1.a63acebcb5b41p-26);
  }
}
/// (exp(r) - 1 - r) / r on |r| <= 0.35.
template <class L>
ERG_FN ERG_INLINE L expm1_tail(L r) {
  if constexpr (is_single<L>) {
    return polynomial(r, 0x1.fffffep-2, 0x1.5554a4p-3, 0x1.555786p-5, 0x1.123178p-7, 0x1.6ae05ap-10) * r;
  } else {
    return polynomial(r, 0x1.0000000000005p-1, 0x1.5555555555537p-3, 0x1.5555555551e94p-5, 0x1.111111111995p-7,
                      0x1.6c16c17fffea1p-10, 0x1.a01a0172baaep-13, 0x1.a019a3cf7a8f4p-16, 0x1.71de8a8ed886ep-19,
                      0x1.28a5a2c4afc2cp-22, 0x1.ae6cb29b122f5p-26) * r;
  }
}

/// Beyond these exp overflows, or rounds to zero. Clamped in an order that lets NaN through.
template <class L>
inline constexpr double exp_highest = is_single<L> ? 89.0 : 710.0;
template <class L>
inline constexpr double exp_lowest = is_single<L> ? -104.0 : -746.0;

/// Whether exp and exp2 are those of the CUDA library, which has an instruction for 2^x: one float in the fast profile. Documented at no
/// more than 2 ULP (docs/numerics.md), for half the instructions. Its other functions cost what ours do, or promise less.
template <class L>
inline constexpr bool uses_device_exp = is_device_pass && !is_strict_build && std::is_same_v<L, Pack<float>>;

/// exp(x) for x <= 0 (or NaN).
template <class L>
ERG_FN ERG_INLINE L exp_of_negative(L x) {
  if constexpr (uses_device_exp<L>) return L::make(::expf(x.reg));
  const auto [n, r] = reduce_exp(lane::max(L(exp_lowest<L>), x));
  return lane::scale(exp_near_zero(r), n);
}

struct ExpRule {
  static constexpr MaxUlp max_ulp{1.0, 1.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    if constexpr (uses_device_exp<L>) return L::make(::expf(x.reg));
    return exp_of_negative(lane::min(L(exp_highest<L>), x));
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return y;
  }
};

struct Exp2Rule {
  static constexpr MaxUlp max_ulp{1.0, 1.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    if constexpr (uses_device_exp<L>) return L::make(::exp2f(x.reg));
    constexpr double top = is_single<L> ? 129.0 : 1025.0, bottom = is_single<L> ? -151.0 : -1076.0;
    const L y = lane::max(L(bottom), lane::min(L(top), x));
    const L n = lane::round_even(y);
    return lane::scale(exp_near_zero((y - n) * L(0x1.62e42fefa39efp-1)), n);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return y * L(0x1.62e42fefa39efp-1);
  }
};

struct Expm1Rule {
  static constexpr MaxUlp max_ulp{1.7, 2.1};
  /// expm1 for x <= highest, sign of zero lost.
  template <class L>
  ERG_FN ERG_INLINE static L below(L x) {
    constexpr double bottom = is_single<L> ? -18.0 : -38.0;
    const auto [n, r] = reduce_exp(lane::max(L(bottom), x));
    const L half = lane::scale(L(0.5), n);  // half of 2^n, for 2^128 is not a float
    const L e = lane::mul_add(expm1_tail(r), r, r);
    const L y = lane::mul_add(half, e, half - L(0.5));
    return y + y;
  }
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::copysign(below(lane::min(L(exp_highest<L>), x)), x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return y + L(1.0);
  }
};

}  // namespace detail

/// exp(x).
///
/// Domain    all x
/// Max ULP   1.0 in float, 1.0 in double
/// Specials  exp(-inf) = 0, exp(+-0) = 1, exp(inf) = inf; overflow to inf from 88.73 (709.79), gradual underflow to 0; NaN gives NaN
ERG_OBJECT detail::Unary<detail::ExpRule> exp{};

/// 2^x.
///
/// Domain    all x
/// Max ULP   1.0 in float, 1.0 in double
/// Specials  2^-inf = 0, 2^+-0 = 1, 2^inf = inf; exact at integers; gradual underflow; NaN gives NaN
ERG_OBJECT detail::Unary<detail::Exp2Rule> exp2{};

/// exp(x) - 1, accurate near 0.
///
/// Domain    all x
/// Max ULP   1.7 in float, 2.1 in double
/// Specials  expm1(+-0) = +-0, expm1(-inf) = -1, expm1(inf) = inf; NaN gives NaN
ERG_OBJECT detail::Unary<detail::Expm1Rule> expm1{};

}  // namespace erg::math
