// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "parity/pins.hpp"
#include "support/catch.hpp"

#include <cstdio>
#include <string>

namespace erg::test {

inline std::string hex(std::uint64_t h) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(h));
  return text;
}
inline void check_pins(const std::vector<Pin>& found, const std::vector<Pin>& pins) {
  REQUIRE(found.size() == pins.size());
  for (std::size_t i = 0; i < pins.size(); ++i) {
    INFO(pins[i].name);
    CHECK(hex(found[i].two) == hex(pins[i].two));
    CHECK(hex(found[i].five) == hex(pins[i].five));
  }
}

}  // namespace erg::test
