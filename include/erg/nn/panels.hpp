// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/block.hpp"

#include <algorithm>

/// Panels: the chains that go through all layers of a network, or all bijectors of a flow, before the next ones do.
namespace erg::nn {

/// f(all, first) for all chains a panel at a time: `all` is `rows` rows of chains first, first + 1, ... in the memory given.
///
/// A row is 256 bytes (64 floats), which with the activations stay in the caches; 512 where the parameters exceed a megabyte and are
/// better read half as often. Panels are alike: a last one of few chains would read all parameters for them.
template <class L, class Memory, class F>
void for_panels(int n_chains, int rows, int n_parameters, Memory& memory, F&& f) {
  using T = typename Block<L>::Scalar;
  if (n_chains < 1) return;
  constexpr long cached = 1L << 20;
  constexpr int width = width_v<base_lane<L>>;
  const int most = static_cast<long>(n_parameters) * static_cast<long>(sizeof(T)) > cached ? 8 : 4;
  const int needed = (n_chains + per_line<T> - 1) / per_line<T>, n_panels = (needed + most - 1) / most;
  const int n_lines = (needed + n_panels - 1) / n_panels, size = n_lines * per_line<T>;
  const std::ptrdiff_t stride = (n_lines + (n_lines > 4 && n_lines % 2 == 0 ? 1 : 0)) * per_line<T>;  // rows then differ in cache set
  const std::ptrdiff_t plane = rows * stride;
  T* data = memory.require(static_cast<std::size_t>(plane) * n_planes<L>);
  for (int first = 0; first < n_chains; first += size) {
    const int n = std::min(size, n_chains - first);
    f(Block<L>{data, stride, plane, rows, (n + width - 1) / width, n}, first);
  }
}

/// Takes the rows of a panel apart, in order.
template <class L>
struct RowsOf {
  Block<L> all;
  int row = 0;

  Block<L> next(int n) {
    row += n;
    return all.rows(row - n, n);
  }
};

/// Row f of a plane: n_chains numbers of a column from its chain `first` on, and 0 to the end of the last lane; without a column 0 throughout.
template <class L, class T>
void read_row(const Block<L>& to, int f, const T* column, int first, int plane = 0) {
  T* row = to.row(f, plane);
  const int n = column == nullptr ? 0 : to.n_chains;
  if (n > 0) std::copy_n(column + first, n, row);
  std::fill(row + n, row + to.n_groups * width_v<base_lane<L>>, T(0));
}
template <class L, class T>
void read_rows(const Block<L>& to, BlockView<const T> from, int first, int plane = 0) {
  for (int f = 0; f < to.n_features; ++f) read_row(to, f, from.column(f), first, plane);
}
/// Directions of derivatives: v in the planes of first tangents, 0 in that of the second.
template <class L, class T>
void read_directions(const Block<L>& to, BlockView<const T> v, int first) {
  for (int f = 0; f < to.n_features; ++f) {
    for (int p = 1; p < n_planes<L>; ++p) read_row(to, f, p < 3 ? v.column(f) : nullptr, first, p);
  }
}
/// What the way back starts from: a seed held fixed, so with no tangents; without memory 1 for every chain.
template <class L, class T>
void read_seed(const Block<L>& to, BlockView<const T> seed, int first) {
  for (int f = 0; f < to.n_features; ++f) {
    const bool given = seed.data != nullptr;
    for (int p = 0; p < n_planes<L>; ++p) read_row(to, f, given && p == 0 ? seed.column(f) : static_cast<const T*>(nullptr), first, p);
    if (!given) std::fill_n(to.row(f), to.n_chains, T(1));
  }
}
template <class L, class T>
void write_rows(BlockView<T> to, const Block<L>& from, int first, int plane = 0) {
  for (int f = 0; f < from.n_features; ++f) std::copy_n(from.row(f, plane), from.n_chains, to.column(f) + first);
}

}  // namespace erg::nn
