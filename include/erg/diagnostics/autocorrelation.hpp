// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Autocovariance, autocorrelation, and Geyer's estimate of the integrated autocorrelation time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include <erg/diagnostics/fft.hpp>
#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/series.hpp>

namespace erg::diag {
namespace detail {

/// Biased autocovariances averaged over chains, each chain about its own mean; lags 0 .. n_draws - 1.
/// Two chains travel as the real and imaginary part of one transform: |F_k|^2 + |F_-k|^2 = 2 (|A_k|^2 + |B_k|^2), and
/// only the sum over chains is wanted. One inverse transform serves all chains.
inline std::vector<double> mean_autocovariance(const Chains& x) {
  const std::size_t n = x.length();
  const std::size_t padded = std::bit_ceil(2 * n);  // zeros keep the ends from meeting
  Fft fft(padded);
  std::vector<double> re(padded), im(padded), power(padded, 0.0);
  for (int c = 0; c < x.n_chains; c += 2) {
    std::fill(re.begin(), re.end(), 0.0);
    std::fill(im.begin(), im.end(), 0.0);
    const double centre = mean_of(x.chain(c), n);
    for (std::size_t i = 0; i < n; ++i) re[i] = x.chain(c)[i] - centre;
    if (c + 1 < x.n_chains) {
      const double other = mean_of(x.chain(c + 1), n);
      for (std::size_t i = 0; i < n; ++i) im[i] = x.chain(c + 1)[i] - other;
    }
    fft.forward(re, im);
    for (std::size_t k = 0; k < padded; ++k) power[k] += re[k] * re[k] + im[k] * im[k];
  }
  for (std::size_t k = 0; k < padded; ++k) re[k] = 0.5 * (power[k] + power[(padded - k) % padded]);
  std::fill(im.begin(), im.end(), 0.0);
  fft.forward(re, im);  // of an even real spectrum: forward and inverse agree up to the factor 1/padded
  re.resize(n);
  for (double& v : re) v /= static_cast<double>(padded) * static_cast<double>(n) * static_cast<double>(x.n_chains);
  return re;
}

/// Variance between chain means, or 0 for one chain.
inline double variance_of_chain_means(const Chains& x) {
  if (x.n_chains < 2) return 0;
  std::vector<double> means(static_cast<std::size_t>(x.n_chains));
  for (int c = 0; c < x.n_chains; ++c) means[static_cast<std::size_t>(c)] = mean_of(x.chain(c), x.length());
  return variance_of(means.data(), means.size());
}

/// rho_t = 1 - (W - A_t) / V with W the mean within-chain variance (divisor n - 1), A_t the mean autocovariance
/// (divisor n) and V = (n - 1)/n W + variance of the chain means. Note rho_0 = 1 - (W - A_0) / V < 1: the estimator's
/// own bias, kept as published.
inline std::vector<double> combined_autocorrelation(const Chains& x) {
  std::vector<double> rho = mean_autocovariance(x);
  const double n = static_cast<double>(x.n_draws);
  const double within = rho[0] * n / (n - 1);
  const double total = rho[0] + variance_of_chain_means(x);
  for (double& r : rho) r = 1 - (within - r) / total;
  return rho;
}

/// tau from the correlations of combined_autocorrelation: Geyer's initial positive, then monotone, sequence of the pair
/// sums P_t = rho_t + rho_t+1, t even.
///
///   tau = -1 + 2 sum_{t < T} rho_t + rho_T,     T even: the first pair with P_T <= 0, or the last one looked at
///
/// rho_T of a negative pair enters only if positive, which lowers the variance for antithetic chains. Two conventions
/// of R's posterior are kept: no lag beyond n - 3 is looked at, and where there is no second pair (n < 6, or rho_1 <=
/// -1) tau = 2.
/// Requires  rho.size() >= 3
inline double geyer_time(const std::vector<double>& rho) {
  const std::size_t n = rho.size();
  double even = 1, odd = rho[1];  // rho_0 is 1 by definition here
  double sum = even + odd, smallest_pair = even + odd;
  std::size_t t = 0;
  while (t + 5 < n && even + odd > 0) {
    if (t > 0) {
      smallest_pair =
          std::min(smallest_pair, even + odd);  // the monotone sequence: a pair never exceeds the one before it
      sum += smallest_pair;
    }
    t += 2;
    even = rho[t];
    odd = rho[t + 1];
  }
  if (t == 0) return 2;
  const bool last_pair_counts = even + odd >= 0;
  return -1 + 2 * sum + (last_pair_counts ? even : std::max(even, 0.0));
}

}  // namespace detail

/// Autocovariance by lag, averaged over chains, each about its own mean.
///
///   A_t = 1/m sum_chains 1/n sum_{i < n - t} (x_i - mean)(x_{i+t} - mean)
///
/// Shapes    result: [n_draws], lags 0 .. n_draws - 1
/// Cost      O(n log n) per chain, by a transform of length >= 2 n
/// Numerics  divisor n at every lag (biased, positive definite); a non-finite draw makes every lag NaN
/// Source    Geyer (1992), Practical Markov chain Monte Carlo
inline std::vector<double> autocovariance(const Series& s) { return detail::mean_autocovariance(detail::copy(s)); }

/// Autocorrelation by lag: A_t / A_0 with A = autocovariance(s).
///
/// Ensures   1 at lag 0; NaN at every lag for a constant series
inline std::vector<double> autocorrelation(const Series& s) {
  const detail::Chains x = detail::copy(s);
  if (detail::is_undefined(x.values)) return std::vector<double>(x.length(), detail::nan);
  std::vector<double> a = detail::mean_autocovariance(x);
  const double scale = a[0];
  for (double& v : a) v /= scale;
  return a;
}

/// Integrated autocorrelation time tau: draws of one chain that are worth one independent draw for the mean.
///
///   tau = 1 + 2 sum_{t >= 1} rho_t,   n_draws n_chains / tau = ess_basic(s, split = false) unless that is capped
///
/// rho_t combines within- and between-chain variance, so that chains which disagree have a long time.
/// Ensures   NaN for fewer than 3 draws, or where a value is not finite, or where all are equal
/// Cost      O(n log n) per chain
/// Source    Vehtari et al. (2021), Rank-normalization, folding, and localization, section 3.2; Geyer (1992), section
///           3.3
inline double integrated_autocorrelation_time(const Series& s) {
  const detail::Chains x = detail::copy(s);
  if (x.n_draws < 3 || detail::is_undefined(x.values)) return detail::nan;
  return detail::geyer_time(detail::combined_autocorrelation(x));
}

}  // namespace erg::diag
