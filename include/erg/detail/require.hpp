// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdio>
#include <limits>
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

/// The ends of an interval, each finite and the second above the first.
inline void require_interval(double low, double high) {
  require_finite("low", low);
  require_finite("high", high);
  if (!(high > low)) throw std::invalid_argument("high = " + number_text(high) + " (low is " + number_text(low) + ") give a higher one");
}

inline double require_probability(const std::string& name, double value) {
  if (!(value >= 0.0 && value <= 1.0)) reject(name, value, "must be in [0, 1]");
  return value;
}

inline int require_count(const std::string& name, int value, int at_least = 1) {
  if (value < at_least) {
    throw std::invalid_argument(name + " = " + std::to_string(value) + " (must be >= " + std::to_string(at_least) + ")");
  }
  return value;
}

/// The product of two counts, where it is an int.
inline int require_product(const std::string& name, int a, int b) {
  const long long n = static_cast<long long>(a) * b;
  if (n > std::numeric_limits<int>::max()) throw std::invalid_argument(name + " = " + std::to_string(n) + " (must be below 2^31) thin them, or take fewer");
  return static_cast<int>(n);
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
