// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/report.hpp"

#include <cstddef>
#include <type_traits>

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

/// What a hook may return to end the run after the draw.
enum class Control { proceed, stop };

namespace detail {

#define ERG_HAS_MEMBER(name)                                     \
  template <class S>                                             \
  concept names_##name = requires { &std::remove_cvref_t<S>::name; }
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

/// Stops the compiler where a sink would be ignored in silence.
template <class S, class T>
constexpr void check_sink() {
  static_assert(takes_begin<S> || takes_warmup<S> || takes_draw<S, T> || takes_end<S>,
                "erg: a sink has none of the hooks on_begin(const RunInfo&), on_warmup(int step, int n_warmup), on_draw(const Draw<T>&), "
                "on_end(const RunReport&); write at least one (check the spelling and the scalar T of Draw<T>).");
  static_assert(takes_begin<S> || !names_on_begin<S>, "erg: a sink's on_begin cannot be called; write void on_begin(const erg::RunInfo&).");
  static_assert(takes_warmup<S> || !names_on_warmup<S>, "erg: a sink's on_warmup cannot be called; write void on_warmup(int step, int n_warmup).");
  static_assert(takes_draw<S, T> || !names_on_draw<S>,
                "erg: a sink's on_draw cannot be called; write void on_draw(const erg::Draw<T>&) with the scalar T of the run, or a template.");
  static_assert(takes_end<S> || !names_on_end<S>, "erg: a sink's on_end cannot be called; write void on_end(const erg::RunReport&).");
  static_assert(!names_on_start<S> && !names_on_sample<S> && !names_on_step<S> && !names_on_draws<S> && !names_on_finish<S> &&
                    !names_on_warm_up<S>,
                "erg: a sink has a member that looks like a misspelt hook; the hooks are on_begin, on_warmup, on_draw and on_end.");
}

}  // namespace detail
}  // namespace erg
