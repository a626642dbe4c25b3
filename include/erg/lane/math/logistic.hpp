// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"

namespace erg::math {
namespace detail {

struct SigmoidRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const L y = exp_of_negative(-lane::abs(x));
    return lane::select(x >= L(0.0), L(1.0), y) / (L(1.0) + y);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return y * (L(1.0) - y);
  }
};

struct SoftplusRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::max(x, L(0.0)) + log1p_of_fraction(exp_of_negative(-lane::abs(x)));
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return Unary<SigmoidRule>{}(x);
  }
};

struct LogSigmoidRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::min(x, L(0.0)) - log1p_of_fraction(exp_of_negative(-lane::abs(x)));
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return Unary<SigmoidRule>{}(-x);
  }
};

struct LogAddExpRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L a, L b) {
    const L gap = lane::select(a == b, L(0.0), lane::abs(a - b));  // equal infinities have no difference
    return lane::max(a, b) + log1p_of_fraction(exp_of_negative(-gap));
  }
  template <class L>
  ERG_FN ERG_INLINE static void partials(L a, L b, L, L& da, L& db) {
    da = Unary<SigmoidRule>{}(a - b);
    db = Unary<SigmoidRule>{}(b - a);
  }
};

}  // namespace detail

ERG_OBJECT detail::Unary<detail::SigmoidRule> sigmoid{};
ERG_OBJECT detail::Unary<detail::SoftplusRule> softplus{};
ERG_OBJECT detail::Unary<detail::LogSigmoidRule> log_sigmoid{};
ERG_OBJECT detail::Binary<detail::LogAddExpRule> log_add_exp{};

}  // namespace erg::math
