// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/value_and_gradient.hpp"
#include "erg/random/key.hpp"

#include <tuple>

namespace erg {

/// Which of a chain's cached quantities belong to its present position.
enum class Cache : unsigned { none = 0, energy = 1, gradient = 2, energy_and_gradient = 3 };

ERG_FN constexpr bool holds(Cache have, Cache need) {
  return (static_cast<unsigned>(have) & static_cast<unsigned>(need)) == static_cast<unsigned>(need);
}

/// What every kernel carries from step to step.
template <class T>
struct ChainState {
  typename T::Position position;  ///< x, [chain, dim]
  typename T::PerChain energy;    ///< U(x), valid where the last kernel says so
  typename T::Position gradient;  ///< dU/dx, valid where the last kernel says so
  typename T::Chains chains;      ///< which chains these are: the lane part of random addresses
};

/// What one step reports. Never an input to the next step.
template <class T>
struct StepInfo {
  typename T::PerChain accept_prob;   ///< min(1, exp(-energy_error)), summed over the n_steps it covers
  typename T::PerChain energy_error;  ///< of the last transition
  typename T::Mask accepted;          ///< moved at least once
  typename T::Mask diverged;          ///< energy_error beyond the kernel's limit, or not a number
  typename T::Mask non_finite;        ///< proposal rejected because its energy or position was not finite
  int n_gradients = 0;                ///< gradient evaluations, per chain
  int n_steps = 0;                    ///< transitions covered: 0 where a mixture did not choose this part
};

template <class T>
struct NoExtra {
  template <class F>
  ERG_FN void fields(F&&) {}
};

namespace detail {
/// f on every field that a kernel carries: Extra's `fields(f)`, or, where the chains stay on the CPU, a `fields()` that returns a tuple.
template <class X, class F>
ERG_FN ERG_INLINE void for_each_field(X& x, F&& f) {
  if constexpr (requires { x.fields(f); }) {
    x.fields(f);
  } else {
    std::apply([&](auto&... field) { (f(field), ...); }, x.fields());
  }
}
}  // namespace detail

/// A tile: a group of chains that step together (tile/lane_tile.hpp, tile/block_tile.hpp).
template <class T>
concept Tile = requires {
  typename T::Lane;
  typename T::Scalar;
  typename T::PerChain;
  typename T::Mask;
  typename T::Position;
  typename T::Chains;
};

/// A Markov kernel on tiles of type T with energy E.
///
///   Params                      plain numbers a user sets and warm-up tunes
///   Extra<T>                    carried between steps beyond ChainState; its `fields(f)` calls f on what a checkpoint must keep
///   Scratch<T>                  workspace; contents mean nothing between steps
///   Info<T>                     what a step reports: StepInfo<T>, or a pair of them for a composition
///   step(key, u, s, x, w)       one transition in place; const: no hidden state, so a step can be replayed from its key
/// Optional, with defaults in kernel_traits:
///   needs, leaves               cached quantities it reads / keeps valid (default: needs both, leaves none)
///   n_streams                   random streams it uses (default 1)
///   steps_in_blocks             a part works on blocks of chains alone (a flow), so the whole kernel steps in a BlockTile
///   params.target_accept        with params.step_size: warm-up tunes the step size to this acceptance
template <class K, class T, class E>
concept KernelFor = Tile<T> && requires(const K k, random::Key key, const E& u, ChainState<T>& s,
                                        typename K::template Extra<T>& x, typename K::template Scratch<T>& w) {
  typename K::template Info<T>;
  k.step(key, u, s, x, w);
};

template <class K>
struct kernel_traits {
  static constexpr Cache needs = [] {
    if constexpr (requires { K::needs; }) {
      return K::needs;
    } else {
      return Cache::energy_and_gradient;
    }
  }();
  static constexpr Cache leaves = [] {
    if constexpr (requires { K::leaves; }) {
      return K::leaves;
    } else {
      return Cache::none;
    }
  }();
  static constexpr int n_streams = [] {
    if constexpr (requires { K::n_streams; }) {
      return static_cast<int>(K::n_streams);
    } else {
      return 1;
    }
  }();
  static constexpr bool steps_in_blocks = [] {
    if constexpr (requires { K::steps_in_blocks; }) {
      return static_cast<bool>(K::steps_in_blocks);
    } else {
      return false;
    }
  }();
  static_assert(n_streams >= 1 && n_streams <= random::max_streams,
                "erg: a kernel has at most 2^16 random streams. Repeat fewer steps in one kernel and take more draws, or thin them.");
};

/// In the place of a kernel where none is known.
struct NoKernel {};

/// Evaluates what `need` asks for and `have` does not hold.
template <Cache have, Cache need, class T, class E>
ERG_FN ERG_INLINE void refresh(const E& u, ChainState<T>& s) {
  if constexpr (!holds(have, need)) {
    if constexpr (holds(need, Cache::gradient)) {
      s.energy = value_and_gradient(u, s.position, s.gradient);
    } else {
      s.energy = value(u, s.position);
    }
  }
}

}  // namespace erg
