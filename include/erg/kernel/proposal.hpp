// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/metropolis.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>

namespace erg {

/// A distribution that can be drawn from exactly and whose energy is known up to a constant: every library energy with `sample`.
template <class Q, class L>
concept Proposal = LaneEnergy<Q, L> && requires(const Q& q, random::Key key, bits_t<L> chain, Point<L, static_dim<Q>> x) {
  q.template sample<L>(key, chain, x);
};

/// The parameters of a proposal that are fixed for as long as its version is: equal versions, equal distributions.
///
/// A kernel may then keep U_q(x) from the draw of x on. Without a version it is evaluated afresh each step.
/// Requires  versions of one proposal type differ modulo 2^24 (a float keeps no more)
template <class Q>
concept Versioned = requires(const Q& q) { static_cast<std::uint64_t>(q.version()); };

/// A proposal over blocks of chains (a flow): a batch energy that draws and evaluates in one pass,
///
///   void sample(std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> u) const
///
/// Shapes    x: [keys.size() * n, dim], u: [keys.size() * n]; row j * n + c is for chain first + c at keys[j]
/// Ensures   a row depends on its key and chain alone; u is U_q(x), normalised as in value_and_gradient
template <class Q, class T>
concept BatchProposal = BatchEnergy<Q, T> && Versioned<Q> &&
                        requires(const Q& q, std::span<const random::Key> keys, BlockView<T> x, std::span<T> u) {
                          q.sample(keys, std::uint32_t{}, x, u);
                        };

namespace detail {

/// Draws positions from a proposal; in a block, to groups first_group, first_group + 1, ... of a position that has them.
template <class Q, class L, int D>
ERG_FN ERG_INLINE void draw_from(const Q& q, random::Key key, const LaneChains<L>& chains, LanePosition<L, D>& x, int n) {
  x.resize(n);
  q.template sample<L>(key, chains.id, energy_point<Q>(x));
}
template <class Q, class L>
void draw_from(const Q& q, random::Key key, const BlockChains<L>& chains, BlockPosition<L>& x, int n, int first_group = 0) {
  static thread_local LanePosition<L, dynamic> at;
  for (int g = 0; g < chains.n_groups; ++g) {
    draw_from(q, key, chains.group(g), at, n);
    copy(x.group(first_group + g), at);
  }
}

/// y <- proposal j of several on the chains of a mask.
template <class L, int D>
ERG_FN ERG_INLINE void take_where(const mask_t<L>& m, LanePosition<L, D>& y, const LanePosition<L, D>& x, int) {
  copy_where(m, y, x);
}
template <class L>
void take_where(const MaskColumn<L>& m, BlockPosition<L>& y, const BlockPosition<L>& x, int j) {
  for (int g = 0; g < y.n_groups(); ++g) copy_where(m.group[g], y.group(g), x.group(j * y.n_groups() + g));
}

/// n proposals one after the other: f(j, U, U_q, take), take(mask, y) copying the j-th to y. key(j) is its key.
template <class T, class Q, class E, class KeyOf, class F>
  requires(!is_column<typename T::PerChain>)
ERG_FN ERG_INLINE void for_each_proposal(const Q& q, const E& u, const ChainState<T>& s, typename T::Position& x, int n, KeyOf&& key, F&& f) {
  static_assert(Proposal<Q, typename T::Lane>,
                "erg: this proposal draws blocks of chains (GEMM) and these chains step lane by lane. Propose from a distribution with "
                "`template <erg::Lane L> void sample(random::Key, bits_t<L> chain, Point<L, dim>) const`, or step in a BlockTile.");
  for (int j = 0; j < n; ++j) {
    draw_from(q, key(j), s.chains, x, s.position.size());
    const auto energy = value(u, x);
    f(j, energy, value(q, x), [&](const typename T::Mask& m, typename T::Position& y) __attribute__((always_inline)) { take_where(m, y, x, j); });
  }
}
/// In a block whose energy or proposal works on blocks, as many at once as fill it: chains * at once <= block_capacity.
template <class T, class Q, class E, class KeyOf, class F>
  requires is_column<typename T::PerChain>
void for_each_proposal(const Q& q, const E& u, const ChainState<T>& s, typename T::Position& x, int n, KeyOf&& key, F&& f) {
  using L = typename T::Lane;
  using S = typename T::Scalar;
  constexpr bool batch_proposal = BatchProposal<Q, S>;
  const int groups = s.chains.n_groups, dim = s.position.size();
  const int room = batch_proposal || BatchEnergy<E, S> ? T::PerChain::capacity / groups : 1;
  const auto slice = [groups](const Column<L>& all, int j) {
    Column<L> r(groups);
    for (int g = 0; g < groups; ++g) r.group[g] = all.group[j * groups + g];
    return r;
  };
  random::Key keys[block_capacity];
  for (int first = 0; first < n; first += room) {
    const int m = std::min(room, n - first);
    x.resize(m * groups, dim);
    for (int j = 0; j < m; ++j) keys[j] = key(first + j);
    Column<L> energy_q(m * groups);
    if constexpr (batch_proposal) {
      q.sample(std::span<const random::Key>(keys, static_cast<std::size_t>(m)), s.chains.first, x.view(),
               std::span<S>(reinterpret_cast<S*>(energy_q.group), static_cast<std::size_t>(x.n_chains())));
      energy_q = per_chain([](const L& v) { return guard_energy(v); }, energy_q);
    } else {
      for (int j = 0; j < m; ++j) draw_from(q, keys[j], s.chains, x, dim, j * groups);
      energy_q = value(q, x);
    }
    const Column<L> energy = value(u, x);
    for (int j = 0; j < m; ++j) {
      f(first + j, slice(energy, j), slice(energy_q, j), [&x, j](const MaskColumn<L>& mask, BlockPosition<L>& y) { take_where(mask, y, x, j); });
    }
  }
}

template <class Q>
void require_proposal_dim(const Q& q, int dim) {
  if (dim_of(q) != dim) {
    throw std::invalid_argument("the proposal has dim = " + std::to_string(dim_of(q)) + " (the energy has dim = " + std::to_string(dim) +
                                ") propose from a distribution over the same space");
  }
}

/// U_q(x) and what it was known for: the position and the proposal's version. It answers for nothing else.
template <class T>
struct ProposalCache {
  typename T::Position position;
  typename T::PerChain energy;
  typename T::PerChain version;
  template <class F>
  ERG_FN void fields(F&& f) {
    f(position);
    f(energy);
    f(version);
  }
};
template <class T>
ERG_FN void forget(ProposalCache<T>& x, const ChainState<T>& s) {
  using L = typename T::Lane;
  copy(x.position, s.position);
  x.energy = s.energy;
  x.version = per_chain([](const L&) { return L(-1.0); }, s.energy);
}

template <class L>
ERG_FN ERG_INLINE bool all_chains(const mask_t<L>& m, const L&) {
  return lane::all<L>(m);
}
template <class L>
bool all_chains(const MaskColumn<L>& m, const Column<L>&) {
  for (int g = 0; g < m.n_groups; ++g) {
    if (!lane::all<L>(m.group[g])) return false;
  }
  return true;
}

template <class L, class Q>
ERG_FN L version_of(const Q& q) {
  return L(static_cast<scalar_t<L>>(static_cast<std::uint64_t>(q.version()) & 0xffffffu));
}

/// U_q(x) at the present positions: what the cache says where version and position are those it was filled for, else evaluated.
template <class T, class Q>
ERG_FN ERG_INLINE typename T::PerChain proposal_energy(const Q& q, const ChainState<T>& s, NoExtra<T>&) {
  return value(q, s.position);
}
template <class T, class Q>
ERG_FN ERG_INLINE typename T::PerChain proposal_energy(const Q& q, const ChainState<T>& s, ProposalCache<T>& x) {
  using L = typename T::Lane;
  using M = mask_t<L>;
  const auto moved = sum_over_dims([](const L& a, const L& b) __attribute__((always_inline)) { return lane::select(a == b, L(0.0), L(1.0)); },
                                   s.position, x.position);
  const auto known = per_chain([v = version_of<L>(q)](const L& n, const L& w) __attribute__((always_inline)) { return n == L(0.0) && w == v; }, moved, x.version);
  if (all_chains(known, moved)) return x.energy;
  return per_chain([](const M& m, const L& kept, const L& fresh) __attribute__((always_inline)) { return lane::select(m, kept, fresh); }, known,
                   x.energy, value(q, s.position));
}
/// After a step: U_q belongs to the positions where the chains now are.
template <class T, class Q>
ERG_FN ERG_INLINE void remember(const Q&, const ChainState<T>&, const typename T::PerChain&, NoExtra<T>&) {}
template <class T, class Q>
ERG_FN ERG_INLINE void remember(const Q& q, const ChainState<T>& s, const typename T::PerChain& energy, ProposalCache<T>& x) {
  using L = typename T::Lane;
  copy(x.position, s.position);
  x.energy = energy;
  x.version = per_chain([v = version_of<L>(q)](const L&) __attribute__((always_inline)) { return v; }, energy);
}

template <class Q, class T>
using ProposalExtra = std::conditional_t<Versioned<Q>, ProposalCache<T>, NoExtra<T>>;

}  // namespace detail
}  // namespace erg
