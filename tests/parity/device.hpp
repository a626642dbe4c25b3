// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The per-thread function of a GPU, stepped on the host through the launch geometry of a GPU, against steps by hand on the widest lane.
#pragma once

#include "erg/exec/cuda/emulate.hpp"
#include "erg/run/device_engine.hpp"
#include "parity/kernels.hpp"

namespace erg::test {

/// The hashes of hash_steps, from draws that a device engine recorded after every step.
template <class T, class K, class E>
std::vector<std::uint64_t> hash_on_device(const EmulatedCuda& exec, const K& kernel, const E& energy) {
  const Plan plan{.n_chains = n_parity_chains, .seed = parity_seed};
  detail::DeviceEngine<T, EmulatedCuda, K, E> engine(exec, energy, plan.n_chains);
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
  return h;
}

template <class T>
void check_every_kernel_on_device() {
  using L = simd_lane<T, default_arch>;
  const Rough<dynamic> five(5);
  for_each_kernel([&](auto&& make) {
    const auto two = make(2), other = make(5);
    INFO(kernel_name(two));
    CHECK(hash_on_device<T>(EmulatedCuda{}, two, Rough<2>{}) == hash_steps<LaneTile<L, 2>>(two, Rough<2>{}));
    CHECK(hash_on_device<T>(EmulatedCuda{.block = 32}, other, five) == hash_steps<LaneTile<L, dynamic>>(other, five));
  });
}

}  // namespace erg::test
