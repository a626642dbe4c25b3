// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/tile/block_tile.hpp"

namespace erg {

/// A view of an ensemble, wherever its memory is: shape [chain, column], columns position, gradient, energy, extra.
template <class T>
struct EnsembleView {
  T* data = nullptr;
  std::ptrdiff_t stride = 0;
  int dim = 0;

  ERG_FN T* position(int d = 0) const { return data + d * stride; }
  ERG_FN T* gradient(int d = 0) const { return data + (dim + d) * stride; }
  ERG_FN T* energy() const { return data + 2 * dim * stride; }
  ERG_FN T* extra(int c = 0) const { return data + (2 * dim + 1 + c) * stride; }
};

/// Chains with their padding: rows are whole lines of 64 bytes.
template <class T>
constexpr std::ptrdiff_t padded_chains(int n_chains) {
  constexpr std::ptrdiff_t pad = 64 / sizeof(T);
  return (n_chains + pad - 1) / pad * pad;
}

/// All chains of a run between launches: positions, gradients, energies and what kernels carry, shape [chain, column].
///
/// Column-major, chain contiguous, rows padded to 64 bytes (the widest lane), so that every lane loads aligned and unit-stride
/// and a GEMM sees [chain, dim]. Padding rows hold chains too: they step like the others and are never reported.
template <class T>
class Ensemble {
 public:
  Ensemble() = default;
  Ensemble(int n_chains, int dim, int n_extra)
      : n_chains_(n_chains), dim_(dim), n_extra_(n_extra), stride_(padded_chains<T>(n_chains)), storage_(count()) {}

  int n_chains() const { return n_chains_; }
  int dim() const { return dim_; }
  int n_extra() const { return n_extra_; }
  int n_columns() const { return 2 * dim_ + 1 + n_extra_; }
  std::ptrdiff_t stride() const { return stride_; }

  T* position(int d = 0) { return data() + d * stride_; }
  T* gradient(int d = 0) { return data() + (dim_ + d) * stride_; }
  T* energy() { return data() + 2 * dim_ * stride_; }
  T* extra(int c = 0) { return data() + (2 * dim_ + 1 + c) * stride_; }
  T* data() { return reinterpret_cast<T*>(storage_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(storage_.data()); }
  EnsembleView<T> view() { return {data(), stride_, dim_}; }
  std::size_t bytes() const { return sizeof(Line) * storage_.size(); }
  T operator()(int chain, int d) const { return data()[chain + d * stride_]; }

 private:
  static constexpr int pad = static_cast<int>(64 / sizeof(T));
  struct alignas(64) Line {
    T v[static_cast<std::size_t>(pad)];
  };
  std::size_t count() const { return static_cast<std::size_t>(stride_ / pad) * static_cast<std::size_t>(n_columns()); }

  int n_chains_ = 0, dim_ = 0, n_extra_ = 0;
  std::ptrdiff_t stride_ = 0;
  std::vector<Line> storage_;
};

/// From and to columns of an ensemble, starting at the tile's first chain.
template <class L, int D>
ERG_FN ERG_INLINE void load_columns(LanePosition<L, D>& x, const scalar_t<L>* p, std::ptrdiff_t stride, int dim, int) {
  x.resize(dim);
  for (int d = 0; d < x.size(); ++d) x[d] = lane::load<L>(p + d * stride);
}
template <class L, int D>
ERG_FN ERG_INLINE void store_columns(const LanePosition<L, D>& x, scalar_t<L>* p, std::ptrdiff_t stride) {
  for (int d = 0; d < x.size(); ++d) lane::store(p + d * stride, x[d]);
}
template <Lane L>
ERG_FN ERG_INLINE void load_column(L& x, const scalar_t<L>* p, int) {
  x = lane::load<L>(p);
}
template <Lane L>
ERG_FN ERG_INLINE void store_column(const L& x, scalar_t<L>* p) {
  lane::store(p, x);
}
template <class L>
void load_columns(BlockPosition<L>& x, const scalar_t<L>* p, std::ptrdiff_t stride, int dim, int n_groups) {
  x.resize(n_groups, dim);
  for (int g = 0; g < n_groups; ++g) {
    for (int d = 0; d < dim; ++d) x.group(g)[d] = lane::load<L>(p + d * stride + g * width_v<L>);
  }
}
template <class L>
void store_columns(const BlockPosition<L>& x, scalar_t<L>* p, std::ptrdiff_t stride) {
  for (int g = 0; g < x.n_groups(); ++g) {
    for (int d = 0; d < x.size(); ++d) lane::store(p + d * stride + g * width_v<L>, x.group(g)[d]);
  }
}
template <class L>
void load_column(Column<L>& x, const scalar_t<L>* p, int n_groups) {
  x.n_groups = n_groups;
  for (int g = 0; g < n_groups; ++g) x.group[g] = lane::load<L>(p + g * width_v<L>);
}
template <class L>
void store_column(const Column<L>& x, scalar_t<L>* p) {
  for (int g = 0; g < x.n_groups; ++g) lane::store(p + g * width_v<L>, x.group[g]);
}

}  // namespace erg
