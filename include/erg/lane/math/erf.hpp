// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/double_word.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"

namespace erg::math {
namespace detail {

inline constexpr double two_over_sqrt_pi = 1.1283791670955126;

/// erf(x) on |x| <= 1.
template <class L>
ERG_FN ERG_INLINE L erf_near_zero(L x) {
  const L z = x * x;
  if constexpr (is_single<L>) {
    return lane::mul_add(polynomial(z, 0x1.06eba8p-3, -0x1.81273ep-2, 0x1.ce2ce6p-4, -0x1.b7f71ap-6, 0x1.53f224p-8, -0x1.a35158p-11,
                                    0x1.4771c6p-14), x, x);
  } else {
    return lane::mul_add(polynomial(z, 0x1.06eba8214db69p-3, -0x1.812746b0379eep-2, 0x1.ce2f21a0422dbp-4, -0x1.b82ce3123ae65p-6,
                                    0x1.565bccff561d3p-8, -0x1.c02db0e8c6563p-11, 0x1.f9a2c4f6a3b87p-14, -0x1.f4ca90ce27df1p-17,
                                    0x1.b97e3a6d09899p-20, -0x1.5bd8ee80a1972p-23, 0x1.d415fb74a77p-27, -0x1.93ba7c4358cb8p-31,
                                    -0x1.30e317ed9600fp-37), x, x);
  }
}

/// erfc(a + low) for a >= 0, low of the order of a rounding of a: exp(-a^2) times a polynomial in (a - k) / (a + k), which covers
/// the half-line, over 1 + 2a (the form of Shepherd and Laframboise 1981; coefficients our own).
template <class L>
ERG_FN ERG_INLINE L erfc_of_positive(L a, L low) {
  a = lane::min(L(is_single<L> ? 10.2 : 27.3), a);
  const L square = a * a;
  const L square_low = lane::mul_add(a + a, low, product_error(a, a, square));
  const L y = exp_of_negative(-square);
  const L gauss = lane::mul_add(-square_low, y, y);
  if constexpr (is_single<L>) {
    const L q = (a - L(2.0)) / (a + L(2.0));
    return gauss * (polynomial(q, 0x1.46e80ep+0, -0x1.7bf5fep-4, -0x1.5407e4p-3, 0x1.4ffb06p-3, -0x1.bc1784p-5, -0x1.079bbcp-7,
                               0x1.1b8cdap-7, 0x1.4ec61ap-10, -0x1.4c7caap-10, -0x1.84a8a2p-12, 0x1.e0b44ep-16) /
                    lane::mul_add(a, L(2.0), L(1.0)));
  } else {
    const L q = (a - L(3.0)) / (a + L(3.0));
    return gauss * (polynomial(q, 0x1.40c522d7e4987p+0, -0x1.15c084bb9e8eep-3, -0x1.85a15c58a9e85p-5, 0x1.098366a5b44e4p-3,
                               -0x1.e88b803a5425p-4, 0x1.17ca2877f78f2p-4, -0x1.8574c408a08a7p-6, 0x1.4b884e39cc613p-9,
                               0x1.ef1bdb69462b5p-10, -0x1.98db4fee0979ap-11, -0x1.b911d3e25b5e2p-14, 0x1.065a21e43a10ap-13,
                               0x1.4c04418f8ea9fp-18, -0x1.513908bce3c8bp-16, -0x1.8650cdf5ff3d2p-21, 0x1.d1d73d1e44a24p-19,
                               0x1.782a75cceeb2dp-22, -0x1.49200560393dep-21, -0x1.2209bde0f28f2p-23, 0x1.9fbd40aab08a3p-24,
                               0x1.3c9336ea3af7cp-25, -0x1.40a80e34f0e52p-27, -0x1.84d41dd97dbb1p-28, -0x1.787c658f23f4fp-32) /
                               lane::mul_add(a, L(2.0), L(1.0)));
  }
}

struct ErfRule {
  static constexpr MaxUlp max_ulp{1.1, 1.2};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const L a = lane::abs(x);
    const L far = lane::copysign(L(1.0) - erfc_of_positive(a, L(0.0)), x);
    return lane::select(a < L(1.0), erf_near_zero(x), far);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(two_over_sqrt_pi) * Unary<ExpRule>{}(-(x * x));
  }
};

struct ErfcRule {
  static constexpr MaxUlp max_ulp{4.5, 6.5};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const L y = erfc_of_positive(lane::abs(x), L(0.0));
    return lane::select(x < L(0.0), L(2.0) - y, y);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(-two_over_sqrt_pi) * Unary<ExpRule>{}(-(x * x));
  }
};

