// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The body of the two parity tests, one per scalar type (one translation unit each, for the sake of compile time).
#pragma once

#include "parity/compare_pins.hpp"
#include "parity/kernel_list.hpp"
#include "parity/steps.hpp"

namespace erg::test {

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

/// Each kernel on its pin, in the order of the list.
template <class T, bool blocks>
void check_all_pinned(const std::vector<Pin>& pins) {
  REQUIRE(pins.size() == 11);
  auto pin = pins.begin();
  for_each_kernel([&](auto&& make) { check_pinned<T, blocks>(*pin++, make); });
}

}  // namespace erg::test
