// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/ops.hpp"

namespace erg {

/// The least that a lane promises, and nothing more: code that compiles with Archetype compiles with every lane.
///
/// It converts to no arithmetic type, so that std::exp(x) does not compile, and its comparisons to no bool, so that `if (x < 0)`
/// does not. It computes in double, for tests; as_double() reads it.
///
///   static_assert(requires(erg::Point<const erg::Archetype, 2> x) { MyEnergy{}(x); });   // or simply call it in a test
struct Archetype {
  class Mask {
   public:
    Mask() = default;
    ERG_FN constexpr explicit Mask(bool set) : set_(set) {}
    ERG_FN friend constexpr Mask operator&&(Mask a, Mask b) { return Mask(a.set_ && b.set_); }
    ERG_FN friend constexpr Mask operator||(Mask a, Mask b) { return Mask(a.set_ || b.set_); }
    ERG_FN friend constexpr Mask operator!(Mask a) { return Mask(!a.set_); }
    ERG_FN constexpr bool is_set() const { return set_; }

   private:
    bool set_;
  };

  Archetype() = default;
  template <class A>
    requires std::is_arithmetic_v<A>
  ERG_FN constexpr Archetype(A a) : x_(static_cast<double>(a)) {}
  ERG_FN constexpr double as_double() const { return x_; }

  ERG_FN friend constexpr Archetype operator+(Archetype a, Archetype b) { return a.x_ + b.x_; }
  ERG_FN friend constexpr Archetype operator-(Archetype a, Archetype b) { return a.x_ - b.x_; }
  ERG_FN friend constexpr Archetype operator*(Archetype a, Archetype b) { return a.x_ * b.x_; }
  ERG_FN friend constexpr Archetype operator/(Archetype a, Archetype b) { return a.x_ / b.x_; }
  ERG_FN friend constexpr Archetype operator-(Archetype a) { return -a.x_; }
  ERG_FN friend constexpr Mask operator<(Archetype a, Archetype b) { return Mask(a.x_ < b.x_); }
  ERG_FN friend constexpr Mask operator>(Archetype a, Archetype b) { return Mask(a.x_ > b.x_); }
  ERG_FN friend constexpr Mask operator<=(Archetype a, Archetype b) { return Mask(a.x_ <= b.x_); }
  ERG_FN friend constexpr Mask operator>=(Archetype a, Archetype b) { return Mask(a.x_ >= b.x_); }
  ERG_FN friend constexpr Mask operator==(Archetype a, Archetype b) { return Mask(a.x_ == b.x_); }
  ERG_FN friend constexpr Mask operator!=(Archetype a, Archetype b) { return Mask(a.x_ != b.x_); }
  ERG_FN constexpr Archetype& operator+=(Archetype b) { return *this = *this + b; }
  ERG_FN constexpr Archetype& operator-=(Archetype b) { return *this = *this - b; }
  ERG_FN constexpr Archetype& operator*=(Archetype b) { return *this = *this * b; }
  ERG_FN constexpr Archetype& operator/=(Archetype b) { return *this = *this / b; }

 private:
  double x_;
};

template <>
struct lane_traits<Archetype> {
  using Scalar = double;
  using Mask = Archetype::Mask;
  using Bits = std::uint64_t;
  static constexpr int width = 1;
};

template <>
struct lane_ops<Archetype> {
  using L = Archetype;
  using D = lane_ops<double>;
  using Mask = Archetype::Mask;
  using Bits = std::uint64_t;
  ERG_FN static constexpr L neg(L a) { return -a; }
  ERG_FN static L fma(L a, L b, L c) { return D::fma(a.as_double(), b.as_double(), c.as_double()); }
  ERG_FN static L sqrt(L a) { return D::sqrt(a.as_double()); }
  ERG_FN static L abs(L a) { return D::abs(a.as_double()); }
  ERG_FN static L min(L a, L b) { return D::min(a.as_double(), b.as_double()); }
  ERG_FN static L max(L a, L b) { return D::max(a.as_double(), b.as_double()); }
  ERG_FN static L select(Mask m, L a, L b) { return m.is_set() ? a : b; }
  ERG_FN static Bits select_bits(Mask m, Bits a, Bits b) { return m.is_set() ? a : b; }
  ERG_FN static bool any(Mask m) { return m.is_set(); }
  ERG_FN static bool all(Mask m) { return m.is_set(); }
  ERG_FN static int count(Mask m) { return m.is_set() ? 1 : 0; }
  ERG_FN static Bits to_bits(L a) { return D::to_bits(a.as_double()); }
  ERG_FN static L from_bits(Bits b) { return D::from_bits(b); }
  ERG_FN static L from_int(Bits b) { return D::from_int(b); }
  ERG_FN static Mask has_bits(Bits b, Bits pattern) { return Mask(D::has_bits(b, pattern)); }
};

static_assert(Lane<Archetype>);

}  // namespace erg
