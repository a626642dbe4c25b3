// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/ula.hpp"

#include <limits>

namespace erg {

/// Whether a Langevin step adds its noise before or after it takes the gradient.
enum class NoiseOrder { first, last };

/// A Langevin step with a rate and a noise of their own; what is differentiated where training looks through the steps of its sampler.
struct LangevinLaw {
  double rate = 0.0;    ///< lambda
  double noise = 0.0;   ///< sigma
  NoiseOrder order = NoiseOrder::last;
  double clip = std::numeric_limits<double>::infinity();    ///< of each component of the gradient
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();

  /// T of the law exp(-U / T) that small steps approach.
  double temperature() const { return noise * noise / (2.0 * rate); }
};

struct NoisyDescentParams {
  double step_size = 0.01;    ///< lambda > 0: of the gradient itself, so that Ula's is twice it
  double noise = 0.01;        ///< sigma >= 0; see `tempered`
  double clip = std::numeric_limits<double>::infinity();    ///< each component of the gradient is clamped to [-clip, clip]; > 0
  double low = -std::numeric_limits<double>::infinity();    ///< a box that positions are clamped to
  double high = std::numeric_limits<double>::infinity();

  /// sigma = sqrt(2 lambda T): approaches exp(-U / T).
  static NoisyDescentParams tempered(double step_size, double temperature) {
    return {.step_size = step_size, .noise = std::sqrt(2.0 * step_size * temperature)};
  }
};

/// Langevin steps as energy-based models are trained with: rate and noise not tied to each other, clipped gradients, a box.
///
///   noise last    x <- box(x - lambda clip(g(x)) + sigma xi)
///   noise first   y = x + sigma xi;  x <- box(y - lambda clip(g(y)))
///
/// Their stationary laws differ: on N(0, 1/theta), a = 1 - lambda theta, the variances are sigma^2 / (1 - a^2) and a^2 of that. With
/// sigma^2 << 2 lambda they are not samples of exp(-U) but of exp(-U / T), T = sigma^2 / (2 lambda), as far as steps are small.
/// Requires  step_size, clip > 0, noise >= 0, low < high, else std::invalid_argument
/// Cost      1 gradient a step          Numerics  where something is not finite before the box, the chain stays and is counted
/// Source    Du, Li, Tenenbaum, Mordatch (2021), eq. (2); noise first: their program
template <NoiseOrder Order = NoiseOrder::last>
struct NoisyDescent {
  using Params = NoisyDescentParams;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  using Scratch = detail::ProposalScratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Order == NoiseOrder::last ? Cache::gradient : Cache::none;
  static constexpr Cache leaves = needs;
  static constexpr const char* name = "noisy descent";

  Params params;

  explicit NoisyDescent(Params p = {}) : params(p) { validate(); }

  void validate() const {
    detail::require_positive("step_size", params.step_size);
    detail::require_not_negative("noise", params.noise);
    if (!(params.clip > 0.0)) detail::reject("clip", params.clip, "must be > 0");
    if (!(params.low < params.high)) detail::reject("low", params.low, "must be below high");
  }
  LangevinLaw langevin_law() const { return {params.step_size, params.noise, Order, params.clip, params.low, params.high}; }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    using L = typename T::Lane;
    const L rate(params.step_size), clip(params.clip), low(params.low), high(params.high);
    fill_normal(w.momentum, key, s.chains, s.position.size());
    copy(w.position, s.position);
    axpy(w.position, L(params.noise), w.momentum);
    resize_like(w.gradient, s.position);
    if constexpr (Order == NoiseOrder::first) {
      gradient(u, w.position, w.gradient);
    } else {
      copy(w.gradient, s.gradient);
    }
    auto finite = all_finite(w.gradient);
    transform(
        w.position, [=](L x, L g) __attribute__((always_inline)) { return x - rate * lane::max(lane::min(g, clip), -clip); }, w.gradient);
    finite = finite && all_finite(w.position);
    transform(w.position, [=](L x) __attribute__((always_inline)) { return lane::max(lane::min(x, high), low); });
    if constexpr (Order == NoiseOrder::last) {
      gradient(u, w.position, w.gradient);
      finite = finite && all_finite(w.gradient);
      copy_where(finite, s.gradient, w.gradient);
    }
    copy_where(finite, s.position, w.position);
    StepInfo<T> info = unadjusted<T>(finite, s.energy);
    info.n_gradients = 1;
    return info;
  }
};
NoisyDescent(NoisyDescentParams) -> NoisyDescent<NoiseOrder::last>;

/// The law of a kernel's step, where it is a plain Langevin step.
template <class K>
  requires requires(const K& k) { k.langevin_law(); }
LangevinLaw langevin_law(const K& kernel) {
  return kernel.langevin_law();
}
inline LangevinLaw langevin_law(const Ula<UnitMetric>& kernel) {
  return {.rate = 0.5 * kernel.params.step_size, .noise = std::sqrt(kernel.params.step_size * kernel.params.temperature)};
}
template <class K>
concept LangevinKernel = requires(const K& k) { langevin_law(k); };

}  // namespace erg
