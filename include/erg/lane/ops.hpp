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

/// Neither infinite nor NaN.
template <class L>
ERG_FN ERG_INLINE mask_t<L> is_finite(L a) {
  return abs(a) <= L(std::numeric_limits<scalar_t<L>>::max());
}
/// Nearest integer, ties to even, for |x| < 2^22 (float), 2^51 (double): the sum with 1.5 * 2^23 leaves no room for a fraction.
template <class L>
ERG_FN ERG_INLINE L round_even(L x) {
  constexpr scalar_t<L> magic = sizeof(scalar_t<L>) == 4 ? scalar_t<L>(12582912.0) : scalar_t<L>(6755399441055744.0);
  return (x + L(magic)) - L(magic);
}
/// The same integer in the low bits of an unsigned lane (two's complement), on the same range.
template <class L>
ERG_FN ERG_INLINE bits_t<L> round_to_bits(L x) {
  constexpr scalar_t<L> magic = sizeof(scalar_t<L>) == 4 ? scalar_t<L>(12582912.0) : scalar_t<L>(6755399441055744.0);
  return to_bits(L(x + L(magic))) - to_bits(L(magic));
}
/// |a| with the sign of b.
template <class L>
ERG_FN ERG_INLINE L copysign(L a, std::type_identity_t<L> b) {
  using Bits = bits_t<L>;
  using Word = typename lane_traits<scalar_t<L>>::Bits;
  constexpr Word sign = Word(1) << (8 * sizeof(Word) - 1);
  return from_bits<L>((to_bits(a) & Bits(Word(~sign))) | (to_bits(b) & Bits(sign)));
}

}  // namespace erg::lane
