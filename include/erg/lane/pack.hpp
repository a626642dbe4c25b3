// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/scalar.hpp"

namespace erg {

/// The lane that energies and kernels run on: a register R (one real, or a SIMD batch of them) in which every literal becomes
/// the register's scalar first.
///
///   Pack<float>, Pack<double>         one real         (exec::Serial, a CUDA thread)
///   Pack<xsimd::batch<T, Arch>>       a SIMD register  (exec::Simd<Arch>)
///
/// Why not the bare types, which are lanes too: in `0.5 * x` a float is promoted to double where a batch is not, so one formula
/// would give other bits on one lane than on sixteen and run in double precision on a GPU; xsimd::batch reads `L a{1.0}` as a
/// list of one value for all lanes; and its unary minus turns 0 into +0 on AVX-512, into -0 elsewhere.
template <class R>
struct Pack {
  using Scalar = scalar_t<R>;
  using Mask = mask_t<R>;

  R reg;

  Pack() = default;
  template <class A>
    requires std::is_arithmetic_v<A>
  ERG_FN ERG_INLINE constexpr Pack(A a) : reg(static_cast<Scalar>(a)) {}
  ERG_FN ERG_INLINE friend constexpr Pack operator+(Pack a, Pack b) { return make(a.reg + b.reg); }
  ERG_FN ERG_INLINE friend constexpr Pack operator-(Pack a, Pack b) { return make(a.reg - b.reg); }
  ERG_FN ERG_INLINE friend constexpr Pack operator*(Pack a, Pack b) { return make(a.reg * b.reg); }
  ERG_FN ERG_INLINE friend constexpr Pack operator/(Pack a, Pack b) { return make(a.reg / b.reg); }
  ERG_FN ERG_INLINE friend constexpr Pack operator-(Pack a) { return make(lane_ops<R>::neg(a.reg)); }
  ERG_FN ERG_INLINE friend constexpr Mask operator<(Pack a, Pack b) { return a.reg < b.reg; }
  ERG_FN ERG_INLINE friend constexpr Mask operator>(Pack a, Pack b) { return a.reg > b.reg; }
  ERG_FN ERG_INLINE friend constexpr Mask operator<=(Pack a, Pack b) { return a.reg <= b.reg; }
  ERG_FN ERG_INLINE friend constexpr Mask operator>=(Pack a, Pack b) { return a.reg >= b.reg; }
  ERG_FN ERG_INLINE friend constexpr Mask operator==(Pack a, Pack b) { return a.reg == b.reg; }
  ERG_FN ERG_INLINE friend constexpr Mask operator!=(Pack a, Pack b) { return !(a.reg == b.reg); }
  ERG_FN ERG_INLINE constexpr Pack& operator+=(Pack b) { return *this = *this + b; }
  ERG_FN ERG_INLINE constexpr Pack& operator-=(Pack b) { return *this = *this - b; }
  ERG_FN ERG_INLINE constexpr Pack& operator*=(Pack b) { return *this = *this * b; }
  ERG_FN ERG_INLINE constexpr Pack& operator/=(Pack b) { return *this = *this / b; }

  ERG_FN ERG_INLINE static constexpr Pack make(R r) {
    Pack p;
    p.reg = r;
    return p;
  }
};

template <class R>
struct lane_traits<Pack<R>> : lane_traits<R> {};

template <class R>
struct lane_ops<Pack<R>> : lane_ops<R> {
  using Base = lane_ops<R>;
  using L = Pack<R>;
  using T = scalar_t<R>;
  using Mask = mask_t<R>;
  ERG_FN ERG_INLINE static L neg(L a) { return L::make(Base::neg(a.reg)); }
  ERG_FN ERG_INLINE static L fma(L a, L b, L c) { return L::make(Base::fma(a.reg, b.reg, c.reg)); }
  ERG_FN ERG_INLINE static L sqrt(L a) { return L::make(Base::sqrt(a.reg)); }
  ERG_FN ERG_INLINE static L abs(L a) { return L::make(Base::abs(a.reg)); }
  ERG_FN ERG_INLINE static L min(L a, L b) { return L::make(Base::min(a.reg, b.reg)); }
  ERG_FN ERG_INLINE static L max(L a, L b) { return L::make(Base::max(a.reg, b.reg)); }
  ERG_FN ERG_INLINE static L select(Mask m, L a, L b) { return L::make(Base::select(m, a.reg, b.reg)); }
  ERG_FN ERG_INLINE static bits_t<R> to_bits(L a) { return Base::to_bits(a.reg); }
  ERG_FN ERG_INLINE static L from_bits(bits_t<R> b) { return L::make(Base::from_bits(b)); }
  ERG_FN ERG_INLINE static L from_int(bits_t<R> b) { return L::make(Base::from_int(b)); }
  ERG_FN ERG_INLINE static L scale(L p, L n)
    requires requires { Base::scale(p.reg, n.reg); }
  {
    return L::make(Base::scale(p.reg, n.reg));
  }
  ERG_FN ERG_INLINE static void split(L x, L& mantissa, L& exponent)
    requires requires { Base::split(x.reg, mantissa.reg, exponent.reg); }
  {
    Base::split(x.reg, mantissa.reg, exponent.reg);
  }
  ERG_FN ERG_INLINE static L load(const T* p) { return L::make(Base::load(p)); }
  ERG_FN ERG_INLINE static void store(T* p, L a) { Base::store(p, a.reg); }
};

static_assert(Lane<Pack<float>> && Lane<Pack<double>>);

}  // namespace erg
