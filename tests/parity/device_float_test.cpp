// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parity/device.hpp"

namespace erg::test {

TEST_CASE("1000 steps of every kernel give the same bits in the threads of a device as on any lane, in float", "[parity][device]") {
  check_every_kernel_on_device<float>();
}

}  // namespace erg::test
