// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/cycle.hpp"
#include "erg/kernel/metric.hpp"
#include "erg/kernel/mix.hpp"
#include "erg/kernel/repeat.hpp"

namespace erg {

/// A kernel as a step reads it: metrics replaced by views in the scalar T, so that it is cheap to copy and fits any device. A
/// kernel of a user is its own view unless it has a member `template <class T> auto view() const`.
template <class T, class K>
auto kernel_view(const K& k) {
  if constexpr (requires { k.template view<T>(); }) {
    return k.template view<T>();
  } else {
    return k;
  }
}
template <class T, template <class> class K, class Metric>
  requires requires(const K<Metric>& k) { k.metric.template view<T>(); }
auto kernel_view(const K<Metric>& k) {
  using V = decltype(k.metric.template view<T>());
  return K<V>(k.params, k.metric.template view<T>());
}
template <class T, class A, class B>
auto kernel_view(const Cycle<A, B>& k) {
  auto a = kernel_view<T>(k.first);
  auto b = kernel_view<T>(k.second);
  return Cycle<decltype(a), decltype(b)>{a, b};
}
template <class T, class A, class B>
auto kernel_view(const KernelMixture<A, B>& k) {
  auto a = kernel_view<T>(k.first);
  auto b = kernel_view<T>(k.second);
  return KernelMixture<decltype(a), decltype(b)>{k.probability, a, b};
}
template <class T, int N, class K>
auto kernel_view(const Repeat<N, K>& k) {
  auto p = kernel_view<T>(k.part);
  return Repeat<N, decltype(p)>{p};
}

/// f on every part of a kernel that is not a composition, in order.
template <class K, class F>
void for_each_part(K& k, F&& f) {
  if constexpr (requires { std::remove_const_t<K>::is_composite; }) {
    const_cast<std::remove_const_t<K>&>(k).for_parts([&](auto& part) { for_each_part(part, f); });
  } else {
    f(k);
  }
}
template <class K>
inline constexpr int n_parts = 1;
template <class A, class B>
inline constexpr int n_parts<Cycle<A, B>> = n_parts<A> + n_parts<B>;
template <class A, class B>
inline constexpr int n_parts<KernelMixture<A, B>> = n_parts<A> + n_parts<B>;
template <int N, class K>
inline constexpr int n_parts<Repeat<N, K>> = n_parts<K>;

/// f(info of part i, i) on every part's report, in the order of for_each_part.
template <class T, class F>
ERG_FN ERG_INLINE void for_each_info(const StepInfo<T>& info, F&& f, int first = 0) {
  f(info, first);
}
namespace detail {
template <class I>
inline constexpr int n_infos = 1;
template <class A, class B>
inline constexpr int n_infos<Both<A, B>> = n_infos<A> + n_infos<B>;
}  // namespace detail
template <class A, class B, class F>
ERG_FN ERG_INLINE void for_each_info(const detail::Both<A, B>& info, F&& f, int first = 0) {
  for_each_info(info.first, f, first);
  for_each_info(info.second, f, first + detail::n_infos<A>);
}

/// The name of a kernel: its parts', composed.
template <class K>
std::string kernel_name(const K&) {
  if constexpr (requires { K::name; }) {
    return K::name;
  } else {
    return "user kernel";
  }
}
template <class A, class B>
std::string kernel_name(const Cycle<A, B>& k) {
  return "cycle(" + kernel_name(k.first) + ", " + kernel_name(k.second) + ")";
}
template <class A, class B>
std::string kernel_name(const KernelMixture<A, B>& k) {
  return "mix(" + kernel_name(k.first) + ", " + kernel_name(k.second) + ")";
}
template <int N, class K>
std::string kernel_name(const Repeat<N, K>& k) {
  return "repeat<" + std::to_string(N) + ">(" + kernel_name(k.part) + ")";
}

}  // namespace erg
