// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/traits.hpp"

#include <cstddef>

namespace erg {

/// View of the coordinates of one lane of chains: x[d] is coordinate d of all of them.
///
/// Shapes   D coordinates; D static, or `dynamic` (the default) with size() known at run time. Contiguous, but for one-chain lanes of
///          run-time dimension (or of more than 32), whose coordinates are stride() apart: on a GPU they stand among other chains'.
/// Requires 0 <= d < size(), unchecked. `Point<const L, D>` reads, `Point<L, D>` writes. Pass a Point on as it is: it converts to
///          Points of other kinds; data() alone forgets the stride.
template <class L, int D = dynamic>
class Point;

namespace detail {
/// Static dimensions up to here live in registers, or on the stack, of whoever steps lanes of several chains, or of one.
inline constexpr int most_static = 128, most_in_thread = 32;
template <class L, int D>
inline constexpr bool has_stride = (D == dynamic || D > most_in_thread) && width_v<std::remove_const_t<L>> == 1;

template <class L, int D, bool strided = has_stride<L, D>>
class PointData {
 public:
  ERG_FN constexpr PointData(L* data, std::ptrdiff_t) : data_(data) {}
  ERG_FN constexpr L& operator[](int d) const { return data_[d]; }
  ERG_FN constexpr L* data() const { return data_; }
  ERG_FN static constexpr std::ptrdiff_t stride() { return 1; }

 private:
  L* data_;
};
template <class L, int D>
class PointData<L, D, true> {
 public:
  ERG_FN constexpr PointData(L* data, std::ptrdiff_t stride) : data_(data), stride_(stride) {}
  ERG_FN constexpr L& operator[](int d) const { return data_[d * stride_]; }
  ERG_FN constexpr L* data() const { return data_; }
  ERG_FN constexpr std::ptrdiff_t stride() const { return stride_; }

 private:
  L* data_;
  std::ptrdiff_t stride_;
};
}  // namespace detail

template <class L, int D>
class Point : public detail::PointData<L, D> {
 public:
  static constexpr int static_dim = D;

  ERG_FN constexpr explicit Point(L* data, int = D, std::ptrdiff_t stride = 1) : detail::PointData<L, D>(data, stride) {}
  template <class M, int D2>
    requires(std::is_same_v<M, L> || std::is_same_v<const M, L>) && (D2 == D)
  ERG_FN constexpr Point(Point<M, D2> other) : Point(other.data(), D, other.stride()) {}

  ERG_FN static constexpr int size() { return D; }
};

template <class L>
class Point<L, dynamic> : public detail::PointData<L, dynamic> {
 public:
  static constexpr int static_dim = dynamic;

  ERG_FN constexpr Point(L* data, int size, std::ptrdiff_t stride = 1) : detail::PointData<L, dynamic>(data, stride), size_(size) {}
  template <class M, int D>
    requires std::is_same_v<M, L> || std::is_same_v<const M, L>
  ERG_FN constexpr Point(Point<M, D> other) : Point(other.data(), other.size(), other.stride()) {}

  ERG_FN constexpr int size() const { return size_; }

 private:
  int size_;
};

}  // namespace erg
