// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/pack.hpp"
#include "erg/lane/ops.hpp"

/// Elementary functions over any lane, as function objects: erg::math::exp(x), never std::exp(x).
///
/// Lanes     float, double, Pack, xsimd::batch, Archetype, and Dual over any of them, with its derivative rule
/// Numerics  built from + - * / sqrt, fused multiply-add and integer operations only, without tables or branches on masks: a
///           strict build gives the same bits on every lane type and machine, and nothing leaves the registers
/// Max ULP   the greatest distance from the exact value, in units of the last place of that value, over the whole domain,
///           subnormal arguments and results included. The figure is a constant, exp.max_ulp.in_float, which the tests measure
///           against. A build without fused multiply-add that is not strict may add MaxUlp::unfused.
namespace erg {

/// True for Dual<L, N> (lane/dual.hpp).
template <class L>
inline constexpr bool is_dual_v = false;

namespace math {

/// Greatest error of a function in units of the last place.
struct MaxUlp {
  double in_float, in_double;
  /// To be added where a * b + c is rounded twice.
  static constexpr double unfused = 2.0;
};

}  // namespace math

namespace math::detail {

template <class L>
inline constexpr bool is_single = sizeof(scalar_t<L>) == 4;

/// Bare registers, in which a literal would be promoted or misread, are computed with as Pack.
template <class L>
inline constexpr bool is_bare = std::is_arithmetic_v<L> || requires { typename L::register_type; };

/// c0 + c1 x + c2 x^2 + ..., by Horner's rule.
template <class L>
ERG_FN ERG_INLINE L polynomial(L, double c) {
  return L(c);
}
template <class L, class... C>
ERG_FN ERG_INLINE L polynomial(L x, double c, C... more) {
  return lane::mul_add(polynomial(x, more...), x, L(c));
}

/// A function of one variable from a Rule: max_ulp, static value(x), and static derivative(x, y) at y = value(x).
template <class Rule>
struct Unary {
  static constexpr MaxUlp max_ulp = Rule::max_ulp;

  template <class L>
    requires Lane<L>
  ERG_FN ERG_INLINE constexpr L operator()(L x) const {
    if constexpr (is_dual_v<L>) {
      const auto y = (*this)(x.value);
      return x.chain(y, Rule::derivative(x.value, y));
    } else if constexpr (is_bare<L>) {
      return Rule::value(Pack<L>::make(x)).reg;
    } else {
      return Rule::value(x);
    }
  }
};

/// A function of two variables from a Rule: static value(a, b), and static partials(a, b, y, da, db) at y = value(a, b).
template <class Rule>
struct Binary {
  template <class L>
    requires Lane<L>
  ERG_FN ERG_INLINE constexpr L operator()(L a, std::type_identity_t<L> b) const {
    if constexpr (is_dual_v<L>) {
      const auto y = (*this)(a.value, b.value);
      auto da = y, db = y;
      Rule::partials(a.value, b.value, y, da, db);
      return a.chain(y, da, b, db);
    } else if constexpr (is_bare<L>) {
      return Rule::value(Pack<L>::make(a), Pack<L>::make(b)).reg;
    } else {
      return Rule::value(a, b);
    }
  }
};

}  // namespace math::detail
}  // namespace erg
