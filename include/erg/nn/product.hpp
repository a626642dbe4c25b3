// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/block.hpp"

#include <cstring>
#include <utility>

namespace erg::nn {

/// Weights as a product sees them: the weight of term r for output f is at data[f * per_output + r * per_term].
template <class T>
struct Weights {
  const T* data;
  std::ptrdiff_t per_output, per_term;
};

namespace detail {

template <int N, class F>
ERG_INLINE void unrolled(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (f(std::integral_constant<int, i>{}), ...);
  }(std::make_integer_sequence<int, N>{});
}

/// Asks for a line of memory ahead of its use. Weights are read in strides that the hardware does not foresee, and those of a large
/// network come from the third-level cache at every step.
ERG_INLINE void prefetch(const void* p) { __builtin_prefetch(p); }

/// How many outputs go with G lanes of chains at once: as many sums as registers hold beside the operands.
template <class L>
inline constexpr int n_registers = sizeof(L) == 64 ? 32 : 16;
template <class L>
constexpr int max_lanes() {
  return n_registers<L> == 32 ? 4 : 2;
}
template <class L>
constexpr int outputs_for(int lanes) {
  return n_registers<L> == 32 ? (lanes == 4 ? 6 : 8) : (lanes == 2 ? 5 : 8);
}

/// Lanes at any address: as fast as aligned ones where the address happens to be.
template <class L>
ERG_INLINE L load_anywhere(const scalar_t<L>* p) {
  static_assert(sizeof(L) == sizeof(scalar_t<L>) * static_cast<std::size_t>(width_v<L>));
  L v;
  std::memcpy(static_cast<void*>(&v), p, sizeof(L));
  return v;
}
template <class L>
ERG_INLINE void store_anywhere(scalar_t<L>* p, const L& v) {
  std::memcpy(p, static_cast<const void*>(&v), sizeof(L));
}

/// y[f] = start[f] + sum_r w[f, r] x[r] for J outputs and G lanes of chains, in registers, terms in order.
///
///   walk(term)   calls term(x_r, w_r) for every term: where its features start, and its weight for the first output
///   per_output   from the weight for one output to that for the next; std::integral_constant where it is known
template <class L, int G, int J, class Step, class Walk>
ERG_INLINE void product_tile(Step per_output, Walk&& walk, scalar_t<L>* y, std::ptrdiff_t y_stride, const scalar_t<L>* bias,
                             bool accumulate) {
  using T = scalar_t<L>;
  constexpr int width = width_v<L>;
  L sum[G * J];
  unrolled<J>([&](auto j) __attribute__((always_inline)) {
    const L start = bias != nullptr ? L(bias[j]) : L(T(0));
    unrolled<G>([&](auto g) __attribute__((always_inline)) {
      sum[j * G + g] = accumulate ? load_anywhere<L>(y + j * y_stride + g * width) : start;
    });
  });
  if (accumulate) {  // the next tile's sums, which a gradient fetches from far away
    unrolled<J>([&](auto j) __attribute__((always_inline)) {
      unrolled<G>([&](auto g) __attribute__((always_inline)) { prefetch(y + (J + j) * y_stride + g * width); });
    });
  }
  walk([&](const T* xr, const T* wr) __attribute__((always_inline)) {
    L xs[G];
    unrolled<G>([&](auto g) __attribute__((always_inline)) { xs[g] = lane::load<L>(xr + g * width); });
    unrolled<J>([&](auto j) __attribute__((always_inline)) {
      const L wj = L(wr[j * per_output]);
      unrolled<G>([&](auto g) __attribute__((always_inline)) { sum[j * G + g] = lane::mul_add(xs[g], wj, sum[j * G + g]); });
    });
  });
  unrolled<J>([&](auto j) __attribute__((always_inline)) {
    unrolled<G>([&](auto g) __attribute__((always_inline)) { store_anywhere<L>(y + j * y_stride + g * width, sum[j * G + g]); });
  });
}

/// Terms one after another in memory; J outputs of a matrix whose weights lie apart by per_output, or (unit) side by side.
template <int J, bool unit, class T, class Term>
ERG_INLINE void walk_terms(Weights<T> w, int n_terms, const T* x, std::ptrdiff_t x_stride, Term&& term) {
  for (int r = 0; r < n_terms;) {
    const int end = n_terms - r < per_line<T> ? n_terms : r + per_line<T>;
    if constexpr (!unit) {  // the next tile's weights of these terms
      unrolled<J>([&](auto j) __attribute__((always_inline)) { prefetch(w.data + (J + j) * w.per_output + r * w.per_term); });
    }
    for (; r < end; ++r) {
      const T* wr = w.data + r * w.per_term;
      if constexpr (unit) prefetch(wr + per_line<T>);
      term(x + r * x_stride, wr);
    }
  }
}

/// body<J>(f) over the outputs in tiles. What six leaves over is spread: 1 = 4 + 3 - 6, 2 = 4 + 4 - 6, 5 = 4 + 4 + 3 - 6, for few sums
/// at once would wait for each other.
template <class L, int G, class F>
ERG_INLINE void cover_outputs(int n_outputs, F&& body) {
  constexpr int full = outputs_for<L>(max_lanes<L>());
  int f = 0;
  const auto tiles = [&](auto size, int end) {
    for (; f + decltype(size)::value <= end; f += decltype(size)::value) body(size, f);
  };
  if constexpr (full == 6) {
    const int left = n_outputs % 6, borrow = n_outputs > 6 && (left == 1 || left == 2 || left == 5) ? 6 : 0;
    tiles(std::integral_constant<int, 6>{}, n_outputs - borrow);
    tiles(std::integral_constant<int, 4>{}, n_outputs);
  } else {
    tiles(std::integral_constant<int, full>{}, n_outputs);
  }
  tiles(std::integral_constant<int, 3>{}, n_outputs);
  tiles(std::integral_constant<int, 2>{}, n_outputs);
  tiles(std::integral_constant<int, 1>{}, n_outputs);
}
/// body<G, J>(f, g) over n_outputs x n_groups in register tiles. Lanes outside: their part of x then stays in the first-level cache
/// while the weights pass by.
template <class L, class F>
ERG_INLINE void cover(int n_outputs, int n_groups, F&& body) {
  constexpr int most = max_lanes<L>();
  const auto lanes = [&](auto size, int g) {
    cover_outputs<L, decltype(size)::value>(n_outputs, [&](auto outputs, int f) __attribute__((always_inline)) { body(size, outputs, f, g); });
  };
  // One lane at a time has few sums per load of a weight: of four and one left over three and two are made.
  const int whole = most == 4 && n_groups % 4 == 1 && n_groups > 4 ? n_groups - 5 : n_groups;
  int g = 0;
  for (; g + most <= whole; g += most) lanes(std::integral_constant<int, most>{}, g);
  if (whole < n_groups) {
    lanes(std::integral_constant<int, most == 4 ? 3 : 1>{}, g);
    g += 3;
  }
  unrolled<most - 1>([&](auto i) {  // what is left over: most - 1, ..., 1 lanes
    constexpr int left = most - 1 - i;
    if (n_groups - g == left) {
      lanes(std::integral_constant<int, left>{}, g);
      g = n_groups;
    }
  });
}

}  // namespace detail

