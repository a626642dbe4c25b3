// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/data.hpp"
#include "erg/kernel/cycle.hpp"
#include "erg/kernel/metric.hpp"
#include "erg/kernel/mix.hpp"
#include "erg/kernel/repeat.hpp"

namespace erg {

namespace detail {
/// Numbers are where they are.
struct Where {
  template <class T>
  const T* operator()(const T* p, std::size_t) const {
    return p;
  }
};
template <class T, class M, class Place>
  requires requires(const M& m, Place place) { m.template view<T>(place); } || requires(const M& m) { m.template view<T>(); }
auto view_of_metric(const M& m, Place place) {
  if constexpr (requires { m.template view<T>(place); }) {
    return m.template view<T>(place);
  } else {
    return m.template view<T>();
  }
}
}  // namespace detail

/// A kernel as a step reads it: metrics replaced by views in the scalar T, so that it is cheap to copy and fits any device. `place(p, n)`
/// says where n numbers at p are for whoever steps (default: where they are). A kernel of a user is its own view unless it has a
/// member `template <class T> auto view() const` or `view(place) const`.
template <class T, class K, class Place = detail::Where>
auto kernel_view(const K& k, Place place = {}) {
  if constexpr (requires { k.template view<T>(place); }) {
    return k.template view<T>(place);
  } else if constexpr (requires { k.template view<T>(); }) {
    return k.template view<T>();
  } else {
    return k;
  }
}
template <class T, template <class> class K, class Metric, class Place = detail::Where>
  requires requires(const K<Metric>& k) { detail::view_of_metric<T>(k.metric, detail::Where{}); }
auto kernel_view(const K<Metric>& k, Place place = {}) {
  using V = decltype(detail::view_of_metric<T>(k.metric, place));
  return K<V>(k.params, detail::view_of_metric<T>(k.metric, place));
}
template <class T, class A, class B, class Place = detail::Where>
auto kernel_view(const Cycle<A, B>& k, Place place = {}) {
  auto a = kernel_view<T>(k.first, place);
  auto b = kernel_view<T>(k.second, place);
  return Cycle<decltype(a), decltype(b)>{a, b};
}
template <class T, class A, class B, class Place = detail::Where>
auto kernel_view(const KernelMixture<A, B>& k, Place place = {}) {
  auto a = kernel_view<T>(k.first, place);
  auto b = kernel_view<T>(k.second, place);
  return KernelMixture<decltype(a), decltype(b)>{k.probability, a, b};
}
template <class T, int N, class K, class Place = detail::Where>
auto kernel_view(const Repeat<N, K>& k, Place place = {}) {
  auto p = kernel_view<T>(k.part, place);
  return Repeat<N, decltype(p)>{p};
}

/// Whether a plain copy of a kernel's view is all that a device needs: of each of its parts, see runs_on_device.
template <class K>
inline constexpr bool view_runs_on_device = runs_on_device<K>;
template <class A, class B>
inline constexpr bool view_runs_on_device<Cycle<A, B>> = view_runs_on_device<A> && view_runs_on_device<B>;
template <class A, class B>
inline constexpr bool view_runs_on_device<KernelMixture<A, B>> = view_runs_on_device<A> && view_runs_on_device<B>;
template <int N, class K>
inline constexpr bool view_runs_on_device<Repeat<N, K>> = view_runs_on_device<K>;

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
