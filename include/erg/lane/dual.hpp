// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/function.hpp"

namespace erg {

/// A value with its derivatives in N directions: forward-mode automatic differentiation over any lane.
///
///   f(x + h t) = value + h * tangent + O(h^2)
///
/// Construct with make_dual, or from a literal or an L, which is constant. Nests for higher derivatives: Dual<Dual<L, 1>, 1>.
/// Every erg::math function, and select, min, max, abs, fma and sqrt of erg::lane, follow their derivative rules.
/// Comparisons are those of the values and yield mask_t<L>. A product costs 1 + 2N products, a math function its value, its
/// derivative and N products.
/// Numerics  a tangent may be NaN where a derivative is infinite: d sqrt(x) at 0.
template <class L, int N>
struct Dual {
  static_assert(N >= 1, "erg: Dual<L, N> needs at least one direction.");
  static constexpr int n_directions = N;

  L value;
  L tangent[N];

  Dual() = default;
  ERG_FN ERG_INLINE constexpr Dual(L constant) : value(constant) { clear(); }
  template <class A>
    requires(std::is_arithmetic_v<A> && !std::is_same_v<A, L>)
  ERG_FN ERG_INLINE constexpr Dual(A constant) : value(static_cast<scalar_t<L>>(constant)) {
    clear();
  }

  /// f(*this), given y = f(value) and d = f'(value).
  ERG_FN ERG_INLINE constexpr Dual chain(L y, L d) const {
    return map(y, [&](int i) { return d * tangent[i]; });
  }
  /// f(*this, b), given y = f(value, b.value) and the partial derivatives.
  ERG_FN ERG_INLINE constexpr Dual chain(L y, L da, const Dual& b, L db) const {
    return map(y, [&](int i) { return lane::mul_add(da, tangent[i], db * b.tangent[i]); });
  }

  ERG_FN ERG_INLINE friend constexpr Dual operator+(const Dual& a, const Dual& b) {
    return map(a.value + b.value, [&](int i) { return a.tangent[i] + b.tangent[i]; });
  }
  ERG_FN ERG_INLINE friend constexpr Dual operator-(const Dual& a, const Dual& b) {
    return map(a.value - b.value, [&](int i) { return a.tangent[i] - b.tangent[i]; });
  }
  ERG_FN ERG_INLINE friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    return a.chain(a.value * b.value, b.value, b, a.value);
  }
  ERG_FN ERG_INLINE friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    const L y = a.value / b.value, d = one() / b.value;
    return a.chain(y, d, b, negative(y * d));
  }
  ERG_FN ERG_INLINE friend constexpr Dual operator-(const Dual& a) {
    return map(negative(a.value), [&](int i) { return negative(a.tangent[i]); });
  }

  // A constant has no tangent to compute with: literals and L.
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator+(const Dual& a, C c) {
    return map(a.value + constant(c), [&](int i) { return a.tangent[i]; });
  }
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator+(C c, const Dual& a) {
    return a + c;
  }
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator-(const Dual& a, C c) {
    return map(a.value - constant(c), [&](int i) { return a.tangent[i]; });
  }
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator-(C c, const Dual& a) {
    return map(constant(c) - a.value, [&](int i) { return negative(a.tangent[i]); });
  }
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator*(const Dual& a, C c) {
    return a.chain(a.value * constant(c), constant(c));
  }
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator*(C c, const Dual& a) {
    return a * c;
  }
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator/(const Dual& a, C c) {
    return map(a.value / constant(c), [&](int i) { return a.tangent[i] / constant(c); });
  }
  template <class C>
    requires(std::is_arithmetic_v<C> || std::is_same_v<C, L>)
  ERG_FN ERG_INLINE friend constexpr Dual operator/(C c, const Dual& a) {
    const L y = constant(c) / a.value;
    return a.chain(y, negative(y / a.value));
  }

  ERG_FN ERG_INLINE friend constexpr mask_t<L> operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  ERG_FN ERG_INLINE friend constexpr mask_t<L> operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
  ERG_FN ERG_INLINE friend constexpr mask_t<L> operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
  ERG_FN ERG_INLINE friend constexpr mask_t<L> operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }
  ERG_FN ERG_INLINE friend constexpr mask_t<L> operator==(const Dual& a, const Dual& b) { return a.value == b.value; }
  ERG_FN ERG_INLINE friend constexpr mask_t<L> operator!=(const Dual& a, const Dual& b) { return a.value != b.value; }
  ERG_FN ERG_INLINE constexpr Dual& operator+=(const Dual& b) { return *this = *this + b; }
  ERG_FN ERG_INLINE constexpr Dual& operator-=(const Dual& b) { return *this = *this - b; }
  ERG_FN ERG_INLINE constexpr Dual& operator*=(const Dual& b) { return *this = *this * b; }
  ERG_FN ERG_INLINE constexpr Dual& operator/=(const Dual& b) { return *this = *this / b; }

  /// The dual with value y and tangent f(i).
  template <class F>
  ERG_FN ERG_INLINE static constexpr Dual map(L y, F f) {
    Dual r;
    r.value = y;
    for (int i = 0; i < N; ++i) r.tangent[i] = f(i);
    return r;
  }

 private:
  template <class C>
  ERG_FN ERG_INLINE static constexpr L constant(C c) {
    if constexpr (std::is_same_v<C, L>) {
      return c;
    } else {
      return L(static_cast<scalar_t<L>>(c));
    }
  }
  ERG_FN ERG_INLINE static constexpr L one() { return L(scalar_t<L>(1)); }
  ERG_FN ERG_INLINE static constexpr L negative(const L& a) { return lane_ops<L>::neg(a); }
  ERG_FN ERG_INLINE constexpr void clear() {
    for (int i = 0; i < N; ++i) tangent[i] = L(scalar_t<L>(0));
  }
};

