// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The body of the two parity tests, one per scalar type (one translation unit each, for the sake of compile time).
#pragma once

#include "erg/energy/gaussian.hpp"
#include "support/catch.hpp"
#include "parity/steps.hpp"

#include <cstdio>
#include <string>

namespace erg::test {

/// What 1000 steps of a kernel hash to, on two static and on five dynamic dimensions.
struct Pin {
  const char* name;
  std::uint64_t two, five;
};

inline std::string hex(std::uint64_t h) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(h));
  return text;
}

/// The widest lane of the program: one chain in the scalar build. That one chain at a time gives the same in the other builds too is
/// the business of runs_test.cpp; here every instantiation costs compile time in each of them.
template <class T, bool blocks, class Make>
void check_pinned(const Pin& pin, Make&& make) {
  using L = simd_lane<T, default_arch>;
  INFO(pin.name);
  CHECK(hex(combined(hash_steps<LaneTile<L, 2>>(make(2), Rough<2>{}))) == hex(pin.two));

  const Rough<dynamic> five(5);
  const auto h = hash_steps<LaneTile<L, dynamic>>(make(5), five);
  CHECK(hex(combined(h)) == hex(pin.five));
  if constexpr (blocks) {
    CHECK(hash_steps<BlockTile<L>>(make(5), five, 1) == h);
    CHECK(hash_steps<BlockTile<L>>(make(5), five, 3) == h);
  }
}

inline std::vector<double> uneven_variances(int dim) {
  std::vector<double> m;
  for (int d = 0; d < dim; ++d) m.push_back(0.5 + 0.25 * d);
  return m;
}
inline std::vector<double> tridiagonal(int dim) {
  std::vector<double> m(static_cast<std::size_t>(dim * dim), 0.0);
  for (int i = 0; i < dim; ++i) {
    m[static_cast<std::size_t>(i * dim + i)] = 1.0 + 0.1 * i;
    if (i > 0) m[static_cast<std::size_t>(i * dim + i - 1)] = m[static_cast<std::size_t>((i - 1) * dim + i)] = 0.3;
  }
  return m;
}

/// f(make) on every kernel, make(dim) giving it; in the order of the pins.
template <class F>
void for_each_kernel(F&& f) {
  f([](int) { return Rwm{{.step_size = 0.8}}; });
  f([](int n) { return Imh{GaussianIsotropic<>(n, 1.2)}; });
  f([](int) { return Ula{{.step_size = 0.1, .temperature = 1.5}}; });
  f([](int n) { return Mala{{.step_size = 0.6}, DiagonalMetric(uneven_variances(n))}; });
  f([](int) { return Barker{{.step_size = 0.9}}; });
  f([](int) { return Baoab{{.step_size = 0.3, .friction = 1.3}}; });
  f([](int n) { return Obabo{{.step_size = 0.3, .friction = 0.7}, DenseMetric(tridiagonal(n), n)}; });
  f([](int) { return Hmc{{.step_size = 0.3, .n_leapfrog = 3}}; });
  f([](int n) { return Hmc{{.step_size = 0.3, .n_leapfrog = 2, .jitter = 0.3}, DenseMetric(tridiagonal(n), n)}; });
  f([](int) { return cycle(repeat<2>(Rwm{{.step_size = 0.5}}), Hmc{{.step_size = 0.25, .n_leapfrog = 2}}); });
  f([](int) { return mix(weighted(2, Mala{{.step_size = 0.4}}), weighted(1, Ula{{.step_size = 0.05}})); });
}

/// Each kernel on its pin, in the order of the list.
template <class T, bool blocks>
void check_all_pinned(const std::vector<Pin>& pins) {
  REQUIRE(pins.size() == 11);
  auto pin = pins.begin();
  for_each_kernel([&](auto&& make) { check_pinned<T, blocks>(*pin++, make); });
}

}  // namespace erg::test
