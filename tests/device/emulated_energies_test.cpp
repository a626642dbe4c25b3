// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/energies_on_device.hpp"
#include "erg/exec/cuda/emulate.hpp"
#include "support/catch.hpp"

namespace erg::test {

TEST_CASE("every energy of the library gives the bits of one lane in the threads of an emulated device", "[device]") {
  for (const Pair& p : compare_energies(EmulatedCuda{})) {
    INFO(p.name);
    CHECK(p.there == p.here);
  }
}

TEST_CASE("every composition of energies gives the bits of one lane in the threads of an emulated device", "[device]") {
  for (const Pair& p : compare_compositions(EmulatedCuda{})) {
    INFO(p.name);
    CHECK(p.there == p.here);
  }
}

}  // namespace erg::test
