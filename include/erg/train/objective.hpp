// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/pieces.hpp"
#include "erg/nn/score_matching.hpp"
#include "erg/train/concepts.hpp"

/// What the energy's parameters descend. Each adds its gradient to `to` and says in the report what it saw; sums over chains are the same
/// for any number of threads.
namespace erg::train {


namespace detail {
/// Adds the gradient of sign E[U] + l2 E[U^2] over points that are held fixed; returns E[U].
template <class E, class T>
double add_mean_gradient(const E& energy, BlockView<const T> x, double sign, double l2, std::span<T> to, Pieces<T>& pieces) {
  const auto n = static_cast<std::size_t>(x.n_chains);
  struct Owner;
  T* memory = erg::detail::thread_numbers<T, Owner>(2 * n);
  const std::span<T> w(memory, n), u(memory + n, n);
  pieces.add(x.n_chains, to, [&](int first, int count, std::span<T> sum) {
    const auto at = static_cast<std::size_t>(first), m = static_cast<std::size_t>(count);
    const BlockView<const T> part{x.data + first, count, x.dim, x.stride};
    const std::span<T> w_part = w.subspan(at, m), u_part = u.subspan(at, m);
    if (l2 > 0.0) batch_value(energy, part, u_part);
    for (std::size_t c = 0; c < m; ++c) {
      w_part[c] = static_cast<T>((sign + (l2 > 0.0 ? 2.0 * l2 * static_cast<double>(u_part[c]) : 0.0)) / static_cast<double>(n));
    }
    energy.add_parameter_gradient(part, std::span<const T>(w_part), sum, u_part);
  });
  double mean = 0.0;
  for (const T v : u) mean += static_cast<double>(v);
  return mean / static_cast<double>(n);
}
}  // namespace detail

/// The gradient of the negative log-likelihood, by differences of means.
///
///   dL/dtheta = E_data[dU/dtheta] - E_model[dU/dtheta] + energy_l2 d/dtheta (E_data[U^2] + E_model[U^2])
///
/// The second term keeps U near 0 and so fixes its free constant; its gradient takes the samples as given.
/// Source    Hinton (2002), eq. (5); the second term: Du, Mordatch (2019), section 3.3
struct Contrastive {
  static constexpr bool needs_negatives = true;
  static constexpr const char* name = "contrastive";
  double energy_l2 = 0.0;   ///< >= 0

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    report.data_energy = detail::add_mean_gradient(energy, batch.data, 1.0, energy_l2, to, pieces);
    report.model_energy = detail::add_mean_gradient(energy, batch.negatives, -1.0, energy_l2, to, pieces);
  }
};

enum class ScoreMatchingKind { exact, sliced, denoising };

/// Score matching of a neural energy on the data batch: no negatives, no normalising constant (nn/score_matching.hpp).
struct ScoreMatching {
  static constexpr bool needs_negatives = false;
  static constexpr const char* name = "score matching";
  ScoreMatchingKind kind = ScoreMatchingKind::exact;
  int n_slices = 1;         ///< of sliced
  double deviation = 0.1;   ///< of denoising: the noise's

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    const BlockView<const T> x = batch.data;
    std::vector<double> sums(static_cast<std::size_t>(x.n_chains), 0.0);
    pieces.add(x.n_chains, to, [&](int first, int count, std::span<T> sum) {
      const BlockView<const T> part{x.data + first, count, x.dim, x.stride};
      const random::Key key = batch.key.stream(first);  // a piece's chains count from 0
      double j = 0.0;
      struct Owner;
      const std::span<T> own(erg::detail::thread_numbers<T, Owner>(sum.size()), sum.size());
      std::fill(own.begin(), own.end(), T(0));
      switch (kind) {
        case ScoreMatchingKind::exact: j = nn::score_matching(energy, part, own); break;
        case ScoreMatchingKind::sliced: j = nn::sliced_score_matching(energy, part, own, key, n_slices); break;
        case ScoreMatchingKind::denoising: j = nn::denoising_score_matching(energy, part, own, key, deviation); break;
      }
      const double share = static_cast<double>(count) / x.n_chains;
      for (std::size_t i = 0; i < own.size(); ++i) sum[i] += static_cast<T>(share) * own[i];
      sums[static_cast<std::size_t>(first)] = share * j;
    });
    report.objective = 0.0;
    for (const double j : sums) report.objective += j;
  }
};

/// Maximum likelihood of an energy that is normalised, a flow say.      L = E_data[U]
struct MaximumLikelihood {
  static constexpr bool needs_negatives = false;
  static constexpr const char* name = "likelihood";

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    report.objective = report.data_energy = detail::add_mean_gradient(energy, batch.data, 1.0, 0.0, to, pieces);
  }
};

}  // namespace erg::train
