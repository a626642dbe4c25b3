// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What a device computes, as hashes: the same functions for a GPU and for its stand-in on the host. Files that nvcc compiles include
// this, so it names no Catch2.
#pragma once

#include "erg/run/device_engine.hpp"
#include "parity/kernel_list.hpp"
#include "parity/pins.hpp"
#include "parity/steps.hpp"

namespace erg::test {

/// combined(hash_steps(...)), from draws that a device recorded after every step.
template <class T, class Exec, class K, class E>
std::uint64_t hash_on_device(const Exec& exec, const K& kernel, const E& energy) {
  const Plan plan{.n_chains = n_parity_chains, .seed = parity_seed};
  detail::DeviceEngine<T, Exec, K, E> engine(exec, energy, plan.n_chains);
  const random::Key key(parity_seed);
  engine.use(kernel);
  engine.place(plan, key.purpose(random::Purpose::start));
  engine.initialise(key);
  std::vector<std::uint64_t> h(n_parity_chains, fnv_start);
  const int at_once = engine.reserve_draws(256, true);
  for (int done = 0, batch = 0, n = 0; done < n_parity_steps; done += n, ++batch) {
    n = std::min(at_once, n_parity_steps - done);
    engine.advance({key.at(static_cast<std::uint64_t>(done)), n, engine.draws_of(batch), 0, 1}, true);
    engine.send_draws(batch, n);
    const auto draws = engine.wait_for_draws(batch);
    for (int i = 0; i < n; ++i) {
      for (int c = 0; c < n_parity_chains; ++c) {
        for (int d = 0; d + 1 < draws.n_columns; ++d) {
          auto& chain = h[static_cast<std::size_t>(c)];
          chain = fnv(chain, draws.draw(i)[d * draws.stride + c]);
        }
      }
    }
  }
  return combined(h);
}

/// What 1000 steps of every kernel hash to on a device, in the order of the pins.
template <class T, class Exec>
std::vector<Pin> hash_every_kernel(const Exec& exec) {
  const Rough<dynamic> five(5);
  std::vector<Pin> found;
  for_each_kernel([&](auto&& make) {
    found.push_back({"", hash_on_device<T>(exec, make(2), Rough<2>{}), hash_on_device<T>(exec, make(5), five)});
  });
  return found;
}

}  // namespace erg::test
