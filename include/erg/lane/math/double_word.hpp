// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/function.hpp"

namespace erg::math::detail {

/// a * b - p for p = a * b rounded: exactly where products fuse, to about the square of the rounding elsewhere.
/// Source  T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18 (1971), section 5.
template <class L>
ERG_FN ERG_INLINE L product_error(L a, L b, L p) {
  if constexpr (lane::fuses) {
    return lane::fma(a, b, -p);
  } else {
    using Word = typename lane::Format<scalar_t<L>>::Word;
    constexpr Word upper = Word(~((Word(1) << (is_single<L> ? 12 : 27)) - 1));
    const L a1 = lane::from_bits<L>(lane::to_bits(a) & bits_t<L>(upper)), a2 = a - a1;
    const L b1 = lane::from_bits<L>(lane::to_bits(b) & bits_t<L>(upper)), b2 = b - b1;
    return ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;
  }
}

}  // namespace erg::math::detail
