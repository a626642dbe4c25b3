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

// A counter word is either one integer for all chains (uint64_t, kept in scalar registers) or a lane of integers. The rounds
// below are written once for both: as long as words are equal on all chains, scalar instructions compute them for the whole
// lane, so with only the chain varying (counter word 3) 16 of the 20 wide products remain.
template <class Ops, class W>
ERG_FN ERG_INLINE auto product(const W& a, std::uint32_t m) {
  if constexpr (std::is_same_v<W, std::uint64_t>) {
    return std::uint64_t{a & 0xffffffffu} * m;
  } else {
    return Ops::mul32(a, m);
  }
}
/// (high half of p) ^ x ^ k. The key joins whichever operand is the same for all chains: a scalar instruction, not a wide one.
template <class Ops, class P, class X>
ERG_FN ERG_INLINE auto mixed(const P& p, const X& x, std::uint64_t k) {
  using Wide = typename Ops::Wide;
  constexpr bool p_is_shared = std::is_same_v<P, std::uint64_t>, x_is_shared = std::is_same_v<X, std::uint64_t>;
  if constexpr (p_is_shared && x_is_shared) {
    return std::uint64_t{(p >> 32) ^ x ^ k};
  } else if constexpr (p_is_shared) {
    return Wide((p >> 32) ^ k) ^ x;
  } else if constexpr (x_is_shared) {
    return Ops::high_word(p) ^ Wide(x ^ k);
  } else {
    return Ops::high_word(p) ^ x ^ Wide(k);
  }
}

/// Rounds left to do with round key (k0, k1), then finish(x0, x1, x2, x3). The high halves of the words are garbage by design:
/// products read low halves only. Each round's words are handed on by reference, never copied: GCC 12 copies registers that are
/// members of a struct through memory.
template <class Ops, int Rounds, class W0, class W1, class W2, class W3, class F>
ERG_FN ERG_INLINE auto philox_rounds(const W0& x0, const W1& x1, const W2& x2, const W3& x3, std::uint32_t k0, std::uint32_t k1,
                                     const F& finish) {
  if constexpr (Rounds == 0) {
    return finish(x0, x1, x2, x3);
  } else {
    const auto p0 = product<Ops>(x0, 0xD2511F53u);
    const auto p1 = product<Ops>(x2, 0xCD9E8D57u);
    const auto y0 = mixed<Ops>(p1, x1, k0);
    const auto y2 = mixed<Ops>(p0, x3, k1);
    return philox_rounds<Ops, Rounds - 1>(y0, p1, y2, p0, k0 + 0x9E3779B9u, k1 + 0xBB67AE85u, finish);
  }
}

/// Ten rounds for chains whose numbers sit in 64-bit elements.
template <class Ops, class F>
ERG_FN ERG_INLINE auto philox_half(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, const typename Ops::Wide& c3, std::uint32_t k0,
                                   std::uint32_t k1, const F& finish) {
  return philox_rounds<Ops, 10>(std::uint64_t{c0}, std::uint64_t{c1}, std::uint64_t{c2}, c3, k0, k1, finish);
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
  return detail::philox_half<Ops>(
      c0, c1, c2, Ops::widen(c3, 0), k0, k1, [&](const Wide& e0, const Wide& e1, const Wide& e2, const Wide& e3) __attribute__((always_inline)) {
        if constexpr (Ops::n_wide == 1) {
          return Words<L>{{Ops::narrow(e0, e0), Ops::narrow(e1, e1), Ops::narrow(e2, e2), Ops::narrow(e3, e3)}};
        } else {
          return detail::philox_half<Ops>(
              c0, c1, c2, Ops::widen(c3, 1), k0, k1, [&](const Wide& o0, const Wide& o1, const Wide& o2, const Wide& o3) __attribute__((always_inline)) {
                return Words<L>{{Ops::narrow(e0, o0), Ops::narrow(e1, o1), Ops::narrow(e2, o2), Ops::narrow(e3, o3)}};
              });
        }
      });
}

}  // namespace erg::random
