// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/generator/score.hpp"

namespace erg::generator {

/// What share of the entropy's gradient an estimator delivers.
struct DeliveredFraction {
  double fraction = 0.0;         ///< f: 1 is exact, 0 the gradient of H(x | z)
  double standard_error = 0.0;   ///< over batches
  double rms_bias = 0.0;         ///< per coordinate of the score, of single estimates' part that remembers z0: (1 - f) rms (g(z0) - E g) / sigma^2
  double signed_bias = 0.0;      ///< per coordinate, mean of s^ - s with its sign: odd in what is remembered, so near zero whatever f is
  ScoreReport report;            ///< mean over batches
};

/// Regresses what an estimate remembers on the latent that made x, in the space of x.
///
///   1 - f = E<g^ - E1, g(z0) - E2> / E<g(z0) - E1, g(z0) - E2>,   g^ = x + sigma^2 s^,   E1, E2 two references of E[g(z) | x]
///
/// Two references, independent of each other, so that noise of theirs does not attenuate the slope. For a LinearGaussian give ExactScore;
/// else HmcScore with many transitions, and no learning of its step in between.
/// Random    steps key.step() .. key.step() + 3 n_batches - 1: a third for draws and estimates, a third for each reference
/// Cost      n_batches times the estimator and twice the reference, `batch` draws each
template <class G, class Estimator, class Reference, class T = typename G::Scalar>
DeliveredFraction delivered_fraction(const G& g, Estimator& estimator, Reference& reference, random::Key key, int batch, int n_batches,
                                     Pieces<T>& pieces) {
  erg::detail::require_count("batch", batch);
  erg::detail::require_count("n_batches", n_batches, 2);
  OwnedBlock<T> latents, noises, draws, estimates, firsts, seconds, origins;
  const auto z0 = latents.shaped(batch, g.n_latent());
  const auto eps = noises.shaped(batch, g.dim()), x = draws.shaped(batch, g.dim()), s = estimates.shaped(batch, g.dim());
  const auto a = firsts.shaped(batch, g.dim()), b = seconds.shaped(batch, g.dim()), origin = origins.shaped(batch, g.dim());
  const double variance = g.noise() * g.noise();
  std::vector<double> numerators, denominators;
  double signed_sum = 0.0;
  DeliveredFraction out;
  out.report.ess = out.report.accept = out.report.step_size = out.report.entropy = 0.0;
  for (int i = 0; i < n_batches; ++i) {
    const random::Key at = key.at(key.step() + static_cast<std::uint64_t>(i));
    g.latents(at.purpose(random::Purpose::start), 0, z0, eps);
    g.sample(z0, eps, x);
    g.mean(z0, origin);
    const ScoreReport r = estimator.estimate(g, z0, x, at.purpose(random::Purpose::user), s, pieces);
    // Steps of their own: estimators choose purposes and streams themselves.
    const std::uint64_t later = at.step() + static_cast<std::uint64_t>(n_batches);
    reference.estimate(g, z0, x, at.at(later).purpose(random::Purpose::user), a, pieces);
    reference.estimate(g, z0, x, at.at(later + static_cast<std::uint64_t>(n_batches)).purpose(random::Purpose::user), b, pieces);
    double numerator = 0.0, denominator = 0.0;
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < batch; ++c) {
        const double mean1 = static_cast<double>(x(c, d)) + variance * static_cast<double>(a(c, d));
        const double mean2 = static_cast<double>(x(c, d)) + variance * static_cast<double>(b(c, d));
        const double from2 = static_cast<double>(origin(c, d)) - mean2;
        numerator += (static_cast<double>(x(c, d)) + variance * static_cast<double>(s(c, d)) - mean1) * from2;
        denominator += (static_cast<double>(origin(c, d)) - mean1) * from2;
        signed_sum += static_cast<double>(s(c, d)) - 0.5 * (static_cast<double>(a(c, d)) + static_cast<double>(b(c, d)));
      }
    }
    numerators.push_back(numerator), denominators.push_back(denominator);
    out.report.ess += r.ess / n_batches, out.report.accept += r.accept / n_batches;
    out.report.step_size += r.step_size / n_batches, out.report.entropy += r.entropy / n_batches;
  }
  double top = 0.0, bottom = 0.0, square = 0.0;
  for (int i = 0; i < n_batches; ++i) top += numerators[static_cast<std::size_t>(i)], bottom += denominators[static_cast<std::size_t>(i)];
  const double memory = top / bottom;
  for (int i = 0; i < n_batches; ++i) {
    const double off = numerators[static_cast<std::size_t>(i)] - memory * denominators[static_cast<std::size_t>(i)];
    square += off * off;
  }
  out.fraction = 1.0 - memory;
  out.signed_bias = signed_sum / (static_cast<double>(n_batches) * batch * g.dim());
  out.standard_error = std::sqrt(square * n_batches / (n_batches - 1.0)) / bottom;
  out.rms_bias = std::fabs(memory) * std::sqrt(bottom / (static_cast<double>(n_batches) * batch * g.dim())) / variance;
  return out;
}

}  // namespace erg::generator
