// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/cuda/copy.hpp"
#include "erg/run/engine.hpp"

/// What a thread of a device does in each kind of launch: the functions of run/step_tile.hpp on the chains that are its own.
namespace erg::detail {

/// The tile of a thread: one chain; its coordinates in registers where they are few, else in columns of the thread's arena.
template <class T, class E>
using thread_tile = LaneTile<Pack<T>, (static_dim<E> <= detail::most_in_thread ? static_dim<E> : dynamic)>;

/// For each of the chains of a thread: f(slot, place). Threads may be fewer than chains.
template <class Kernel, class Tile, class F>
ERG_FN ERG_INLINE void for_chains_of_thread(const ArenaView& memory, std::ptrdiff_t n_chains, std::ptrdiff_t thread, std::ptrdiff_t n_threads,
                                            F&& f) {
  const auto each = [&](std::ptrdiff_t step) {
    TileSlot<Kernel, Tile> slot;
    for (std::ptrdiff_t chain = thread; chain < n_chains; chain += step) f(slot, Place{chain, 1});
  };
  if constexpr (Tile::dim == dynamic) {
    const ArenaScope arena(memory, thread);
    if (thread < memory.n_threads) each(memory.n_threads);
  } else {
    each(n_threads);
  }
}
template <class T, class Kernel, class Tile>
struct PlaceChains {
  ArenaView memory;
  EnsembleView<T> chains;
  std::ptrdiff_t n_chains;
  random::Key key;
  double scale;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t n_threads) const {
    for_chains_of_thread<Kernel, Tile>(memory, n_chains, thread, n_threads,
                                       [&](auto& slot, const Place& at) { place_tile(key, scale, slot, chains, at); });
  }
};
template <class T, class Kernel, class Tile, class E>
struct InitialiseChains {
  DeviceRef<Kernel> kernel;
  DeviceRef<E> energy;
  ArenaView memory;
  EnsembleView<T> chains;
  std::ptrdiff_t n_chains;
  random::Key key;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t n_threads) const {
    for_chains_of_thread<Kernel, Tile>(memory, n_chains, thread, n_threads,
                                       [&](auto& slot, const Place& at) { initialise_tile(*kernel, *energy, key, slot, chains, at); });
  }
};
template <class T, class Kernel, class Tile, class E, int parts>
struct StepChains {
  DeviceRef<Kernel> kernel;
  DeviceRef<E> energy;
  ArenaView memory;
  EnsembleView<T> chains;
  std::ptrdiff_t n_chains;
  Launch<T> launch;
  CountsView<T, parts> counts;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t n_threads) const {
    for_chains_of_thread<Kernel, Tile>(memory, n_chains, thread, n_threads, [&](auto& slot, const Place& at) {
      std::uint64_t step = 0;
      load_tile(slot, chains, at);
      step_tile(*kernel, *energy, launch, slot, counts, at, step);
      save_tile(slot, chains, at);
    });
  }
};
template <class T>
struct LookForContraction {
  double* found;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t) const {
    if (thread == 0) *found = contracts<Pack<T>>() ? 1.0 : 0.0;
  }
};

}  // namespace erg::detail
