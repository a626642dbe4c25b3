// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Kernels on a handful of states: proposals with a version or a script, a local move, matrices, where chains are after some steps.
#pragma once

#include "support/chains.hpp"
#include "support/energies.hpp"

#include <erg/kernel/hmc.hpp>
#include <erg/kernel/metropolis.hpp>

#include <cstdint>
#include <vector>

namespace erg::test {

using Matrix = std::vector<std::vector<double>>;
inline Matrix product(const Matrix& a, const Matrix& b) {
  const std::size_t n = a.size(), columns = b[0].size();
  Matrix c(n, std::vector<double>(columns, 0.0));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

/// Where n chains that start at a state are after some steps.
template <std::size_t N, class K, class E>
std::vector<double> visits(const K& kernel, const E& pi, int n, int n_steps, int state, std::uint64_t seed) {
  std::vector<double> counts(N);
  for_each_chain<1>(kernel, pi, n, n_steps, seed, all_at({static_cast<double>(state)}), [&](const auto&, const auto& g, const auto&) {
    for (int c = 0; c < width_v<Wide>; ++c) ++counts[static_cast<std::size_t>(get(g.s.position[0], c))];
  });
  return counts;
}

/// A table that says which one it is.
template <std::size_t N>
struct VersionedTable : Table<N> {
  std::uint64_t number = 0;
  std::uint64_t version() const { return number; }
};

/// A table from which the draw in stream j = 1, 2, ... of chain c is digit j - 1 of c, to base N: every tuple of draws is some chain's.
template <std::size_t N>
struct AllTuples : Table<N> {
  template <Lane L>
  void sample(random::Key key, bits_t<L> chain, Point<L, 1> x) const {
    L rest = lane::from_int<L>(chain);
    const auto n = static_cast<double>(N);
    for (std::uint32_t j = key.c2() & 0xffffu; j > 1; --j) rest = lane::floor(rest / L(n));
    x[0] = rest - L(n) * lane::floor(rest / L(n));
  }
};

/// Three states on a ring: a step left or right, accepted by Metropolis. Where it forgets, the energy it leaves is that of before.
struct RingMove {
  struct Params {};
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  using Scratch = erg::detail::ProposalScratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy;
  static constexpr Cache leaves = Cache::energy;

  bool forgets_energy = false;

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    using L = typename T::Lane;
    const L y = s.position[0] + lane::select(draw_uniform(key.purpose(random::Purpose::second), s.chains, 0) < L(0.5), L(1.0), L(-1.0));
    w.position[0] = lane::select(y > L(2.5), L(0.0), lane::select(y < L(-0.5), L(2.0), y));
    const L stale = s.energy;
    s.energy = value(u, s.position);
    const auto info = erg::detail::metropolis_move<T>(key, s, w.position, value(u, w.position), 1000.0);
    if (forgets_energy) s.energy = stale;
    return info;
  }
};

}  // namespace erg::test
