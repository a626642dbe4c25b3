// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/ops.hpp"

namespace erg::random {

/// Four 32-bit random words per chain. A double lane holds each word in the low half of a 64-bit element.
template <class L>
struct Words {
  bits_t<L> w[4];
};

namespace detail {

inline constexpr std::uint32_t multiplier_0 = 0xD2511F53u, multiplier_1 = 0xCD9E8D57u;
inline constexpr std::uint32_t weyl_0 = 0x9E3779B9u, weyl_1 = 0xBB67AE85u;

/// One round in place. The high halves of the words are garbage by design: products read low halves only. References to local
/// variables, because GCC 12 copies registers that are members of a struct through memory.
template <class Ops, class Wide = typename Ops::Wide>
ERG_FN ERG_INLINE void philox_round(Wide& x0, Wide& x1, Wide& x2, Wide& x3, std::uint32_t k0, std::uint32_t k1) {
  const Wide p0 = Ops::mul32(x0, multiplier_0);
  const Wide p1 = Ops::mul32(x2, multiplier_1);
  x0 = Ops::high_word(p1) ^ x1 ^ Wide(std::uint64_t{k0});
  x1 = p1;
  x2 = Ops::high_word(p0) ^ x3 ^ Wide(std::uint64_t{k1});
  x3 = p0;
}

/// Ten rounds for chains whose numbers sit in 64-bit elements. Counter words 0 to 2 are the same for all chains: as long as a word
/// stays so (rounds 1 to 3), scalar instructions compute it for the whole lane, and 16 of the 20 wide products remain. The rounds
/// stand one after the other, not in a recursion, whose nested inlining costs the compiler the square of their number.
template <class Ops, class Wide = typename Ops::Wide>
ERG_FN ERG_INLINE void philox_half(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, const Wide& c3, std::uint32_t k0, std::uint32_t k1,
                                   Wide& x0, Wide& x1, Wide& x2, Wide& x3) {
  using U = std::uint64_t;
  const U low = 0xffffffffu;
  // Round 1: only x2 depends on the chain.
  const U a0 = U{c0} * multiplier_0, a1 = U{c2} * multiplier_1;
  const U b0 = (a1 >> 32) ^ c1 ^ k0, b1 = a1 & low, b3 = a0 & low;
  const Wide b2 = c3 ^ Wide((a0 >> 32) ^ k1);
  // Round 2: x0 and x1 do.
  k0 += weyl_0, k1 += weyl_1;
  const U e0 = (b0 & low) * multiplier_0;
  const Wide e1 = Ops::mul32(b2, multiplier_1);
  const Wide f0 = Ops::high_word(e1) ^ Wide(b1 ^ k0);
  const U f2 = (e0 >> 32) ^ b3 ^ k1, f3 = e0 & low;
  // Round 3: all but x1.
  k0 += weyl_0, k1 += weyl_1;
  const Wide g0 = Ops::mul32(f0, multiplier_0);
  const U g1 = (f2 & low) * multiplier_1;
  x0 = e1 ^ Wide((g1 >> 32) ^ k0);
  x1 = Wide(g1 & low);
  x2 = Ops::high_word(g0) ^ Wide(f3 ^ k1);
  x3 = g0;
  philox_round<Ops>(x0, x1, x2, x3, k0 + 1 * weyl_0, k1 + 1 * weyl_1);
  philox_round<Ops>(x0, x1, x2, x3, k0 + 2 * weyl_0, k1 + 2 * weyl_1);
  philox_round<Ops>(x0, x1, x2, x3, k0 + 3 * weyl_0, k1 + 3 * weyl_1);
  philox_round<Ops>(x0, x1, x2, x3, k0 + 4 * weyl_0, k1 + 4 * weyl_1);
  philox_round<Ops>(x0, x1, x2, x3, k0 + 5 * weyl_0, k1 + 5 * weyl_1);
  philox_round<Ops>(x0, x1, x2, x3, k0 + 6 * weyl_0, k1 + 6 * weyl_1);
  philox_round<Ops>(x0, x1, x2, x3, k0 + 7 * weyl_0, k1 + 7 * weyl_1);
}

}  // namespace detail

/// Philox4x32-10: a bijection of the 128-bit counter for each 64-bit key; four random words per counter.
///
/// Shapes     counter words 0..2 are the same for all chains of the lane, word 3 is a lane of integers (the chain)
/// Cost       about 12 SIMD instructions a round and 64-bit lane pair; rounds 1 to 3 partly in scalar registers
/// Numerics   integer arithmetic only: the same words on every lane type and device
/// Source     Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, section 3.3
template <class L>
ERG_FN ERG_INLINE Words<L> philox4x32_10(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, bits_t<L> c3, std::uint32_t k0,
                                         std::uint32_t k1) {
  using Ops = lane_ops<L>;
  using Wide = typename Ops::Wide;
  Wide e0, e1, e2, e3;
  detail::philox_half<Ops>(c0, c1, c2, Ops::widen(c3, 0), k0, k1, e0, e1, e2, e3);
  if constexpr (Ops::n_wide == 1) {
    return {{Ops::narrow(e0, e0), Ops::narrow(e1, e1), Ops::narrow(e2, e2), Ops::narrow(e3, e3)}};
  } else {
    Wide o0, o1, o2, o3;
    detail::philox_half<Ops>(c0, c1, c2, Ops::widen(c3, 1), k0, k1, o0, o1, o2, o3);
    return {{Ops::narrow(e0, o0), Ops::narrow(e1, o1), Ops::narrow(e2, o2), Ops::narrow(e3, o3)}};
  }
}

}  // namespace erg::random
