// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/log.hpp"
#include "erg/random/key.hpp"
#include "erg/random/philox.hpp"

namespace erg::random {

/// Words one real number consumes: 1 for float, 2 for double.
template <class L>
inline constexpr int words_per_real = sizeof(scalar_t<L>) == 4 ? 1 : 2;

/// The block of four words at (key, chain, block).
template <class L>
ERG_FN ERG_INLINE Words<L> words(Key key, bits_t<L> chain, std::uint32_t block) {
  return philox4x32_10<L>(key.c0(), key.c1(block), key.c2(), chain, key.k0(), key.k1());
}

/// The random bits of one real: bits index of the address, as wide as the scalar.
template <class L>
ERG_FN ERG_INLINE bits_t<L> bits(Key key, bits_t<L> chain, int index) {
  const auto word = static_cast<std::uint32_t>(index * words_per_real<L>);
  const Words<L> w = words<L>(key, chain, word / 4);
  if constexpr (words_per_real<L> == 1) {
    return w.w[word % 4];
  } else {
    return word % 4 == 0 ? lane_ops<L>::join(w.w[0], w.w[1]) : lane_ops<L>::join(w.w[2], w.w[3]);
  }
}

/// Bits to a real in (0, 1]: never 0, so that its logarithm is finite. 31 (float) or 52 (double) bits deep near 0.
template <class L>
ERG_FN ERG_INLINE L to_unit_positive(bits_t<L> b) {
  if constexpr (sizeof(scalar_t<L>) == 4) {
    return lane::mul_add(lane::from_int<L>(b >> 1), L(0x1p-31), L(0x1p-32));
  } else {
    return lane::from_bits<L>((b >> 12) | bits_t<L>(std::uint64_t{0x3ff0000000000000u})) - L(1.0 - 0x1p-53);
  }
}
/// Bits to a real in [0, 1), a multiple of 2^-24 (float) or 2^-52 (double).
template <class L>
ERG_FN ERG_INLINE L to_unit(bits_t<L> b) {
  if constexpr (sizeof(scalar_t<L>) == 4) {
    return lane::from_int<L>(b >> 8) * L(0x1p-24);
  } else {
    return lane::from_bits<L>((b >> 12) | bits_t<L>(std::uint64_t{0x3ff0000000000000u})) - L(1.0);
  }
}
/// Bits to a real in (0, 1), an odd multiple of 2^-24 (float) or 2^-53 (double): both ends are excluded.
template <class L>
ERG_FN ERG_INLINE L to_unit_open(bits_t<L> b) {
  if constexpr (sizeof(scalar_t<L>) == 4) {
    return lane::mul_add(lane::from_int<L>(b >> 9), L(0x1p-23), L(0x1p-24));
  } else {
    return to_unit_positive<L>(b);
  }
}

/// Uniform on [0, 1) at an address; index counts numbers of this purpose.
template <class L>
ERG_FN ERG_INLINE L uniform(Key key, bits_t<L> chain, int index) {
  return to_unit<L>(bits<L>(key, chain, index));
}
/// Uniform on (0, 1).
template <class L>
ERG_FN ERG_INLINE L uniform_open(Key key, bits_t<L> chain, int index) {
  return to_unit_open<L>(bits<L>(key, chain, index));
}
/// Exponential with mean 1, -log u with u in (0, 1]. Largest value 22.2 (float), 36.7 (double).
template <class L>
ERG_FN ERG_INLINE L exponential(Key key, bits_t<L> chain, int index) {
  return -math::log(to_unit_positive<L>(bits<L>(key, chain, index)));
}
/// A uniform number shared by all chains.
ERG_FN inline double shared_uniform(Key key, int index) { return uniform<double>(key, bits_t<double>{all_chains}, index); }

/// Index k with probability weight[k] / sum: the first k whose cumulative weight exceeds u * sum, u uniform on [0, 1).
/// Requires  n >= 1, weights >= 0 with a positive sum. The result is a real lane (0, 1, ..., n - 1).   Cost  n comparisons
template <class L, class Weight>
ERG_FN ERG_INLINE L categorical(Key key, bits_t<L> chain, int index, const Weight* weight, int n) {
  scalar_t<L> total = 0;
  for (int k = 0; k < n; ++k) total += static_cast<scalar_t<L>>(weight[k]);
  const L target = uniform<L>(key, chain, index) * L(total);
  L result = 0.0;
  scalar_t<L> cumulative = 0;
  for (int k = 0; k + 1 < n; ++k) {
    cumulative += static_cast<scalar_t<L>>(weight[k]);
    result = lane::select(target < L(cumulative), result, L(k + 1));
  }
  return result;
}

}  // namespace erg::random
