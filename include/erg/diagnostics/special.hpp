// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The two quantile functions that rank normalisation and quantile standard errors need, in double.
#pragma once

#include <cmath>
#include <limits>
#include <numbers>

namespace erg::diag::detail {

/// z with Phi(z) = p, the standard normal quantile.
///
/// Requires  0 < p < 1              Numerics  relative error below 4e-15 for p >= 1e-300 (p near 1 loses what 1 - p
///           loses)
/// Source    start: Abramowitz & Stegun 26.2.23; then Halley's iteration on erfc
inline double normal_quantile(double p) {
  if (p == 0.5) return 0;
  const double tail = p < 0.5 ? p : 1 - p;
  const double t = std::sqrt(-2 * std::log(tail));
  double z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  for (int i = 0; i < 2; ++i) {  // from 4.5e-4 to 1e-10 to rounding
    // f = Phi(z) - tail, f' = phi, f'' = -z phi
    const double step =
        (0.5 * std::erfc(-z / std::numbers::sqrt2) - tail) * std::sqrt(2 * std::numbers::pi) * std::exp(0.5 * z * z);
    const double next = z - step / (1 + 0.5 * z * step);
    if (next == z) break;
    z = next;
  }
  return p < 0.5 ? z : -z;
}

/// Continued fraction of the incomplete beta function, for x < (a + 1) / (a + b + 2), where it converges fast.
/// Source    DLMF 8.17.22, evaluated by the modified Lentz method (Thompson & Barnett 1986)
inline double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300, eps = std::numeric_limits<double>::epsilon();
  const auto away_from_zero = [](double v) { return std::abs(v) < tiny ? tiny : v; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m < 100000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    h *= d * c;
    if (std::abs(d * c - 1) < eps) break;
  }
  return h;
}

/// x with I_x(a, b) = p, the quantile of the Beta(a, b) distribution.
///
/// Requires  a, b > 0, 0 < p < 1     Numerics  NaN arguments give NaN; relative error below 1e-11 for a, b <= 1e7
/// Cost      some ten continued fractions of O(sqrt(a + b)) terms
inline double beta_quantile(double p, double a, double b) {
  if (!(a > 0 && b > 0)) return std::numeric_limits<double>::quiet_NaN();
  const double log_beta = std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
  const auto log_power = [&](double x) { return a * std::log(x) + b * std::log1p(-x) - log_beta; };
  const auto cdf = [&](double x) {
    if (x < (a + 1) / (a + b + 2)) return std::exp(log_power(x)) * beta_fraction(a, b, x) / a;
    return 1 - std::exp(log_power(x)) * beta_fraction(b, a, 1 - x) / b;
  };
  double low = 0, high = 1;
  const double centre = a / (a + b);
  double x = centre + normal_quantile(p) * std::sqrt(centre * (1 - centre) / (a + b + 1));
  for (int i = 0; i < 200; ++i) {
    if (!(x > low && x < high)) x = 0.5 * (low + high);  // a Newton step that left the bracket becomes a bisection
    const double excess = cdf(x) - p;
    (excess > 0 ? high : low) = x;
    const double density = std::exp(log_power(x)) / (x * (1 - x));
    const double next = x - excess / density;
    if (std::abs(next - x) <= 4 * std::numeric_limits<double>::epsilon() * x || high - low <= 0) break;
    x = next;
  }
  return x;
}

}  // namespace erg::diag::detail
