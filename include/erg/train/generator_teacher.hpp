// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/generator/score.hpp"
#include "erg/nn/schedule.hpp"
#include "erg/train/draws.hpp"
#include "erg/train/taught_model.hpp"

namespace erg::train {

struct GeneratorTeacherParams {
  double lambda = 1.0;           ///< weight of the entropy; 0: none, and the generator collapses on the least energy
  double learning_rate = 1e-3;   ///< of Adam
  double beta1 = 0.0, beta2 = 0.9;
  double clip = 0.0;             ///< longest gradient; 0: as it is
  int n_updates = 1;             ///< of the generator in a step of training; from the second on by fresh draws
  bool fresh = false;            ///< the first, too, learns from fresh draws and not from those the energy has just learnt from; where chains moved these, always
};

/// What the generator saw in its last update. Means over its draws.
struct GeneratorReport {
  generator::ScoreReport score;
  double energy = generator::ScoreReport::nan;          ///< U
  double energy_slope = generator::ScoreReport::nan;    ///< root mean square of |dU/dx|
  double entropy_slope = generator::ScoreReport::nan;   ///< of |lambda s|, which falls like 1 / sigma
  double gradient_norm = generator::ScoreReport::nan;   ///< before clipping
  double noise = generator::ScoreReport::nan;           ///< sigma, after the update
};

/// A generator that follows the model by the entropy-regularised objective: VERA.
///
///   L = E[U(x)] - lambda H(q),   x = g(z) + sigma eps;   dL/dphi = E[(dx/dphi)^T (dU/dx + lambda s(x))]
///
/// Give its generator to `draws` as the negatives: it learns from the same draws as the energy did, under the energy's new parameters, in the
/// paper's order. s by any ScoreEstimator, held fixed; one way back through g. Negatives that a kernel has moved (`chains`) are no longer
/// draws of g at their latents: the generator then learns from fresh draws.
///
/// Where it ends, q = exp(-U / lambda): the model's density is exp(-U / lambda), not exp(-U), and with an estimator that delivers the
/// fraction f of the entropy's gradient it is exp(-U / (f lambda)).
/// Source    Grathwohl et al. (2021), No MCMC for me, algorithm 1; the objective: eq. (6)
template <class G, class Score, class Schedule = nn::ConstantRate>
class GeneratorTeacher : public DescendingModel<G> {
 public:
  using T = typename G::Scalar;
  static_assert(generator::ScoreEstimator<Score, G>, "erg: no estimator of this generator's score; see erg/generator/score.hpp for what it has to have.");

  GeneratorTeacher(G g, Score score, GeneratorTeacherParams p = {}, Schedule schedule = {})
      : DescendingModel<G>(std::move(g), "generator", {.learning_rate = p.learning_rate, .beta1 = p.beta1, .beta2 = p.beta2}), params(p),
        score_(std::move(score)), schedule_(std::move(schedule)) {
    erg::detail::require_not_negative("lambda", p.lambda);
    erg::detail::require_not_negative("clip", p.clip);
    erg::detail::require_count("n_updates", p.n_updates);
  }

  const G& generator() const { return this->model_; }
  Score& score() { return score_; }
  const GeneratorReport& report() const { return report_; }

  template <class E>
  void learn(const E& energy, const StepBatch<T>& batch, Pieces<T>& pieces, StepReport& report) {
    const int n = batch.negatives.n_chains, dim = batch.negatives.dim;
    const auto z = latent_.shaped(n, generator().n_latent());
    const auto eps = noise_.shaped(n, dim), drawn = drawn_.shaped(n, dim);
    for (int i = 0; i < params.n_updates; ++i) {
      const bool fresh = i > 0 || params.fresh || batch.starts.data != nullptr;  // with starts a kernel has moved the negatives away from their latents
      const random::Key start = batch.key.purpose(random::Purpose::start).stream(fresh ? own_streams + 2 * i : 0);
      generator().latents(start, 0, z, eps);
      BlockView<const T> x = batch.negatives;
      if (fresh) {
        generator().sample(z, eps, drawn);
        x = drawn;
      }
      report_ = GeneratorReport{};
      this->descend(batch.key, params.clip, schedule_(step_), [&](std::span<T> to) {
        const BlockView<const T> v = slope_of_loss(energy, z, x, batch.key.purpose(random::Purpose::user).stream(i == 0 ? 0 : own_streams / 8 * i), pieces);
        pieces.add(n, to, [&](int first, int count, std::span<T> sum) {
          generator().add_parameter_gradient(rows_of(BlockView<const T>(z), first, count), rows_of(BlockView<const T>(eps), first, count), rows_of(v, first, count), sum);
        });
        return report_.energy;
      });
      report_.gradient_norm = this->gradient_norm();
      report_.noise = generator().noise();
    }
    ++step_;
    report.teacher_loss = report_.energy;
  }
  template <class E, class Negatives>
  void renew(const E&, Negatives& negatives) {
    negatives.renew(generator());
  }

  void save(io::Writer& w) {
    DescendingModel<G>::save(w);
    score_.save(w);
    w.put(step_);
  }
  void load(io::Reader& r) {
    DescendingModel<G>::load(r);
    score_.load(r);
    r.get(step_);
  }

  GeneratorTeacherParams params;

 private:
  static constexpr int own_streams = 1 << 13;

  /// dL/dx = (dU/dx + lambda s) / n of the n draws x = g(z) + noise, [draw, dim]. The estimator learns from them.
  template <class E>
  BlockView<const T> slope_of_loss(const E& energy, BlockView<const T> z, BlockView<const T> x, random::Key key, Pieces<T>& pieces) {
    const int n = x.n_chains;
    const auto slope = slope_.shaped(n, x.dim), s = scores_.shaped(n, x.dim);
    u_.resize(static_cast<std::size_t>(n));
    pieces.run(n, [&](int first, int count) {
      batch_value_and_gradient(energy, rows_of(x, first, count), std::span<T>(u_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)),
                               rows_of(slope, first, count));
    });
    report_.energy = 0.0;
    for (const T v : u_) report_.energy += static_cast<double>(v) / n;
    report_.energy_slope = root_mean_square(slope);
    if (params.lambda > 0.0) {
      report_.score = score_.estimate(generator(), z, x, key, s, pieces);
      score_.learn(generator(), z, x, key, pieces);
      report_.entropy_slope = params.lambda * root_mean_square(s);
    }
    const T share = static_cast<T>(1.0 / n), lambda = static_cast<T>(params.lambda);
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < n; ++c) slope(c, d) = share * (params.lambda > 0.0 ? slope(c, d) + lambda * s(c, d) : slope(c, d));
    }
    return slope;
  }
  static double root_mean_square(BlockView<const T> v) {
    double sum = 0.0;
    for (int d = 0; d < v.dim; ++d) {
      for (int c = 0; c < v.n_chains; ++c) sum += static_cast<double>(v(c, d)) * static_cast<double>(v(c, d));
    }
    return std::sqrt(sum / v.n_chains);
  }

  Score score_;
  Schedule schedule_;
  GeneratorReport report_;
  OwnedBlock<T> latent_, noise_, drawn_, slope_, scores_;
  std::vector<T> u_;
  long step_ = 0;
};

}  // namespace erg::train
