// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/xsimd_lane.hpp"
#include "erg/random/normal.hpp"
#include "erg/tile/block_tile.hpp"

#include <algorithm>
#include <span>
#include <vector>

/// Points in memory, coordinate by coordinate: what batches of energies, networks and models read and write.
namespace erg {

/// A block with memory of its own, [n, dim].
template <class T>
struct OwnedBlock {
  std::vector<T> values;
  int n = 0, dim = 0;

  OwnedBlock() = default;
  OwnedBlock(int points, int coordinates) { shaped(points, coordinates); }
  /// Another shape; memory only grows, and what is in it is not kept in place.
  BlockView<T> shaped(int points, int coordinates) {
    n = points, dim = coordinates;
    values.resize(static_cast<std::size_t>(points) * static_cast<std::size_t>(coordinates));
    return view();
  }
  BlockView<T> view() { return {values.data(), n, dim, n}; }
  BlockView<const T> view() const { return {values.data(), n, dim, n}; }
  operator BlockView<const T>() const { return view(); }
  T& operator()(int i, int d) { return view()(i, d); }
  const T& operator()(int i, int d) const { return view()(i, d); }
  std::span<const T> all() const { return values; }
};

/// Points first .. of a block.
template <class T>
BlockView<T> rows_of(BlockView<T> x, int first, int n) {
  return {x.data + first, n, x.dim, x.stride};
}

/// x(c, d) ~ N(0, 1), a function of the key and of first + c, d alone: the noise that a kernel gives chain first + c at this key.
template <class T>
void fill_normal(BlockView<T> x, random::Key key, std::uint32_t first = 0) {
  using L = simd_lane<T, default_arch>;
  static thread_local std::vector<L> column;
  column.resize(static_cast<std::size_t>(x.dim) + 4);
  for (int c = 0; c < x.n_chains; c += width_v<L>) {
    const int n = std::min(width_v<L>, x.n_chains - c);
    random::fill_normal<L>(key, BlockChains<L>{first + static_cast<std::uint32_t>(c), 1}.group(0).id, column.data(), x.dim);
    for (int d = 0; d < x.dim; ++d) {
      alignas(64) T drawn[static_cast<std::size_t>(width_v<L>)];
      lane::store(drawn, column[static_cast<std::size_t>(d)]);
      std::copy_n(drawn, n, x.column(d) + c);
    }
  }
}

}  // namespace erg
