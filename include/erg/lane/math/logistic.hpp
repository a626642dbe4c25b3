// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"

namespace erg::math {
namespace detail {

/// -|x|, by setting the sign.
template <class L>
ERG_FN ERG_INLINE L minus_abs(L x) {
  return lane::from_bits<L>(lane::to_bits(x) | bits_t<L>(lane::Format<scalar_t<L>>::sign));
}

struct SigmoidRule {
  static constexpr MaxUlp max_ulp{2.5, 2.5};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const L y = exp_of_negative(minus_abs(x));
    return lane::select(x >= L(0.0), L(1.0), y) / (L(1.0) + y);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return y * (L(1.0) - y);
  }
};

struct SoftplusRule {
  static constexpr MaxUlp max_ulp{2.1, 2.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::max(x, L(0.0)) + log1p_of_fraction(exp_of_negative(minus_abs(x)));
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return Unary<SigmoidRule>{}(x);
  }
};

struct LogSigmoidRule {
  static constexpr MaxUlp max_ulp{2.0, 2.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::min(x, L(0.0)) - log1p_of_fraction(exp_of_negative(minus_abs(x)));
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return Unary<SigmoidRule>{}(-x);
  }
};

struct LogAddExpRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L a, L b) {
    const L gap = lane::select(a == b, L(0.0), a - b);  // equal infinities have no difference
    return lane::max(a, b) + log1p_of_fraction(exp_of_negative(minus_abs(gap)));
  }
  template <class L>
  ERG_FN ERG_INLINE static void partials(L a, L b, L, L& da, L& db) {
    da = Unary<SigmoidRule>{}(a - b);
    db = Unary<SigmoidRule>{}(b - a);
  }
};

}  // namespace detail

/// 1 / (1 + exp(-x)).
///
/// Domain    all x
/// Max ULP   2.5 in float, 2.5 in double
/// Specials  sigmoid(-inf) = 0, sigmoid(+-0) = 0.5, sigmoid(inf) = 1; keeps its digits down to underflow; NaN gives NaN
ERG_OBJECT detail::Unary<detail::SigmoidRule> sigmoid{};

/// log(1 + exp(x)).
///
/// Domain    all x
/// Max ULP   2.1 in float, 2.0 in double
/// Specials  softplus(-inf) = 0, softplus(inf) = inf; keeps its digits down to underflow; NaN gives NaN
ERG_OBJECT detail::Unary<detail::SoftplusRule> softplus{};

/// log(1 / (1 + exp(-x))) = -softplus(-x).
///
/// Domain    all x
/// Max ULP   2.0 in float, 2.0 in double
/// Specials  log_sigmoid(-inf) = -inf, log_sigmoid(inf) = 0; NaN gives NaN
ERG_OBJECT detail::Unary<detail::LogSigmoidRule> log_sigmoid{};
/// log(exp(a) + exp(b)).
///
/// Domain    all a, b
/// Error     at most 2 units in the last place of the largest of |a|, |b| and the result (where a and b are close to -log 2 the
///           result itself vanishes)
/// Specials  log_add_exp(-inf, b) = b, log_add_exp(inf, b) = inf, also for equal infinities; NaN gives NaN
ERG_OBJECT detail::Binary<detail::LogAddExpRule> log_add_exp{};

}  // namespace erg::math
