// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/function.hpp"

namespace erg::math {
namespace detail {

struct SqrtRule {
  static constexpr MaxUlp max_ulp{0.5, 0.5};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::sqrt(x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return L(0.5) / y;
  }
};
struct AbsRule {
  static constexpr MaxUlp max_ulp{0.0, 0.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::abs(x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return lane::select(x < L(0.0), L(-1.0), L(1.0));
  }
};
struct FloorRule {
  static constexpr MaxUlp max_ulp{0.0, 0.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::floor(x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L) {
    return L(0.0);
  }
};
struct RoundRule {
  static constexpr MaxUlp max_ulp{0.0, 0.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return lane::round(x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L) {
    return L(0.0);
  }
};
struct SquareRule {
  static constexpr MaxUlp max_ulp{0.5, 0.5};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    return x * x;
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return x + x;
  }
};
struct MinRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L a, L b) {
    return lane::min(a, b);
  }
  template <class L>
  ERG_FN ERG_INLINE static void partials(L a, L b, L, L& da, L& db) {
    da = lane::select(a < b, L(1.0), L(0.0));
    db = L(1.0) - da;
  }
};
struct MaxRule {
  template <class L>
  ERG_FN ERG_INLINE static L value(L a, L b) {
    return lane::max(a, b);
  }
  template <class L>
  ERG_FN ERG_INLINE static void partials(L a, L b, L, L& da, L& db) {
    da = lane::select(a > b, L(1.0), L(0.0));
    db = L(1.0) - da;
  }
};
struct IsFinite {
  template <class L>
    requires Lane<L>
  ERG_FN ERG_INLINE constexpr mask_t<L> operator()(L x) const {
    return lane::is_finite(x);
  }
};

}  // namespace detail

/// Square root, correctly rounded (0.5 ULP). sqrt(-0) = -0; x < 0 and NaN give NaN.
ERG_OBJECT detail::Unary<detail::SqrtRule> sqrt{};

/// Absolute value, exact. Its derivative at 0 is taken as 1.
ERG_OBJECT detail::Unary<detail::AbsRule> abs{};

/// Largest integer not above x, exact, for every finite x.
ERG_OBJECT detail::Unary<detail::FloorRule> floor{};

/// Nearest integer, ties to even, exact, for every finite x.
ERG_OBJECT detail::Unary<detail::RoundRule> round{};

/// x * x (0.5 ULP).
ERG_OBJECT detail::Unary<detail::SquareRule> square{};

/// a < b ? a : b, so b where either is NaN.
ERG_OBJECT detail::Binary<detail::MinRule> min{};

/// a > b ? a : b, so b where either is NaN.
ERG_OBJECT detail::Binary<detail::MaxRule> max{};

/// Neither infinite nor NaN, as a mask. Of a dual: of its value.
ERG_OBJECT detail::IsFinite is_finite{};

using lane::select;

}  // namespace erg::math
