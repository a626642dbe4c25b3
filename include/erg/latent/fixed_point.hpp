// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"

namespace erg::latent {

/// Amortised training of U = l x^2 / 2 on data N(0, variance), with a linear Gaussian model refit exactly: where it ends, in closed form.
///
/// T steps of Langevin dynamics turn the variance v of the starts into
///
///   V(v) = a^{2T} v + tau h (1 - a^{2T}) / (1 - a^2),   a = 1 - h l / 2
///
/// and training stands still where V of the starts is the data's variance. The refit model has variance max(V, sigma^2) with its noise,
/// V - sigma^2 without. Regressed on the latents that made the starts (CoopNets) it has a^{2T} w^2 without, w^2 what it had: it stands still at
/// l = 0 with w^2 = variance - tau h T, or, where the noise alone exceeds the data, at w = 0. Of many directions each obeys this alone.
/// Requires  variance, h > 0, n_steps >= 1, sigma, temperature >= 0
/// Source    derived in docs/latent.md
struct AncestralLangevin {
  double variance = 1.0;       ///< of the data
  double sigma = 0.3;          ///< of the model's observations
  double step_size = 0.01;     ///< h = delta^2: drift h/2, noise variance tau h
  int n_steps = 20;            ///< T
  double temperature = 1.0;    ///< tau; 0: no noise
  bool decodes_mean = true;    ///< chains start at the mean of an observation, or at one
  bool knows_latent = false;   ///< CoopNets: least squares on the known latents, chains start at means

  /// V(v) at precision l.
  double moved(double v, double l) const {
    const double a = 1.0 - 0.5 * step_size * l, kept = std::pow(a * a, n_steps), pull = step_size * l * (1.0 - 0.25 * step_size * l);
    // sum of a^{2k}, k < T; near a = 1 the quotient loses all digits
    double added = 0.0;
    if (std::fabs(pull) > 1e-6) {
      added = (1.0 - kept) / pull;
    } else {
      double power = 1.0;
      for (int k = 0; k < n_steps; ++k, power *= a * a) added += power;
    }
    return kept * v + temperature * step_size * added;
  }
  /// Variance of the starts when training stands still.
  double start_variance() const {
    if (knows_latent) return std::fmax(variance - temperature * step_size * n_steps, 0.0);
    return decodes_mean ? std::fmax(variance - sigma * sigma, 0.0) : variance;
  }
  /// The precision l at which training stands still: V(start_variance) = variance, by bisection below a = 0, where V falls with l.
  double precision() const {
    double low = -1.0 / variance, high = 2.0 / step_size;
    const double v = start_variance();
    for (int i = 0; i < 60 && moved(v, low) < variance; ++i) low *= 2.0;
    for (int i = 0; i < 200; ++i) {
      const double l = 0.5 * (low + high);
      (moved(v, l) > variance ? low : high) = l;
    }
    return 0.5 * (low + high);
  }
  /// dV/dl at the fixed point, negative: how firmly it holds.
  double slope() const {
    const double l = precision(), e = 1e-5 * std::fmax(1.0, std::fabs(l));
    return (moved(start_variance(), l + e) - moved(start_variance(), l - e)) / (2.0 * e);
  }
  /// What the noise of T steps can restore, against what the decoder blurs: below 1 the energy ends up a displacement that sharpens, and
  /// is no density.
  double noise_budget() const { return temperature * step_size * n_steps / (sigma * sigma); }
  /// Whether, with an encoder, gradient steps dl = -(eta / 2)(variance - V), dw^2 = rho (V - sigma^2 - w^2) return to the fixed point.
  bool is_stable(double eta, double rho) const {
    const double a = std::pow(1.0 - 0.5 * step_size * precision(), 2 * n_steps);
    return rho * (a - 1.0) + 0.5 * eta * slope() < 0.0;
  }
};

}  // namespace erg::latent
