// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/exp.hpp"

namespace erg::detail {

/// 2^x for x <= 0, and 2^-100 below: the weight of a mixture component relative to the largest one.
///
/// The floor is far below the precision of the sum, and keeps subnormal numbers, which take a hundred cycles each, out of it.
/// Requires  x <= 0 (or NaN, which propagates)      Cost  10 instructions in float
/// Numerics  relative error below 1.5e-7 (float), 3e-16 (double)
template <class L>
ERG_FN ERG_INLINE L relative_weight(L x) {
  if constexpr (is_dual_v<L> || math::detail::is_bare<L>) {
    return math::exp2(lane::max(L(-100.0), x));
  } else {
    const L y = lane::max(L(-100.0), x);
    const L n = lane::round_even(y);
    const L r = y - n;
    if constexpr (math::detail::is_single<L>) {  // minimax on |r| <= 1/2, relative error 9.2e-8 before rounding
      return lane::scale(math::detail::polynomial(r, 1.0, 6.931470037e-1, 2.402224243e-1, 5.550736934e-2, 9.671467356e-3,
                                                  1.326324651e-3),
                         n);
    } else {
      return lane::scale(math::detail::polynomial(r, 1.0, 0x1.62e42fefa39efp-1, 0x1.ebfbdff82c5a2p-3, 0x1.c6b08d7049e71p-5,
                                                  0x1.3b2ab6fba0165p-7, 0x1.5d87fe793a129p-10, 0x1.4309130f7d0e5p-13,
                                                  0x1.ffcbf94cdfd8ep-17, 0x1.62bfc4d7a3788p-20, 0x1.b52bb91a7d7a4p-24,
                                                  0x1.e6218084dcf6ap-28, 0x1.df85b7d810ec2p-32),
                         n);
    }
  }
}

/// The largest of v[0..K-1], by a tree: log2 K steps deep.
template <int K, class L>
ERG_FN ERG_INLINE L largest_of(const L* v) {
  if constexpr (K == 1) {
    return v[0];
  } else {
    return lane::max(largest_of<K / 2>(v), largest_of<K - K / 2>(v + K / 2));
  }
}
/// v[0] + ... + v[K-1], by a tree.
template <int K, class L>
ERG_FN ERG_INLINE L sum_of(const L* v) {
  if constexpr (K == 1) {
    return v[0];
  } else {
    return sum_of<K / 2>(v) + sum_of<K - K / 2>(v + K / 2);
  }
}
/// v[0] c(first) + ... + v[K-1] c(first + K - 1), as two chains of fused multiply-adds where long: half the latency.
template <int K, class L, class Factor>
ERG_FN ERG_INLINE L dot_of(const L* v, Factor c, int first = 0) {
  if constexpr (K == 1) {
    return v[0] * c(first);
  } else if constexpr (K <= 4) {
    return lane::mul_add(v[K - 1], c(first + K - 1), dot_of<K - 1>(v, c, first));
  } else {
    return dot_of<K / 2>(v, c, first) + dot_of<K - K / 2>(v + K / 2, c, first + K / 2);
  }
}

}  // namespace erg::detail
