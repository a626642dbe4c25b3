// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/dual.hpp"
#include "erg/tile/block_tile.hpp"

#include <cstddef>
#include <new>

namespace erg::nn {

/// A number with its derivatives is kept in planes: one matrix of values, one of tangents, so that every linear layer is the same
/// product once per plane. Nested duals have four: value, the tangent of either direction, and that of both.
template <class L>
struct lane_planes {
  using Base = L;
  static constexpr int count = 1;
  template <class F>
  ERG_INLINE static L gather(F&& plane, int first = 0) {
    return plane(first);
  }
  template <class F>
  ERG_INLINE static void scatter(const L& v, F&& plane, int first = 0) {
    plane(first, v);
  }
};
template <class Inner>
struct lane_planes<Dual<Inner, 1>> {
  using Base = typename lane_planes<Inner>::Base;
  static constexpr int count = 2 * lane_planes<Inner>::count;
  template <class F>
  ERG_INLINE static Dual<Inner, 1> gather(F&& plane, int first = 0) {
    Dual<Inner, 1> v;
    v.value = lane_planes<Inner>::gather(plane, first);
    v.tangent[0] = lane_planes<Inner>::gather(plane, first + count / 2);
    return v;
  }
  template <class F>
  ERG_INLINE static void scatter(const Dual<Inner, 1>& v, F&& plane, int first = 0) {
    lane_planes<Inner>::scatter(v.value, plane, first);
    lane_planes<Inner>::scatter(v.tangent[0], plane, first + count / 2);
  }
};
template <class L>
inline constexpr int n_planes = lane_planes<std::remove_const_t<L>>::count;
template <class L>
using base_lane = typename lane_planes<std::remove_const_t<L>>::Base;

/// Features of a panel of chains: row f holds feature f of all of them, chain contiguous, in whole lanes L.
///
/// L is a Pack, or Dual<Pack, 1> (nested at will) where a tangent travels along; Block<const L> reads.
/// Shapes    [feature, chain]; plane p of feature f at data + p * plane + f * stride, 64-byte aligned
template <class L>
struct Block {
  using Lane = std::remove_const_t<L>;
  using Base = base_lane<L>;
  using Scalar = scalar_t<Base>;
  using Pointer = std::conditional_t<std::is_const_v<L>, const Scalar*, Scalar*>;
  static constexpr int planes = n_planes<L>;

  Pointer data = nullptr;
  std::ptrdiff_t stride = 0;  ///< scalars from one feature to the next
  std::ptrdiff_t plane = 0;   ///< scalars from one plane to the next
  int n_features = 0;
  int n_groups = 0;           ///< lanes of chains in a row
  int n_chains = 0;           ///< chains that count; the rest of the last lane is padding

  Pointer row(int f, int p = 0) const { return data + p * plane + f * stride; }
  ERG_INLINE Lane get(int f, int g) const {
    const auto* at = data + f * stride + g * width_v<Base>;
    return lane_planes<Lane>::gather([&](int p) { return lane::load<Base>(at + p * plane); });
  }
  ERG_INLINE void put(int f, int g, const Lane& v) const {
    auto* at = data + f * stride + g * width_v<Base>;
    lane_planes<Lane>::scatter(v, [&](int p, const Base& b) { lane::store(at + p * plane, b); });
  }
  /// n features from `first` on.
  Block rows(int first, int n) const {
    Block b = *this;
    b.data += first * stride;
    b.n_features = n;
    return b;
  }
  operator Block<const Lane>() const
    requires(!std::is_const_v<L>)
  {
    return {data, stride, plane, n_features, n_groups, n_chains};
  }
};

/// Where the parameter gradient goes: one array per plane of the lane, null where a plane is not wanted. Accumulated into.
template <class L>
struct Gradient {
  using T = scalar_t<base_lane<L>>;
  T* plane[n_planes<L>] = {};

  Gradient from(int offset) const {
    Gradient g = *this;
    for (T*& p : g.plane) p = p == nullptr ? p : p + offset;
    return g;
  }
};

/// Memory aligned to the widest lane, grown on demand and never shrunk: after the first use nothing is allocated.
template <class T>
class Arena {
 public:
  T* require(std::size_t n) {
    const std::size_t lines = (n * sizeof(T) + sizeof(Line) - 1) / sizeof(Line);
    if (lines > lines_.size()) lines_.resize(lines);
    return data();
  }
  T* data() { return reinterpret_cast<T*>(lines_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(lines_.data()); }

 private:
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  std::vector<Line> lines_;
};

/// Scalars in a 64-byte line.
template <class T>
inline constexpr int per_line = static_cast<int>(64 / sizeof(T));

namespace detail {
/// Scratch of a thread for pass number `Slot`.
template <class T, int Slot>
T* thread_scratch(std::size_t n) {
  static thread_local Arena<T> arena;
  return arena.require(n);
}
}  // namespace detail

}  // namespace erg::nn
