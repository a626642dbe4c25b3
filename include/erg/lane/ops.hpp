// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/pack.hpp"
#include "erg/lane/scalar.hpp"
#include "erg/lane/traits.hpp"

#include <limits>

/// The verbs of the number system, over any lane. All are exact or correctly rounded, so that a formula built from them gives
/// the same bits on every lane type, given a compiler that does not contract `a * b + c` on its own (target erg::strict).
namespace erg::lane {

/// a * b + c, rounded once. One instruction where the hardware has it; elsewhere emulated exactly (slow, equal).
template <class L>
ERG_FN ERG_INLINE L fma(L a, std::type_identity_t<L> b, std::type_identity_t<L> c) {
  return lane_ops<L>::fma(a, b, c);
}
/// True where mul_add is fma: the hardware has it, or the build is strict.
inline constexpr bool fuses = has_fma || is_strict_build;
/// a * b + c: fma where that is one instruction, and in strict builds; else two roundings. For polynomials, where either will do.
template <class L>
ERG_FN ERG_INLINE L mul_add(L a, std::type_identity_t<L> b, std::type_identity_t<L> c) {
  if constexpr (fuses) {
    return lane_ops<L>::fma(a, b, c);
  } else {
    return a * b + c;
  }
}
template <class L>
ERG_FN ERG_INLINE L sqrt(L a) {
  return lane_ops<L>::sqrt(a);
}
template <class L>
ERG_FN ERG_INLINE L abs(L a) {
  return lane_ops<L>::abs(a);
}
/// a < b ? a : b, so b where either is NaN.
template <class L>
ERG_FN ERG_INLINE L min(L a, std::type_identity_t<L> b) {
  return lane_ops<L>::min(a, b);
}
/// a > b ? a : b, so b where either is NaN.
template <class L>
ERG_FN ERG_INLINE L max(L a, std::type_identity_t<L> b) {
  return lane_ops<L>::max(a, b);
}
/// Lane by lane m ? a : b; both sides are evaluated.
template <class L>
ERG_FN ERG_INLINE L select(mask_t<L> m, L a, std::type_identity_t<L> b) {
  return lane_ops<L>::select(m, a, b);
}
template <class L>
ERG_FN ERG_INLINE bits_t<L> select_bits(mask_t<L> m, bits_t<L> a, bits_t<L> b) {
  return lane_ops<L>::select_bits(m, a, b);
}
template <class L>
ERG_FN ERG_INLINE bool any(mask_t<L> m) {
  return lane_ops<L>::any(m);
}
template <class L>
ERG_FN ERG_INLINE bool all(mask_t<L> m) {
  return lane_ops<L>::all(m);
}
/// How many lanes are set.
template <class L>
ERG_FN ERG_INLINE int count(mask_t<L> m) {
  return lane_ops<L>::count(m);
}
/// The representation of each real as an unsigned integer, and back.
template <class L>
ERG_FN ERG_INLINE bits_t<L> to_bits(L a) {
  return lane_ops<L>::to_bits(a);
}
template <class L>
ERG_FN ERG_INLINE L from_bits(bits_t<L> b) {
  return lane_ops<L>::from_bits(b);
}
/// The signed integer in each lane as a real, rounded to nearest. float: all of int32. double: |i| < 2^51.
template <class L>
ERG_FN ERG_INLINE L from_int(bits_t<L> b) {
  return lane_ops<L>::from_int(b);
}
/// Where (b & pattern) != 0.
template <class L>
ERG_FN ERG_INLINE mask_t<L> has_bits(bits_t<L> b, bits_t<L> pattern) {
  return lane_ops<L>::has_bits(b, pattern);
}
/// From and to aligned memory, unit stride.
template <class L>
ERG_FN ERG_INLINE L load(const scalar_t<L>* p) {
  return lane_ops<L>::load(p);
}
template <class L>
ERG_FN ERG_INLINE void store(scalar_t<L>* p, L a) {
  lane_ops<L>::store(p, a);
}

/// The binary format of a lane's scalar, as constants that device code may use too.
template <class T>
struct Format {
  using Word = typename lane_traits<T>::Bits;
  static constexpr bool single = sizeof(T) == 4;
  static constexpr int fraction_bits = single ? 23 : 52;
  static constexpr int bias = single ? 127 : 1023;
  static constexpr Word sign = Word(1) << (8 * sizeof(T) - 1);
  static constexpr Word fraction = (Word(1) << fraction_bits) - 1;
  static constexpr Word one = Word(bias) << fraction_bits;
  static constexpr T magic = single ? T(12582912.0) : T(6755399441055744.0);  // 1.5 * 2^fraction_bits
  static constexpr T highest = std::numeric_limits<T>::max();
  static constexpr T smallest_normal = std::numeric_limits<T>::min();
  static constexpr T infinity = std::numeric_limits<T>::infinity();
  static constexpr T nan = std::numeric_limits<T>::quiet_NaN();
};

/// Neither infinite nor NaN.
template <class L>
ERG_FN ERG_INLINE mask_t<L> is_finite(L a) {
  return abs(a) <= L(Format<scalar_t<L>>::highest);
}
/// Nearest integer, ties to even, for |x| < 2^22 (float), 2^51 (double): the sum with 1.5 * 2^23 leaves no room for a fraction.
template <class L>
ERG_FN ERG_INLINE L round_even(L x) {
  constexpr scalar_t<L> magic = Format<scalar_t<L>>::magic;
  return (x + L(magic)) - L(magic);
}
/// The same integer in the low bits of an unsigned lane (two's complement), on the same range.
template <class L>
ERG_FN ERG_INLINE bits_t<L> round_to_bits(L x) {
  constexpr scalar_t<L> magic = Format<scalar_t<L>>::magic;
  return to_bits(L(x + L(magic))) - to_bits(L(magic));
}
/// |a| with the sign of b.
template <class L>
ERG_FN ERG_INLINE L copysign(L a, std::type_identity_t<L> b) {
  using Bits = bits_t<L>;
  using Word = typename lane_traits<scalar_t<L>>::Bits;
  constexpr Word sign = Format<scalar_t<L>>::sign;
  return from_bits<L>((to_bits(a) & Bits(Word(~sign))) | (to_bits(b) & Bits(sign)));
}


/// p * 2^n, rounded once, overflow and subnormals included. Requires p of the order of 1 and n integer, |n| <= 2 * bias - 2.
template <class L>
ERG_FN ERG_INLINE L scale(L p, std::type_identity_t<L> n) {
  if constexpr (requires { lane_ops<L>::scale(p, n); }) {
    return lane_ops<L>::scale(p, n);
  } else {  // two factors of half the exponent; the first product is exact
    using F = Format<scalar_t<L>>;
    using Bits = bits_t<L>;
    constexpr scalar_t<L> shift = F::magic + scalar_t<L>(2 * F::bias);
    const Bits e = to_bits(L(n + L(shift))) - to_bits(L(F::magic));
    const Bits half = e >> 1;
    return p * from_bits<L>(half << F::fraction_bits) * from_bits<L>((e - half) << F::fraction_bits);
  }
}

template <class L>
struct Split {
  L mantissa, exponent;
};
/// x = mantissa * 2^exponent, exactly, mantissa in [0.75, 1.5), subnormal x included.
/// 0: exponent -inf; +inf: exponent +inf, mantissa 1; x < 0 and NaN: mantissa NaN.
template <class L>
ERG_FN ERG_INLINE Split<L> split(L x) {
  if constexpr (requires(Split<L> s) { lane_ops<L>::split(x, s.mantissa, s.exponent); }) {
    Split<L> s;
    lane_ops<L>::split(x, s.mantissa, s.exponent);
    return s;
  } else {
    using T = scalar_t<L>;
    using F = Format<T>;
    using Bits = bits_t<L>;
    using Word = typename F::Word;
    constexpr int lift = F::fraction_bits + 1;  // brings the smallest subnormal among the normals
    const mask_t<L> tiny = x < L(F::smallest_normal);
    const Bits b = to_bits(select(tiny, x * L(T(Word(1) << lift)), x)) + Bits(Word(1) << (F::fraction_bits - 1));
    const L e = from_int<L>(b >> F::fraction_bits) - select(tiny, L(T(F::bias + lift)), L(T(F::bias)));
    const L m = from_bits<L>((b & Bits(F::fraction)) + Bits(Word(F::one - (Word(1) << (F::fraction_bits - 1)))));
    const L exponent = select(x == L(T(0)), L(-F::infinity), select(x == L(F::infinity), x, e));
    return {select(x >= L(T(0)), m, L(F::nan)), exponent};
  }
}

/// Nearest integer, ties to even, for every x; keeps the sign of zero.
template <class L>
ERG_FN ERG_INLINE L round(L x) {
  using F = Format<scalar_t<L>>;
  const L big = L(scalar_t<L>(typename F::Word(1) << F::fraction_bits));
  const L a = abs(x);
  return copysign(select(a < big, (a + big) - big, x), x);
}
/// Largest integer not above x; keeps the sign of zero.
template <class L>
ERG_FN ERG_INLINE L floor(L x) {
  const L r = round(x);
  return copysign(select(r > x, r - L(scalar_t<L>(1)), r), x);
}

}  // namespace erg::lane
