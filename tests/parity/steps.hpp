// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// 1000 steps of a kernel as one number: what every lane, tile, thread count and instruction set must reproduce.
#pragma once

#include "erg/kernel/kernels.hpp"
#include "erg/kernel/view.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/hyperbolic.hpp"
#include "erg/lane/math/trig.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/tile/block_tile.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace erg::test {

inline constexpr int n_parity_steps = 1000;
inline constexpr int n_parity_chains = 19;  // no multiple of any width: the last lane is half empty
inline constexpr std::uint64_t parity_seed = 20240229;

/// Bumps, a saturating coupling and an exponential wall over a quadratic: something for the elementary functions to do.
struct RoughBase {  // not inlined: it stands in every kernel, and compile time is dear
  template <Lane L, int D>
  ERG_FN [[gnu::noinline]] static L u(Point<const L, D> x) {
    L u = 0.0;
    for (int d = 0; d < x.size(); ++d) {
      u = u + 0.5 * x[d] * x[d] + 0.3 * math::sin(2.0 * x[d]) + math::exp(-2.0 - x[d]);
      if (d > 0) u = u + 0.7 * math::tanh(x[d] * x[d - 1]);
    }
    return u;
  }
  template <Lane L, int D>
  ERG_FN [[gnu::noinline]] static L u_and_gradient(Point<const L, D> x, Point<L, D> g) {
    L u = 0.0;
    for (int d = 0; d < x.size(); ++d) {
      const auto [sin, cos] = math::sincos(2.0 * x[d]);
      const L wall = math::exp(-2.0 - x[d]);
      u = u + 0.5 * x[d] * x[d] + 0.3 * sin + wall;
      g[d] = x[d] + 0.6 * cos - wall;
      if (d > 0) {
        const L t = math::tanh(x[d] * x[d - 1]);
        const L slope = 0.7 * (1.0 - t * t);
        u = u + 0.7 * t;
        g[d] = g[d] + slope * x[d - 1];
        g[d - 1] = g[d - 1] + slope * x[d];
      }
    }
    return u;
  }
};
template <int D>
struct Rough : RoughBase {
  static constexpr int dim = D;
  template <Lane L>
  ERG_FN L operator()(Point<const L, D> x) const {
    return u<L, D>(x);
  }
  template <Lane L>
  ERG_FN L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    return u_and_gradient<L, D>(x, g);
  }
};
template <>
struct Rough<dynamic> : RoughBase {
  int n;
  explicit Rough(int dim) : n(dim) {}
  ERG_FN int dim() const { return n; }
  template <Lane L>
  ERG_FN L operator()(Point<const L, dynamic> x) const {
    return u<L, dynamic>(x);
  }
  template <Lane L>
  ERG_FN L value_and_gradient(Point<const L, dynamic> x, Point<L, dynamic> g) const {
    return u_and_gradient<L, dynamic>(x, g);
  }
};
/// The same in two dimensions, its gradient by dual numbers.
struct RoughByDuals : RoughBase {
  static constexpr int dim = 2;
  template <Lane L>
  ERG_FN L operator()(Point<const L, dim> x) const {
    return u<L, dim>(x);
  }
};

/// FNV-1a, a word at a time.
inline constexpr std::uint64_t fnv_start = 0xcbf29ce484222325u;
inline std::uint64_t fnv(std::uint64_t h, std::uint64_t word) { return (h ^ word) * 0x100000001b3u; }
template <class T>
std::uint64_t fnv(std::uint64_t h, T value) {
  if constexpr (sizeof(T) == 4) {
    return fnv(h, static_cast<std::uint64_t>(std::bit_cast<std::uint32_t>(value)));
  } else {
    return fnv(h, std::bit_cast<std::uint64_t>(value));
  }
}
inline std::uint64_t combined(const std::vector<std::uint64_t>& chains) {
  std::uint64_t h = fnv_start;
  for (const auto c : chains) h = fnv(h, c);
  return h;
}

namespace detail_parity {

template <class L, int D>
void set_tile(ChainState<LaneTile<L, D>>& s, int first, int) {
  s.chains.id = lane_ops<L>::iota(static_cast<typename lane_traits<scalar_t<L>>::Bits>(first));
}
template <class L>
void set_tile(ChainState<BlockTile<L>>& s, int first, int n_groups) {
  s.chains.first = static_cast<std::uint32_t>(first);
  s.chains.n_groups = n_groups;
}
template <class L, class P>
void add_lane(std::vector<std::uint64_t>& h, int first, const P& x) {
  alignas(64) scalar_t<L> v[static_cast<std::size_t>(width_v<L>)];
  for (int d = 0; d < x.size(); ++d) {
    lane::store(v, L(x[d]));
    for (int i = 0; i < width_v<L> && first + i < static_cast<int>(h.size()); ++i) {
      auto& chain = h[static_cast<std::size_t>(first + i)];
      chain = fnv(chain, v[i]);
    }
  }
}
template <class L, int D>
void add_position(std::vector<std::uint64_t>& h, int first, const LanePosition<L, D>& x) {
  add_lane<L>(h, first, x);
}
template <class L>
void add_position(std::vector<std::uint64_t>& h, int first, const BlockPosition<L>& x) {
  for (int g = 0; g < x.n_groups(); ++g) add_lane<L>(h, first + g * width_v<L>, x.group(g));
}

}  // namespace detail_parity

/// A hash per chain of its positions after each step, by hand on tiles of type T. `n_groups` lanes a tile where it is a block.
template <class T, class K, class E>
std::vector<std::uint64_t> hash_steps(const K& kernel, const E& energy, int n_groups = 1) {
  using L = typename T::Lane;
  const auto k = kernel_view<scalar_t<L>>(kernel);
  using View = std::remove_cv_t<decltype(k)>;
  std::vector<std::uint64_t> h(n_parity_chains, fnv_start);
  for (int first = 0; first < n_parity_chains; first += n_groups * width_v<L>) {
    ChainState<T> s;
    typename View::template Extra<T> x;
    typename View::template Scratch<T> w;
    detail_parity::set_tile(s, first, n_groups);
    const random::Key key(parity_seed), start = key.purpose(random::Purpose::start);
    fill_normal(s.position, start, s.chains, dim_of(energy));
    s.energy = value_and_gradient(energy, s.position, s.gradient);
    erg::detail::init_extra(k, start, s, x);
    for (int i = 0; i < n_parity_steps; ++i) {
      (void)k.step(key.at(static_cast<std::uint64_t>(i)), energy, s, x, w);
      refresh<kernel_traits<View>::leaves, kernel_traits<View>::needs>(energy, s);
      detail_parity::add_position(h, first, s.position);
    }
  }
  return h;
}

}  // namespace erg::test
