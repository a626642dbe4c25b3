// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/double_word.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"

namespace erg::math {
namespace detail {

/// log(x) as an unevaluated sum, so that y log(x) may be large and its exponential still right.
template <class L>
struct DoubleWord {
  L high, low;
};
template <class L>
ERG_FN ERG_INLINE DoubleWord<L> log_double_word(L x) {
  const auto [m, e] = lane::split(x);
  // log m = 2 s + s^3 P(s^2), s = (m - 1) / (m + 1) with its remainder
  const L r = m - L(1.0);
  const L d = r + L(2.0), d_low = r - (d - L(2.0));
  const L s = r / d;
  const L p = s * d;
  const L s_low = (((r - p) - product_error(s, d, p)) - s * d_low) / d;
  const L z = s * s;
  L tail = L(0.0);
  if constexpr (is_single<L>) {
    tail = polynomial(z, 0x1.555556p-1, 0x1.9997f6p-2, 0x1.24c718p-2, 0x1.d2fbb6p-3);
  } else {
    tail = polynomial(z, 0x1.555555555554fp-1, 0x1.999999999c187p-2, 0x1.24924921e3259p-2, 0x1.c71c7490e642bp-3,
                      0x1.745c4a9316054p-3, 0x1.3b35ca42803e2p-3, 0x1.0dcaf4faa3fb6p-3, 0x1.1b85d89da5ee8p-3);
  }
  const L high = s + s;
  const L low = lane::mul_add(tail, z * s, s_low + s_low);
  constexpr double ln2 = is_single<L> ? 0x1.62e4p-1 : 0x1.62e42fefa4p-1;  // short: its product with e is exact
  constexpr double ln2_low = is_single<L> ? 0x1.7f7d1cp-20 : -0x1.8432a1b0e2634p-43;
  const L n = e * L(ln2);
  const L sum = n + high;
  const L parts = ((n - sum) + high) + lane::mul_add(e, L(ln2_low), low);  // NaN where sum is infinite
  const L rest = lane::select(lane::is_finite(sum), parts, L(0.0));
  const L total = sum + rest;
  return {total, lane::select(lane::is_finite(sum), (sum - total) + rest, L(0.0))};
}

struct PowRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L x, L y) {
    const auto [log, log_low] = log_double_word(x);
    const L p = lane::max(L(exp_lowest<L>), lane::min(L(exp_highest<L>), y * log));
    const L p_low = lane::mul_add(y, log_low, product_error(y, log, p));
    const auto [n, r] = reduce_exp(p);
    const mask_t<L> inside = p > L(exp_lowest<L>) && p < L(exp_highest<L>);
    const L power = lane::scale(exp_near_zero(r + lane::select(inside, p_low, L(0.0))), n);
    return lane::select(y == L(0.0) || x == L(1.0), L(1.0), power);
  }
  template <class L>
  ERG_FN ERG_INLINE static void partials(L x, L y, L z, L& dx, L& dy) {
    dx = y * Binary<PowRule>{}(x, y - L(1.0));
    dy = lane::select(x == L(0.0), L(0.0), z * Unary<LogRule>{}(x));
  }
};

template <int N>
struct PowerRule {
  static constexpr MaxUlp max_ulp{N < 0 ? 1.0 - N : 1.0 + N, N < 0 ? 1.0 - N : 1.0 + N};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    if constexpr (N < 0) {
      return L(1.0) / PowerRule<-N>::value(x);
    } else if constexpr (N == 0) {
      return L(1.0);
    } else if constexpr (N == 1) {
      return x;
    } else {
      const L half = PowerRule<N / 2>::value(x);
      return N % 2 == 0 ? half * half : half * half * x;
    }
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(static_cast<double>(N)) * Unary<PowerRule<N - 1>>{}(x);
  }
};

}  // namespace detail

/// x^y for x >= 0, as exp(y log x) with the logarithm in two words.
///
/// Domain    x >= 0, all y; x < 0 gives NaN even where y is an integer: power<N>(x) takes those
/// Max ULP   1.4 + |y log x| / 12 and no more than 9 in float, 1.4 + |y log x| / 25 and no more than 12 in double
/// Specials  pow(x, +-0) = pow(1, y) = 1, NaN included; pow(+-0, y) = 0 for y > 0, inf for y < 0; pow(inf, y) and pow(x, +-inf) are
///           the limits; gradual underflow; otherwise NaN gives NaN
ERG_OBJECT detail::Binary<detail::PowRule> pow{};

/// x^N for an integer N known at compile time, of either sign, by repeated squaring; any x.
///
/// Max ULP   1 + |N|
/// Specials  as the products say; power<0>(x) = 1
template <int N>
ERG_OBJECT detail::Unary<detail::PowerRule<N>> power{};

}  // namespace erg::math
