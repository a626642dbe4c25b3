// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/traits.hpp"

namespace erg {

/// View of the coordinates of one lane of chains: x[d] is coordinate d of all of them.
///
/// Shapes   D coordinates, contiguous; D static, or `dynamic` (the default) with size() known at run time.
/// Requires 0 <= d < size(), unchecked. `Point<const L, D>` reads, `Point<L, D>` writes.
template <class L, int D = dynamic>
class Point {
 public:
  static constexpr int static_dim = D;

  ERG_FN constexpr explicit Point(L* data, int size = D) : data_(data) { (void)size; }
  template <class M>
    requires std::is_same_v<const M, L>
  ERG_FN constexpr Point(Point<M, D> other) : data_(other.data()) {}

  ERG_FN constexpr L& operator[](int d) const { return data_[d]; }
  ERG_FN static constexpr int size() { return D; }
  ERG_FN constexpr L* data() const { return data_; }

 private:
  L* data_;
};

template <class L>
class Point<L, dynamic> {
 public:
  static constexpr int static_dim = dynamic;

  ERG_FN constexpr Point(L* data, int size) : data_(data), size_(size) {}
  template <class M, int D>
    requires std::is_same_v<M, L> || std::is_same_v<const M, L>
  ERG_FN constexpr Point(Point<M, D> other) : data_(other.data()), size_(other.size()) {}

  ERG_FN constexpr L& operator[](int d) const { return data_[d]; }
  ERG_FN constexpr int size() const { return size_; }
  ERG_FN constexpr L* data() const { return data_; }

 private:
  L* data_;
  int size_;
};

}  // namespace erg
