// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Weights of the modes of a known mixture according to draws, next to the true ones.
#pragma once

#include "erg/diagnostics/mode_weights.hpp"
#include "erg/energy/concepts.hpp"
#include "erg/estimate/log_z_report.hpp"

#include <concepts>

namespace erg::estimate {

/// A mixture of isotropic Gaussians that names its components: GaussianMixture, and whatever has the same members.
template <class M>
concept KnownMixture = requires(const M& m) {
  { m.n_modes() } -> std::convertible_to<int>;
  { m.mode_weight(0) } -> std::convertible_to<double>;
  { m.mode_centre(0, 0) } -> std::convertible_to<double>;
  { m.mode_sigma(0) } -> std::convertible_to<double>;
};

/// r_k(x) = w_k N(x; c_k, sigma_k^2 I) / sum_j w_j N(x; c_j, sigma_j^2 I): whose draw x is. For diag::mode_weights. The mixture is not
/// copied: it has to live as long as what is returned.
///
/// Numerics  relative to the largest, so that one of them is never lost      Cost  K exponentials and 3 K D operations
template <KnownMixture M>
auto responsibilities(const M& mixture) {
  return [&mixture](std::span<const double> x, std::span<double> r) {
    const int k_max = mixture.n_modes(), dim = static_cast<int>(x.size());
    double largest = -detail::infinity, total = 0.0;
    for (int k = 0; k < k_max; ++k) {
      double square = 0.0;
      for (int d = 0; d < dim; ++d) {
        const double off = (x[static_cast<std::size_t>(d)] - mixture.mode_centre(k, d)) / mixture.mode_sigma(k);
        square += off * off;
      }
      r[static_cast<std::size_t>(k)] = std::log(mixture.mode_weight(k)) - dim * std::log(mixture.mode_sigma(k)) - 0.5 * square;
      largest = std::max(largest, r[static_cast<std::size_t>(k)]);
    }
    for (double& v : r) total += v = std::exp(v - largest);
    for (double& v : r) v /= total;
  };
}
template <KnownMixture M>
void responsibilities(const M&&) = delete;

/// Mode weights by two counts, and how far the first is from the truth.
struct ModeReport {
  erg::diag::ModeWeights soft;     ///< mean responsibilities: unbiased where the draws are those of the mixture
  erg::diag::ModeWeights nearest;  ///< share of draws nearest to each centre: biased where modes overlap
  std::vector<double> truth;

  double l1() const { return erg::diag::l1_distance(soft.weight, truth); }
  double total_variation() const { return 0.5 * l1(); }
  /// The total variation that right weights would show for noise alone: sum_k s.e._k / sqrt(2 pi).
  double noise() const {
    double sum = 0.0;
    for (const double e : soft.standard_error) sum += e;
    return sum / std::sqrt(2.0 * 3.14159265358979324);
  }
  double kl() const { return erg::diag::kl_divergence(truth, soft.weight); }  ///< KL(truth || soft)
  /// The largest deviation in its standard errors; NaN where a mode is empty or alone.
  double worst_z() const {
    double worst = 0.0;
    for (std::size_t k = 0; k < truth.size(); ++k) {
      const double z = std::abs(soft.weight[k] - truth[k]) / soft.standard_error[k];
      worst = std::isnan(z) || std::isnan(worst) ? detail::nan : std::max(worst, z);
    }
    return worst;
  }
};

/// Compares the draws of chains with the mixture that they should be from.
///
/// Shapes    draws: [draw, chain, dim]
/// Ensures   errors know that chains seldom change mode (diag::mode_weights): with a label chain of second eigenvalue l the variance
///           is w (1 - w) (1 + l) / (1 - l) / n
/// Errors    std::invalid_argument: no draws, another dimension than the mixture's
template <erg::diag::Draws D, KnownMixture M>
ModeReport mode_report(const D& draws, const M& mixture) {
  ModeReport out;
  const int modes = mixture.n_modes(), dim = draws.dim();
  if constexpr (HasDim<M>) {
    if (dim_of(mixture) != dim) {
      throw std::invalid_argument("draws of dim = " + std::to_string(dim) + " (the mixture has dim = " + std::to_string(dim_of(mixture)) + ") give draws of that space");
    }
  }
  std::vector<double> centres;
  for (int k = 0; k < modes; ++k) {
    out.truth.push_back(mixture.mode_weight(k));
    for (int d = 0; d < dim; ++d) centres.push_back(mixture.mode_centre(k, d));
  }
  out.soft = erg::diag::mode_weights(draws, modes, responsibilities(mixture));
  out.nearest = erg::diag::mode_weights(draws, erg::diag::Points(centres.data(), modes, dim));
  return out;
}

/// A row per mode, then the distances.
[[gnu::cold]] inline std::ostream& operator<<(std::ostream& out, const ModeReport& r) {
  out << detail::cell("mode", 4) << detail::cell("true", 10) << detail::cell("weight", 10) << detail::cell("s.e.", 9) << detail::cell("ess", 9)
      << detail::cell("nearest", 10) << '\n';
  for (std::size_t k = 0; k < r.truth.size(); ++k) {
    out << detail::cell(std::to_string(k), 4) << detail::cell(detail::text("%.4f", r.truth[k]), 10) << detail::cell(detail::text("%.4f", r.soft.weight[k]), 10)
        << detail::cell(detail::text("%.4f", r.soft.standard_error[k]), 9) << detail::cell(detail::text("%.0f", r.soft.ess[k]), 9)
        << detail::cell(detail::text("%.4f", r.nearest.weight[k]), 10) << '\n';
  }
  return out << "total variation " << detail::text("%.4f", r.total_variation()) << " (noise alone " << detail::text("%.4f", r.noise()) << "), L1 "
             << detail::text("%.4f", r.l1()) << ", KL(true || weight) " << detail::text("%.2g", r.kl()) << '\n';
}

}  // namespace erg::estimate
