// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/concepts.hpp"
#include "erg/lane/math/exp.hpp"

namespace erg {

/// A proposal whose energy error exceeds this has diverged: the trajectory left the region where the integrator means anything.
inline constexpr double default_max_energy_error = 1000.0;

/// The Metropolis decision: accept iff u <= exp(-energy_error), u uniform on (0, 1].
///
///   accept_prob = min(1, exp(-energy_error))
///
/// A comparison with NaN is false, so a broken proposal is rejected without a special case; an energy of -infinity cannot
/// reach this point (see guard_energy).
/// Shapes    energy_error, proposal_energy: per chain
/// Source    Metropolis et al. (1953); Hastings (1970), eq. (2.2)
template <class T>
ERG_FN ERG_INLINE StepInfo<T> metropolis(random::Key key, const ChainState<T>& s, const typename T::PerChain& energy_error,
                                         const typename T::PerChain& proposal_energy, int variate,
                                         double max_energy_error = default_max_energy_error) {
  using L = typename T::Lane;
  StepInfo<T> info;
  info.energy_error = energy_error;
  info.accept_prob = per_chain(
      [](const L& error) __attribute__((always_inline)) {
        return math::exp(-lane::max(lane::min(error, L(1000.0)), L(0.0)));  // min gives 1000 for NaN, whose exponential is 0
      },
      energy_error);
  // u in (0, 1], so that a probability of 1 always accepts and one of 0 never does.
  info.accepted = per_chain([](const L& p, const L& v) __attribute__((always_inline)) { return v <= p; }, info.accept_prob,
                            draw_uniform_positive(key, s.chains, variate));
  info.diverged = per_chain([limit = L(max_energy_error)](const L& error) __attribute__((always_inline)) { return !(error <= limit); }, energy_error);
  info.non_finite = per_chain([](const L& u) __attribute__((always_inline)) { return !(u < L(lane::Format<scalar_t<L>>::infinity)); }, proposal_energy);
  info.n_steps = 1;
  return info;
}

namespace detail {
/// x, U <- y, U(y) on the accepted chains.
template <class T>
ERG_FN ERG_INLINE void move_accepted(const typename T::Mask& accepted, const typename T::Position& y, const typename T::PerChain& energy,
                                     ChainState<T>& s) {
  using L = typename T::Lane;
  copy_where(accepted, s.position, y);
  s.energy = per_chain([](const mask_t<L>& m, const L& a, const L& b) __attribute__((always_inline)) { return lane::select(m, a, b); },
                       accepted, energy, s.energy);
}

/// Metropolis with a symmetric proposal: x, U <- y, U(y) where accepted. The acceptance variate follows the proposal's normals.
template <class T>
ERG_FN ERG_INLINE StepInfo<T> metropolis_move(random::Key key, ChainState<T>& s, const typename T::Position& y,
                                              const typename T::PerChain& energy, double max_energy_error) {
  using L = typename T::Lane;
  const auto error = per_chain([](const L& a, const L& b) __attribute__((always_inline)) { return a - b; }, energy, s.energy);
  StepInfo<T> info = metropolis<T>(key, s, error, energy, random::first_after_normals(s.position.size()), max_energy_error);
  move_accepted<T>(info.accepted, y, energy, s);
  return info;
}
}  // namespace detail

/// The report of a step that always moves, except where `moved` is not set because something was not finite.
template <class T>
ERG_FN ERG_INLINE StepInfo<T> unadjusted(const typename T::Mask& moved, const typename T::PerChain& like) {
  using L = typename T::Lane;
  using M = mask_t<L>;
  StepInfo<T> info;
  info.accepted = moved;
  info.accept_prob = per_chain([](const M& m) __attribute__((always_inline)) { return lane::select(m, L(1.0), L(0.0)); }, moved);
  info.energy_error = per_chain([](const L&) __attribute__((always_inline)) { return L(0.0); }, like);
  info.diverged = per_chain([](const M& m) __attribute__((always_inline)) { return !m; }, moved);
  info.non_finite = info.diverged;
  info.n_steps = 1;
  return info;
}

}  // namespace erg
