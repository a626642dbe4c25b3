// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parity/kernels.hpp"

namespace erg::test {

TEST_CASE("1000 steps of every kernel give the pinned bits in double, on any lane", "[parity]") {
  check_all_pinned<double, false>(pins_in_double);
}

}  // namespace erg::test
