// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/hmc.hpp"

namespace erg {

struct RwmParams {
  double step_size = 1.0;    ///< s > 0: standard deviation of the proposal in the metric's units
  double max_energy_error = default_max_energy_error;
  double target_accept = 0.234;    ///< what warm-up tunes step_size to
};

/// Random-walk Metropolis with a Gaussian proposal.
///
///   y = x + s F xi,  xi ~ N(0, I);   accept with min(1, exp(-[U(y) - U(x)]))
///
/// Leaves exp(-U) invariant, reversible. Needs no gradient.
/// Shapes    x: [chain, dim]                             Requires  step_size finite and > 0, else std::invalid_argument
/// Cost      1 value a step                              Numerics  non-finite energies are rejected and counted
/// Source    Metropolis et al. (1953); Roberts, Gelman, Gilks (1997) for the target acceptance 0.234
template <class Metric = UnitMetric>
struct Rwm {
  using Params = RwmParams;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  using Scratch = detail::ProposalScratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy;
  static constexpr Cache leaves = Cache::energy;
  static constexpr const char* name = "rwm";

  Params params;
  Metric metric;

  explicit Rwm(Params p = {}, Metric m = {}) : params(p), metric(std::move(m)) { validate(); }

  void validate() const {
    detail::require_positive("step_size", params.step_size);
    detail::require_positive("max_energy_error", params.max_energy_error);
    detail::require_fraction("target_accept", params.target_accept);
  }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    fill_normal(w.momentum, key, s.chains, s.position.size());
    copy(w.position, s.position);
    metric.add(w.position, params.step_size, w.momentum);
    return detail::metropolis_move<T>(key, s, w.position, value(u, w.position), params.max_energy_error);
  }
};
Rwm(RwmParams) -> Rwm<UnitMetric>;
template <class Metric>
Rwm(RwmParams, Metric) -> Rwm<Metric>;

}  // namespace erg
