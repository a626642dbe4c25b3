// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/exp.hpp"

namespace erg::math {
namespace detail {

struct TanhRule {
  static constexpr MaxUlp max_ulp{2.6, 2.7};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    // expm1(2a) / (expm1(2a) + 2): an error in expm1 fades as a grows; at the clamp the quotient is 1
    const L a = lane::min(L(is_single<L> ? 10.0 : 20.0), lane::abs(x));
    const auto [n, r] = reduce_exp(a + a);
    const L p = lane::scale(L(1.0), n);
    const L e = lane::mul_add(p, lane::mul_add(expm1_tail(r), r, r), p - L(1.0));
    return lane::copysign(e / (e + L(2.0)), x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return (L(1.0) - y) * (L(1.0) + y);
  }
};

struct SinhRule {
  static constexpr MaxUlp max_ulp{2.4, 2.6};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x);
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L);
};
struct CoshRule {
  static constexpr MaxUlp max_ulp{1.5, 1.5};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    // exp(a)/2 + 1/(2 exp(a)), from exp(a - ln 2) so as not to overflow early
    const auto [n, r] = reduce_exp(lane::min(L(exp_highest<L> + 0.5), lane::abs(x)));
    const L p = exp_near_zero(r);
    const L half = lane::scale(p, n - L(1.0));
    return half + L(0.25) / half;
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return Unary<SinhRule>{}(x);
  }
};

template <class L>
ERG_FN ERG_INLINE L SinhRule::value(L x) {
  // with t = expm1(a): (t + t / (t + 1)) / 2; past the range of expm1, a quarter of exp(a - ln 2) twice
  const L a = lane::min(L(exp_highest<L> + 0.5), lane::abs(x));
  const auto [n, r] = reduce_exp(a);
  const L quarter = lane::scale(L(0.25), n);
  const L e = lane::mul_add(expm1_tail(r), r, r);
  const L t = lane::mul_add(quarter, e, quarter - L(0.25));  // expm1(a) / 4
  const L y = t + L(0.25) * (t / (t + L(0.25)));
  return lane::copysign(y + y, x);
}
template <class L>
ERG_FN ERG_INLINE L SinhRule::derivative(L x, L) {
  return Unary<CoshRule>{}(x);
}

}  // namespace detail

/// Hyperbolic tangent.
///
/// Domain    all x
/// Max ULP   2.6 in float, 2.7 in double
/// Specials  tanh(+-0) = +-0, tanh(+-inf) = +-1; NaN gives NaN
ERG_OBJECT detail::Unary<detail::TanhRule> tanh{};

/// Hyperbolic sine.
///
/// Domain    all x
/// Max ULP   2.4 in float, 2.6 in double
/// Specials  sinh(+-0) = +-0, sinh(+-inf) = +-inf; NaN gives NaN
ERG_OBJECT detail::Unary<detail::SinhRule> sinh{};

/// Hyperbolic cosine.
///
/// Domain    all x
/// Max ULP   1.5 in float, 1.5 in double
/// Specials  cosh(+-0) = 1, cosh(+-inf) = inf; NaN gives NaN
ERG_OBJECT detail::Unary<detail::CoshRule> cosh{};

}  // namespace erg::math
