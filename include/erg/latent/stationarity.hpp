// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/diagnostics/mmd.hpp"
#include "erg/exec/policies.hpp"
#include "erg/run/sampler.hpp"
#include "erg/tile/owned_block.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace erg::latent {

/// Moves points by n steps of a kernel, in place.
template <class T, class Kernel, class E>
void move(const E& energy, Kernel kernel, BlockView<T> x, int n_steps, std::uint64_t seed) {
  Plan plan;
  plan.n_chains = x.n_chains, plan.n_warmup = 0, plan.n_draws = 1, plan.adapt = false, plan.seed = seed;
  for (int d = 0; d < x.dim; ++d) {
    for (int c = 0; c < x.n_chains; ++c) plan.start.push_back(static_cast<double>(x(c, d)));
  }
  Sampler<T, Simd<>, Kernel, E> sampler(Simd<>{}, std::move(kernel), energy, plan);
  sampler.start();
  sampler.sample(n_steps, false, [](const auto&) { return Control::proceed; });
  for (int d = 0; d < x.dim; ++d) std::copy_n(sampler.chains().position(d), x.n_chains, x.column(d));
}

/// What many more steps make of samples: nothing, where they are the energy's; else the chains are too short to have forgotten their starts.
struct StationarityReport {
  double energy_before = 0.0, energy_after = 0.0;   ///< means of U
  double energy_error = 0.0;                        ///< standard error of their difference, chains independent
  double largest_shift = 0.0;                       ///< of a coordinate's mean or second moment, in standard errors; infinite where all chains shift alike
  double mmd2 = 0.0;                                ///< squared maximum mean discrepancy of before and after; NaN where chains left all finite distances
  /// Whether a difference shows; z: standard errors for one comparison. What is not finite shows.
  bool shows(double z = 5.0) const {
    return !(std::isfinite(energy_error) && std::fabs(energy_after - energy_before) <= z * energy_error && largest_shift <= z);
  }
};

/// Runs n_steps more from samples x, which stay as they are.
///
/// Cost      n_steps of the kernel over all chains; mmd2 is over the first 1000
/// Errors    std::invalid_argument: fewer than 2 points, n_steps < 1
template <class T, class Kernel, class E>
StationarityReport stationarity(const E& energy, Kernel kernel, BlockView<const T> x, int n_steps, std::uint64_t seed) {
  erg::detail::require_count("number of points", x.n_chains, 2);
  erg::detail::require_count("n_steps", n_steps);
  OwnedBlock<T> y(x.n_chains, x.dim);
  for (int d = 0; d < x.dim; ++d) std::copy_n(x.column(d), x.n_chains, y.view().column(d));
  move(energy, std::move(kernel), y.view(), n_steps, seed);
  StationarityReport r;
  const double n = x.n_chains;
  std::vector<T> u(static_cast<std::size_t>(x.n_chains)), v(u);
  batch_value(energy, x, std::span<T>(u));
  batch_value(energy, BlockView<const T>(y.view()), std::span<T>(v));
  // of paired values: mean of each and standard error of the difference of the means
  const auto compare = [n](auto&& a, auto&& b, double& before, double& after) {
    before = after = 0.0;
    double square = 0.0;
    for (int c = 0; c < static_cast<int>(n); ++c) before += a(c) / n, after += b(c) / n;
    for (int c = 0; c < static_cast<int>(n); ++c) square += (b(c) - a(c) - after + before) * (b(c) - a(c) - after + before);
    return std::sqrt(square / (n * (n - 1.0)));
  };
  r.energy_error = compare([&](int c) { return static_cast<double>(u[static_cast<std::size_t>(c)]); },
                           [&](int c) { return static_cast<double>(v[static_cast<std::size_t>(c)]); }, r.energy_before, r.energy_after);
  for (int d = 0; d < x.dim; ++d) {
    for (const bool squared : {false, true}) {
      const auto of = [&](T value) { return squared ? static_cast<double>(value) * static_cast<double>(value) : static_cast<double>(value); };
      double before = 0.0, after = 0.0;
      const double error = compare([&](int c) { return of(x(c, d)); }, [&](int c) { return of(y.view()(c, d)); }, before, after);
      const double shift = after - before == 0.0 ? 0.0 : std::fabs(after - before) / error;
      if (std::isnan(shift) || shift > r.largest_shift) r.largest_shift = shift;  // once NaN, it stays
    }
  }
  const int few = std::min(x.n_chains, 1000);
  const auto points = [&](BlockView<const T> from) {
    diag::PointSet p{{}, few, x.dim};
    for (int c = 0; c < few; ++c) {
      for (int d = 0; d < x.dim; ++d) p.values.push_back(static_cast<double>(from(c, d)));
    }
    return p;
  };
  const diag::PointSet first = points(x), last = points(y.view());
  const double width = diag::median_bandwidth(first, last);
  r.mmd2 = std::isfinite(width) ? diag::mmd2(first, last, diag::Rbf(width)) : std::numeric_limits<double>::quiet_NaN();
  return r;
}

}  // namespace erg::latent
