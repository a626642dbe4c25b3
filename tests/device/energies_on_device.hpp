// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Every energy of the library and every composition of energies, on a device and on one lane of the CPU.
#pragma once

#include "device/device.hpp"
#include "erg/kernel/ula.hpp"
#include "erg/run/device_engine.hpp"
#include "parity/steps.hpp"
#include "support/library_energies.hpp"

namespace erg::test {

/// Positions, energies and gradients after two Langevin steps from random positions.
template <class T, class Exec, class E>
std::uint64_t hash_energy(const Exec& exec, const E& energy) {
  const Plan plan{.n_chains = 5, .seed = 6};
  const random::Key key(plan.seed);
  detail::engine_for<T, Exec, Ula<>, E> engine(exec, energy, plan.n_chains);
  engine.use(Ula<>{{.step_size = 0.01}});
  engine.place(plan, key.purpose(random::Purpose::start));
  engine.initialise(key);
  engine.advance({key, 2}, true);
  const Ensemble<T>& chains = engine.chains();
  std::uint64_t h = fnv_start;
  for (int column = 0; column < 2 * chains.dim() + 1; ++column) {
    for (int c = 0; c < plan.n_chains; ++c) h = fnv(h, chains.data()[column * chains.stride() + c]);
  }
  return h;
}

template <class Exec>
std::vector<Pair> compare_energies(const Exec& exec) {
  std::vector<Pair> pairs;
  const auto add = [&](const char* name, const auto& energy) {
    pairs.push_back({name, hash_energy<float>(exec, energy), hash_energy<float>(Serial{}, energy)});
  };
  for_each_energy(add);
  return pairs;
}
template <class Exec>
std::vector<Pair> compare_compositions(const Exec& exec) {
  std::vector<Pair> pairs;
  const auto add = [&](const char* name, const auto& energy) {
    pairs.push_back({name, hash_energy<float>(exec, energy), hash_energy<float>(Serial{}, energy)});
  };
  for_each_composition(add);
  return pairs;
}

}  // namespace erg::test
