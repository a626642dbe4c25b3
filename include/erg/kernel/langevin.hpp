// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/hmc.hpp"
#include "erg/lane/math/exp.hpp"

namespace erg {

/// The order of the pieces of an underdamped Langevin step: B kicks the momentum, A drifts the position, O is the exact
/// Ornstein-Uhlenbeck step of the momentum.
enum class Splitting { baoab, obabo };

struct UnderdampedParams {
  double step_size = 0.1;      ///< h > 0, a time: compare with HMC's, not with MALA's
  double friction = 1.0;       ///< gamma > 0, per unit time
  double temperature = 1.0;    ///< > 0
};

/// Underdamped Langevin dynamics in whitened momentum p, integrated by splitting.
///
///   dx = F p dt,  dp = -F^T g dt - gamma p dt + sqrt(2 gamma T) dW
///   B: p <- p - (h/2) F^T g;   A: x <- x + (h/2) F p;   O: p <- c p + sqrt((1 - c^2) T) xi,  c = exp(-gamma h)
///   BAOAB = B A O A B;   OBABO = O' B A A B O' with O' over h/2
///
/// Unadjusted: a bias of order h^2 (BAOAB's is 0 in the variance of a Gaussian position). The momentum is part of the chain's
/// state and of a checkpoint. Where a new position or gradient is not finite the chain keeps its position and turns round.
/// Shapes    x, p: [chain, dim]
/// Requires  step_size, friction, temperature finite and > 0, else std::invalid_argument
/// Order     2 (weak)                                         Cost  1 gradient a step
/// Source    Leimkuhler, Matthews (2013), Rational construction of stochastic numerical methods, eqs. (7)-(9); Bussi, Parrinello (2007)
template <Splitting Scheme, class Metric = UnitMetric>
struct Underdamped {
  using Params = UnderdampedParams;
  template <class T>
  struct Extra {
    typename T::Position momentum;
    template <class F>
    ERG_FN void fields(F&& f) {
      f(momentum);
    }
  };
  template <class T>
  struct Scratch {
    typename T::Position position, momentum, gradient, noise;
  };
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::gradient;
  static constexpr Cache leaves = Cache::gradient;
  static constexpr const char* name = Scheme == Splitting::baoab ? "baoab" : "obabo";

  Params params;
  Metric metric;

  explicit Underdamped(Params p = {}, Metric m = {}) : params(p), metric(std::move(m)) { validate(); }

  void validate() const {
    detail::require_positive("step_size", params.step_size);
    detail::require_positive("friction", params.friction);
    detail::require_positive("temperature", params.temperature);
  }

  /// Momentum from its stationary law.
  template <class T>
  ERG_FN void init(random::Key key, const ChainState<T>& s, Extra<T>& x) const {
    fill_normal(x.momentum, key.purpose(random::Purpose::jitter), s.chains, s.position.size());
    scale(x.momentum, typename T::Lane(std::sqrt(params.temperature)));
  }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    const double h = params.step_size;
    resize_like(w.gradient, s.position);
    resize_like(w.position, s.position);
    copy(w.momentum, x.momentum);
    if constexpr (Scheme == Splitting::baoab) {
      metric.kick_drift(w.position, s.position, w.momentum, s.gradient, -0.5 * h, 0.5 * h);  // B A
      refresh_momentum<T>(key, s, w, h);                                                     // O
      metric.add(w.position, 0.5 * h, w.momentum);                                           // A
      gradient(u, w.position, w.gradient);
      metric.add_transposed(w.momentum, -0.5 * h, w.gradient);                               // B
    } else {
      refresh_momentum<T>(key, s, w, 0.5 * h);                                               // O
      metric.kick_drift(w.position, s.position, w.momentum, s.gradient, -0.5 * h, h);        // B A A
      gradient(u, w.position, w.gradient);
      metric.add_transposed(w.momentum, -0.5 * h, w.gradient);                               // B
      refresh_momentum<T>(key.purpose(random::Purpose::second), s, w, 0.5 * h);              // O
    }
    const auto finite = all_finite(w.position) && all_finite(w.gradient);
    copy_where(finite, s.position, w.position);
    copy_where(finite, s.gradient, w.gradient);
    Info<T> info = unadjusted<T>(finite, s.energy);
    info.n_gradients = 1;
    scale(x.momentum, typename T::Lane(-1.0));
    copy_where(finite, x.momentum, w.momentum);
    return info;
  }

 private:
  template <class T>
  ERG_FN ERG_INLINE void refresh_momentum(random::Key key, const ChainState<T>& s, Scratch<T>& w, double time) const {
    using L = typename T::Lane;
    const double c = math::exp(-params.friction * time);
    fill_normal(w.noise, key, s.chains, s.position.size());
    scale(w.momentum, L(c));
    axpy(w.momentum, L(std::sqrt((1.0 - c * c) * params.temperature)), w.noise);
  }
};

template <class Metric = UnitMetric>
struct Baoab : Underdamped<Splitting::baoab, Metric> {
  explicit Baoab(UnderdampedParams p = {}, Metric m = {}) : Underdamped<Splitting::baoab, Metric>(p, std::move(m)) {}
};
Baoab(UnderdampedParams) -> Baoab<UnitMetric>;
template <class Metric>
Baoab(UnderdampedParams, Metric) -> Baoab<Metric>;

template <class Metric = UnitMetric>
struct Obabo : Underdamped<Splitting::obabo, Metric> {
  explicit Obabo(UnderdampedParams p = {}, Metric m = {}) : Underdamped<Splitting::obabo, Metric>(p, std::move(m)) {}
};
Obabo(UnderdampedParams) -> Obabo<UnitMetric>;
template <class Metric>
Obabo(UnderdampedParams, Metric) -> Obabo<Metric>;

}  // namespace erg
