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
ERG_FN ERG_INLINE auto product(W a, std::uint32_t m) {
  if constexpr (std::is_same_v<W, std::uint64_t>) {
    return std::uint64_t{a & 0xffffffffu} * m;
  } else {
    return Ops::mul32(a, m);
  }
}
template <class Wide, class A, class B>
ERG_FN ERG_INLINE auto exclusive_or(A a, B b) {
  if constexpr (std::is_same_v<A, B>) {
    return a ^ b;
  } else {
    return Wide(a) ^ Wide(b);
  }
}

template <class W0, class W1, class W2, class W3>
struct Counter {
  W0 x0;
  W1 x1;
  W2 x2;
  W3 x3;
};

/// One Philox round with key (k0, k1). The high halves of the words are garbage by design: products read low halves only.
template <class Ops, class W0, class W1, class W2, class W3>
ERG_FN ERG_INLINE auto philox_round(Counter<W0, W1, W2, W3> c, std::uint32_t k0, std::uint32_t k1) {
  using Wide = typename Ops::Wide;
  const auto p0 = product<Ops>(c.x0, 0xD2511F53u);
  const auto p1 = product<Ops>(c.x2, 0xCD9E8D57u);
  // The key joins whichever operand is the same for all chains, which costs a scalar instruction instead of a wide one.
  const auto keyed = [](auto high, auto x, std::uint64_t k) {
    if constexpr (std::is_same_v<decltype(high), std::uint64_t>) {
      return exclusive_or<Wide>((high >> 32) ^ k, x);
    } else if constexpr (std::is_same_v<decltype(x), std::uint64_t>) {
      return exclusive_or<Wide>(high >> 32, x ^ k);
    } else {
      return (high >> 32) ^ x ^ Wide(k);
    }
  };
  const auto y0 = keyed(p1, c.x1, k0);
  const auto y2 = keyed(p0, c.x3, k1);
  return Counter<std::decay_t<decltype(y0)>, std::decay_t<decltype(p1)>, std::decay_t<decltype(y2)>, std::decay_t<decltype(p0)>>{
      y0, p1, y2, p0};
}

template <class Ops, int Rounds, class C>
ERG_FN ERG_INLINE auto philox_rounds(C c, std::uint32_t k0, std::uint32_t k1) {
  if constexpr (Rounds == 0) {
    return c;
  } else {
    return philox_rounds<Ops, Rounds - 1>(philox_round<Ops>(c, k0, k1), k0 + 0x9E3779B9u, k1 + 0xBB67AE85u);
  }
}

/// Ten rounds for chains whose numbers sit in 64-bit elements.
template <class Ops>
ERG_FN ERG_INLINE auto philox_half(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, typename Ops::Wide c3, std::uint32_t k0,
                                   std::uint32_t k1) {
  using Wide = typename Ops::Wide;
  return philox_rounds<Ops, 10>(Counter<std::uint64_t, std::uint64_t, std::uint64_t, Wide>{c0, c1, c2, c3}, k0, k1);
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
  const auto even = detail::philox_half<Ops>(c0, c1, c2, Ops::widen(c3, 0), k0, k1);
  if constexpr (Ops::n_wide == 1) {
    return {{Ops::narrow(even.x0, even.x0), Ops::narrow(even.x1, even.x1), Ops::narrow(even.x2, even.x2), Ops::narrow(even.x3, even.x3)}};
  } else {
    const auto odd = detail::philox_half<Ops>(c0, c1, c2, Ops::widen(c3, 1), k0, k1);
    return {{Ops::narrow(even.x0, odd.x0), Ops::narrow(even.x1, odd.x1), Ops::narrow(even.x2, odd.x2), Ops::narrow(even.x3, odd.x3)}};
  }
}

}  // namespace erg::random
