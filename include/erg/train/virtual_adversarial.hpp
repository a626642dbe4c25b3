// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/random/normal.hpp"
#include "erg/train/objective.hpp"

namespace erg::train {

struct VirtualAdversarialParams {
  double weight = 1.0;      ///< 0: the term is left out
  double reach = 3.0;      ///< how far the worst neighbour is: |r|
  double probe = 1e-1;     ///< length of the step that the direction is found by
  int n_power = 1;         ///< iterations of it
};

/// Smoothness of a classifier around the data, in the direction where it is worst: virtual adversarial training.
///
///   weight E_data[KL(p(. | x) || p(. | x + r))],  r = argmax over |r| = reach, by power iterations on the Hessian of KL at r = 0;  p(. | x) and r held fixed
///
/// Beside the energy's terms it is another way to use points without labels; ClassifierEnergy is what it takes.
/// Cost      2 + n_power forward and 1 + n_power backward passes
/// Source    Miyato, Maeda, Koyama, Ishii (2018), Virtual adversarial training, algorithm 1, eqs. (5)-(7)
class VirtualAdversarial {
 public:
  static constexpr bool needs_negatives = false;
  static constexpr const char* name = "virtual adversary";

  explicit VirtualAdversarial(VirtualAdversarialParams p = {}) : params(p) {
    erg::detail::require_not_negative("weight", p.weight);
    erg::detail::require_positive("reach", p.reach);
    erg::detail::require_positive("probe", p.probe);
    erg::detail::require_count("n_power", p.n_power, 0);
  }
  /// The mean of KL at its last evaluation.
  double last() const { return last_; }

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport&) {
    if (!(params.weight > 0.0)) return;
    const int n_all = batch.data.n_chains, n_classes = energy.n_classes();
    std::vector<double> sums(static_cast<std::size_t>(n_all), 0.0);
    pieces.add(n_all, to, [&](int first, int n, std::span<T> sum) {
      const BlockView<const T> x{batch.data.data + first, n, batch.data.dim, batch.data.stride};
      nn::detail::Sheet<T> probabilities(n, n_classes), direction(n, x.dim), moved(n, x.dim);
      const auto p = probabilities.view(), r = direction.view();
      energy.probabilities(x, p);
      for (int c = 0; c < n; ++c) {
        for (int d = 0; d < x.dim; ++d) r(c, d) = random::normal<T>(batch.key.purpose(random::Purpose::user).stream(3), static_cast<bits_t<T>>(first + c), d);
      }
      // dKL/dlogit_k = p'_k - p_k; the last output is the energy: log p'_k = F_k + U.
      const auto seed = [&](double scale, double* kl) {
        return [&, scale, kl](BlockView<const T> y, BlockView<T> to_logits, int at) {
          for (int k = 0; k < n_classes; ++k) {
            for (int c = 0; c < y.n_chains; ++c) {
              const double log_q = static_cast<double>(y(c, k)) + static_cast<double>(y(c, n_classes)), q = static_cast<double>(p(at + c, k));
              to_logits(c, k) = static_cast<T>(scale * (std::exp(log_q) - q));
              if (kl != nullptr && q > 0.0) *kl += q * (std::log(q) - log_q);
            }
          }
        };
      };
      for (int i = 0; i < params.n_power; ++i) {
        move(x, r, params.probe, moved.view());
        energy.input_gradient(moved.constant(), seed(1.0, nullptr), r);
      }
      move(x, r, params.reach, moved.view());
      energy.parameter_gradient(moved.constant(), seed(params.weight / n_all, &sums[static_cast<std::size_t>(first)]), sum);
    });
    last_ = 0.0;
    for (const double v : sums) last_ += v / n_all;
  }

  VirtualAdversarialParams params;

 private:
  /// to = x + length r / |r|; where r is zero, x.
  template <class T>
  static void move(BlockView<const T> x, BlockView<T> r, double length, BlockView<T> to) {
    for (int c = 0; c < x.n_chains; ++c) {
      double square = 0.0;
      for (int d = 0; d < x.dim; ++d) square += static_cast<double>(r(c, d)) * static_cast<double>(r(c, d));
      const T scale = static_cast<T>(square > 0.0 ? length / std::sqrt(square) : 0.0);
      for (int d = 0; d < x.dim; ++d) to(c, d) = x(c, d) + scale * r(c, d);
    }
  }
  double last_ = 0.0;
};

}  // namespace erg::train