template <class L, int N>
inline constexpr bool is_dual_v<Dual<L, N>> = true;

/// x as a variable: tangent 1 in the given direction, 0 in the others. Requires 0 <= direction < N.
template <int N = 1, class L>
ERG_FN ERG_INLINE Dual<L, N> make_dual(L x, int direction = 0) {
  return Dual<L, N>::map(x, [&](int i) { return L(scalar_t<L>(i == direction ? 1 : 0)); });
}

template <class L, int N>
struct lane_traits<Dual<L, N>> : lane_traits<L> {};

template <class Inner, int N>
struct lane_ops<Dual<Inner, N>> {
  using L = Dual<Inner, N>;
  using Mask = mask_t<Inner>;
  ERG_FN ERG_INLINE static constexpr L neg(const L& a) { return -a; }
  ERG_FN ERG_INLINE static L fma(const L& a, const L& b, const L& c) {
    return L::map(lane::fma(a.value, b.value, c.value),
                  [&](int i) { return lane::mul_add(a.value, b.tangent[i], lane::mul_add(a.tangent[i], b.value, c.tangent[i])); });
  }
  ERG_FN ERG_INLINE static L sqrt(const L& a) {
    const Inner y = lane::sqrt(a.value);
    return a.chain(y, Inner(scalar_t<Inner>(0.5)) / y);
  }
  ERG_FN ERG_INLINE static L abs(const L& a) {
    const auto slope = lane::select(a.value < Inner(scalar_t<Inner>(0)), Inner(scalar_t<Inner>(-1)), Inner(scalar_t<Inner>(1)));
    return a.chain(lane::abs(a.value), slope);
  }
  ERG_FN ERG_INLINE static L min(const L& a, const L& b) { return select(a < b, a, b); }
  ERG_FN ERG_INLINE static L max(const L& a, const L& b) { return select(a > b, a, b); }
  ERG_FN ERG_INLINE static L select(Mask m, const L& a, const L& b) {
    return L::map(lane::select(m, a.value, b.value), [&](int i) { return lane::select(m, a.tangent[i], b.tangent[i]); });
  }
  ERG_FN ERG_INLINE static bool any(Mask m) { return lane_ops<Inner>::any(m); }
  ERG_FN ERG_INLINE static bool all(Mask m) { return lane_ops<Inner>::all(m); }
  ERG_FN ERG_INLINE static int count(Mask m) { return lane_ops<Inner>::count(m); }
};

static_assert(Lane<Dual<double, 2>> && Lane<Dual<Dual<Pack<float>, 1>, 1>>);

}  // namespace erg
