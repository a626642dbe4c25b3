// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/concepts.hpp"

#include <utility>

namespace erg {

namespace detail {
template <class A, class B>
struct Both {
  A first;
  B second;
};
/// State carried between steps by two parts: both parts'.
template <class A, class B>
struct BothExtra {
  A first;
  B second;
  template <class F>
  ERG_FN void fields(F&& f) {
    for_each_field(first, f);
    for_each_field(second, f);
  }
};
template <class K, class T, class X>
ERG_FN void init_extra(const K& k, random::Key key, const ChainState<T>& s, X& x) {
  if constexpr (requires { k.init(key, s, x); }) k.init(key, s, x);
}
}  // namespace detail

/// One step of A, then one of B: a kernel. Longer cycles nest, see `cycle`.
///
/// Leaves pi invariant if each part does; reversible only where the order is a palindrome. The parts' random streams are
/// disjoint; cached energies and gradients are evaluated anew only where A leaves less than B needs.
/// Cost      the parts' sum                          Source  Tierney (1994), section 2.4
template <class A, class B>
struct Cycle {
  template <class T>
  using Extra = detail::BothExtra<typename A::template Extra<T>, typename B::template Extra<T>>;
  template <class T>
  using Scratch = detail::Both<typename A::template Scratch<T>, typename B::template Scratch<T>>;
  template <class T>
  using Info = detail::Both<typename A::template Info<T>, typename B::template Info<T>>;
  static constexpr Cache needs = kernel_traits<A>::needs;
  static constexpr Cache leaves = kernel_traits<B>::leaves;
  static constexpr int n_streams = kernel_traits<A>::n_streams + kernel_traits<B>::n_streams;
  static constexpr bool steps_in_blocks = kernel_traits<A>::steps_in_blocks || kernel_traits<B>::steps_in_blocks;
  static constexpr bool is_composite = true;

  A first;
  B second;

  template <class T>
  ERG_FN void init(random::Key key, const ChainState<T>& s, Extra<T>& x) const {
    detail::init_extra(first, key, s, x.first);
    detail::init_extra(second, key.stream(kernel_traits<A>::n_streams), s, x.second);
  }
  template <class T, class E>
  ERG_FN ERG_INLINE Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    Info<T> info;
    info.first = first.step(key, u, s, x.first, w.first);
    refresh<kernel_traits<A>::leaves, kernel_traits<B>::needs>(u, s);
    info.second = second.step(key.stream(kernel_traits<A>::n_streams), u, s, x.second, w.second);
    return info;
  }
  /// f(part) on both parts, in order.
  template <class F>
  void for_parts(F&& f) {
    f(first);
    f(second);
  }
};

/// The kernels one after the other, as one kernel.
template <class K>
K cycle(K k) {
  return k;
}
template <class A, class B, class... Rest>
auto cycle(A a, B b, Rest... rest) {
  if constexpr (sizeof...(Rest) == 0) {
    return Cycle<A, B>{std::move(a), std::move(b)};
  } else {
    auto tail = cycle(std::move(b), std::move(rest)...);
    return Cycle<A, decltype(tail)>{std::move(a), std::move(tail)};
  }
}

}  // namespace erg
