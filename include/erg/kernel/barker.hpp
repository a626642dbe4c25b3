// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/hmc.hpp"
#include "erg/lane/math/logistic.hpp"

namespace erg {

struct BarkerParams {
  double step_size = 1.0;    ///< s > 0: scale of a coordinate's jump
  double max_energy_error = default_max_energy_error;
  double target_accept = 0.574;    ///< what warm-up tunes step_size to
};

/// The Barker proposal: a gradient-informed kernel that forgives a bad step size and a heavy or light tail.
///
///   z_d ~ N(0, s^2);  y_d = x_d + b_d z_d,  b_d = +1 with probability 1 / (1 + exp(z_d g_d(x))), else -1
///   energy error = U(y) - U(x) + sum_d [softplus(-(y_d - x_d) g_d(y)) - softplus((y_d - x_d) g_d(x))]
///
/// Leaves exp(-U) invariant, reversible.
/// Shapes    x: [chain, dim]                             Requires  step_size finite and > 0, else std::invalid_argument
/// Cost      1 gradient a step, 3 exponentials a coordinate
/// Numerics  non-finite energies are rejected and counted
/// Source    Livingstone, Zanella (2022), The Barker proposal, section 3.1 and eq. (14)
struct Barker {
  using Params = BarkerParams;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  using Scratch = detail::ProposalScratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy_and_gradient;
  static constexpr Cache leaves = Cache::energy_and_gradient;
  static constexpr const char* name = "barker";

  Params params;

  explicit Barker(Params p = {}) : params(p) { validate(); }
  void validate() const {
    detail::require_positive("step_size", params.step_size);
    detail::require_positive("max_energy_error", params.max_energy_error);
    detail::require_fraction("target_accept", params.target_accept);
  }

  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    using L = typename T::Lane;
    const int n = s.position.size();
    detail::start_proposal(key, s, w);
    // The sign's uniform comes from a purpose of its own, so that coordinate d keeps number d of both.
    for_chains(
        [&](const auto& chains, auto& y, const auto& x, auto& z, const auto& g) __attribute__((always_inline)) {
          using P = std::remove_cvref_t<decltype(y)>;
          detail::for_each_dim<P::static_dim>(n, [&](int d) __attribute__((always_inline)) {
            const L jump = L(params.step_size) * z[d];
            const L uniform = draw_uniform(key.purpose(random::Purpose::second), chains, d);
            const auto up = uniform * (L(1.0) + math::exp(lane::min(jump * g[d], L(80.0)))) < L(1.0);
            z[d] = lane::select(up, jump, -jump);
            y[d] = x[d] + z[d];
          });
        },
        s.chains, w.position, s.position, w.momentum, s.gradient);
    const auto energy = value_and_gradient(u, w.position, w.gradient);
    const auto correction = sum_over_dims(
        [](const L& z, const L& g0, const L& g1) __attribute__((always_inline)) {
          return math::softplus(-(z * g1)) - math::softplus(z * g0);
        },
        w.momentum, s.gradient, w.gradient);
    const auto error = per_chain([](const L& u1, const L& u0, const L& c) __attribute__((always_inline)) { return (u1 - u0) + c; },
                                 energy, s.energy, correction);
    Info<T> info = metropolis<T>(key, s, error, energy, random::first_after_normals(n), params.max_energy_error);
    info.n_gradients = 1;
    detail::accept_proposal<T>(info.accepted, energy, s, w);
    return info;
  }
};

}  // namespace erg
