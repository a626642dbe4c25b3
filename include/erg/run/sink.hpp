// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/control.hpp"
#include "erg/run/report.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>

namespace erg {

/// What a sink is told before the first step.
struct RunInfo {
  int n_chains = 0, dim = 0, n_warmup = 0, n_draws = 0, thin = 1;
  std::uint64_t seed = 0;
  std::string kernel;
  std::vector<std::string> parts;
};

/// One draw of all chains: a view, valid during the call.
template <class T>
struct Draw {
  int index;                 ///< 0 .. n_draws - 1
  int n_chains, dim;
  const T* positions;        ///< [chain, dim], chain contiguous
  std::ptrdiff_t stride;     ///< elements from one coordinate to the next
  const T* energies;         ///< [chain]

  T operator()(int chain, int d) const { return positions[chain + d * stride]; }
  T energy(int chain) const { return energies[chain]; }
};

namespace detail {

// Whether S names a member, callable or not, template or not: &Probe::name is ambiguous, and so ill-formed, exactly if it does.
#define ERG_HAS_MEMBER(name)                                                                       \
  struct Named_##name {                                                                            \
    int name;                                                                                      \
  };                                                                                               \
  template <class S>                                                                               \
  struct Probe_##name : S, Named_##name {};                                                        \
  template <class S>                                                                               \
  concept names_##name = requires { &std::remove_cvref_t<S>::name; } || [] {                       \
    using C = std::remove_cvref_t<S>;                                                              \
    if constexpr (std::is_class_v<C> && !std::is_final_v<C>) {                                     \
      return !requires { &Probe_##name<C>::name; };                                                \
    } else {                                                                                       \
      return false;                                                                                \
    }                                                                                              \
  }()
ERG_HAS_MEMBER(on_begin);
ERG_HAS_MEMBER(on_warmup);
ERG_HAS_MEMBER(on_draw);
ERG_HAS_MEMBER(on_end);
// Names that people write when they mean one of the four.
ERG_HAS_MEMBER(on_start);
ERG_HAS_MEMBER(on_sample);
ERG_HAS_MEMBER(on_step);
ERG_HAS_MEMBER(on_draws);
ERG_HAS_MEMBER(on_finish);
ERG_HAS_MEMBER(on_warm_up);
#undef ERG_HAS_MEMBER

template <class S>
concept takes_begin = requires(S& s, const RunInfo& i) { s.on_begin(i); };
template <class S>
concept takes_warmup = requires(S& s, int i) { s.on_warmup(i, i); };
template <class S, class T>
concept takes_draw = requires(S& s, const Draw<T>& d) { s.on_draw(d); };
template <class S>
concept takes_end = requires(S& s, const RunReport& r) { s.on_end(r); };

/// Stops the compiler where a sink would be ignored in silence; false after it did. S keeps its const.
template <class S, class T>
consteval bool check_sink() {
  constexpr bool begin = takes_begin<S>, warmup = takes_warmup<S>, draw = takes_draw<S, T>, end = takes_end<S>;
  if constexpr (!begin && names_on_begin<S>) {
    static_assert(begin, "erg: a sink's on_begin cannot be called; write void on_begin(const erg::RunInfo&) (const if the sink is).");
    return false;
  } else if constexpr (!warmup && names_on_warmup<S>) {
    static_assert(warmup, "erg: a sink's on_warmup cannot be called; write void on_warmup(int step, int n_warmup) (const if the sink is).");
    return false;
  } else if constexpr (!draw && names_on_draw<S>) {
    static_assert(draw, "erg: a sink's on_draw cannot be called; write void on_draw(const erg::Draw<T>&) with the scalar T of the run, or "
                        "a template (const if the sink is).");
    return false;
  } else if constexpr (!end && names_on_end<S>) {
    static_assert(end, "erg: a sink's on_end cannot be called; write void on_end(const erg::RunReport&) (const if the sink is).");
    return false;
  } else if constexpr (names_on_start<S> || names_on_sample<S> || names_on_step<S> || names_on_draws<S> || names_on_finish<S> ||
                       names_on_warm_up<S>) {
    static_assert(!sizeof(S*), "erg: a sink has a member that looks like a misspelt hook; the hooks are on_begin, on_warmup, on_draw and on_end.");
    return false;
  } else if constexpr (!(begin || warmup || draw || end)) {
    static_assert(begin, "erg: a sink has none of the hooks on_begin(const RunInfo&), on_warmup(int step, int n_warmup), "
                         "on_draw(const Draw<T>&), on_end(const RunReport&); write at least one (check the spelling).");
    return false;
  } else if constexpr (draw) {
    using R = decltype(std::declval<S&>().on_draw(std::declval<const Draw<T>&>()));
    constexpr bool answers = std::is_void_v<R> || std::is_same_v<R, Control>;
    static_assert(answers, "erg: a sink's on_draw returns nothing or an erg::Control; what it returns would be ignored.");
    return answers;
  } else {
    return true;
  }
}

}  // namespace detail
}  // namespace erg
