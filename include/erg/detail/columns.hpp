// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

namespace erg::detail {

/// A number in a column of a table; "-" where there is none.
[[gnu::cold]] inline std::string text(const char* format, double v) {
  if (std::isnan(v)) return "-";
  char out[32];
  std::snprintf(out, sizeof out, format, v);
  return out;
}
/// Text as wide as its column.
[[gnu::cold]] inline std::string cell(const std::string& s, std::size_t width, bool left = false) {
  const std::string space(s.size() < width ? width - s.size() : 0, ' ');
  return left ? s + space : space + s;
}

}  // namespace erg::detail
