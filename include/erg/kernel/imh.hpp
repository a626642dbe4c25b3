// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/data.hpp"
#include "erg/kernel/metropolis.hpp"

#include <stdexcept>
#include <string>

namespace erg {

/// A distribution that can be drawn from exactly and whose energy is known up to a constant: every library energy with `sample`.
template <class Q, class L>
concept Proposal = LaneEnergy<Q, L> && requires(const Q& q, random::Key key, bits_t<L> chain, Point<L, static_dim<Q>> x) {
  q.template sample<L>(key, chain, x);
};

namespace detail {
/// Draws a position from a proposal, group by group in a block.
template <class Q, class L, int D>
ERG_FN ERG_INLINE void draw_from(const Q& q, random::Key key, const LaneChains<L>& chains, LanePosition<L, D>& x, int n) {
  x.resize(n);
  q.template sample<L>(key, chains.id, energy_point<Q>(x));
}
template <class Q, class L>
void draw_from(const Q& q, random::Key key, const BlockChains<L>& chains, BlockPosition<L>& x, int n) {
  static thread_local LanePosition<L, dynamic> at;
  x.resize(chains.n_groups, n);
  for (int g = 0; g < chains.n_groups; ++g) {
    draw_from(q, key, chains.group(g), at, n);
    copy(x.group(g), at);
  }
}
}  // namespace detail

struct ImhParams {
  double max_energy_error = default_max_energy_error;
};

/// Independence Metropolis-Hastings with proposal q.
///
///   y ~ q;   accept with min(1, w(y) / w(x)),  log w = -U + U_q
///
/// Leaves exp(-U) invariant, reversible; uniformly ergodic iff w is bounded, at rate 1 - 1 / sup w. U_q(x) is evaluated afresh
/// each step: a cached one goes stale as soon as another kernel of a cycle moves x.
/// Shapes    x: [chain, dim]                         Requires  q's dimension is the energy's
/// Cost      1 value of U, 2 of U_q, 1 draw of q     Numerics  non-finite energies are rejected and counted
/// Source    Hastings (1970), section 2.5; Mengersen, Tweedie (1996), theorem 2.1
template <class Q>
struct Imh {
  static constexpr bool on_device = runs_on_device<Q>;
  using Params = ImhParams;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  struct Scratch {
    typename T::Position position;
  };
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy;
  static constexpr Cache leaves = Cache::energy;
  static constexpr const char* name = "imh";

  Q proposal;
  Params params;

  explicit Imh(Q q, Params p = {}) : proposal(std::move(q)), params(p) {}

  /// Throws where the energy has another dimension than the proposal.
  void prepare(int dim) const {
    if (dim_of(proposal) != dim) {
      throw std::invalid_argument("the proposal has dim = " + std::to_string(dim_of(proposal)) + " (the energy has dim = " +
                                  std::to_string(dim) + ") propose from a distribution over the same space");
    }
  }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    using L = typename T::Lane;
    const int n = s.position.size();
    detail::draw_from(proposal, key.stream(1), s.chains, w.position, n);
    const auto energy = value(u, w.position);
    const auto error = per_chain(
        [](const L& u1, const L& u0, const L& q1, const L& q0) __attribute__((always_inline)) { return (u1 - q1) - (u0 - q0); },
        energy, s.energy, value(proposal, w.position), value(proposal, s.position));
    Info<T> info = metropolis<T>(key, s, error, energy, 0, params.max_energy_error);
    detail::move_accepted<T>(info.accepted, w.position, energy, s);
    return info;
  }

  static constexpr int n_streams = 2;  // the acceptance variate's, and the proposal's own
};

}  // namespace erg
