// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"
#include "erg/tile/arena.hpp"

#include <utility>

namespace erg {

/// Coordinates of the chains of one lane. Static D: an array that lives in registers where D is small.
template <class L, int D>
struct LanePosition {
  using LaneType = L;
  static constexpr int static_dim = D;
  L v[D];

  ERG_FN ERG_INLINE L& operator[](int d) { return v[d]; }
  ERG_FN ERG_INLINE const L& operator[](int d) const { return v[d]; }
  ERG_FN ERG_INLINE static constexpr int size() { return D; }
  ERG_FN ERG_INLINE static constexpr void resize(int) {}
};

/// Dynamic D: memory of whoever steps, sized by the first verb that writes it, so that steps do not allocate (tile/arena.hpp).
template <class L>
struct LanePosition<L, dynamic> {
  using LaneType = L;
  static constexpr int static_dim = dynamic;
  detail::StepArray<L> v;

  ERG_FN ERG_INLINE L& operator[](int d) { return v[d]; }
  ERG_FN ERG_INLINE const L& operator[](int d) const { return v[d]; }
  ERG_FN ERG_INLINE int size() const { return v.size(); }
  ERG_FN ERG_INLINE void resize(int n) { v.resize(n); }
};

namespace detail {
/// The coordinates of a position as a Point of static dimension To, or dynamic.
template <int To, class L, int D>
ERG_FN ERG_INLINE auto point_of(const LanePosition<L, D>& x) {
  if constexpr (D == dynamic) {
    return Point<const L, To>(x.v.data(), x.size(), x.v.stride());
  } else {
    return Point<const L, To>(x.v, D);
  }
}
template <int To, class L, int D>
ERG_FN ERG_INLINE auto point_of(LanePosition<L, D>& x) {
  if constexpr (D == dynamic) {
    return Point<L, To>(x.v.data(), x.size(), x.v.stride());
  } else {
    return Point<L, To>(x.v, D);
  }
}
}  // namespace detail

template <class L, int D>
ERG_FN ERG_INLINE Point<const L, D> point(const LanePosition<L, D>& x) {
  return detail::point_of<D>(x);
}
template <class L, int D>
ERG_FN ERG_INLINE Point<L, D> point(LanePosition<L, D>& x) {
  return detail::point_of<D>(x);
}

/// The numbers of the chains of a lane: the lane part of random addresses.
template <class L>
struct LaneChains {
  using Lane = L;
  bits_t<L> id;
};

/// Chains that step together as the lanes of one register: as many as L is wide. On CUDA, one chain, one thread.
template <class L, int D>
struct LaneTile {
  using Lane = L;
  using Scalar = scalar_t<L>;
  using PerChain = L;              ///< one real per chain
  using Mask = mask_t<L>;          ///< one truth value per chain
  using Position = LanePosition<L, D>;
  using Chains = LaneChains<L>;
  static constexpr int dim = D;
  static constexpr int max_chains = width_v<L>;
};

namespace detail {
/// f(0), ..., f(n - 1); unrolled by the front end where n is static and small, so that arrays become registers.
template <int D, class F>
ERG_FN ERG_INLINE void for_each_dim(int n, F&& f) {
  if constexpr (D != dynamic && D <= 8) {
    [&]<int... d>(std::integer_sequence<int, d...>) __attribute__((always_inline)) { (f(d), ...); }
    (std::make_integer_sequence<int, D>{});
  } else {
    for (int d = 0; d < n; ++d) f(d);
  }
}
}  // namespace detail

// ---- verbs: what kernels say instead of loops. Written for anything indexed by coordinate that holds one lane of chains;
// ---- block positions apply them group by group (tile/block_tile.hpp) ------------------------------------------------------

/// A lane position, or one group of a block position.
template <class P>
concept LaneCoordinates = requires { typename std::remove_cvref_t<P>::LaneType; };
template <class P>
using lane_of = typename std::remove_cvref_t<P>::LaneType;

/// f of values per chain (reals, masks), chain by chain.
template <class F, class A, class... As>
ERG_FN ERG_INLINE auto per_chain(F&& f, const A& a, const As&... rest) {
  return f(a, rest...);
}

/// y[d] <- f(y[d], x[d], ...) for every coordinate.
template <LaneCoordinates Y, class F, LaneCoordinates... X>
ERG_FN ERG_INLINE void transform(Y&& y, F&& f, const X&... x) {
  detail::for_each_dim<std::remove_cvref_t<Y>::static_dim>(y.size(),
                                                           [&](int d) __attribute__((always_inline)) { y[d] = f(y[d], x[d]...); });
}
/// Gives y the shape of x; contents are unspecified.
template <class L, int D>
ERG_FN ERG_INLINE void resize_like(LanePosition<L, D>& y, const LanePosition<L, D>& x) {
  y.resize(x.size());
}
/// y <- x
template <LaneCoordinates Y, LaneCoordinates X>
ERG_FN ERG_INLINE void copy(Y&& y, const X& x) {
  using L = lane_of<Y>;
  y.resize(x.size());
  transform(y, [](L, L xd) __attribute__((always_inline)) { return xd; }, x);
}
/// y <- y + a x, with a one number or one per chain
template <LaneCoordinates Y, LaneCoordinates X>
ERG_FN ERG_INLINE void axpy(Y&& y, lane_of<Y> a, const X& x) {
  using L = lane_of<Y>;
  transform(y, [a](L yd, L xd) __attribute__((always_inline)) { return lane::mul_add(a, xd, yd); }, x);
}
/// y <- a y
template <LaneCoordinates Y>
ERG_FN ERG_INLINE void scale(Y&& y, lane_of<Y> a) {
  using L = lane_of<Y>;
  transform(y, [a](L yd) __attribute__((always_inline)) { return a * yd; });
}
/// Sum over coordinates of x y, in an order fixed by the dimension: the same bits for every lane width. Long sums run as four,
/// bound by throughput and not by the latency of one addition.
template <LaneCoordinates X, LaneCoordinates Y>
ERG_FN ERG_INLINE lane_of<X> dot(const X& x, const Y& y) {
  using L = lane_of<X>;
  const int n = x.size();
  L s0 = 0.0;
  if constexpr (X::static_dim != dynamic && X::static_dim < 8) {
    detail::for_each_dim<X::static_dim>(n, [&](int d) __attribute__((always_inline)) { s0 = lane::mul_add(x[d], y[d], s0); });
    return s0;
  } else {
    L s1 = 0.0, s2 = 0.0, s3 = 0.0;
    int d = 0;
    for (; n >= 8 && d + 4 <= n; d += 4) {
      s0 = lane::mul_add(x[d], y[d], s0);
      s1 = lane::mul_add(x[d + 1], y[d + 1], s1);
      s2 = lane::mul_add(x[d + 2], y[d + 2], s2);
      s3 = lane::mul_add(x[d + 3], y[d + 3], s3);
    }
    for (; d < n; ++d) s0 = lane::mul_add(x[d], y[d], s0);
    return (s0 + s1) + (s2 + s3);
  }
}
/// Sum over coordinates of f(x[d], ...), in order of the coordinate.
template <class F, LaneCoordinates X, LaneCoordinates... Xs>
ERG_FN ERG_INLINE lane_of<X> sum_over_dims(F&& f, const X& x, const Xs&... rest) {
  lane_of<X> sum = 0.0;
  detail::for_each_dim<X::static_dim>(x.size(), [&](int d) __attribute__((always_inline)) { sum = sum + f(x[d], rest[d]...); });
  return sum;
}
/// f(chains, x, ...) on a lane of chains and its positions; in a block, on every group.
template <class F, class L, class... P>
ERG_FN ERG_INLINE void for_chains(F&& f, const LaneChains<L>& chains, P&... x) {
  f(chains, x...);
}
/// |x|^2 per chain, of any position.
template <class X>
ERG_FN ERG_INLINE auto squared_norm(const X& x) {
  return dot(x, x);
}
/// y <- x on the chains of the mask
template <LaneCoordinates Y, LaneCoordinates X>
ERG_FN ERG_INLINE void copy_where(mask_t<lane_of<Y>> m, Y&& y, const X& x) {
  using L = lane_of<Y>;
  transform(y, [m](L yd, L xd) __attribute__((always_inline)) { return lane::select(m, xd, yd); }, x);
}
/// Chains all of whose coordinates are finite.
template <LaneCoordinates X>
ERG_FN ERG_INLINE mask_t<lane_of<X>> all_finite(const X& x) {
  lane_of<X> sum = x[0] * lane_of<X>(0.0);  // 0 x is 0 where x is finite, NaN elsewhere
  detail::for_each_dim<X::static_dim>(x.size(), [&](int d) __attribute__((always_inline)) {
    if (d > 0) sum = lane::mul_add(x[d], lane_of<X>(0.0), sum);
  });
  return sum == lane_of<X>(0.0);
}
/// x <- standard normals at the key's address
template <LaneCoordinates X>
ERG_FN ERG_INLINE void fill_normal(X&& x, random::Key key, const LaneChains<lane_of<X>>& chains, int n) {
  x.resize(n);
  constexpr int d = std::remove_cvref_t<X>::static_dim;
  random::fill_normal<lane_of<X>, d>(key, chains.id, x, d == dynamic ? n : d);
}
/// An exponential variate with mean 1, a uniform one on [0, 1), per chain, at number `index` of the key's purpose.
template <class L>
ERG_FN ERG_INLINE L draw_exponential(random::Key key, const LaneChains<L>& chains, int index) {
  return random::exponential<L>(key, chains.id, index);
}
/// Uniform on (0, 1]: what acceptance compares with a probability.
template <class L>
ERG_FN ERG_INLINE L draw_uniform_positive(random::Key key, const LaneChains<L>& chains, int index) {
  return random::to_unit_positive<L>(random::bits<L>(key, chains.id, index));
}
template <class L>
ERG_FN ERG_INLINE L draw_uniform(random::Key key, const LaneChains<L>& chains, int index) {
  return random::uniform<L>(key, chains.id, index);
}

}  // namespace erg
