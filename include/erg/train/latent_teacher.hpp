// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/latent/linear_gaussian.hpp"
#include "erg/latent/vae.hpp"
#include "erg/nn/schedule.hpp"
#include "erg/train/ancestral.hpp"
#include "erg/train/chains.hpp"
#include "erg/train/taught_model.hpp"

/// Teachers of latent-variable models: how the model that starts the chains learns from where they end. Negatives are held fixed: nothing
/// flows back through the chains, the energy or the model that drew the starts.
namespace erg::train {

struct LatentTeacherParams {
  int n_updates = 1;             ///< steps of the model in a step of training
  double learning_rate = 1e-3;   ///< of Adam
  double beta1 = 0.9;            ///< of Adam
  std::int64_t decay_steps = 0;  ///< steps of training over which the rate falls to a twentieth, like cosine; 0: it stays
  double clip = 0.0;             ///< longest gradient; 0: as it is
  double average = 0.0;          ///< in [0, 1): weight of the past in a running average of the parameters over steps of training; 0: none is kept
};

namespace detail {
inline void validate(const LatentTeacherParams& p) {
  erg::detail::require_count("n_updates", p.n_updates, 0);
  erg::detail::require_not_negative("clip", p.clip);
  erg::detail::require_fraction("average", p.average);
  if (p.decay_steps < 0) erg::detail::reject("decay_steps", static_cast<double>(p.decay_steps), "must be >= 0");
}

/// A latent-variable model that descends a loss of the negatives.
template <class Model>
class LatentTeacher : public DescendingModel<Model> {
 public:
  using T = typename Model::Scalar;

  /// The model with the running average of its parameters, where there is one.
  Model averaged() const {
    Model m = this->model_;
    if (!average_.average().empty()) m.restore(average_.average());
    return m;
  }
  void save(io::Writer& w) const {
    DescendingModel<Model>::save(w);
    average_.save(w);
  }
  void load(io::Reader& r) {
    DescendingModel<Model>::load(r);
    average_.load(r);
  }

  LatentTeacherParams params;

 protected:
  LatentTeacher(Model m, const LatentTeacherParams& p)
      : DescendingModel<Model>((validate(p), std::move(m)), "latent-variable model", {.learning_rate = p.learning_rate, .beta1 = p.beta1}),
        params(p),
        average_(p.average) {}

  /// n_updates steps on loss(gradient, key of the update), then one of the average; the mean loss.
  template <class F>
  double descend_by(random::Key key, F&& loss) {
    const double rate = params.decay_steps > 0 ? nn::CosineRate(static_cast<long>(params.decay_steps), 0.05)(static_cast<long>(key.step())) : 1.0;
    if (average_.average().empty()) remember();
    double mean = 0.0;
    for (int i = 0; i < params.n_updates; ++i) {
      const random::Key here = key.purpose(random::Purpose::user).stream(i);
      mean += this->descend(here, params.clip, rate, [&](std::span<T> to) { return loss(to, here); }) / params.n_updates;
    }
    remember();
    return mean;
  }

 private:
  void remember() {
    if (params.average == 0.0) return;
    theta_.resize(static_cast<std::size_t>(this->model_.n_parameters()));
    this->model_.copy_parameters(std::span<T>(theta_));
    average_.update(std::span<const T>(theta_));
  }

  nn::Ema<T> average_;
  std::vector<T> theta_;
};
}  // namespace detail

/// Variational MCMC teaching: the negatives of this step are the training set of a variational autoencoder, which infers their latents.
///
///   L = E_negatives[E_pi(-log q(x | z)) + beta KL(pi(z | x) | N(0, I))]
///
/// The data are never seen. Where q = p is reached, the kernel leaves the starts where they are in law. With the noise that T steps add
/// below what the decoder blurs, h T < sigma^2, the energy ends up sharpening images and is no density: watch the virial.
/// Source    Xie, Zheng, Li (2021), eqs. (9)-(11) and algorithm 1
template <class Model>
class VariationalTeacher : public detail::LatentTeacher<Model> {
 public:
  using T = typename Model::Scalar;

  explicit VariationalTeacher(Model m, LatentTeacherParams p = {}) : detail::LatentTeacher<Model>(std::move(m), p) {}

  /// The terms of the last update's loss.
  const latent::ElboTerms& terms() const { return terms_; }

  template <class E>
  void learn(const E&, const StepBatch<T>& batch, Pieces<T>& pieces, StepReport& report) {
    report.teacher_loss = this->descend_by(batch.key, [&](std::span<T> to, random::Key key) {
      terms_ = this->model_.add_gradient(batch.negatives, key, to, pieces);
      return terms_.reconstruction + this->model_.params.beta * terms_.kl;
    });
  }

