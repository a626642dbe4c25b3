// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Kernels broken on purpose, in the ways people break them. Each has one body with the fault chosen at run time: with Fault::none
// it is right, and tests demand that too, so that a mutant is rejected for its fault and not for its form.
#pragma once

#include <erg/kernel/barker.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/langevin.hpp>
#include <erg/kernel/mix.hpp>

namespace erg::test {

enum class Fault {
  none,
  swapped_sign,         ///< accepts with exp(+energy_error)
  accepts_nan,          ///< takes a proposal whose energy is not a number
  no_correction,        ///< leaves out what makes up for the proposal: kinetic energy, q, Barker's terms
  uniform_noise,        ///< noise on [0, 1) where it should be normal
  drift_h,              ///< a drift of h where it should be h / 2
  momentum_kept,        ///< never draws new momentum
  half_kick_forgotten,  ///< the last half kick is left out
  stale_gradient,       ///< the gradient is not updated with the position
  same_noise_twice,     ///< two draws from one address
  wrong_noise,          ///< noise sqrt(1 - c) where it should be sqrt(1 - c^2)
  stale_cache,          ///< no evaluation between parts; a cached proposal density
  shared_stream,        ///< parts draw from the same addresses
  chosen_by_state,      ///< a mixture that looks at where the chain is
  chosen_by_noise       ///< a mixture whose choice is the number that its parts accept with
};

/// What all of them share.
struct BrokenBase {
  struct Params {};
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  using Scratch = erg::detail::ProposalScratch<T>;
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = Cache::energy_and_gradient;
  static constexpr Cache leaves = Cache::energy_and_gradient;

  Fault fault = Fault::none;

  bool has(Fault f) const { return fault == f; }

  template <class T>
  void noise(random::Key key, const ChainState<T>& s, typename T::Position& z) const {
    fill_normal(z, key, s.chains, s.position.size());
    if (has(Fault::uniform_noise)) {
      for (int d = 0; d < z.size(); ++d) z[d] = draw_uniform(key, s.chains, d);
    }
  }
  template <class T>
  StepInfo<T> decide(random::Key key, const ChainState<T>& s, typename T::PerChain error, const typename T::PerChain& energy) const {
    if (has(Fault::swapped_sign)) error = -error;
    auto info = metropolis<T>(key, s, error, energy, random::first_after_normals(s.position.size()));
    if (has(Fault::accepts_nan)) info.accepted = info.accepted || !lane::is_finite(energy);
    return info;
  }
};

/// Random-walk Metropolis.
struct BrokenRwm : BrokenBase {
  double step_size = 1.0;

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    noise<T>(key, s, w.momentum);
    copy(w.position, s.position);
    axpy(w.position, step_size, w.momentum);
    const auto energy = value_and_gradient(u, w.position, w.gradient);
    const auto info = decide<T>(key, s, energy - s.energy, energy);
    erg::detail::accept_proposal<T>(info.accepted, energy, s, w);
    return info;
  }
};

/// Independence Metropolis-Hastings.
template <class Q>
struct BrokenImh : BrokenBase {
  Q proposal;
  static constexpr int n_streams = 2;
  template <class T>
  struct Extra {
    typename T::PerChain log_weight;  ///< of the position this kernel last accepted: stale once another kernel moves x
    auto fields() { return std::tie(log_weight); }
  };
  template <class T>
  void init(random::Key, const ChainState<T>& s, Extra<T>& x) const {
    x.log_weight = value(proposal, s.position) - s.energy;
  }

  BrokenImh(Fault f, Q q) : BrokenBase{f}, proposal(std::move(q)) {}

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    using L = typename T::Lane;
    erg::detail::draw_from(proposal, key.stream(1), s.chains, w.position, s.position.size());
    const L energy = value_and_gradient(u, w.position, w.gradient);
    const L q0 = value(proposal, s.position), q1 = value(proposal, w.position);
    L error = (energy - q1) - (s.energy - q0);
    if (has(Fault::no_correction)) error = energy - s.energy;
    if (has(Fault::stale_cache)) error = x.log_weight - (q1 - energy);
    const auto info = decide<T>(key, s, error, energy);
    x.log_weight = lane::select(info.accepted, q1 - energy, x.log_weight);
    erg::detail::accept_proposal<T>(info.accepted, energy, s, w);
    return info;
  }
};