/// Products of a weight matrix with the features of a panel of chains.
///
///   y[f, c] = bias[f] + sum_r w[f, r] x[r, c]          accumulate: y[f, c] itself in the place of bias[f]
///
/// Shapes    x: [n_terms, chain], y: [n_outputs, chain], x and y in whole lanes, x 64-byte aligned; bias may be null
/// Numerics  the terms of a sum are added in order, one fused multiply-add each, whatever the panel and the lane: the same bits for
///           any number of chains, and in the strict profile for any lane
/// Cost      n_outputs * n_terms multiply-adds a chain. A tile of 4 lanes by 6 outputs stays in registers; terms go by in runs
///           whose part of x fits the first-level cache; the weights are read once per run, in place: nothing is packed
template <class L>
void product(Weights<scalar_t<L>> w, int n_outputs, int n_terms, const scalar_t<L>* x, std::ptrdiff_t x_stride, scalar_t<L>* y,
             std::ptrdiff_t y_stride, int n_groups, const scalar_t<L>* bias, bool accumulate = false) {
  using T = scalar_t<L>;
  constexpr int first_level = 32768 / static_cast<int>(sizeof(T)), fit = first_level / (detail::max_lanes<L>() * width_v<L>);
  const int run = n_terms <= fit + fit / 4 ? n_terms : fit;
  int r = 0;
  do {
    const int n = n_terms - r < run ? n_terms - r : run;
    const T* from = x + r * x_stride;
    const T* w_from = w.data + r * w.per_term;
    const bool go_on = accumulate || r > 0;
    detail::cover<L>(n_outputs, n_groups, [&](auto lanes, auto outputs, int f, int g) __attribute__((always_inline)) {
      constexpr int G = decltype(lanes)::value, J = decltype(outputs)::value;
      const T* start = bias == nullptr ? nullptr : bias + f;
      T* to = y + f * y_stride + g * width_v<L>;
      const T* xg = from + g * width_v<L>;
      const auto tile = [&](auto unit) __attribute__((always_inline)) {
        const Weights<T> wf{w_from + f * w.per_output, w.per_output, w.per_term};
        const auto step = [&] {
          if constexpr (decltype(unit)::value) {
            return std::integral_constant<std::ptrdiff_t, 1>{};
          } else {
            return w.per_output;
          }
        }();
        const auto walk = [&](auto&& term) __attribute__((always_inline)) {
          detail::walk_terms<J, decltype(unit)::value>(wf, n, xg, x_stride, term);
        };
        detail::product_tile<L, G, J>(step, walk, to, y_stride, start, go_on);
      };
      if (w.per_output == 1) {
        tile(std::true_type{});
      } else {
        tile(std::false_type{});
      }
    });
    r += n;
  } while (r < n_terms);
}

}  // namespace erg::nn
