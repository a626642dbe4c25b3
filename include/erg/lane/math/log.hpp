// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/function.hpp"

namespace erg::math {
namespace detail {

/// log(1 + r) on -0.25 <= r < 0.5.
template <class L>
ERG_FN ERG_INLINE L log1p_near_zero(L r) {
  if constexpr (is_single<L>) {  // r - r^2 (1/2 - r P(r))
    const L p = polynomial(r, -0.5, 0x1.5555a4p-2, -0x1.00004p-2, 0x1.99693ap-3, -0x1.54ef66p-3, 0x1.288b5ap-3, -0x1.0d96fcp-3,
                           0x1.ac6c5cp-4, -0x1.70aa2p-5);
    return lane::mul_add(p, r * r, r);
  } else {  // s = r / (2 + r): log(1 + r) = 2 s + s^3 P(s^2) = r - s (r - s^2 P), of which the last term is small
    const L s = r / (r + L(2.0));
    const L z = s * s;
    const L p = polynomial(z, 0x1.555555555554fp-1, 0x1.999999999c187p-2, 0x1.24924921e3259p-2, 0x1.c71c7490e642bp-3,
                           0x1.745c4a9316054p-3, 0x1.3b35ca42803e2p-3, 0x1.0dcaf4faa3fb6p-3, 0x1.1b85d89da5ee8p-3);
    return lane::mul_add(s, lane::mul_add(z, p, -r), r);
  }
}
/// n ln 2 + y. The low part of ln 2 is positive, so that an infinite n survives.
template <class L>
ERG_FN ERG_INLINE L add_ln2_times(L n, L y) {
  if constexpr (is_single<L>) {
    return lane::mul_add(n, L(0x1.62e43p-1), y);
  } else {
    return lane::mul_add(n, L(0x1.62e42fefa39efp-1), lane::mul_add(n, L(0x1.abc9e3b39803fp-56), y));
  }
}

struct LogRule {
  static constexpr MaxUlp max_ulp{1.0, 1.2};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const auto [m, e] = lane::split(x);
    return add_ln2_times(e, log1p_near_zero(m - L(1.0)));
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(1.0) / x;
  }
};

struct Log2Rule {
  static constexpr MaxUlp max_ulp{1.8, 1.8};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const auto [m, e] = lane::split(x);
    return lane::mul_add(log1p_near_zero(m - L(1.0)), L(0x1.71547652b82fep+0), e);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(0x1.71547652b82fep+0) / x;
  }
};

struct Log1pRule {
  static constexpr MaxUlp max_ulp{1.0, 1.2};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    using F = lane::Format<scalar_t<L>>;
    using Bits = bits_t<L>;
    using Word = typename F::Word;
    const L u = x + L(1.0);
    const auto [m, e] = lane::split(u);
    // (1 + x) 2^-e - 1 from x itself, not from the rounded 1 + x; beyond 2^24 (2^53) nothing is lost, but 2^-e may not exist
    constexpr Word exponent_field = Word(~F::sign) & Word(~F::fraction);
    const Bits k = (lane::to_bits(u) + Bits(Word(1) << (F::fraction_bits - 1))) & Bits(exponent_field);
    const L inverse = lane::from_bits<L>(Bits(Word(F::one + F::one)) - k);
    const mask_t<L> ordinary = u >= L(0.0) && u < L(scalar_t<L>(Word(2) << F::fraction_bits));
    const L r = lane::select(ordinary, lane::mul_add(x, inverse, inverse - L(1.0)), m - L(1.0));
    const L y = add_ln2_times(e, log1p_near_zero(r));
    return lane::select(lane::abs(x) < L(F::smallest_normal), x, y);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(1.0) / (L(1.0) + x);
  }
};

/// log(1 + y) for 0 <= y <= 1 (or NaN).
template <class L>
ERG_FN ERG_INLINE L log1p_of_fraction(L y) {
  if constexpr (is_single<L>) {
    const L p = polynomial(y, -0x1.ffffd2p-2, 0x1.554ddp-2, -0x1.ff23e4p-3, 0x1.934b3cp-3, -0x1.3a42eep-3, 0x1.b4abfcp-4,
                           -0x1.d6ab6ep-5, 0x1.491144p-6, -0x1.af3c5ep-9);
    return lane::mul_add(p * y, y, y);
  } else {
    const mask_t<L> upper = y > L(0.5);
    const L r = lane::select(upper, lane::mul_add(y, L(0.5), L(-0.5)), y);
    return add_ln2_times(lane::select(upper, L(1.0), L(0.0)), log1p_near_zero(r));
  }
}

}  // namespace detail

/// Natural logarithm.
///
/// Domain    x >= 0
/// Max ULP   1.0 in float, 1.2 in double
/// Specials  log(+-0) = -inf, log(inf) = inf, log(1) = 0; x < 0 gives NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::LogRule> log{};

/// Logarithm to base 2.
///
/// Domain    x >= 0
/// Max ULP   1.8 in float, 1.8 in double
/// Specials  log2(+-0) = -inf, log2(inf) = inf; exact at powers of 2; x < 0 gives NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::Log2Rule> log2{};

/// log(1 + x), accurate near 0.
///
/// Domain    x >= -1
/// Max ULP   1.0 in float, 1.2 in double
/// Specials  log1p(+-0) = +-0, log1p(-1) = -inf, log1p(inf) = inf; x < -1 gives NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::Log1pRule> log1p{};

}  // namespace erg::math