/// Unadjusted Langevin.
struct BrokenUla : BrokenBase {
  double step_size = 0.5;
  static constexpr Cache needs = Cache::gradient;
  static constexpr Cache leaves = Cache::gradient;

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    noise<T>(key, s, w.momentum);
    const double drift = (has(Fault::drift_h) ? 1.0 : 0.5) * step_size;
    axpy(s.position, -drift, s.gradient);
    axpy(s.position, std::sqrt(step_size), w.momentum);
    resize_like(w.gradient, s.position);
    gradient(u, s.position, w.gradient);
    if (!has(Fault::stale_gradient)) copy(s.gradient, w.gradient);
    return unadjusted<T>(all_finite(s.position), s.energy);
  }
};

/// HMC with n leapfrog steps of size h; MALA with step size h^2 where n = 1.
struct BrokenHmc : BrokenBase {
  double h = 1.0;
  int n = 1;
  template <class T>
  struct Extra {
    typename T::Position momentum;
    auto fields() { return std::tie(momentum); }
  };
  template <class T>
  void init(random::Key key, const ChainState<T>& s, Extra<T>& x) const {
    fill_normal(x.momentum, key, s.chains, s.position.size());
  }

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    using L = typename T::Lane;
    noise<T>(key, s, w.momentum);
    if (has(Fault::momentum_kept)) copy(w.momentum, x.momentum);
    const L kinetic = squared_norm(w.momentum);
    copy(w.position, s.position);
    L energy = s.energy;
    axpy(w.momentum, (has(Fault::drift_h) ? -1.0 : -0.5) * h, s.gradient);
    for (int i = 1; i <= n; ++i) {
      axpy(w.position, h, w.momentum);
      energy = value_and_gradient(u, w.position, w.gradient);
      const double kick = i < n ? h : has(Fault::half_kick_forgotten) ? 0.0 : 0.5 * h;
      axpy(w.momentum, -kick, w.gradient);
    }
    L error = energy - s.energy + 0.5 * (squared_norm(w.momentum) - kinetic);
    if (has(Fault::no_correction)) error = energy - s.energy;
    const auto info = decide<T>(key, s, error, energy);
    if (has(Fault::stale_gradient)) copy(w.gradient, s.gradient);
    erg::detail::accept_proposal<T>(info.accepted, energy, s, w);
    scale(x.momentum, L(-1.0));
    copy_where(info.accepted, x.momentum, w.momentum);
    return info;
  }
};

/// Underdamped Langevin: BAOAB, or OBABO.
struct BrokenUnderdamped : BrokenBase {
  Splitting scheme = Splitting::baoab;
  double h = 0.5, friction = 1.0;
  static constexpr Cache needs = Cache::gradient;
  static constexpr Cache leaves = Cache::gradient;
  template <class T>
  using Extra = BrokenHmc::Extra<T>;
  template <class T>
  void init(random::Key key, const ChainState<T>& s, Extra<T>& x) const {
    BrokenHmc().init(key, s, x);
  }

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    const auto refresh = [&](random::Key k, double time) {
      const double c = has(Fault::momentum_kept) ? 1.0 : std::exp(-friction * time);
      noise<T>(k, s, w.momentum);
      scale(x.momentum, typename T::Lane(c));
      axpy(x.momentum, std::sqrt(1.0 - (has(Fault::wrong_noise) ? c : c * c)), w.momentum);
    };
    const auto second = has(Fault::same_noise_twice) ? key : key.purpose(random::Purpose::second);
    if (scheme == Splitting::obabo) refresh(key, 0.5 * h);
    axpy(x.momentum, -0.5 * h, s.gradient);
    axpy(s.position, 0.5 * h, x.momentum);
    if (scheme == Splitting::baoab) refresh(key, h);
    axpy(s.position, 0.5 * h, x.momentum);
    gradient(u, s.position, s.gradient);
    if (!has(Fault::half_kick_forgotten)) axpy(x.momentum, -0.5 * h, s.gradient);
    if (scheme == Splitting::obabo) refresh(second, 0.5 * h);
    return unadjusted<T>(all_finite(s.position), s.energy);
  }
};

