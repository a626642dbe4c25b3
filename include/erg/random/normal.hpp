// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/random/uniform.hpp"

#include <utility>

namespace erg::random {

template <class L>
struct Pair {
  L first, second;
};

namespace detail {

/// A constant pattern by way of a float: GCC keeps those in memory, from where an instruction broadcasts them for free, but moves
/// integers through a scalar register and a port that the rest of the transform needs.
template <class L>
ERG_FN ERG_INLINE bits_t<L> pattern(typename lane_traits<scalar_t<L>>::Bits word) {
  return lane::to_bits(L(lane::from_bits<scalar_t<L>>(word)));
}

/// -2 log u for u in (0, 1], normal: no special cases, and no division, whose latency would be half of the whole transform's.
///
///   u = (1 + f) 2^e, f in [sqrt(1/2), sqrt(2)) - 1;   -2 log u = -2 ln 2 e + f P(f), P minimax
///
/// Numerics  relative error below 2e-7 (float), 4e-16 (double)
template <class L>
ERG_FN ERG_INLINE L minus_two_log(L u) {
  using Bits = bits_t<L>;
  if constexpr (sizeof(scalar_t<L>) == 4) {
    const Bits field = (lane::to_bits(u) - pattern<L>(0x3f3504f3u)) & pattern<L>(0xff800000u);  // less the bits of sqrt(1/2)
    const L exponent = lane::from_int<L>(field);                                                // times 2^23, exact
    const L f = lane::from_bits<L>(lane::to_bits(u) - field) - L(1.0);
    L p = L(0.202141681222205644);
    p = lane::mul_add(p, f, L(-0.324452837977453845));
    p = lane::mul_add(p, f, L(0.345015978841040215));
    p = lane::mul_add(p, f, L(-0.398003154483426807));
    p = lane::mul_add(p, f, L(0.499398211408549263));
    p = lane::mul_add(p, f, L(-0.666701183308357474));
    p = lane::mul_add(p, f, L(1.00000730210256798));
    p = lane::mul_add(p, f, L(-1.99999989061432416));
    return lane::mul_add(exponent, L(-1.3862943611198906 * 0x1p-23), p * f);
  } else {
    constexpr std::uint64_t root = 0x3fe6a09e667f3bcd, fraction = 0x000fffffffffffff;      // bits of sqrt(1/2)
    const Bits shifted = lane::to_bits(u) + Bits((std::uint64_t{1024} << 52) - root);       // the exponent field holds e + 1024
    const L exponent = lane::from_bits<L>((shifted >> 52) | Bits(std::uint64_t{0x4330000000000000})) - L(0x1p52 + 1024.0);
    const L f = lane::from_bits<L>((shifted & Bits(fraction)) + Bits(root)) - L(1.0);
    // Even and odd powers apart: half the latency of one chain.
    const L y = f * f;
    L even = lane::mul_add(y, L(0x1.cf90fbf9fc04dp-5), L(0x1.15fd3dcc94c51p-3));
    L odd = lane::mul_add(y, L(-0x1.030a0b477f85cp-3), L(-0x1.e95f162e8d33ep-4));
    even = lane::mul_add(even, y, L(0x1.eee5f80745f03p-4));
    odd = lane::mul_add(odd, y, L(-0x1.0f3864d03582bp-3));
    even = lane::mul_add(even, y, L(0x1.254894db83b2dp-3));
    odd = lane::mul_add(odd, y, L(-0x1.3b4c57d885587p-3));
    even = lane::mul_add(even, y, L(0x1.554d27de6c828p-3));
    odd = lane::mul_add(odd, y, L(-0x1.7459ad0dd56edp-3));
    even = lane::mul_add(even, y, L(0x1.9999ca4327e04p-3));
    odd = lane::mul_add(odd, y, L(-0x1.c71c8f09694b4p-3));
    even = lane::mul_add(even, y, L(0x1.ffffff8bf6fbep-3));
    odd = lane::mul_add(odd, y, L(-0x1.249248e06a0a6p-2));
    even = lane::mul_add(even, y, L(0x1.5555555530b96p-2));
    odd = lane::mul_add(odd, y, L(-0x1.9999999a32a10p-2));
    even = lane::mul_add(even, y, L(0x1.00000000008c3p-1));
    odd = lane::mul_add(odd, y, L(-0x1.55555555551a7p-1));
    even = lane::mul_add(even, y, L(0x1.ffffffffffffbp-1));
    const L p = lane::mul_add(lane::mul_add(odd, f, even), f, L(-2.0));
    return lane::mul_add(exponent, L(-1.3862943611198906), p * f);
  }
}

/// sin and cos of pi/2 * t for t in [-1/2, 1/2].
template <class L>
ERG_FN ERG_INLINE Pair<L> sincos_quarter(L t) {
  const L y = t * t;
  L s, c;
  if constexpr (sizeof(scalar_t<L>) == 4) {
    s = lane::mul_add(y, L(-0.00460217696252603579), L(0.0796802280556167017));
    s = lane::mul_add(s, y, L(-0.64596347864095258));
    s = lane::mul_add(s, y, L(1.57079632196682417));
    c = lane::mul_add(y, L(-0.02040835229973541), L(0.253598644031778991));
    c = lane::mul_add(c, y, L(-1.23369701424302119));
    c = lane::mul_add(c, y, L(0.999999972423447237));
  } else {
    s = lane::mul_add(y, L(-6.62762832585717638e-10), L(5.69192788008471889e-8));
    s = lane::mul_add(s, y, L(-3.59884271724642584e-6));
    s = lane::mul_add(s, y, L(0.000160441184726689579));
    s = lane::mul_add(s, y, L(-0.00468175413531482858));
    s = lane::mul_add(s, y, L(0.0796926262461669245));
    s = lane::mul_add(s, y, L(-0.645964097506246252));
    s = lane::mul_add(s, y, L(1.57079632679489662));
    c = lane::mul_add(y, L(-6.32126096313648579e-9), L(4.710609762532987e-7));
    c = lane::mul_add(c, y, L(-0.0000252020367716882497));
    c = lane::mul_add(c, y, L(0.000919260274183364672));
    c = lane::mul_add(c, y, L(-0.0208634807633112273));
    c = lane::mul_add(c, y, L(0.25366950790104671));
    c = lane::mul_add(c, y, L(-1.23370055013616981));
    c = lane::mul_add(c, y, L(1.0));
  }
  return {s * t, c};
}

}  // namespace detail

/// Two independent standard normals from two independent words (float: 32 bits each; double: 64).
///
///   r = sqrt(-2 log u),  (z0, z1) = r (cos a, sin a),  a uniform on the circle
///
/// The angle needs no reduction: its bits are an angle in a quarter turn about the axis, a sign and a swap of the two.
/// Numerics  |z| <= 6.66 (float), 8.57 (double); the radius is resolved to 2^-31 (2^-52) of probability in the tail
/// Cost      about 35 instructions and a square root for two lanes of numbers in float, no branches
/// Source    Box, Muller (1958), A note on the generation of random normal deviates, eq. (1)
template <class L>
ERG_FN ERG_INLINE Pair<L> box_muller(bits_t<L> a, bits_t<L> b) {
  using Bits = bits_t<L>;
  L radius, t;
  Bits sign, swap;
  if constexpr (sizeof(scalar_t<L>) == 4) {
    radius = lane::sqrt(detail::minus_two_log(to_unit_positive<L>(a)));
    t = lane::from_int<L>(b << 2) * L(0x1p-32);
    sign = detail::pattern<L>(0x80000000u);
    swap = detail::pattern<L>(0x40000000u);
  } else {
    radius = lane::sqrt(detail::minus_two_log(to_unit_positive<L>(a)));
    t = lane::from_bits<L>((b & Bits(std::uint64_t{0x000fffffffffffffu})) | Bits(std::uint64_t{0x3ff0000000000000u})) - L(1.5);
    sign = Bits(std::uint64_t{1} << 63);
    swap = Bits(std::uint64_t{1} << 62);
  }
  const Pair<L> arc = detail::sincos_quarter(t);
  const L along = radius * lane::from_bits<L>(lane::to_bits(arc.second) ^ (b & sign));
  const L across = radius * arc.first;
  const mask_t<L> swapped = lane::has_bits<L>(b, swap);
  return {lane::select(swapped, across, along), lane::select(swapped, along, across)};
}

namespace detail {
/// Normals first .. of the block of words that holds them, as many as there are below n.
template <class L, class Out>
ERG_FN ERG_INLINE void fill_block(Key key, bits_t<L> chain, Out&& out, int first, int n) {
  constexpr int per_block = 4 / words_per_real<L>;
  const Words<L> w = words<L>(key, chain, static_cast<std::uint32_t>(first / per_block));
  if constexpr (per_block == 4) {
    const Pair<L> p = box_muller<L>(w.w[0], w.w[1]);
    out[first] = p.first;
    if (first + 1 < n) out[first + 1] = p.second;
    if (first + 2 < n) {
      const Pair<L> q = box_muller<L>(w.w[2], w.w[3]);
      out[first + 2] = q.first;
      if (first + 3 < n) out[first + 3] = q.second;
    }
  } else {
    const Pair<L> p = box_muller<L>(lane_ops<L>::join(w.w[0], w.w[1]), lane_ops<L>::join(w.w[2], w.w[3]));
    out[first] = p.first;
    if (first + 1 < n) out[first + 1] = p.second;
  }
}
}  // namespace detail

/// n standard normals per chain into out[0..n-1], at numbers 0 .. (n rounded up to even) - 1 of the key's purpose.
/// A small static n is unrolled by the front end, so that `out` can live in registers.
template <class L, int N = dynamic, class Out>
ERG_FN ERG_INLINE void fill_normal(Key key, bits_t<L> chain, Out&& out, int n) {
  constexpr int per_block = 4 / words_per_real<L>;
  if constexpr (N != dynamic && N <= 8) {
    [&]<int... block>(std::integer_sequence<int, block...>) __attribute__((always_inline)) {
      (detail::fill_block<L>(key, chain, out, block * per_block, N), ...);
    }(std::make_integer_sequence<int, (N + per_block - 1) / per_block>{});
  } else {
    for (int d = 0; d < n; d += per_block) detail::fill_block<L>(key, chain, out, d, n);
  }
}

/// The first number of a purpose that n normals leave free: kernels take their acceptance variate there, so that in low
/// dimension one block of words serves the whole step.
ERG_FN constexpr int first_after_normals(int n) { return n + n % 2; }

/// One standard normal (the first of its pair) at an address.
template <class L>
ERG_FN ERG_INLINE L normal(Key key, bits_t<L> chain, int index) {
  return box_muller<L>(bits<L>(key, chain, 2 * index), bits<L>(key, chain, 2 * index + 1)).first;
}

}  // namespace erg::random