 private:
  latent::ElboTerms terms_;
};

struct LatentLangevin {
  int n_steps = 0;          ///< of the latents before the regression; 0: regress on the latents that made the starts
  double step_size = 0.01;  ///< h: drift h/2, noise variance h
};

/// CoopNets: a generator regresses the negatives on the latents that made their starts, optionally moved by Langevin steps first.
///
///   L = E[|x - g(z)|^2 / (2 sigma^2)] + const,   z <- z - (h/2)(z + d/dz |x - g(z)|^2 / (2 sigma^2)) + sqrt(h) xi
///
/// Regression on the known latent discards the variance that the chains' noise adds: with it the generator's own shrinks (docs/latent.md).
/// Requires  the starts of this step come from this model: Fresh{Ancestral{...}}
/// Source    Xie, Lu, Gao, Zhu, Wu (2018), algorithm 1
template <class Decoder>
class RegressionTeacher : public detail::LatentTeacher<Decoder> {
 public:
  using T = typename Decoder::Scalar;

  explicit RegressionTeacher(Decoder d, LatentTeacherParams p = {}, LatentLangevin l = {}) : detail::LatentTeacher<Decoder>(std::move(d), p), langevin(l) {
    erg::detail::require_count("n_steps", l.n_steps, 0);
    erg::detail::require_positive("step_size", l.step_size);
  }

  template <class E>
  void learn(const E&, const StepBatch<T>& batch, Pieces<T>& pieces, StepReport& report) {
    const BlockView<const T> x = batch.negatives;
    const BlockView<T> z = z_.shaped(x.n_chains, this->model_.n_latent());
    this->model_.latents(batch.key.purpose(random::Purpose::start), 0, z);
    for (int i = 0; i < langevin.n_steps; ++i) move_latents(x, batch.key.purpose(random::Purpose::second).stream(i), pieces);
    report.teacher_loss = this->descend_by(batch.key, [&](std::span<T> to, random::Key) {
      std::vector<T> u(static_cast<std::size_t>(x.n_chains)), w(u.size(), static_cast<T>(1.0 / x.n_chains));
      pieces.add(x.n_chains, to, [&](int first, int n, std::span<T> sum) { observe(x, first, n, w, u, sum); });
      double mean = 0.0;
      for (const T v : u) mean += static_cast<double>(v) / x.n_chains;
      return mean;
    });
  }

  LatentLangevin langevin;

 private:
  /// U = -log q(x | z) of rows first .. and what the decoder adds to its gradients by the parameters (times w) and, where it has memory, by z.
  void observe(BlockView<const T> x, int first, int n, std::span<const T> w, std::span<T> u, std::span<T> by_parameters, BlockView<T> by_latents = {}) {
    const auto at = static_cast<std::size_t>(first), m = static_cast<std::size_t>(n);
    this->model_.observation(rows_of(x, first, n), rows_of(BlockView<const T>(z_.view()), first, n), w.subspan(at, m), u.subspan(at, m), by_parameters, by_latents);
  }
  /// Each latent sees the whole gradient of its own point.
  void move_latents(BlockView<const T> x, random::Key key, Pieces<T>& pieces) {
    OwnedBlock<T> gz(z_.n, z_.dim), xi(z_.n, z_.dim);
    std::vector<T> u(static_cast<std::size_t>(z_.n)), w(u.size(), T(1));
    pieces.run(z_.n, [&](int first, int n) { observe(x, first, n, w, u, {}, rows_of(gz.view(), first, n)); });
    fill_normal(xi.view(), key, 0);
    const T h = static_cast<T>(0.5 * langevin.step_size), root = static_cast<T>(std::sqrt(langevin.step_size));
    for (std::size_t i = 0; i < z_.values.size(); ++i) z_.values[i] += root * xi.values[i] - h * (z_.values[i] + gz.values[i]);
  }

  OwnedBlock<T> z_;
};

/// What an exact refit takes for the latents of the negatives.
enum class Refit { inferred, known };

/// A linear Gaussian model refit exactly in every step: by maximum likelihood (variational teaching with a perfect encoder), or by least
/// squares on the latents that made the starts (CoopNets). The limit of the other teachers in which all is known.
///
/// At a rate below 1 the refit is to a share of the new second moment and the rest of the model's own: a model that follows slowly, without
/// which energies that no noise holds together do not come to rest.
/// Requires  0 < rate <= 1
template <class T = double>
class RefitTeacher : public TaughtModel<latent::LinearGaussian<T>> {
 public:
  explicit RefitTeacher(latent::LinearGaussian<T> m, Refit refit = Refit::inferred, double rate = 1.0)
      : TaughtModel<latent::LinearGaussian<T>>(std::move(m)), refit_(refit), rate_(erg::detail::require_positive("rate", rate)) {
    if (rate > 1.0) erg::detail::reject("rate", rate, "is a share, at most 1");
  }

  template <class E>
  void learn(const E&, const StepBatch<T>& batch, Pieces<T>&, StepReport&) {
    latent::LinearGaussian<T>& model = this->model_;
    if (refit_ == Refit::inferred) return model.fit(batch.negatives, rate_);
    OwnedBlock<T> z(batch.negatives.n_chains, model.n_latent());
    model.latents(batch.key.purpose(random::Purpose::start), 0, z.view());
    model.regress(batch.negatives, z.view(), rate_);
  }

 private:
  Refit refit_;
  double rate_;
};

}  // namespace erg::train