struct NormalCdfRule {
  static constexpr MaxUlp max_ulp{5.0, 6.0};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    // |x| / sqrt(2) in two words: its rounding, times 2 |x|, would be the error of exp(-x^2 / 2)
    constexpr double c = is_single<L> ? 0x1.6a09e6p-1 : 0x1.6a09e667f3bcdp-1;
    constexpr double c_low = is_single<L> ? 0x1.9fcef4p-27 : -0x1.bdd3413b26456p-55;
    const L a = lane::min(L(is_single<L> ? 15.0 : 39.0), lane::abs(x));
    const L z = a * L(c);
    const L y = L(0.5) * erfc_of_positive(z, lane::mul_add(a, L(c_low), product_error(a, L(c), z)));
    return lane::select(x > L(0.0), L(1.0) - y, y);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return L(0.3989422804014327) * Unary<ExpRule>{}(L(-0.5) * (x * x));
  }
};

/// erfinv of magnitude, given a = |x|, t = 1 - x^2 and q = 1 - |x|, which may be known better than x: a function of log t times a,
/// or, for q < 2^-6, of sqrt(-log q), which is smooth to the end.
template <class L>
ERG_FN ERG_INLINE L erfinv_magnitude(L a, L t, L q) {
  const mask_t<L> tail = q < L(0.015625);
  const L w = -LogRule::value(lane::select(tail, q, t));
  const L s = lane::sqrt(w);
  const L u = w - L(1.74), c = lane::min(L(is_single<L> ? 10.2 : 27.4), s);
  L near = a, far = a;
  if constexpr (is_single<L>) {
    near = polynomial(u, 0x1.4fea94p+0, 0x1.0071a2p-2, -0x1.2684aap-11, -0x1.f4bd5ap-10, 0x1.a354acp-13, 0x1.09afa2p-16,
                      -0x1.3f4d98p-18, 0x1.cb30fep-25, 0x1.e54742p-29);
    far = polynomial((c - L(2.0)) / (c + L(2.0)), 0x1.ab0e62p-1, 0x1.b943ep-2, -0x1.b214a8p-2, 0x1.a0f778p-3, -0x1.8fdde6p-9,
                     -0x1.8a1652p-4, 0x1.495ec2p-4, -0x1.a88e9ap-6);
  } else {
    near = polynomial(u, 0x1.4fea94f255a14p+0, 0x1.00719a8239803p-2, -0x1.26d65475fa00ap-11, -0x1.f4a725612532ap-10,
                      0x1.a575eba912fbep-13, 0x1.050f4ed6ff143p-16, -0x1.63cef72123d56p-18, 0x1.32e63b1a5b7e8p-23,
                      0x1.a30b33c0a91c8p-24, -0x1.7c6418e40d265p-27, -0x1.4093afd404854p-30, 0x1.6d36db1e175a3p-32,
                      -0x1.cf7dbf4325cc9p-40, -0x1.f3094e3b580dfp-38, 0x1.4b83918121354p-41, 0x1.e9e4bc14873a4p-44,
                      -0x1.48b8b754b12f6p-46, -0x1.0c2727d05bac1p-50, 0x1.b4af56cfc2038p-53);
    far = polynomial((c - L(5.0)) / (c + L(5.0)), 0x1.e968b4d9219p-1, 0x1.199302762f6a8p-3, -0x1.951abaffb23efp-3,
                     0x1.aa9f8e8d29429p-3, -0x1.9150f4471307ep-3, 0x1.570237bcfb0a6p-3, -0x1.0b280f57019aap-3, 0x1.6eea82aa3d6f4p-4,
                     -0x1.95034d9f88879p-5, 0x1.ad9ca2a7c7fe8p-7, 0x1.15ae297fa1d7cp-6, -0x1.42e741f62ddaep-5, 0x1.b765a2d90f2b1p-5,
                     -0x1.ea0314b6df4a9p-5, 0x1.e141aa2686097p-5, -0x1.a80a565501c2bp-5, 0x1.4789a1e54fe33p-5, -0x1.94f273c41f58p-6,
                     0x1.3b1ed234f556ap-7, 0x1.fcdbad9dcef7cp-11, -0x1.6572eefeff2c5p-7, 0x1.da3ce6a1398a2p-6, -0x1.81ffeb287ae0cp-5,
                     0x1.6c02b1b4fad5p-5, -0x1.70e286cac3acbp-6, 0x1.38da65e2dc89bp-8);
  }
  return lane::select(tail, far * s, near * a);
}

