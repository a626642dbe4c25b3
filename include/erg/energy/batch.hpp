// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/value_and_gradient.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <algorithm>

/// Energies of either kind, lanes or blocks, at chains in columns: what training and sums of energies evaluate.
namespace erg {

namespace detail {

/// f(block of chains, first, n) over chains in columns, block_capacity at a time, in whole lanes; padding repeats the last chain.
template <class T, class F>
void for_blocks(BlockView<const T> x, F&& f) {
  using L = simd_lane<T, default_arch>;
  static thread_local BlockPosition<L> at;
  for (int first = 0; first < x.n_chains; first += block_capacity) {
    const int n = std::min(block_capacity, x.n_chains - first);
    at.resize((n + width_v<L> - 1) / width_v<L>, x.dim);
    const BlockView<T> to = at.view();
    for (int d = 0; d < x.dim; ++d) {
      const T* from = x.column(d) + first;
      std::copy_n(from, n, to.column(d));
      std::fill(to.column(d) + n, to.column(d) + to.n_chains, from[n - 1]);
    }
    f(std::as_const(at), first, n);
  }
}

/// n numbers of a thread, for one user each.
template <class T, class Owner>
T* thread_numbers(std::size_t n) {
  static thread_local std::vector<T> memory;
  if (memory.size() < n) memory.resize(n);
  return memory.data();
}

/// All parameters of an energy that has them, as its restore takes them.
template <class T, class E>
void copy_parameters(const E& e, std::span<T> to) {
  if constexpr (requires { e.parameters().flat(); }) {
    const auto from = e.parameters().flat();
    std::copy(from.begin(), from.end(), to.begin());
  } else {
    e.copy_parameters(to);
  }
}

}  // namespace detail

/// U and dU/dx of chains in columns.
///
/// Shapes    x, g: [chain, dim]; u: [chain]                  Ensures  chains do not influence each other
/// Cost      a batch energy's own; of a lane energy, its lanes' and a copy
template <class E, class T>
void batch_value_and_gradient(const E& energy, BlockView<const T> x, std::span<T> u, BlockView<T> g) {
  if constexpr (BatchEnergy<E, T>) {
    energy.value_and_gradient(x, u, g);
  } else {
    using L = simd_lane<T, default_arch>;
    static thread_local BlockPosition<L> gradient;
    detail::for_blocks(x, [&](const BlockPosition<L>& at, int first, int n) {
      gradient.resize(at.n_groups(), at.size());
      Column<L> value(at.n_groups());
      detail::block_lane_energy(energy, at, &gradient, value);
      std::copy_n(reinterpret_cast<const T*>(value.group), n, u.data() + first);
      for (int d = 0; d < x.dim; ++d) std::copy_n(gradient.view().column(d), n, g.column(d) + first);
    });
  }
}

/// U of chains in columns.
template <class E, class T>
void batch_value(const E& energy, BlockView<const T> x, std::span<T> u) {
  if constexpr (BatchValue<E, T>) {
    energy.value(x, u);
  } else if constexpr (BatchEnergy<E, T>) {
    struct Owner;
    T* g = detail::thread_numbers<T, Owner>(static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(x.dim));
    energy.value_and_gradient(x, u, BlockView<T>{g, x.n_chains, x.dim, x.n_chains});
  } else {
    using L = simd_lane<T, default_arch>;
    detail::for_blocks(x, [&](const BlockPosition<L>& at, int first, int n) {
      Column<L> value(at.n_groups());
      detail::block_lane_energy(energy, at, static_cast<BlockPosition<L>*>(nullptr), value);
      std::copy_n(reinterpret_cast<const T*>(value.group), n, u.data() + first);
    });
  }
}

}  // namespace erg
