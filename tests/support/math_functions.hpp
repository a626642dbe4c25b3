// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Every function of one variable in erg::math with an exact reference (to be called in a precision above that of the lane) and
// the domain on which its contract holds.
#pragma once

#include "erg/lane/math.hpp"

#include <cmath>
#include <limits>

namespace erg::test {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr long double pi = 3.14159265358979323846264338327950288L;

/// z with erfc(z) = q, by Newton's method on log erfc.
template <class R>
R erfc_inverse(R q) {
  if (q > 1) return -erfc_inverse(2 - q);
  if (q == 1) return 0;
  if (q <= 0) return q == 0 ? std::numeric_limits<R>::infinity() : std::numeric_limits<R>::quiet_NaN();
  const R w = -std::log(q);
  R z = q > R(0.5) ? (1 - q) * R(0.886) : std::sqrt(w) * R(0.9);
  for (int i = 0; i < 12; ++i) {
    const R e = std::erfc(z);
    const R step = (std::log(e) + w) * e * std::exp(z * z) * std::sqrt(R(pi)) / 2;
    z += step;
    if (std::fabs(step) <= std::numeric_limits<R>::epsilon() * z) break;
  }
  return z;
}
/// z with erf(z) = x.
template <class R>
R erf_inverse(R x) {
  if (std::fabs(x) > R(0.5)) return std::copysign(erfc_inverse(1 - std::fabs(x)), x);
  R z = x * R(0.886);
  for (int i = 0; i < 8; ++i) z -= (std::erf(z) - x) * std::exp(z * z) * std::sqrt(R(pi)) / 2;
  return z;
}
template <class R>
R softplus_reference(R x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}
template <class R>
R digamma_reference(R x) {
  R sum = 0;
  for (; x < 30; x += 1) sum -= 1 / x;
  const R z = 1 / (x * x);
  return sum + std::log(x) - 1 / (2 * x) - z * (R(1) / 12 - z * (R(1) / 120 - z * (R(1) / 252 - z * (R(1) / 240 - z / 132))));
}

/// Calls visit(name, function, reference, low, high) for each.
template <class Visit>
void for_each_unary(Visit visit) {
  constexpr double inf = infinity;
  visit("sqrt", math::sqrt, [](auto x) { return std::sqrt(x); }, 0.0, inf);
  visit("exp", math::exp, [](auto x) { return std::exp(x); }, -inf, inf);
  visit("exp2", math::exp2, [](auto x) { return std::exp2(x); }, -inf, inf);
  visit("expm1", math::expm1, [](auto x) { return std::expm1(x); }, -inf, inf);
  visit("log", math::log, [](auto x) { return std::log(x); }, 0.0, inf);
  visit("log2", math::log2, [](auto x) { return std::log2(x); }, 0.0, inf);
  visit("log1p", math::log1p, [](auto x) { return std::log1p(x); }, -1.0, inf);
  visit("sin", math::sin, [](auto x) { return std::sin(x); }, -1e5, 1e5);
  visit("cos", math::cos, [](auto x) { return std::cos(x); }, -1e5, 1e5);
  visit("tan", math::tan, [](auto x) { return std::tan(x); }, -1e5, 1e5);
  visit("atan", math::atan, [](auto x) { return std::atan(x); }, -inf, inf);
  visit("sinh", math::sinh, [](auto x) { return std::sinh(x); }, -inf, inf);
  visit("cosh", math::cosh, [](auto x) { return std::cosh(x); }, -inf, inf);
  visit("tanh", math::tanh, [](auto x) { return std::tanh(x); }, -inf, inf);
  visit("sigmoid", math::sigmoid, [](auto x) { return 1 / (1 + std::exp(-x)); }, -inf, inf);
  visit("softplus", math::softplus, [](auto x) { return softplus_reference(x); }, -inf, inf);
  visit("log_sigmoid", math::log_sigmoid, [](auto x) { return -softplus_reference(-x); }, -inf, inf);
  visit("erf", math::erf, [](auto x) { return std::erf(x); }, -inf, inf);
  visit("erfc", math::erfc, [](auto x) { return std::erfc(x); }, -inf, inf);
  visit("normal_cdf", math::normal_cdf, [](auto x) { return std::erfc(-x / std::sqrt(decltype(x)(2))) / 2; }, -inf, inf);
  visit("erfinv", math::erfinv, [](auto x) { return erf_inverse(x); }, -1.0, 1.0);
  visit("normal_quantile", math::normal_quantile, [](auto x) { return -std::sqrt(decltype(x)(2)) * erfc_inverse(2 * x); }, 0.0, 1.0);
  visit("lgamma", math::lgamma, [](auto x) { return std::lgamma(x); }, 0.0, inf);
}

}  // namespace erg::test
