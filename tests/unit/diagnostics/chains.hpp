// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Chains and samples with known truth for the tests of the diagnostics.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <erg/diagnostics/resample.hpp>

namespace erg::test::chains {

/// Independent standard normals (Box and Muller), from the seed alone.
class NormalSource {
 public:
  explicit NormalSource(std::uint64_t seed) : random_(seed) {}

  double uniform() { return random_.uniform(); }
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - random_.uniform()));
    return radius * std::cos(2 * std::numbers::pi * random_.uniform());
  }
  std::vector<double> normals(std::size_t n, double shift = 0, double scale = 1) {
    std::vector<double> x(n);
    for (double& v : x) v = shift + scale * normal();
    return x;
  }
  /// Stationary AR(1) chains with standard normal margins, chain after chain: tau = (1 + rho) / (1 - rho).
  std::vector<double> ar1(int n_draws, int n_chains, double rho) {
    std::vector<double> x;
    for (int c = 0; c < n_chains; ++c) {
      double current = normal();
      for (int i = 0; i < n_draws; ++i) {
        x.push_back(current);
        current = rho * current + std::sqrt(1 - rho * rho) * normal();
      }
    }
    return x;
  }

 private:
  diag::detail::SplitMix64 random_;
};

struct MeanAndError {
  double mean = 0, standard_error = 0;
};

/// Mean of independent replicates and its standard error.
inline MeanAndError mean_and_error(const std::vector<double>& x) {
  const double n = static_cast<double>(x.size());
  double mean = 0, sum = 0;
  for (const double v : x) mean += v / n;
  for (const double v : x) sum += (v - mean) * (v - mean);
  return {mean, std::sqrt(sum / (n - 1) / n)};
}

}  // namespace erg::test::chains
