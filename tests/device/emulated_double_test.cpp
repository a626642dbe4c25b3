// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/steps_on_device.hpp"
#include "erg/exec/cuda/emulate.hpp"
#include "parity/compare_pins.hpp"

namespace erg::test {

TEST_CASE("1000 steps of every kernel give the pinned bits in the threads of an emulated device, in double", "[device]") {
  check_pins(hash_every_kernel<double>(EmulatedCuda{}), pins_in_double);
}

}  // namespace erg::test
