// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/xsimd_lane.hpp"
#include "erg/random/normal.hpp"
#include "erg/tile/block_tile.hpp"

#include <algorithm>

namespace erg::generator {

/// Standard normals at the key's address, one row a chain, from chain `first` on.      Shapes  x: [chain, n]
template <class T>
void fill_latent(BlockView<T> x, random::Key key, std::uint32_t first = 0) {
  using L = simd_lane<T, default_arch>;
  constexpr int width = width_v<L>;
  static thread_local LanePosition<L, dynamic> at;
  for (int c = 0; c < x.n_chains; c += width) {
    erg::fill_normal(at, key, BlockChains<L>{first + static_cast<std::uint32_t>(c), 1}.group(0), x.dim);
    const int n = std::min(width, x.n_chains - c);
    for (int d = 0; d < x.dim; ++d) {
      alignas(64) T values[width];
      lane::store(values, at[d]);
      std::copy_n(values, n, x.column(d) + c);
    }
  }
}

/// Rows first .. of a table.
template <class T>
BlockView<T> rows_of(BlockView<T> x, int first, int n) {
  return {x.data + first, n, x.dim, x.stride};
}

/// A table of its own memory, [chain, column], grown on demand.
template <class T>
class Table {
 public:
  BlockView<T> shaped(int n, int columns) {
    values_.resize(static_cast<std::size_t>(n) * static_cast<std::size_t>(columns));
    return {values_.data(), n, columns, n};
  }

 private:
  std::vector<T> values_;
};

}  // namespace erg::generator
