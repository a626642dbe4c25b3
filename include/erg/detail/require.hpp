// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>

/// Checks of constructor arguments. Each throws std::invalid_argument, "name = value (why) what to do".
namespace erg::detail {

inline std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

[[noreturn, gnu::cold]] inline void reject(const std::string& name, double value, const char* why) {
  throw std::invalid_argument(name + " = " + number_text(value) + " (" + why + ")");
}

inline std::string indexed(const std::string& name, int i) { return name + "[" + std::to_string(i) + "]"; }

inline double require_finite(const std::string& name, double value) {
  if (!std::isfinite(value)) reject(name, value, "must be finite");
  return value;
}

inline double require_positive(const std::string& name, double value) {
  if (!(std::isfinite(value) && value > 0.0)) reject(name, value, "must be finite and > 0");
  return value;
}

inline double require_not_negative(const std::string& name, double value) {
  if (!(std::isfinite(value) && value >= 0.0)) reject(name, value, "must be finite and >= 0");
  return value;
}

inline double require_fraction(const std::string& name, double value) {
  if (!(value >= 0.0 && value < 1.0)) reject(name, value, "must be in [0, 1)");
  return value;
}

inline int require_count(const std::string& name, int value, int at_least = 1) {
  if (value < at_least) {
    throw std::invalid_argument(name + " = " + std::to_string(value) + " (must be >= " + std::to_string(at_least) + ")");
  }
  return value;
}

/// A list has as many entries as the energy needs.
template <class List>
void require_size(const std::string& name, const List& list, int n, const char* because) {
  if (static_cast<long>(list.size()) != n) {
    throw std::invalid_argument(name + " has " + std::to_string(list.size()) + " entries (" + because + ") give " +
                                std::to_string(n));
  }
}

}  // namespace erg::detail
