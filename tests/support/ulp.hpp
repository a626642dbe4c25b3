// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>

namespace erg::test {

/// How far `got` lies from `exact`, in units of the last place that a T has at `exact` (the smallest subnormal below the normals).
/// Two NaNs, or two equal infinities, are 0 apart; an overflow is measured from the first number out of range; else infinite.
template <class T, class Exact>
double ulp_error(T got, Exact exact) {
  constexpr double inf = std::numeric_limits<double>::infinity();
  using Limits = std::numeric_limits<T>;
  if (std::isnan(got) || std::isnan(exact)) return std::isnan(got) && std::isnan(exact) ? 0.0 : inf;
  const Exact top = std::ldexp(Exact(1), Limits::max_exponent);  // 2^128 or 2^1024, where an infinity is counted to stand
  const auto place = [&](auto x) { return std::isinf(x) ? std::copysign(top, Exact(x)) : Exact(x); };
  if (std::isinf(exact) || std::fabs(exact) >= top) return place(got) == std::copysign(top, exact) ? 0.0 : inf;
  int e = Limits::min_exponent;  // exponents as std::frexp has them
  if (exact != 0) std::frexp(exact, &e);
  if (e < Limits::min_exponent) e = Limits::min_exponent;
  return static_cast<double>(std::fabs(std::ldexp(place(got) - exact, Limits::digits - e)));
}

/// The largest of many errors and where it was seen.
struct WorstUlp {
  double ulp = 0.0;
  double at = 0.0;

  void see(double error, double x) {
    if (!(error <= ulp)) {
      ulp = error;
      at = x;
    }
  }
};

}  // namespace erg::test
