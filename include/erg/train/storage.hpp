// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/half.hpp"
#include "erg/detail/require.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

/// How a replay buffer keeps numbers: as they are, in half precision, in bytes. decode(encode(x), u) is x up to rounding; u, uniform on [0, 1),
/// spreads what a code stands for.
namespace erg::train {

struct AsIs {
  static constexpr const char* name = "as they are";
  template <class T>
  using Code = T;
  template <class T>
  T encode(T x) const {
    return x;
  }
  template <class T>
  T decode(T code, double) const {
    return code;
  }
};

/// IEEE half precision, rounded to nearest even: 2 bytes, 11 bits, up to 65504.
struct Half {
  static constexpr const char* name = "half";
  template <class T>
  using Code = std::uint16_t;
  template <class T>
  std::uint16_t encode(T x) const {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t size = bits & 0x7fffffffu;
    if (size >= 0x47800000u) return static_cast<std::uint16_t>(sign | (size > 0x7f800000u ? 0x7e00u : 0x7c00u));  // too large, or NaN
    if (size < 0x38800000u) {  // below the least normal: multiples of 2^-24
      return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(std::nearbyint(std::bit_cast<float>(size) * 0x1p24F)));
    }
    const std::uint32_t rounded = size + 0xfffu + ((size >> 13) & 1u);
    return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
  }
  template <class T>
  T decode(std::uint16_t code, double) const {
    return static_cast<T>(erg::detail::half_to_float(code));
  }
};

/// A byte for numbers in [low, high): 256 cells of equal width. decode gives a place in the cell, so that a number that is stored and
/// fetched many times moves at random but not on average, where the midpoint or the edge of cells would fix it to a grid or drift.
struct Bytes {
  static constexpr const char* name = "bytes";
  double low = 0.0, high = 1.0;
  Bytes() = default;
  Bytes(double from, double to) : low(from), high(to) { erg::detail::require_interval(low, high); }
  template <class T>
  using Code = std::uint8_t;
  template <class T>
  std::uint8_t encode(T x) const {
    const double cell = std::floor(256.0 * (static_cast<double>(x) - low) / (high - low));
    return static_cast<std::uint8_t>(cell > 0.0 ? cell < 255.0 ? cell : 255.0 : 0.0);
  }
  template <class T>
  T decode(std::uint8_t code, double u) const {
    return static_cast<T>(low + (high - low) * (code + u) / 256.0);
  }
};

}  // namespace erg::train
