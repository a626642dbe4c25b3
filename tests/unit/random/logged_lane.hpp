// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// A lane of one double that writes down the address of every random number that is drawn on it.
#pragma once

#include <erg/lane/ops.hpp>
#include <erg/random/uniform.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace erg::test {

struct Logged {
  double x;
  Logged() = default;
  constexpr Logged(double v) : x(v) {}
  friend Logged operator+(Logged a, Logged b) { return a.x + b.x; }
  friend Logged operator-(Logged a, Logged b) { return a.x - b.x; }
  friend Logged operator*(Logged a, Logged b) { return a.x * b.x; }
  friend Logged operator/(Logged a, Logged b) { return a.x / b.x; }
  friend Logged operator-(Logged a) { return -a.x; }
  Logged& operator+=(Logged b) { return *this = *this + b; }
  Logged& operator-=(Logged b) { return *this = *this - b; }
  Logged& operator*=(Logged b) { return *this = *this * b; }
  friend bool operator<(Logged a, Logged b) { return a.x < b.x; }
  friend bool operator>(Logged a, Logged b) { return a.x > b.x; }
  friend bool operator<=(Logged a, Logged b) { return a.x <= b.x; }
  friend bool operator>=(Logged a, Logged b) { return a.x >= b.x; }
  friend bool operator==(Logged a, Logged b) { return a.x == b.x; }
};

/// Counter words 0 to 3 and the number within the block: 0 or 1, a double having two words.
using Address = std::array<std::uint32_t, 5>;
inline std::vector<Address> addresses_drawn;

}  // namespace erg::test

namespace erg {

template <>
struct lane_traits<test::Logged> : lane_traits<double> {};
template <>
struct lane_ops<test::Logged> {
  using L = test::Logged;
  using D = lane_ops<double>;
  using Bits = std::uint64_t;
  static L neg(L a) { return -a; }
  static L fma(L a, L b, L c) { return D::fma(a.x, b.x, c.x); }
  static L sqrt(L a) { return D::sqrt(a.x); }
  static L abs(L a) { return D::abs(a.x); }
  static L min(L a, L b) { return D::min(a.x, b.x); }
  static L max(L a, L b) { return D::max(a.x, b.x); }
  static L select(bool m, L a, L b) { return m ? a : b; }
  static Bits select_bits(bool m, Bits a, Bits b) { return m ? a : b; }
  static bool any(bool m) { return m; }
  static bool all(bool m) { return m; }
  static int count(bool m) { return m ? 1 : 0; }
  static Bits to_bits(L a) { return D::to_bits(a.x); }
  static L from_bits(Bits b) { return D::from_bits(b); }
  static L from_int(Bits b) { return D::from_int(b); }
  static bool has_bits(Bits b, Bits pattern) { return D::has_bits(b, pattern); }
  static L load(const double* p) { return *p; }
  static void store(double* p, L a) { *p = a.x; }
  static Bits iota(Bits first) { return first; }
  static Bits join(Bits lo, Bits hi) { return D::join(lo, hi); }
};
static_assert(Lane<test::Logged>);

namespace random {
/// A whole block: both of its numbers are in use.
template <>
inline Words<test::Logged> philox4x32_10<test::Logged>(std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, std::uint64_t c3,
                                                       std::uint32_t k0, std::uint32_t k1) {
  for (const std::uint32_t number : {0u, 1u}) test::addresses_drawn.push_back({c0, c1, c2, static_cast<std::uint32_t>(c3), number});
  const Words<double> w = philox4x32_10<double>(c0, c1, c2, c3, k0, k1);
  return {{w.w[0], w.w[1], w.w[2], w.w[3]}};
}
/// One number of a block.
template <>
inline std::uint64_t bits<test::Logged>(Key key, std::uint64_t chain, int index) {
  const auto i = static_cast<std::uint32_t>(index);
  test::addresses_drawn.push_back({key.c0(), key.c1(i / 2), key.c2(), static_cast<std::uint32_t>(chain), i % 2});
  return bits<double>(key, chain, index);
}
}  // namespace random
}  // namespace erg