struct ErfinvRule {
  static constexpr MaxUlp max_ulp{2.6, 3.2};
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const L a = lane::abs(x), q = L(1.0) - a;
    return lane::copysign(erfinv_magnitude(a, q * (L(1.0) + a), q), x);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return L(1.0 / two_over_sqrt_pi) * Unary<ExpRule>{}(y * y);
  }
};

struct NormalQuantileRule {
  static constexpr MaxUlp max_ulp{3.8, 3.8};
  template <class L>
  ERG_FN ERG_INLINE static L value(L p) {
    // erfinv(2p - 1), from 1 - |2p - 1| = 2 min(p, 1 - p), which is exact where 2p - 1 is not
    const L r = lane::min(L(1.0) - p, p);
    const L a = lane::mul_add(r, L(-2.0), L(1.0));
    const L z = L(1.4142135623730951) * erfinv_magnitude(a, L(4.0) * r * (L(1.0) - r), r + r);
    return lane::copysign(z, p - L(0.5));
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L, L y) {
    return L(2.5066282746310002) * Unary<ExpRule>{}(L(0.5) * (y * y));
  }
};

}  // namespace detail

/// Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
///
/// Domain    all x
/// Max ULP   1.1 in float, 1.2 in double
/// Specials  erf(+-0) = +-0, erf(+-inf) = +-1; NaN gives NaN
ERG_OBJECT detail::Unary<detail::ErfRule> erf{};

/// 1 - erf(x), accurate where that is small.
///
/// Domain    all x
/// Max ULP   4.5 in float, 6.5 in double
/// Specials  erfc(-inf) = 2, erfc(inf) = 0; gradual underflow; NaN gives NaN
ERG_OBJECT detail::Unary<detail::ErfcRule> erfc{};

/// Inverse of erf.
///
/// Domain    -1 <= x <= 1
/// Max ULP   2.6 in float, 3.2 in double
/// Specials  erfinv(+-0) = +-0, erfinv(+-1) = +-inf; |x| > 1 gives NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::ErfinvRule> erfinv{};

/// Standard normal distribution function.
///
/// Domain    all x
/// Max ULP   5.0 in float, 6.0 in double
/// Specials  normal_cdf(-inf) = 0, normal_cdf(inf) = 1; keeps its digits in the lower tail; NaN gives NaN
ERG_OBJECT detail::Unary<detail::NormalCdfRule> normal_cdf{};

/// Inverse of normal_cdf.
///
/// Domain    0 <= p <= 1, subnormal p included
/// Max ULP   3.8 in float, 3.8 in double
/// Specials  0 gives -inf, 0.5 gives 0, 1 gives inf; p outside gives NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::NormalQuantileRule> normal_quantile{};

}  // namespace erg::math
