// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/block.hpp"

namespace erg::nn::detail {

/// to[i] += sum_c f(c), plane by plane, chains in order; f(g) is the lane of group g. The chains of a panel follow those of the panel
/// before, one by one: the same bits however chains are cut into panels and lanes.
template <class L, class F>
void add_over_chains(Gradient<L> to, int i, int n_groups, int n_chains, F&& f) {
  using B = base_lane<L>;
  using T = scalar_t<B>;
  constexpr int width = width_v<B>;
  alignas(64) T values[n_planes<L> * width];
  for (int g = 0; g < n_groups; ++g) {
    lane_planes<L>::scatter(f(g), [&](int p, const B& b) { lane::store(values + p * width, b); });
    const int n = n_chains - g * width < width ? n_chains - g * width : width;
    for (int p = 0; p < n_planes<L>; ++p) {
      if (to.plane[p] == nullptr) continue;
      T sum = to.plane[p][i];
      for (int c = 0; c < n; ++c) sum += values[p * width + c];
      to.plane[p][i] = sum;
    }
  }
}

}  // namespace erg::nn::detail
