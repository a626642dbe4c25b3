// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parity/kernels.hpp"

namespace erg::test {

TEST_CASE("1000 steps of every kernel give the pinned bits in float, on any lane and tile", "[parity]") {
  check_all_pinned<float, true>(pins_in_float);
}

}  // namespace erg::test
