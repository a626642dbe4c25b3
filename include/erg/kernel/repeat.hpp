// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/cycle.hpp"

namespace erg {

namespace detail {
template <class T>
ERG_FN ERG_INLINE void add_info(StepInfo<T>& sum, const StepInfo<T>& next) {
  sum.accept_prob = sum.accept_prob + next.accept_prob;
  sum.energy_error = next.energy_error;
  sum.accepted = sum.accepted || next.accepted;
  sum.diverged = sum.diverged || next.diverged;
  sum.non_finite = sum.non_finite || next.non_finite;
  sum.n_gradients += next.n_gradients;
  sum.n_steps += next.n_steps;
}
template <class A, class B>
ERG_FN ERG_INLINE void add_info(Both<A, B>& sum, const Both<A, B>& next) {
  add_info(sum.first, next.first);
  add_info(sum.second, next.second);
}
}  // namespace detail

/// N steps of K as one kernel, one loop: the state stays where it is.
template <int N, class K>
struct Repeat {
  static_assert(N >= 1, "erg: repeat<N>(kernel) needs N >= 1.");
  template <class T>
  using Extra = typename K::template Extra<T>;
  template <class T>
  using Scratch = typename K::template Scratch<T>;
  template <class T>
  using Info = typename K::template Info<T>;
  static constexpr Cache needs = kernel_traits<K>::needs;
  static constexpr Cache leaves = kernel_traits<K>::leaves;
  static constexpr int n_streams = N * kernel_traits<K>::n_streams;
  static constexpr bool steps_in_blocks = kernel_traits<K>::steps_in_blocks;
  static constexpr bool is_composite = true;

  K part;

  template <class T>
  ERG_FN void init(random::Key key, const ChainState<T>& s, Extra<T>& x) const {
    detail::init_extra(part, key, s, x);
  }
  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    Info<T> info = part.step(key, u, s, x, w);
    for (int i = 1; i < N; ++i) {
      refresh<kernel_traits<K>::leaves, kernel_traits<K>::needs>(u, s);
      detail::add_info(info, part.step(key.stream(i * kernel_traits<K>::n_streams), u, s, x, w));
    }
    return info;
  }
  template <class F>
  void for_parts(F&& f) {
    f(part);
  }
};

template <int N, class K>
Repeat<N, K> repeat(K k) {
  return {std::move(k)};
}

}  // namespace erg
