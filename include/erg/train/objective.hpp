// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/pieces.hpp"
#include "erg/nn/score_matching.hpp"
#include "erg/train/concepts.hpp"

/// What the energy's parameters descend. Each adds its gradient to `to` and says in the report what it saw; sums over chains are the same
/// for any number of threads.
namespace erg::train {

namespace detail {
/// The gradient of sign E[U] + l2 E[U^2] over points that are held fixed, piece by piece.
template <class T>
struct MeanGradient {
  BlockView<const T> x;
  double sign, l2;
  std::span<T> memory;   // 2 numbers a point: weights, and U

  std::span<T> weights() const { return memory.first(memory.size() / 2); }
  std::span<T> energies() const { return memory.subspan(memory.size() / 2); }
  template <class E>
  void add(const E& energy, int first, int count, std::span<T> sum) const {
    const auto at = static_cast<std::size_t>(first), m = static_cast<std::size_t>(count);
    const BlockView<const T> part{x.data + first, count, x.dim, x.stride};
    const std::span<T> w = weights().subspan(at, m), u = energies().subspan(at, m);
    if (l2 > 0.0) batch_value(energy, part, u);
    for (std::size_t c = 0; c < m; ++c) w[c] = static_cast<T>((sign + (l2 > 0.0 ? 2.0 * l2 * static_cast<double>(u[c]) : 0.0)) / static_cast<double>(x.n_chains));
    energy.add_parameter_gradient(part, std::span<const T>(w), sum, u);
  }
  /// E[U], afterwards.
  double mean() const {
    double sum = 0.0;
    for (const T v : energies()) sum += static_cast<double>(v);
    return sum / static_cast<double>(x.n_chains);
  }
};
/// 2 n numbers of a thread for one MeanGradient.
template <class T, int Which>
std::span<T> mean_gradient_memory(int n) {
  struct Owner;
  const auto size = 2 * static_cast<std::size_t>(n);
  return {erg::detail::thread_numbers<T, Owner>(size), size};
}
template <class E, class T>
double add_mean_gradient(const E& energy, BlockView<const T> x, double sign, double l2, std::span<T> to, Pieces<T>& pieces) {
  const MeanGradient<T> g{x, sign, l2, mean_gradient_memory<T, 0>(x.n_chains)};
  pieces.add(x.n_chains, to, [&](int first, int count, std::span<T> sum) { g.add(energy, first, count, sum); });
  return g.mean();
}
/// Pieces of two batches, one(first, count, sum) and other(...), in one sum where the batches are of a size: half the copies of `to`.
template <class T, class F, class G>
void add_both(int n, F&& one, int n_other, G&& other, std::span<T> to, Pieces<T>& pieces) {
  if (n == n_other) {
    pieces.add(n, to, [&](int first, int count, std::span<T> sum) {
      one(first, count, sum);
      other(first, count, sum);
    });
  } else {
    pieces.add(n, to, one);
    pieces.add(n_other, to, other);
  }
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
    const int n = batch.data.n_chains, m = batch.negatives.n_chains;
    const detail::MeanGradient<T> data{batch.data, 1.0, energy_l2, detail::mean_gradient_memory<T, 0>(n)};
    const detail::MeanGradient<T> negatives{batch.negatives, -1.0, energy_l2, detail::mean_gradient_memory<T, 1>(m)};
    const auto piece_of = [&energy](const detail::MeanGradient<T>& g) {
      return [&](int first, int count, std::span<T> sum) { g.add(energy, first, count, sum); };
    };
    detail::add_both(n, piece_of(data), m, piece_of(negatives), to, pieces);
    report.data_energy = data.mean();
    report.model_energy = negatives.mean();
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
