// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/config.hpp"

#include <utility>

/// Loops over coordinates and components, unrolled by the front end where their length is static and small: only constant indices
/// let arrays of lanes become registers. (Pragmas would do for one compiler; nvcc rejects them.)
namespace erg::detail {

/// f(0), ..., f(N - 1)
template <int N, class F>
ERG_FN ERG_INLINE void unrolled(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) { (f(i), ...); }
  (std::make_integer_sequence<int, N>{});
}

/// f(0), ..., f(n - 1), where n == D if D is static.
template <int D, class F>
ERG_FN ERG_INLINE void each(int n, F&& f) {
  if constexpr (D != dynamic && D <= 16) {
    unrolled<D>(f);
  } else {
    for (int i = 0; i < n; ++i) f(i);
  }
}

/// s <- step(d, s) for d = 0 .. n - 1, from s = 0. Long sums run as four interleaved chains, so that they are bound by
/// throughput and not by the latency of one addition; the order is fixed, hence the same on every lane type.
template <int D, class L, class Step>
ERG_FN ERG_INLINE L accumulate(int n, Step step) {
  L s0(0.0);
  if constexpr (D != dynamic && D < 8) {
    unrolled<D>([&](int d) __attribute__((always_inline)) { s0 = step(d, s0); });
    return s0;
  } else {
    L s1(0.0), s2(0.0), s3(0.0);
    int d = 0;
    for (; d + 4 <= n; d += 4) {
      s0 = step(d, s0);
      s1 = step(d + 1, s1);
      s2 = step(d + 2, s2);
      s3 = step(d + 3, s3);
    }
    for (; d < n; ++d) s0 = step(d, s0);
    return (s0 + s1) + (s2 + s3);
  }
}

}  // namespace erg::detail
