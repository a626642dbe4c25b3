// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/plane_temperatures.hpp"
#include "parts.hpp"

namespace vera {

/// Reported, as a picture: with small lambda exp(-U) is too wide while the generator is sharp.
void temperatures(bool quick) {
  std::printf("2. Lambda is a temperature. Reported, as a picture: with small lambda exp(-U) is too wide while the generator is sharp.\n");
  example::temperatures(quick, picture("temperature"));
  std::printf("\n");
}

}  // namespace vera
