// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/scalar.hpp"

namespace erg {

/// What comparisons of Packs yield where there is more than one chain: a truth value per chain that never converts to bool. (On
/// AVX-512 xsimd's own masks do: `if (x < 0)` would compile, and decide for all chains by any one of them.)
template <class M>
struct PackMask {
  M reg;

  PackMask() = default;
  ERG_FN ERG_INLINE explicit constexpr PackMask(M m) : reg(m) {}
  ERG_FN ERG_INLINE friend PackMask operator&&(PackMask a, PackMask b) { return PackMask(a.reg && b.reg); }
  ERG_FN ERG_INLINE friend PackMask operator||(PackMask a, PackMask b) { return PackMask(a.reg || b.reg); }
  ERG_FN ERG_INLINE friend PackMask operator!(PackMask a) { return PackMask(!a.reg); }
};

namespace detail {
template <class R>
using pack_mask = std::conditional_t<width_v<R> == 1, mask_t<R>, PackMask<mask_t<R>>>;
template <class M>
ERG_FN ERG_INLINE constexpr M register_of(const PackMask<M>& m) {
  return m.reg;
}
ERG_FN ERG_INLINE constexpr bool register_of(bool m) { return m; }
}  // namespace detail

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
  using Mask = detail::pack_mask<R>;

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
  ERG_FN ERG_INLINE friend constexpr Mask operator<(Pack a, Pack b) { return Mask(a.reg < b.reg); }
  ERG_FN ERG_INLINE friend constexpr Mask operator>(Pack a, Pack b) { return Mask(a.reg > b.reg); }
  ERG_FN ERG_INLINE friend constexpr Mask operator<=(Pack a, Pack b) { return Mask(a.reg <= b.reg); }
  ERG_FN ERG_INLINE friend constexpr Mask operator>=(Pack a, Pack b) { return Mask(a.reg >= b.reg); }
  ERG_FN ERG_INLINE friend constexpr Mask operator==(Pack a, Pack b) { return Mask(a.reg == b.reg); }
  ERG_FN ERG_INLINE friend constexpr Mask operator!=(Pack a, Pack b) { return Mask(!(a.reg == b.reg)); }
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
struct lane_traits<Pack<R>> : lane_traits<R> {
  using Mask = detail::pack_mask<R>;
};

template <class R>
struct lane_ops<Pack<R>> : lane_ops<R> {
  using Base = lane_ops<R>;
  using L = Pack<R>;
  using T = scalar_t<R>;
  using Mask = detail::pack_mask<R>;
  ERG_FN ERG_INLINE static L neg(L a) { return L::make(Base::neg(a.reg)); }
  ERG_FN ERG_INLINE static L fma(L a, L b, L c) { return L::make(Base::fma(a.reg, b.reg, c.reg)); }
  ERG_FN ERG_INLINE static L sqrt(L a) { return L::make(Base::sqrt(a.reg)); }
  ERG_FN ERG_INLINE static L abs(L a) { return L::make(Base::abs(a.reg)); }
  ERG_FN ERG_INLINE static L min(L a, L b) { return L::make(Base::min(a.reg, b.reg)); }
  ERG_FN ERG_INLINE static L max(L a, L b) { return L::make(Base::max(a.reg, b.reg)); }
  ERG_FN ERG_INLINE static L select(Mask m, L a, L b) { return L::make(Base::select(detail::register_of(m), a.reg, b.reg)); }
  ERG_FN ERG_INLINE static bits_t<R> select_bits(Mask m, bits_t<R> a, bits_t<R> b) {
    return Base::select_bits(detail::register_of(m), a, b);
  }
  ERG_FN ERG_INLINE static bool any(Mask m) { return Base::any(detail::register_of(m)); }
  ERG_FN ERG_INLINE static bool all(Mask m) { return Base::all(detail::register_of(m)); }
  ERG_FN ERG_INLINE static int count(Mask m) { return Base::count(detail::register_of(m)); }
  ERG_FN ERG_INLINE static Mask has_bits(bits_t<R> b, bits_t<R> pattern) { return Mask(Base::has_bits(b, pattern)); }
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
