// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/tile/column.hpp"
#include "erg/tile/lane_tile.hpp"

#include <memory>
#include <new>
#include <vector>

namespace erg {

/// View of a block of chains, shape [chain, dim], column-major: chain contiguous, x(c, d) at data[c + d * stride].
template <class T>
struct BlockView {
  T* data;
  int n_chains;
  int dim;
  std::ptrdiff_t stride;  ///< elements from one coordinate to the next, >= n_chains

  T& operator()(int chain, int d) const { return data[chain + d * stride]; }
  T* column(int d) const { return data + d * stride; }
  /// To a view that only reads. (A template, as nvcc warns of a plain one that a view of constants has no use for.)
  template <class U>
    requires(std::is_same_v<U, const T> && !std::is_const_v<T>)
  operator BlockView<U>() const {
    return {data, n_chains, dim, stride};
  }
};

/// Coordinates of a block of chains, [chain, dim] column-major, in whole lanes of chains.
template <class L>
class BlockPosition {
 public:
  using T = scalar_t<L>;

  int size() const { return dim_; }
  int n_groups() const { return n_groups_; }
  int n_chains() const { return n_groups_ * width_v<L>; }
  BlockView<T> view() { return {reinterpret_cast<T*>(lanes_.data()), n_chains(), dim_, n_chains()}; }
  BlockView<const T> view() const { return {reinterpret_cast<const T*>(lanes_.data()), n_chains(), dim_, n_chains()}; }
  /// Sized by the first verb that writes it; steps do not allocate.
  void resize(int n_groups, int dim) {
    if (n_groups == n_groups_ && dim == dim_) return;
    n_groups_ = n_groups;
    dim_ = dim;
    lanes_.resize(static_cast<std::size_t>(n_groups) * static_cast<std::size_t>(dim));
  }

  /// Group g as a lane position: coordinate d of one lane of chains.
  struct Group {
    using LaneType = L;
    static constexpr int static_dim = dynamic;
    L* first;
    std::ptrdiff_t step;
    int dim;
    L& operator[](int d) const { return first[d * step]; }
    int size() const { return dim; }
    static void resize(int) {}
  };
  Group group(int g) { return {lanes_.data() + g, n_groups_, dim_}; }
  Group group(int g) const { return {const_cast<L*>(lanes_.data()) + g, n_groups_, dim_}; }
  /// Everything in the order of memory, for what treats all numbers alike: a walk group by group would touch one line in n_groups.
  Group flat() { return {lanes_.data(), 1, n_groups_ * dim_}; }
  Group flat() const { return {const_cast<L*>(lanes_.data()), 1, n_groups_ * dim_}; }
  /// Coordinate d of group g.
  L& at(int d, int g) { return lanes_.data()[static_cast<std::ptrdiff_t>(d) * n_groups_ + g]; }
  const L& at(int d, int g) const { return lanes_.data()[static_cast<std::ptrdiff_t>(d) * n_groups_ + g]; }

