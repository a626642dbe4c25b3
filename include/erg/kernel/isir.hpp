// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/data.hpp"
#include "erg/kernel/proposal.hpp"
#include "erg/lane/math/log.hpp"

namespace erg {

struct IsirParams {
  int n_particles = 16;    ///< N, the present position and N - 1 draws; 2 <= N <= max_particles
};

/// Iterated sampling importance resampling: the next position is one of N, the present one and N - 1 draws of q.
///
///   y_0 = x,  y_1, ..., y_{N-1} ~ q;   x <- y_j with probability w_j / (w_0 + ... + w_{N-1}),  log w = -U + U_q
///
/// Leaves exp(-U) invariant, reversible; N = 2 is Barker's acceptance of one draw. Uniformly ergodic where w <= L E_q w:
/// TV after n steps <= (1 - (N - 1) / (2 L + N - 2))^n. Per draw, `Imh` mixes faster; what this gives beside is w_0 / sum w.
/// The report: accept_prob is 1 - w_0 / sum w, the probability to leave x; energy_error is log(w_0 / sum of the others);
/// diverged where no draw has any weight beside that of x.
/// Shapes    x: [chain, dim]                         Requires  q's dimension is the energy's; 2 <= n_particles <= 256
/// Cost      N - 1 values of U, of U_q, draws and exponentials, 1 or 0 of U_q at x (see Versioned); memory of one proposal
/// Numerics  one pass with a running maximum, nothing overflows; a draw whose weight is not a number or infinite is left out and
///           counted as non_finite; an x without density (U = infinity) is left for any draw that has some
/// Random    stream 0, number j: whether draw j is taken; stream j: draw j, j = 1 .. N - 1
/// Source    Tjelmeland (2004), Using all Metropolis-Hastings proposals to estimate mean values, algorithm 1; Andrieu, Lee, Vihola
///           (2018), Uniform ergodicity of the iterated conditional SMC, theorem 1; weighted choice in a stream: Chao (1982)
template <class Q>
struct Isir {
  static constexpr bool on_device = runs_on_device<Q>;
  using Params = IsirParams;
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
  static constexpr const char* name = "isir";
  static constexpr int max_particles = 256;
  static constexpr int n_streams = max_particles;
  static constexpr bool steps_in_blocks = !Proposal<Q, Pack<double>>;

  Q proposal;
  Params params;

  explicit Isir(Q q, Params p = {}) : proposal(std::move(q)), params(p) { validate(); }

  void validate() const {
    if (params.n_particles < 2 || params.n_particles > max_particles) {
      throw std::invalid_argument("n_particles = " + std::to_string(params.n_particles) +
                                  " (must be in 2..256, the present position counted) take more steps instead of more particles");
    }
  }
  /// Throws where the energy has another dimension than the proposal.
  void prepare(int dim) const { detail::require_proposal_dim(proposal, dim); }

  template <class T>
  ERG_FN void init(random::Key, const ChainState<T>& s, Extra<T>& x) const {
    if constexpr (Versioned<Q>) detail::forget(x, s);
  }
  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    using L = typename T::Lane;
    using M = mask_t<L>;
    constexpr auto infinity = lane::Format<scalar_t<L>>::infinity;
    auto chosen_q = detail::proposal_energy(proposal, s, x);
    // m, the largest log weight so far: that of x. Where U and U_q are both infinite x has no density, and no weight.
    auto largest = per_chain(
        [](const L& q, const L& e) __attribute__((always_inline)) {
          const L log_w = q - e;
          return lane::select(log_w == log_w, log_w, L(-infinity));
        },
        chosen_q, s.energy);
    auto own = per_chain([](const L&) __attribute__((always_inline)) { return L(1.0); }, largest);     // w_0 / e^m
    auto others = per_chain([](const L&) __attribute__((always_inline)) { return L(0.0); }, largest);  // the sum of the rest / e^m
    auto moved = per_chain([](const L& none) __attribute__((always_inline)) { return none > L(0.0); }, others);
    auto left_out = moved;
    detail::for_each_proposal(
        proposal, u, s, w.position, params.n_particles - 1, [key](int j) __attribute__((always_inline)) { return key.stream(j + 1); },
        [&](int j, const auto& energy, const auto& q, auto&& take) __attribute__((always_inline)) {
          const auto log_w = per_chain([](const L& a, const L& b) __attribute__((always_inline)) { return a - b; }, q, energy);
          const auto counts = per_chain([](const L& v) __attribute__((always_inline)) { return v > L(-infinity) && v < L(infinity); }, log_w);
          const auto rises = per_chain([](const M& ok, const L& v, const L& m) __attribute__((always_inline)) { return ok && v > m; }, counts, log_w, largest);
          const auto decay = per_chain(  // of the smaller of the two, relative to the larger
              [](const L& v, const L& m) __attribute__((always_inline)) { return math::exp(lane::max(-lane::abs(v - m), L(-1000.0))); }, log_w, largest);
          const auto share = per_chain(
              [](const M& ok, const M& up, const L& d) __attribute__((always_inline)) { return lane::select(ok, lane::select(up, L(1.0), d), L(0.0)); },
              counts, rises, decay);
          const auto shrunk = [](const M& up, const L& d, const L& t) __attribute__((always_inline)) { return lane::select(up, t * d, t); };
          own = per_chain(shrunk, rises, decay, own);
          others = per_chain([shrunk](const M& up, const L& d, const L& t, const L& e) __attribute__((always_inline)) { return shrunk(up, d, t) + e; },
                             rises, decay, others, share);
          const auto winner = [](const M& m, const L& a, const L& b) __attribute__((always_inline)) { return lane::select(m, a, b); };
          largest = per_chain(winner, rises, log_w, largest);
          // Taken with probability share / (own + others) in place of what was chosen so far.
          const auto taken = per_chain(
              [](const M& ok, const L& v, const L& e, const L& a, const L& b) __attribute__((always_inline)) { return ok && v * (a + b) <= e; }, counts,
              draw_uniform_positive(key, s.chains, j + 1), share, own, others);
          take(taken, s.position);
          s.energy = per_chain(winner, taken, energy, s.energy);
          chosen_q = per_chain(winner, taken, q, chosen_q);
          moved = moved || taken;
          left_out = left_out || per_chain([](const L& e, const M& ok) __attribute__((always_inline)) { return !(ok && e < L(infinity)); }, energy, counts);
        });
    detail::remember(proposal, s, chosen_q, x);

    Info<T> info;
    info.accept_prob = per_chain([](const L& a, const L& b) __attribute__((always_inline)) { return b / (a + b); }, own, others);
    info.energy_error = per_chain([](const L& a, const L& b) __attribute__((always_inline)) { return math::log(a) - math::log(b); }, own, others);
    info.accepted = moved;
    info.diverged = per_chain([](const L& b) __attribute__((always_inline)) { return !(b > L(0.0)); }, others);
    info.non_finite = left_out;
    info.n_steps = 1;
    return info;
  }
};

}  // namespace erg
