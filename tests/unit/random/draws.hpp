// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Elements of integer lanes, and the statistics that tests of random numbers share.
#pragma once

#include <erg/lane/xsimd_lane.hpp>
#include <erg/random/normal.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace erg::test {

/// The integers in a lane's bits, one per chain.
template <class L>
auto elements(const bits_t<L>& b) {
  using T = scalar_t<L>;
  using Word = typename lane_traits<T>::Bits;
  alignas(64) T v[width_v<L>];
  lane::store<L>(v, lane::from_bits<L>(b));
  std::array<Word, width_v<L>> out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::bit_cast<Word>(v[i]);
  return out;
}
template <class L>
bits_t<L> bits_from(const std::array<typename lane_traits<scalar_t<L>>::Bits, width_v<L>>& words) {
  using T = scalar_t<L>;
  alignas(64) T v[width_v<L>];
  for (std::size_t i = 0; i < words.size(); ++i) v[i] = std::bit_cast<T>(words[i]);
  return lane::to_bits<L>(lane::load<L>(v));
}
/// f(value of chain i of the lane).
template <class L, class F>
void for_each_value(const L& x, F&& f) {
  alignas(64) scalar_t<L> v[width_v<L>];
  lane::store(v, x);
  for (int i = 0; i < width_v<L>; ++i) f(static_cast<double>(v[i]));
}

/// Chi-square of counts against expected ones, as a standard normal score (Wilson, Hilferty 1931): beyond 5 is a failure.
inline double chi_square_score(const std::vector<double>& counts, const std::vector<double>& expected, int n_fitted = 1) {
  double chi = 0.0;
  for (std::size_t i = 0; i < counts.size(); ++i) chi += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  const double dof = static_cast<double>(counts.size()) - n_fitted, v = 2.0 / (9.0 * dof);
  return (std::cbrt(chi / dof) - (1.0 - v)) / std::sqrt(v);
}
inline double chi_square_score(const std::vector<double>& counts) {
  double n = 0.0;
  for (const double c : counts) n += c;
  return chi_square_score(counts, std::vector<double>(counts.size(), n / static_cast<double>(counts.size())));
}

/// The probability of a value as far in the tail as k under Poisson(mean), two-sided, as a normal score.
inline double poisson_score(double k, double mean) {
  if (mean > 400.0) return (k - mean) / std::sqrt(mean);
  double term = std::exp(-mean), below = 0.0;  // P(X < k), P(X = k)
  for (double i = 0.0; i < k; i += 1.0) {
    below += term;
    term *= mean / (i + 1.0);
  }
  const double p = std::min(below + term, 1.0 - below);  // P(X <= k), P(X >= k)
  if (p <= 0.0) return 40.0;
  double z = 0.0;
  while (0.5 * std::erfc(z / std::sqrt(2.0)) > p && z < 40.0) z += 0.01;
  return z;
}

/// P(|Z| > x) of a standard normal.
inline double two_tails(double x) { return std::erfc(x / std::sqrt(2.0)); }

}  // namespace erg::test