/// The Barker proposal.
struct BrokenBarker : BrokenBase {
  double step_size = 1.0;

  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    using L = typename T::Lane;
    noise<T>(key, s, w.momentum);
    copy(w.position, s.position);
    for (int d = 0; d < s.position.size(); ++d) {
      const L z = L(step_size) * w.momentum[d];
      const auto up = draw_uniform(key.purpose(random::Purpose::second), s.chains, d) < math::sigmoid(-(z * s.gradient[d]));
      w.momentum[d] = lane::select(up, z, -z);
      w.position[d] = s.position[d] + w.momentum[d];
    }
    const L energy = value_and_gradient(u, w.position, w.gradient);
    L error = energy - s.energy;
    for (int d = 0; d < s.position.size() && !has(Fault::no_correction); ++d) {
      const L z = w.momentum[d];
      error = error + math::softplus(-(z * w.gradient[d])) - math::softplus(z * s.gradient[d]);
    }
    const auto info = decide<T>(key, s, error, energy);
    if (has(Fault::stale_gradient)) copy(w.gradient, s.gradient);
    erg::detail::accept_proposal<T>(info.accepted, energy, s, w);
    return info;
  }
};

/// One step of A, then one of B.
template <class A, class B>
struct BrokenCycle : Cycle<A, B> {
  Fault fault;
  BrokenCycle(Fault f, A a, B b) : Cycle<A, B>{a, b}, fault(f) {}
  template <class T, class E>
  auto step(random::Key key, const E& u, ChainState<T>& s, typename Cycle<A, B>::template Extra<T>& x,
            typename Cycle<A, B>::template Scratch<T>& w) const {
    typename Cycle<A, B>::template Info<T> info;
    info.first = this->first.step(key, u, s, x.first, w.first);
    if (fault != Fault::stale_cache) refresh<kernel_traits<A>::leaves, kernel_traits<B>::needs>(u, s);
    info.second = this->second.step(fault == Fault::shared_stream ? key : key.stream(kernel_traits<A>::n_streams), u, s, x.second, w.second);
    return info;
  }
};

/// A or B, each with probability 1/2. Every chain chooses for itself.
template <class A, class B>
struct BrokenMix : KernelMixture<A, B> {
  static constexpr Cache leaves = Cache::energy_and_gradient;
  Fault fault;
  BrokenMix(Fault f, A a, B b) : KernelMixture<A, B>{0.5, a, b}, fault(f) {}
  template <class T, class E>
  auto step(random::Key key, const E& u, ChainState<T>& s, typename KernelMixture<A, B>::template Extra<T>& x,
            typename KernelMixture<A, B>::template Scratch<T>& w) const {
    using L = typename T::Lane;
    typename KernelMixture<A, B>::template Info<T> info;
    mask_t<L> a = draw_uniform(key.purpose(random::Purpose::user), s.chains, 0) < L(0.5);
    if (fault == Fault::chosen_by_state) a = s.position[0] > L(0.7);
    const random::Key ka = fault == Fault::chosen_by_noise ? key : key.stream(1);
    const random::Key kb = fault == Fault::chosen_by_noise ? key : key.stream(1 + kernel_traits<A>::n_streams);
    if (fault == Fault::chosen_by_noise) a = draw_exponential(key, s.chains, random::first_after_normals(s.position.size())) < L(0.7);
    ChainState<T> sa = s;
    info.first = this->first.step(ka, u, sa, x.first, w.first);
    info.second = this->second.step(kb, u, s, x.second, w.second);
    copy_where(a, s.position, sa.position);
    if (fault != Fault::stale_cache) s.energy = value_and_gradient(u, s.position, s.gradient);
    return info;
  }
};

}  // namespace erg::test