 private:
  std::vector<L> lanes_;
  int n_groups_ = 0;
  int dim_ = 0;
};

/// The numbers of the chains of a block: n_groups lanes from `first` on.
template <class L>
struct BlockChains {
  using Lane = L;
  std::uint32_t first = 0;
  int n_groups = 0;
  LaneChains<L> group(int g) const {
    return {lane_ops<L>::iota(static_cast<typename lane_traits<scalar_t<L>>::Bits>(first + static_cast<std::uint32_t>(g * width_v<L>)))};
  }
};

/// Up to block_capacity chains that step together, for energies evaluated a block at a time (GEMM).
template <class L>
struct BlockTile {
  using Lane = L;
  using Scalar = scalar_t<L>;
  using PerChain = Column<L>;
  using Mask = MaskColumn<L>;
  using Position = BlockPosition<L>;
  using Chains = BlockChains<L>;
  static constexpr int dim = dynamic;
  static constexpr int max_chains = block_capacity;
};

// ---- verbs: the lane verbs, group by group --------------------------------------------------------------------------------

namespace detail {
/// Group g of an operand; one number serves all groups.
template <class L, class A>
ERG_INLINE L lane_at(const A& a, int g) {
  if constexpr (is_column<A>) {
    return a.group[g];
  } else {
    return L(a);
  }
}
}  // namespace detail

template <class L, class F, class... X>
ERG_INLINE void transform(BlockPosition<L>& y, F&& f, const X&... x) {
  transform(y.flat(), f, x.flat()...);
}
template <class L>
void resize_like(BlockPosition<L>& y, const BlockPosition<L>& x) {
  y.resize(x.n_groups(), x.size());
}
template <class L>
void copy(BlockPosition<L>& y, const BlockPosition<L>& x) {
  resize_like(y, x);
  transform(y.flat(), [](L, L v) __attribute__((always_inline)) { return v; }, x.flat());
}
template <class L, class A>
void axpy(BlockPosition<L>& y, const A& a, const BlockPosition<L>& x) {
  for (int d = 0; d < y.size(); ++d) {
    for (int g = 0; g < y.n_groups(); ++g) y.at(d, g) = lane::mul_add(detail::lane_at<L>(a, g), x.at(d, g), y.at(d, g));
  }
}
template <class L, class A>
void scale(BlockPosition<L>& y, const A& a) {
  for (int d = 0; d < y.size(); ++d) {
    for (int g = 0; g < y.n_groups(); ++g) y.at(d, g) = detail::lane_at<L>(a, g) * y.at(d, g);
  }
}
template <class L>
Column<L> dot(const BlockPosition<L>& x, const BlockPosition<L>& y) {
  Column<L> r(x.n_groups());
  for (int g = 0; g < x.n_groups(); ++g) r.group[g] = dot(x.group(g), y.group(g));
  return r;
}
template <class F, class L, class... P>
Column<L> sum_over_dims(F&& f, const BlockPosition<L>& x, const P&... rest) {
  Column<L> r(x.n_groups());
  for (int g = 0; g < x.n_groups(); ++g) r.group[g] = sum_over_dims(f, x.group(g), rest.group(g)...);
  return r;
}
template <class F, class L, class... P>
void for_chains(F&& f, const BlockChains<L>& chains, P&... x) {
  for (int g = 0; g < chains.n_groups; ++g) {
    [&](auto&&... xs) { f(chains.group(g), xs...); }(x.group(g)...);
  }
}
template <class L>
void copy_where(const MaskColumn<L>& m, BlockPosition<L>& y, const BlockPosition<L>& x) {
  for (int d = 0; d < y.size(); ++d) {
    for (int g = 0; g < y.n_groups(); ++g) y.at(d, g) = lane::select(m.group[g], x.at(d, g), y.at(d, g));
  }
}
template <class L>
MaskColumn<L> all_finite(const BlockPosition<L>& x) {
  Column<L> sum(x.n_groups());  // as for one lane, coordinate by coordinate
  for (int g = 0; g < x.n_groups(); ++g) sum.group[g] = x.at(0, g) * L(0.0);
  for (int d = 1; d < x.size(); ++d) {
    for (int g = 0; g < x.n_groups(); ++g) sum.group[g] = lane::mul_add(x.at(d, g), L(0.0), sum.group[g]);
  }
  return per_chain([](const L& v) { return v == L(0.0); }, sum);
}
template <class L>
void fill_normal(BlockPosition<L>& x, random::Key key, const BlockChains<L>& chains, int n) {
  x.resize(chains.n_groups, n);
  for (int g = 0; g < chains.n_groups; ++g) fill_normal(x.group(g), key, chains.group(g), n);
}
template <class L>
Column<L> draw_exponential(random::Key key, const BlockChains<L>& chains, int index) {
  Column<L> r(chains.n_groups);
  for (int g = 0; g < chains.n_groups; ++g) r.group[g] = draw_exponential(key, chains.group(g), index);
  return r;
}
template <class L>
Column<L> draw_uniform_positive(random::Key key, const BlockChains<L>& chains, int index) {
  Column<L> r(chains.n_groups);
  for (int g = 0; g < chains.n_groups; ++g) r.group[g] = draw_uniform_positive(key, chains.group(g), index);
  return r;
}
template <class L>
Column<L> draw_uniform(random::Key key, const BlockChains<L>& chains, int index) {
  Column<L> r(chains.n_groups);
  for (int g = 0; g < chains.n_groups; ++g) r.group[g] = draw_uniform(key, chains.group(g), index);
  return r;
}

}  // namespace erg
