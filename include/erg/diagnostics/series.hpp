// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What a diagnostic looks at: one scalar quantity over [draw, chain].
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace erg::diag {

/// A view of one scalar quantity, shape [draw, chain]; owns nothing.
///
///   s(draw, chain) = data[draw * draw_stride + chain * chain_stride]
///
/// Requires  data outlives the view; strides count doubles
/// Errors    a function that takes a Series throws std::invalid_argument when it is empty; where a quantity is not
///           defined (constant, not finite, too few draws) it returns NaN, as its own text says
struct Series {
  const double* data = nullptr;
  int n_draws = 0;
  int n_chains = 1;
  std::ptrdiff_t draw_stride = 1;
  std::ptrdiff_t chain_stride = 0;

  double operator()(int draw, int chain) const { return data[draw * draw_stride + chain * chain_stride]; }

  /// One of the chains, as a series of its own.
  Series chain(int c) const { return {data + c * chain_stride, n_draws, 1, draw_stride, 0}; }

  std::size_t size() const { return static_cast<std::size_t>(n_draws) * static_cast<std::size_t>(n_chains); }
};

/// The series of a single chain stored contiguously.
inline Series series_of(std::span<const double> chain) {
  return {chain.data(), static_cast<int>(chain.size()), 1, 1, 0};
}

/// The series of several chains, shape [draw, chain], each chain contiguous and one after the other.
/// Errors    std::invalid_argument when the values do not divide evenly into n_chains
inline Series series_of(std::span<const double> chains, int n_chains) {
  if (n_chains < 1) throw std::invalid_argument("n_chains = " + std::to_string(n_chains) + " (must be at least 1)");
  if (chains.size() % static_cast<std::size_t>(n_chains) != 0)
    throw std::invalid_argument(std::to_string(chains.size()) + " values (cannot be divided into " +
                                std::to_string(n_chains) +
                                " chains of equal length) pass n_draws * n_chains values, chain after chain");
  const int n_draws = static_cast<int>(chains.size()) / n_chains;
  return {chains.data(), n_draws, n_chains, 1, n_draws};
}

namespace detail {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

inline void require_shape(int n_draws, int n_chains) {
  if (n_draws < 1)
    throw std::invalid_argument("n_draws = " + std::to_string(n_draws) + " (a diagnostic needs at least one draw)");
  if (n_chains < 1)
    throw std::invalid_argument("n_chains = " + std::to_string(n_chains) + " (a diagnostic needs at least one chain)");
}

inline void require_draws(const Series& s) {
  require_shape(s.n_draws, s.n_chains);
  if (s.data == nullptr) throw std::invalid_argument("series data is a null pointer (there is nothing to read)");
}

inline void require_probability(double p) {
  if (!(p >= 0 && p <= 1))
    throw std::invalid_argument("probability = " + std::to_string(p) + " (must be between 0 and 1)");
}

/// A contiguous copy, shape [draw, chain], chain after chain: what the estimators work on.
struct Chains {
  std::vector<double> values;
  int n_draws = 0;
  int n_chains = 0;

  Chains(int draws, int chains)
      : values(static_cast<std::size_t>(draws) * static_cast<std::size_t>(chains)), n_draws(draws), n_chains(chains) {}

  std::size_t length() const { return static_cast<std::size_t>(n_draws); }
  double* chain(int c) { return values.data() + static_cast<std::size_t>(c) * length(); }
  const double* chain(int c) const { return values.data() + static_cast<std::size_t>(c) * length(); }
};

inline Chains copy(const Series& s) {
  require_draws(s);
  Chains out(s.n_draws, s.n_chains);
  for (int c = 0; c < s.n_chains; ++c)
    for (int i = 0; i < s.n_draws; ++i) out.chain(c)[i] = s(i, c);
  return out;
}

/// Each chain cut in half: [n, m] becomes [n/2, 2m]; an odd number of draws loses the middle one; a single draw stays.
/// Order: all first halves, then all second halves (no statistic depends on it).
inline Chains split(const Chains& x) {
  if (x.n_draws == 1) return x;
  const int half = x.n_draws / 2;
  Chains out(half, 2 * x.n_chains);
  for (int c = 0; c < x.n_chains; ++c)
    for (int i = 0; i < half; ++i) {
      out.chain(c)[i] = x.chain(c)[i];
      out.chain(x.n_chains + c)[i] = x.chain(c)[x.n_draws - half + i];
    }
  return out;
}

/// The convention of R's posterior: ESS, R-hat and MCSE are undefined where a value is not finite, or where all values
/// lie within 2^-52 of each other (an absolute tolerance: quantities of a very small scale should be rescaled first).
inline bool is_undefined(const std::vector<double>& values) {
  double low = values[0], high = values[0];
  for (const double v : values) {
    if (!std::isfinite(v)) return true;
    low = v < low ? v : low;
    high = v > high ? v : high;
  }
  return high - low < std::numeric_limits<double>::epsilon();
}

}  // namespace detail
}  // namespace erg::diag
