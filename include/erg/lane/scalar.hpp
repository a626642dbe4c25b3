// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/traits.hpp"

#include <cmath>

namespace erg {

template <>
struct lane_traits<float> {
  using Scalar = float;
  using Mask = bool;
  using Bits = std::uint32_t;
  static constexpr int width = 1;
};

template <>
struct lane_traits<double> {
  using Scalar = double;
  using Mask = bool;
  using Bits = std::uint64_t;
  static constexpr int width = 1;
};

namespace detail {

/// The reference for every other lane type: one real, written for clarity.
template <class T>
struct ScalarOps {
  using Bits = bits_t<T>;
  using Wide = std::uint64_t;
  static constexpr int n_wide = 1;

  ERG_FN static constexpr T neg(T a) { return -a; }
  ERG_FN static T fma(T a, T b, T c) { return std::fma(a, b, c); }
  ERG_FN static T sqrt(T a) { return std::sqrt(a); }
  ERG_FN static T abs(T a) { return std::fabs(a); }
  ERG_FN static T min(T a, T b) { return a < b ? a : b; }
  ERG_FN static T max(T a, T b) { return a > b ? a : b; }
  ERG_FN static T select(bool m, T a, T b) { return m ? a : b; }
  ERG_FN static Bits select_bits(bool m, Bits a, Bits b) { return m ? a : b; }
  ERG_FN static bool any(bool m) { return m; }
  ERG_FN static bool all(bool m) { return m; }
  ERG_FN static int count(bool m) { return m ? 1 : 0; }
  // the builtin, because std::bit_cast is no device function
  ERG_FN static Bits to_bits(T a) { return __builtin_bit_cast(Bits, a); }
  ERG_FN static T from_bits(Bits b) { return __builtin_bit_cast(T, b); }
  ERG_FN static T from_int(Bits b) { return static_cast<T>(static_cast<std::make_signed_t<Bits>>(b)); }
  ERG_FN static bool has_bits(Bits b, Bits pattern) { return (b & pattern) != 0; }
  ERG_FN static T load(const T* p) { return *p; }
  ERG_FN static void store(T* p, T a) { *p = a; }
  ERG_FN static Bits iota(Bits first) { return first; }
  ERG_FN static Wide widen(Bits b, int) { return b; }
  ERG_FN static Bits narrow(Wide even, Wide) { return static_cast<Bits>(even & 0xffffffffu); }
  ERG_FN static Wide mul32(Wide a, std::uint32_t m) { return (a & 0xffffffffu) * m; }
  ERG_FN static Wide high_word(Wide a) { return a >> 32; }
  ERG_FN static Bits join(Bits lo, Bits hi) { return static_cast<Bits>((lo & 0xffffffffu) | (static_cast<std::uint64_t>(hi) << 32)); }
};

}  // namespace detail

template <>
struct lane_ops<float> : detail::ScalarOps<float> {};
template <>
struct lane_ops<double> : detail::ScalarOps<double> {};

static_assert(Lane<float> && Lane<double>);

}  // namespace erg
