// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/leapfrog.hpp"
#include "erg/kernel/metropolis.hpp"

namespace erg {

struct HmcParams {
  double step_size = 0.1;                                ///< h of the leapfrog, > 0
  int n_leapfrog = 10;                                   ///< steps of one trajectory, >= 1
  double jitter = 0.0;                                   ///< each chain's h is multiplied by uniform [1 - jitter, 1 + jitter], 0 <= jitter < 1
  double max_energy_error = default_max_energy_error;    ///< beyond it a proposal counts as diverged
  double target_accept = 0.8;                            ///< what warm-up tunes step_size to
};

namespace detail {
/// Where a proposal is built: shared by all kernels that follow gradients.
template <class T>
struct ProposalScratch {
  typename T::Position position, momentum, gradient;
};

/// Sets the shape of a proposal like the state's, draws momentum p ~ N(0, I).
template <class T>
ERG_FN ERG_INLINE void start_proposal(random::Key key, const ChainState<T>& s, ProposalScratch<T>& w) {
  fill_normal(w.momentum, key, s.chains, s.position.size());
  resize_like(w.position, s.position);
  resize_like(w.gradient, s.position);
}

/// x, U, g <- proposal on the accepted chains.
template <class T>
ERG_FN ERG_INLINE void accept_proposal(const typename T::Mask& accepted, const typename T::PerChain& energy, ChainState<T>& s,
                                       const ProposalScratch<T>& w) {
  move_accepted<T>(accepted, w.position, energy, s);
  copy_where(accepted, s.gradient, w.gradient);
}

/// The whole move of an unadjusted kernel: x, g <- proposal where both are finite. The energy is left to who needs it.
template <class T>
ERG_FN ERG_INLINE StepInfo<T> move_where_finite(ChainState<T>& s, const ProposalScratch<T>& w) {
  const auto finite = all_finite(w.position) && all_finite(w.gradient);
  copy_where(finite, s.position, w.position);
  copy_where(finite, s.gradient, w.gradient);
  StepInfo<T> info = unadjusted<T>(finite, s.energy);
  info.n_gradients = 1;
  return info;
}

/// One Hamiltonian proposal of n leapfrog steps of size h, a number or one for each chain, then the Metropolis decision.
template <class T, class M, class E, class H>
ERG_FN ERG_INLINE StepInfo<T> hamiltonian_step(random::Key key, const E& u, const M& metric, ChainState<T>& s, ProposalScratch<T>& w,
                                               const H& h, int n, double max_energy_error) {
  using L = typename T::Lane;
  start_proposal(key, s, w);
  const auto kinetic = squared_norm(w.momentum);
  const auto energy = leapfrog<T>(u, metric, s.position, s.gradient, w.position, w.momentum, w.gradient, h, n);
  const auto error = per_chain(
      [](const L& u1, const L& u0, const L& p1, const L& p0) __attribute__((always_inline)) {
        return (u1 - u0) + L(0.5) * (p1 - p0);
      },
      energy, s.energy, squared_norm(w.momentum), kinetic);
  StepInfo<T> info = metropolis<T>(key, s, error, energy, random::first_after_normals(s.position.size()), max_energy_error);
  info.n_gradients = n;
  accept_proposal<T>(info.accepted, energy, s, w);
  return info;
}
}  // namespace detail

/// Hamiltonian Monte Carlo with a fixed number of leapfrog steps.
///
///   p ~ N(0, I);  (x', p') = leapfrog^n(x, p);  accept with min(1, exp(-[U(x') - U(x) + |p'|^2/2 - |p|^2/2]))
///
/// Leaves exp(-U) invariant, reversible. Metric UnitMetric, DiagonalMetric or DenseMetric (adapted in warm-up). A jittered step
/// size is each chain's own, drawn independently of its state, which keeps invariance: chains stay independent, and a step of many
/// is an average over trajectory lengths.
/// Shapes    x, p: [chain, dim]
/// Requires  step_size finite and > 0, n_leapfrog >= 1, 0 <= jitter < 1, else std::invalid_argument
/// Cost      n_leapfrog gradients a step                 Numerics  non-finite energies are rejected and counted
/// Source    Neal (2011), MCMC using Hamiltonian dynamics, section 5.3.2; Duane et al. (1987)
template <class Metric = UnitMetric>
struct Hmc {
  using Params = HmcParams;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  using Scratch = detail::ProposalScratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy_and_gradient;
  static constexpr Cache leaves = Cache::energy_and_gradient;
  static constexpr const char* name = "hmc";

  Params params;
  Metric metric;

  explicit Hmc(Params p = {}, Metric m = {}) : params(p), metric(std::move(m)) { validate(); }

  void validate() const {
    detail::require_positive("step_size", params.step_size);
    detail::require_count("n_leapfrog", params.n_leapfrog);
    detail::require_fraction("jitter", params.jitter);
    detail::require_positive("max_energy_error", params.max_energy_error);
    detail::require_fraction("target_accept", params.target_accept);
  }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    return detail::hamiltonian_step<T>(key, u, metric, s, w, step_sizes(key, s), params.n_leapfrog, params.max_energy_error);
  }

 private:
  template <class T>
  ERG_FN ERG_INLINE typename T::PerChain step_sizes(random::Key key, const ChainState<T>& s) const {
    using L = typename T::Lane;
    if (!(params.jitter > 0.0)) return per_chain([&](const L&) { return L(params.step_size); }, s.energy);
    return per_chain([&](const L& u) { return L(params.step_size) * (L(1.0) + L(params.jitter) * (L(2.0) * u - L(1.0))); },
                     draw_uniform(key.purpose(random::Purpose::jitter), s.chains, 0));
  }
};
Hmc(HmcParams) -> Hmc<UnitMetric>;
template <class Metric>
Hmc(HmcParams, Metric) -> Hmc<Metric>;

}  // namespace erg
