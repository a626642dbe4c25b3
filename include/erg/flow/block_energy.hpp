// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/value_and_gradient.hpp"
#include "erg/flow/panels.hpp"

#include <span>

/// Energies on panels of chains: [feature, chain] rows in whole lanes.
namespace erg::flow::detail {

/// U of each chain into the row u, and dU/dx into g where it has memory. No guard: what is not finite stays so.
template <class P, class E>
void block_energy(const E& energy, Block<const P> x, Block<P> u, Block<P> g) {
  using T = scalar_t<P>;
  if constexpr (BatchEnergy<E, T>) {
    const BlockView<const T> at{x.data, x.n_chains, x.n_features, x.stride};
    const std::span<T> to(u.data, static_cast<std::size_t>(x.n_chains));
    if constexpr (BatchValue<E, T>) {
      if (g.data == nullptr) {
        energy.value(at, to);
        return;
      }
    }
    Scratch<T> unwanted;
    BlockView<T> slope{g.data, x.n_chains, x.n_features, g.stride};
    if (g.data == nullptr) slope = {unwanted.require(static_cast<std::size_t>(x.stride * x.n_features)), x.n_chains, x.n_features, x.stride};
    energy.value_and_gradient(at, to, slope);
  } else {
    static thread_local LanePosition<P, dynamic> at, slope;
    at.resize(x.n_features);
    slope.resize(x.n_features);
    for (int i = 0; i < x.n_groups; ++i) {
      for (int d = 0; d < x.n_features; ++d) at[d] = x.get(d, i);
      if constexpr (CallableOnLane<E, P>) {
        if (g.data == nullptr) {
          u.put(0, i, P(energy(erg::detail::energy_point<E>(std::as_const(at)))));
          continue;
        }
      }
      u.put(0, i, erg::detail::lane_value_and_gradient<E, P>(energy, erg::detail::energy_point<E>(std::as_const(at)),
                                                             erg::detail::energy_point<E>(slope)));
      if (g.data == nullptr) continue;
      for (int d = 0; d < x.n_features; ++d) g.put(d, i, slope[d]);
    }
  }
}

/// Exact draws of a base distribution: row r of all is for chain first + r % n at keys[r / n]; x holds rows from first_row on.
template <class P, class Q>
void block_sample(const Q& base, std::span<const random::Key> keys, std::uint32_t first, int n, int first_row, Block<P> x) {
  static thread_local LanePosition<P, dynamic> at;
  constexpr int width = width_v<P>;
  at.resize(x.n_features);
  for (int i = 0; i < x.n_groups; ++i) {
    for (int lane = 0; lane < width;) {  // a lane of rows with one key; where a key ends within it, the rest again with the next
      const int row = first_row + i * width + lane, j = std::min(row / n, static_cast<int>(keys.size()) - 1);
      const int count = std::min(width - lane, std::max((j + 1) * n - row, 1));
      const std::uint32_t chain = first + static_cast<std::uint32_t>(row - j * n - lane);
      base.template sample<P>(keys[static_cast<std::size_t>(j)], BlockChains<P>{chain, 1}.group(0).id, erg::detail::energy_point<Q>(at));
      for (int d = 0; d < x.n_features; ++d) {
        alignas(64) scalar_t<P> drawn[width];
        lane::store(drawn, at[d]);
        std::copy_n(drawn + lane, count, x.row(d) + i * width + lane);
      }
      lane += count;
    }
  }
}

}  // namespace erg::flow::detail
