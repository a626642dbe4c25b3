// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/data.hpp"
#include "erg/kernel/proposal.hpp"
#include "erg/kernel/repeat.hpp"

namespace erg {

struct ImhParams {
  double max_energy_error = default_max_energy_error;
};

/// Independence Metropolis-Hastings with proposal q.
///
///   y ~ q;   accept with min(1, w(y) / w(x)),  log w = -U + U_q
///
/// Leaves exp(-U) invariant, reversible; uniformly ergodic iff w is bounded, at rate 1 - 1 / sup w. U_q(x) is evaluated afresh
/// each step, unless the proposal is Versioned: then it is kept with the position and the version it belongs to, compared with
/// both, and evaluated for chains that another kernel has moved since, or after the proposal has changed.
/// Shapes    x: [chain, dim]                         Requires  q's dimension is the energy's; max_energy_error finite and > 0
/// Cost      1 value of U, 2 of U_q (Versioned: 1 or 2, and dim comparisons), 1 draw of q
/// Numerics  non-finite energies are rejected and counted
/// Random    stream 0: acceptance; stream 1: the proposal's own
/// Source    Hastings (1970), section 2.5; Mengersen, Tweedie (1996), theorem 2.1
template <class Q>
struct Imh {
  static constexpr bool on_device = runs_on_device<Q>;
  using Params = ImhParams;
  template <class T>
  using Extra = detail::ProposalExtra<Q, T>;
  template <class T>
  struct Scratch {
    typename T::Position position;
  };
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy;
  static constexpr Cache leaves = Cache::energy;
  static constexpr const char* name = "imh";
  static constexpr int n_streams = 2;
  static constexpr bool steps_in_blocks = !Proposal<Q, Pack<double>>;

  Q proposal;
  Params params;

  explicit Imh(Q q, Params p = {}) : proposal(std::move(q)), params(p) { validate(); }

  void validate() const { detail::require_positive("max_energy_error", params.max_energy_error); }

  /// Throws where the energy has another dimension than the proposal.
  void prepare(int dim) const { detail::require_proposal_dim(proposal, dim); }

  template <class T>
  ERG_FN void init(random::Key, const ChainState<T>& s, Extra<T>& x) const {
    if constexpr (Versioned<Q>) detail::forget(x, s);
  }
  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    return steps<T>(key, u, s, x, w, 1);
  }

  /// n steps, the same as those at key.stream(2 i), their proposals drawn and evaluated as many at a time as fill a block.
  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> steps(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w, int n) const {
    using L = typename T::Lane;
    using M = mask_t<L>;
    Info<T> info;
    auto q0 = detail::proposal_energy(proposal, s, x);
    detail::for_each_proposal(
        proposal, u, s, w.position, n, [key](int j) __attribute__((always_inline)) { return key.stream(n_streams * j + 1); },
        [&](int j, const auto& energy, const auto& q1, auto&& take) __attribute__((always_inline)) {
          const auto error = per_chain([](const L& u1, const L& u0, const L& c1, const L& c0)
                                           __attribute__((always_inline)) { return (u1 - c1) - (u0 - c0); },
                                       energy, s.energy, q1, q0);
          const Info<T> next = metropolis<T>(key.stream(n_streams * j), s, error, energy, 0, params.max_energy_error);
          const auto winner = [](const M& m, const L& a, const L& b) __attribute__((always_inline)) { return lane::select(m, a, b); };
          take(next.accepted, s.position);
          s.energy = per_chain(winner, next.accepted, energy, s.energy);
          q0 = per_chain(winner, next.accepted, q1, q0);
          if (j == 0) {
            info = next;
          } else {
            detail::add_info(info, next);
          }
        });
    detail::remember(proposal, s, q0, x);
    return info;
  }
};

/// N steps of `Imh` as one kernel: what repeat<N>(imh) does, to the last bit, its proposals evaluated together.
///
/// An independence proposal does not look at the chain, so N of them can be drawn before the first is decided. Where the energy or
/// the proposal evaluates blocks (networks, flows), a few chains then fill a block. U_q(x) is carried over the N steps.
/// Cost      N values of U, N + 1 of U_q, N draws          Memory  positions of max(chains of a tile, block_capacity) chains
template <int N, class Q>
struct Prefetch {
  static constexpr bool on_device = runs_on_device<Q>;
  static_assert(N >= 1, "erg: prefetch<N>(imh) needs N >= 1.");
  template <class T>
  using Extra = typename Imh<Q>::template Extra<T>;
  template <class T>
  using Scratch = typename Imh<Q>::template Scratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy;
  static constexpr Cache leaves = Cache::energy;
  static constexpr const char* name = "prefetched imh";
  static constexpr int n_streams = N * Imh<Q>::n_streams;
  static constexpr bool steps_in_blocks = Imh<Q>::steps_in_blocks;

  Imh<Q> part;

  void validate() const { part.validate(); }
  void prepare(int dim) const { part.prepare(dim); }
  template <class T>
  ERG_FN void init(random::Key key, const ChainState<T>& s, Extra<T>& x) const {
    part.init(key, s, x);
  }
  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    return part.template steps<T>(key, u, s, x, w, N);
  }
};
template <int N, class Q>
Prefetch<N, Q> prefetch(Imh<Q> imh) {
  return {std::move(imh)};
}

}  // namespace erg
