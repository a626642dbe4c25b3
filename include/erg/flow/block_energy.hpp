// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/value_and_gradient.hpp"
#include "erg/nn/block.hpp"

#include <span>

/// Energies on panels of chains: [feature, chain] rows in whole lanes.
namespace erg::flow::detail {

using nn::Block;

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
    static thread_local nn::Arena<T> unwanted;
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

/// Exact draws of a base distribution for the chains first, first + 1, ...
template <class P, class Q>
void block_sample(const Q& base, random::Key key, std::uint32_t first, Block<P> x) {
  static thread_local LanePosition<P, dynamic> at;
  at.resize(x.n_features);
  for (int i = 0; i < x.n_groups; ++i) {
    base.template sample<P>(key, BlockChains<P>{first, x.n_groups}.group(i).id, erg::detail::energy_point<Q>(at));
    for (int d = 0; d < x.n_features; ++d) x.put(d, i, at[d]);
  }
}

}  // namespace erg::flow::detail
