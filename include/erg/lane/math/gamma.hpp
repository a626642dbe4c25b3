// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/log.hpp"

namespace erg::math {
namespace detail {

/// lgamma(2 + d) / d on |d| <= 0.5.
template <class L>
ERG_FN ERG_INLINE L lgamma_near_two(L d) {
  if constexpr (is_single<L>) {
    return polynomial(d, 0x1.b0ee6p-2, 0x1.4a34ccp-2, -0x1.13df24p-4, 0x1.513484p-6, -0x1.e513eep-8, 0x1.79839cp-9, -0x1.1dc3fp-10,
                      0x1.2a2f6ep-11, -0x1.cbc2ecp-12);
  } else {
    return polynomial(d, 0x1.b0ee6072093cep-2, 0x1.4a34cc4a60fa8p-2, -0x1.13e001a55752p-4, 0x1.51322ac7d6f62p-6,
                      -0x1.e404fc21eef57p-8, 0x1.7add6eb0198aep-9, -0x1.38ac5bef1a5f5p-10, 0x1.0b36ae8a75c49p-11,
                      -0x1.d3fd733013d89p-13, 0x1.a1282194e44a2p-14, -0x1.78d7766a83e3ep-15, 0x1.57ff03afeff34p-16,
                      -0x1.3d7463d5cf8dbp-17, 0x1.26c318a508762p-18, -0x1.06a42055e7898p-19, 0x1.e4f116fcdd233p-21,
                      -0x1.4b2c8fcbaf241p-21, 0x1.3badd780a62dp-22, 0x1.04951c0843ae3p-25);
  }
}
/// x times what Stirling's formula lacks, for x >= 3.5, given z = 1 / x^2.
template <class L>
ERG_FN ERG_INLINE L stirling_remainder(L z) {
  if constexpr (is_single<L>) {
    return polynomial(z, 0x1.555542p-4, -0x1.6b7eb6p-9, 0x1.71bcaap-11);
  } else {
    return polynomial(z, 0x1.55555555552e7p-4, -0x1.6c16c1641b51p-9, 0x1.a019ee6e729e7p-11, -0x1.380d97e1cccd9p-11,
                      0x1.b83f3b5da1529p-11, -0x1.e6dd0c4c3a5c9p-10, 0x1.56e908f0f033ep-8, -0x1.bfcf698559bb3p-7, 0x1.518eacb9909a5p-6);
  }
}

struct DigammaRule {
  /// The recurrence psi(x) = psi(x + n) - sum 1 / (x + k), its sum as P'/P of the product P, then the asymptotic series.
  /// Plain arithmetic and log, so that it differentiates as it stands.
  template <class L>
  ERG_FN ERG_INLINE static L evaluate(L x) {
    constexpr int steps = is_single<L> ? 6 : 10;
    const mask_t<L> small = x < L(static_cast<double>(steps));
    L p = x, dp = L(1.0);
    for (int k = 1; k < steps; ++k) {
      const L f = x + L(static_cast<double>(k));
      dp = lane::mul_add(dp, f, p);
      p = p * f;
    }
    const L y = lane::select(small, x + L(static_cast<double>(steps)), x);
    const L i = L(1.0) / y;
    const L z = i * i;
    L series = L(0.0);
    if constexpr (is_single<L>) {
      series = polynomial(z, 1.0 / 12, -1.0 / 120, 1.0 / 252);
    } else {
      series = polynomial(z, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12);
    }
    const L far = Unary<LogRule>{}(y) - (L(0.5) * i + z * series);
    const L r = lane::select(small, far - dp / p, far);
    return lane::select(x >= L(0.0), r, L(lane::Format<scalar_t<L>>::nan));
  }
};

struct DigammaFunction {
  template <class L>
    requires Lane<L>
  ERG_FN ERG_INLINE constexpr L operator()(L x) const {
    if constexpr (is_bare<L>) {
      return DigammaRule::evaluate(Pack<L>::make(x)).reg;
    } else {
      return DigammaRule::evaluate(x);
    }
  }
};

struct LgammaRule {
  static constexpr MaxUlp max_ulp{5.5, 5.5};
  /// Below 3.5 by way of lgamma(2 + d), |d| <= 0.5, and one logarithm; above, Stirling's formula.
  template <class L>
  ERG_FN ERG_INLINE static L value(L x) {
    const mask_t<L> tiny = x < L(0.5), low = x < L(1.5), high = x >= L(2.5), far = x >= L(3.5);
    const L d = lane::select(tiny, x, lane::select(low, x - L(1.0), lane::select(high, x - L(3.0), x - L(2.0))));
    const L product = x * (lane::max(x, L(0.0)) + L(1.0));  // stays negative for x < 0, so that the result is NaN
    const L above = lane::select(far, x, lane::select(high, x - L(1.0), L(1.0)));
    const L log = LogRule::value(lane::select(tiny, product, lane::select(low, x, above)));
    const L near = lane::mul_add(lgamma_near_two(d), d, lane::select(low, -log, log));
    const L i = L(1.0) / x;
    const L rest = lane::mul_add(stirling_remainder(i * i), i, L(0.41893853320467278));  // (log(2 pi) - 1) / 2
    return lane::select(far, lane::mul_add(x - L(0.5), log - L(1.0), rest), near);
  }
  template <class L>
  ERG_FN ERG_INLINE static L derivative(L x, L) {
    return DigammaFunction{}(x);
  }
};

}  // namespace detail

/// log of the gamma function.
///
/// Domain    x >= 0
/// Max ULP   5.5 in float, 5.5 in double
/// Specials  lgamma(+-0) = inf, lgamma(1) = lgamma(2) = 0, lgamma(inf) = inf; x < 0 gives NaN; NaN gives NaN
ERG_OBJECT detail::Unary<detail::LgammaRule> lgamma{};
/// Derivative of lgamma.
///
/// Domain    x >= 0
/// Error     at most 8 units (float), 16 units (double) in the last place of max(1, |result|)
/// Specials  digamma(+-0) = -inf, digamma(inf) = inf; x < 0 gives NaN; NaN gives NaN
ERG_OBJECT detail::DigammaFunction digamma{};

}  // namespace erg::math
