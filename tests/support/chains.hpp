// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Steps by hand: what tests of kernels use instead of `run`, which costs ten times the compile time.
#pragma once

#include <erg/exec/policies.hpp>
#include <erg/kernel/concepts.hpp>
#include <erg/kernel/cycle.hpp>

#include <cstddef>
#include <vector>

namespace erg::test {

using One = Pack<double>;
using Wide = simd_lane<double, default_arch>;

/// The numbers of the chains first, first + 1, ... of a lane.
template <class L>
LaneChains<L> chains_from(std::uint32_t first) {
  return {lane_ops<L>::iota(static_cast<typename lane_traits<scalar_t<L>>::Bits>(first))};
}

/// The value of chain c of a lane.
template <class L>
double get(const L& a, int c) {
  alignas(64) scalar_t<L> v[width_v<L>];
  lane::store(v, a);
  return static_cast<double>(v[c]);
}
template <class L>
void set(L& a, int c, double value) {
  alignas(64) scalar_t<L> v[width_v<L>];
  lane::store(v, a);
  v[c] = static_cast<scalar_t<L>>(value);
  a = lane::load<L>(v);
}
/// The truth value of chain c of a mask of lane L.
template <class L>
bool get_mask(const mask_t<L>& m, int c) {
  return get(lane::select(m, L(1.0), L(0.0)), c) == 1.0;
}

/// A kernel behind a call: compiled once, however many compositions it is part of.
template <class K>
struct Called : K {
  explicit Called(K k) : K(std::move(k)) {}
  template <class T, class E>
  [[gnu::noinline]] auto step(random::Key key, const E& u, ChainState<T>& s, typename K::template Extra<T>& x,
                              typename K::template Scratch<T>& w) const {
    return K::step(key, u, s, x, w);
  }
};

/// One lane of chains under a kernel.
template <class T, class K>
struct Group {
  ChainState<T> s;
  typename K::template Extra<T> x;
  typename K::template Scratch<T> w;

  /// Energy and gradient at the position that was put there; what the kernel carries from its own start.
  template <class E>
  [[gnu::noinline]] void begin(const K& kernel, const E& energy, random::Key key) {
    s.energy = value_and_gradient(energy, s.position, s.gradient);
    erg::detail::init_extra(kernel, key.purpose(random::Purpose::start).stream(1), s, x);
  }
  /// One step at a key, then fresh whatever the kernel needs and does not leave. Not inlined: compiled once, however many tests use it.
  template <class E>
  [[gnu::noinline]] auto step(const K& kernel, const E& energy, random::Key key) {
    auto info = kernel.step(key, energy, s, x, w);
    refresh<kernel_traits<K>::leaves, kernel_traits<K>::needs>(energy, s);
    return info;
  }
};

/// n_chains (rounded up to whole lanes) chains of n_steps steps each. start(chains, position) puts a lane of chains at its start;
/// visit(x0, group, info) sees the start, the end and the last step's report.
template <int D, class L = Wide, class K, class E, class Start, class Visit>
void for_each_chain(const K& kernel, const E& energy, int n_chains, int n_steps, std::uint64_t seed, Start&& start, Visit&& visit) {
  using T = LaneTile<L, D>;
  const random::Key key(seed);
  Group<T, K> g;
  typename T::Position x0;
  for (int c = 0; c < n_chains; c += width_v<L>) {
    g.s.chains = chains_from<L>(static_cast<std::uint32_t>(c));
    g.s.position.resize(dim_of(energy));
    start(g.s.chains, g.s.position);
    copy(x0, g.s.position);
    g.begin(kernel, energy, key);
    typename K::template Info<T> info{};
    for (int i = 1; i <= n_steps; ++i) info = g.step(kernel, energy, key.at(static_cast<std::uint64_t>(i)));
    visit(x0, g, info);
  }
}

/// A start drawn exactly from a distribution that can be sampled.
template <class P>
auto drawn_from(const P& p, std::uint64_t seed) {
  return [&p, key = random::Key(seed).purpose(random::Purpose::start)](const auto& chains, auto& x) {
    using L = typename std::remove_cvref_t<decltype(chains)>::Lane;
    p.template sample<L>(key, chains.id, erg::detail::energy_point<P>(x));
  };
}
/// All chains at one point.
inline auto all_at(std::vector<double> at) {
  return [at = std::move(at)](const auto&, auto& x) {
    for (int d = 0; d < x.size(); ++d) x[d] = at[static_cast<std::size_t>(d)];
  };
}

}  // namespace erg::test
