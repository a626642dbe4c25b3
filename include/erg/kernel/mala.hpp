// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/hmc.hpp"

namespace erg {

struct LangevinParams {
  double step_size = 0.1;    ///< h > 0: the proposal has variance h (others write eps = h / 2)
  double max_energy_error = default_max_energy_error;
  double target_accept = 0.574;    ///< what warm-up tunes step_size to
};

/// The Metropolis-adjusted Langevin algorithm, preconditioned by the metric's F F^T.
///
///   y = x - (h/2) F F^T g(x) + sqrt(h) F xi,  xi ~ N(0, I);   accept with min(1, pi(y) q(x|y) / (pi(x) q(y|x)))
///
/// It is one leapfrog step of size sqrt(h), whose energy error is exactly the logarithm of that ratio, and is written so.
/// Leaves exp(-U) invariant, reversible. h: drift h/2, noise variance h; for drift eps and noise 2 eps give h = 2 eps.
/// Shapes    x: [chain, dim]
/// Requires  step_size finite and > 0, else std::invalid_argument
/// Cost      1 gradient a step (the winner's is kept)     Numerics  non-finite energies are rejected and counted
/// Source    Roberts, Tweedie (1996), section 1.4.2; Besag (1994)
template <class Metric = UnitMetric>
struct Mala {
  using Params = LangevinParams;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  using Scratch = detail::ProposalScratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy_and_gradient;
  static constexpr Cache leaves = Cache::energy_and_gradient;
  static constexpr const char* name = "mala";

  Params params;
  Metric metric;

  explicit Mala(Params p = {}, Metric m = {}) : params(p), metric(std::move(m)) { validate(); }

  void validate() const {
    detail::require_positive("step_size", params.step_size);
    detail::require_positive("max_energy_error", params.max_energy_error);
    detail::require_fraction("target_accept", params.target_accept);
  }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    return detail::hamiltonian_step<T>(key, u, metric, s, w, detail::pure_sqrt(params.step_size), 1, params.max_energy_error);
  }
};
Mala(LangevinParams) -> Mala<UnitMetric>;
template <class Metric>
Mala(LangevinParams, Metric) -> Mala<Metric>;

}  // namespace erg
