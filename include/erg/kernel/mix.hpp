// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/kernel/cycle.hpp"

namespace erg {

namespace detail {
/// The report of a part that was not chosen.
template <class T>
ERG_FN ERG_INLINE void idle_info(const ChainState<T>& s, StepInfo<T>& info) {
  using L = typename T::Lane;
  info.accept_prob = per_chain([](const L&) __attribute__((always_inline)) { return L(0.0); }, s.energy);
  info.energy_error = info.accept_prob;
  info.accepted = per_chain([](const L& z) __attribute__((always_inline)) { return z < L(0.0); }, info.accept_prob);
  info.diverged = info.accepted;
  info.non_finite = info.accepted;
}
template <class T, class A, class B>
ERG_FN ERG_INLINE void idle_info(const ChainState<T>& s, Both<A, B>& info) {
  idle_info(s, info.first);
  idle_info(s, info.second);
}
}  // namespace detail

/// A step of A with probability p, else of B: a kernel. Wider mixtures nest, see `mix`.
///
/// The choice is one number per step, shared by all chains (so no lane waits for another) and independent of the state; each chain's
/// law is the mixture's, and it leaves pi invariant if each part does; reversible if each part is. As the chains choose alike, do not
/// use them as independent replicas of the choice.
template <class A, class B>
struct KernelMixture {
  template <class T>
  using Extra = detail::BothExtra<typename A::template Extra<T>, typename B::template Extra<T>>;
  template <class T>
  using Scratch = detail::Both<typename A::template Scratch<T>, typename B::template Scratch<T>>;
  template <class T>
  using Info = detail::Both<typename A::template Info<T>, typename B::template Info<T>>;
  static constexpr Cache needs = holds(kernel_traits<A>::needs, kernel_traits<B>::needs) ? kernel_traits<A>::needs
                                 : holds(kernel_traits<B>::needs, kernel_traits<A>::needs) ? kernel_traits<B>::needs
                                                                                            : Cache::energy_and_gradient;
  static constexpr Cache leaves = kernel_traits<A>::leaves == kernel_traits<B>::leaves ? kernel_traits<A>::leaves : Cache::none;
  static constexpr int n_streams = 1 + kernel_traits<A>::n_streams + kernel_traits<B>::n_streams;
  static constexpr bool steps_in_blocks = kernel_traits<A>::steps_in_blocks || kernel_traits<B>::steps_in_blocks;
  static constexpr bool is_composite = true;

  double probability;  ///< of A
  A first;
  B second;

  template <class T>
  ERG_FN void init(random::Key key, const ChainState<T>& s, Extra<T>& x) const {
    detail::init_extra(first, key.stream(1), s, x.first);
    detail::init_extra(second, key.stream(1 + kernel_traits<A>::n_streams), s, x.second);
  }
  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    Info<T> info;
    if (random::shared_uniform(key.purpose(random::Purpose::choice), 0) < probability) {
      info.first = first.step(key.stream(1), u, s, x.first, w.first);
      detail::idle_info(s, info.second);
    } else {
      info.second = second.step(key.stream(1 + kernel_traits<A>::n_streams), u, s, x.second, w.second);
      detail::idle_info(s, info.first);
    }
    return info;
  }
  template <class F>
  void for_parts(F&& f) {
    f(first);
    f(second);
  }
};

/// A kernel and its weight in a mixture; weights need not sum to 1.
template <class K>
struct Weighted {
  double weight;
  K kernel;
};
template <class K>
Weighted<K> weighted(double weight, K kernel) {
  return {detail::require_positive("weight", weight), std::move(kernel)};
}

/// One of the kernels at each step, with probability proportional to its weight: mix(weighted(3, a), weighted(1, b)).
template <class A, class B>
auto mix(Weighted<A> a, Weighted<B> b) {
  return KernelMixture<A, B>{a.weight / (a.weight + b.weight), std::move(a.kernel), std::move(b.kernel)};
}
template <class A, class B, class C, class... Rest>
auto mix(Weighted<A> a, Weighted<B> b, Weighted<C> c, Weighted<Rest>... rest) {
  const double others = b.weight + c.weight + (0.0 + ... + rest.weight);
  const double p = a.weight / (a.weight + others);
  auto tail = mix(std::move(b), std::move(c), std::move(rest)...);
  return KernelMixture<A, decltype(tail)>{p, std::move(a.kernel), std::move(tail)};
}

}  // namespace erg
