// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/hmc.hpp"

namespace erg {

struct UlaParams {
  double step_size = 0.1;      ///< h > 0: drift h/2, noise variance h * temperature
  double temperature = 1.0;    ///< >= 0; samples approximately exp(-U / temperature); 0 is gradient descent
};

/// The unadjusted Langevin algorithm.
///
///   x <- x - (h/2) F F^T g(x) + sqrt(h T) F xi,  xi ~ N(0, I)
///
/// Two conventions are about: ours has drift h/2 and noise variance h; with drift eps and noise variance 2 eps, h = 2 eps. Biased:
/// on N(0, 1) its stationary variance is 1 / (1 - h/4). No Metropolis step, so no acceptance; where the new position or gradient is
/// not finite the chain stays, and is counted.
/// Shapes    x: [chain, dim]
/// Requires  step_size finite and > 0, temperature finite and >= 0, else std::invalid_argument
/// Cost      1 gradient a step, no value
/// Source    Roberts, Tweedie (1996), section 1.4.1; Parisi (1981)
template <class Metric = UnitMetric>
struct Ula {
  using Params = UlaParams;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  struct Scratch : detail::ProposalScratch<T> {
    typename T::Position ahead;  // the next step's noise
  };
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::gradient;
  static constexpr Cache leaves = Cache::gradient;
  static constexpr const char* name = "ula";

  Params params;
  Metric metric;

  explicit Ula(Params p = {}, Metric m = {}) : params(p), metric(std::move(m)) { validate(); }

  void validate() const {
    detail::require_positive("step_size", params.step_size);
    detail::require_not_negative("temperature", params.temperature);
  }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    draw_ahead<T>(key, s, w);
    return step_ahead(u, s, x, w, []() __attribute__((always_inline)) {});
  }
  /// The noise of the step at a key, to be taken by the next step_ahead.
  template <class T>
  ERG_FN ERG_INLINE void draw_ahead(random::Key key, const ChainState<T>& s, Scratch<T>& w) const {
    fill_normal(w.ahead, key, s.chains, s.position.size());
  }
  /// A step with the noise in w.ahead. `beside` stands beside the gradient and may draw ahead: noise and gradient do not need
  /// each other, so the processor works on both at once, where drawn after the gradient their latencies add up.
  template <class T, class E, class F>
  ERG_FN ERG_INLINE Info<T> step_ahead(const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w, F&& beside) const {
    using L = typename T::Lane;
    copy(w.momentum, w.ahead);
    resize_like(w.position, s.position);
    resize_like(w.gradient, s.position);
    if (params.temperature != 1.0) scale(w.momentum, L(std::sqrt(params.temperature)));
    const double root = detail::pure_sqrt(params.step_size);
    metric.kick_drift(w.position, s.position, w.momentum, s.gradient, -0.5 * root, root);
    beside();
    gradient(u, w.position, w.gradient);
    return detail::move_where_finite<T>(s, w);
  }
};
Ula(UlaParams) -> Ula<UnitMetric>;
template <class Metric>
Ula(UlaParams, Metric) -> Ula<Metric>;

}  // namespace erg
