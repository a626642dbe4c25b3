// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/config.hpp"

#include <cstddef>

/// Sums over chains in one order, fixed by the number of chains, that many workers can share: threads of a GPU and one loop on the CPU
/// give the same bits.
///
///   n terms -> 4096 strands -> 64 strands -> 1;   strand s of w sums the terms s, s + w, s + 2 w, ... in turn
///
/// A level that has no more terms than strands is left out, so that up to 64 terms are summed one after the other.
namespace erg::detail {

inline constexpr int tree_width = 4096, tree_neck = 64;

/// f(first) + f(first + width) + ... below n.
ERG_CALLS_ITS_ARGUMENT
template <class F>
ERG_FN inline double strand_sum(F&& f, std::ptrdiff_t n, std::ptrdiff_t first, std::ptrdiff_t width) {
  double sum = 0.0;
  for (std::ptrdiff_t i = first; i < n; i += width) sum += f(i);
  return sum;
}
ERG_FN constexpr std::ptrdiff_t tree_terms(std::ptrdiff_t n, int width) { return n < width ? n : width; }

/// Both lower levels in one loop, for n <= 4096 terms.
template <class F>
double neck_sum(F&& f, std::ptrdiff_t n) {
  if (n <= tree_neck) return strand_sum(f, n, 0, 1);
  double neck[tree_neck];
  for (int s = 0; s < tree_neck; ++s) neck[s] = strand_sum(f, n, s, tree_neck);
  return strand_sum([&neck](std::ptrdiff_t s) { return neck[s]; }, tree_neck, 0, 1);
}
/// The whole tree in one loop.
template <class F>
double tree_sum(F&& f, std::ptrdiff_t n) {
  if (n <= tree_width) return neck_sum(f, n);
  double strand[tree_width];
  for (int s = 0; s < tree_width; ++s) strand[s] = 0.0 + f(s);
  for (std::ptrdiff_t row = tree_width; row < n; row += tree_width) {
    const auto width = tree_terms(n - row, tree_width);
    for (std::ptrdiff_t s = 0; s < width; ++s) strand[s] += f(row + s);
  }
  return neck_sum([&strand](std::ptrdiff_t s) { return strand[s]; }, tree_width);
}

}  // namespace erg::detail
