// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/latent/linear_gaussian.hpp"
#include "erg/latent/vae.hpp"
#include "erg/nn/optimizer.hpp"
#include "erg/nn/schedule.hpp"
#include "erg/train/ancestral.hpp"
#include "erg/train/chains.hpp"

/// Teachers of latent-variable models: how the model that starts the chains learns from where they end. Negatives are held fixed: nothing
/// flows back through the chains, the energy or the model that drew the starts.
namespace erg::train {

struct LatentTeacherParams {
  int n_updates = 1;             ///< steps of the model in a step of training
  double learning_rate = 1e-3;   ///< of Adam
  double beta1 = 0.9;            ///< of Adam
  std::int64_t decay_steps = 0;  ///< steps of training over which the rate falls to a twentieth, like cosine; 0: it stays
  double clip = 0.0;             ///< longest gradient; 0: as it is
};

namespace detail {
inline void validate(const LatentTeacherParams& p) {
  erg::detail::require_count("n_updates", p.n_updates, 0);
  erg::detail::require_not_negative("clip", p.clip);
  if (p.decay_steps < 0) erg::detail::reject("decay_steps", static_cast<double>(p.decay_steps), "must be >= 0");
}
/// n_updates steps of Adam on loss(gradient, key of the update); the mean loss.
template <class T, class Model, class F>
double descend(Model& model, nn::Adam<T>& adam, const LatentTeacherParams& p, random::Key key, std::vector<T>& gradient, F&& loss) {
  double mean = 0.0;
  const double rate = p.decay_steps > 0 ? nn::CosineRate(static_cast<long>(p.decay_steps), 0.05)(static_cast<long>(key.step())) : 1.0;
  for (int i = 0; i < p.n_updates; ++i) {
    gradient.assign(static_cast<std::size_t>(model.n_parameters()), T(0));
    const double value = loss(std::span<T>(gradient), key.purpose(random::Purpose::user).stream(i));
    const double norm = p.clip > 0.0 ? nn::clip_norm(std::span<T>(gradient), p.clip) : nn::norm(std::span<const T>(gradient));
    if (!std::isfinite(norm) || !std::isfinite(value)) {
      throw TrainingError("the latent-variable model's loss stopped being finite in step " + std::to_string(key.step()) +
                              " of training (the model has the parameters before) lower its learning_rate or clip",
                          static_cast<std::int64_t>(key.step()));
    }
    model.update([&](std::span<T> theta) { adam.step(theta, std::span<const T>(gradient), rate); });
    mean += value / p.n_updates;
  }
  return mean;
}
template <class Model>
void save_model(const Model& model, io::Writer& w) {
  std::vector<typename Model::Scalar> theta(static_cast<std::size_t>(model.n_parameters()));
  model.copy_parameters(std::span<typename Model::Scalar>(theta));
  w.put_vector(theta);
}
template <class Model>
void load_model(Model& model, io::Reader& r) {
  std::vector<typename Model::Scalar> theta;
  r.get_vector(theta);
  if (static_cast<int>(theta.size()) != model.n_parameters()) r.fail("holds a latent-variable model of another architecture");
  model.restore(theta);
}
}  // namespace detail

/// Variational MCMC teaching: the negatives of this step are the training set of a variational autoencoder, which infers their latents.
///
///   L = E_negatives[E_pi(-log q(x | z)) + beta KL(pi(z | x) | N(0, I))]
///
/// The data are never seen. Where q = p is reached, the kernel leaves the starts where they are in law. With the noise that T steps add
/// below what the decoder blurs, h T < sigma^2, the energy ends up sharpening images and is no density: watch the virial.
/// Source    Xie, Zheng, Li (2021), eqs. (9)-(11) and algorithm 1
template <class Model>
class VariationalTeacher {
 public:
  using T = typename Model::Scalar;

  explicit VariationalTeacher(Model m, LatentTeacherParams p = {}) : params((detail::validate(p), p)), model_(std::move(m)), adam_({.learning_rate = p.learning_rate, .beta1 = p.beta1}) {}

  const Model& model() const { return model_; }
  /// The terms of the last update's loss.
  const latent::ElboTerms& terms() const { return terms_; }

  template <class E>
  void learn(const E&, const StepBatch<T>& batch, Pieces<T>& pieces, StepReport& report) {
    report.teacher_loss = detail::descend<T>(model_, adam_, params, batch.key, gradient_, [&](std::span<T> to, random::Key key) {
      terms_ = model_.add_gradient(batch.negatives, key, to, pieces);
      return terms_.reconstruction + model_.params.beta * terms_.kl;
    });
  }
  template <class E, class Negatives>
  void renew(const E&, Negatives& negatives) {
    negatives.renew(model_.snapshot());
  }
  void save(io::Writer& w) const {
    detail::save_model(model_, w);
    adam_.save(w);
  }
  void load(io::Reader& r) {
    detail::load_model(model_, r);
    adam_.load(r);
  }

  LatentTeacherParams params;

 private:
  Model model_;
  nn::Adam<T> adam_;
  latent::ElboTerms terms_;
  std::vector<T> gradient_;
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
class RegressionTeacher {
 public:
  using T = typename Decoder::Scalar;

  explicit RegressionTeacher(Decoder d, LatentTeacherParams p = {}, LatentLangevin l = {})
      : params((detail::validate(p), p)), langevin(l), model_(std::move(d)), adam_({.learning_rate = p.learning_rate, .beta1 = p.beta1}) {
    erg::detail::require_count("n_steps", l.n_steps, 0);
    erg::detail::require_positive("step_size", l.step_size);
  }

  const Decoder& model() const { return model_; }

  template <class E>
  void learn(const E&, const StepBatch<T>& batch, Pieces<T>& pieces, StepReport& report) {
    const BlockView<const T> x = batch.negatives;
    z_ = OwnedBlock<T>(x.n_chains, model_.n_latent());
    model_.latents(batch.key.purpose(random::Purpose::start), 0, z_.view());
    for (int i = 0; i < langevin.n_steps; ++i) move_latents(x, batch.key.purpose(random::Purpose::second).stream(i), pieces);
    report.teacher_loss = detail::descend<T>(model_, adam_, params, batch.key, gradient_, [&](std::span<T> to, random::Key) {
      std::vector<T> u(static_cast<std::size_t>(x.n_chains)), w(u.size(), static_cast<T>(1.0 / x.n_chains));
      pieces.add(x.n_chains, to, [&](int first, int n, std::span<T> sum) {
        const auto at = static_cast<std::size_t>(first), m = static_cast<std::size_t>(n);
        model_.observation(rows_of(x, first, n), rows_of(BlockView<const T>(z_.view()), first, n),
                           std::span<const T>(w).subspan(at, m), std::span<T>(u).subspan(at, m), sum);
      });
      double mean = 0.0;
      for (const T v : u) mean += static_cast<double>(v) / x.n_chains;
      return mean;
    });
  }
  template <class E, class Negatives>
  void renew(const E&, Negatives& negatives) {
    negatives.renew(model_.snapshot());
  }
  void save(io::Writer& w) const {
    detail::save_model(model_, w);
    adam_.save(w);
  }
  void load(io::Reader& r) {
    detail::load_model(model_, r);
    adam_.load(r);
  }

  LatentTeacherParams params;
  LatentLangevin langevin;

 private:
  /// Each latent sees the whole gradient of its own point.
  void move_latents(BlockView<const T> x, random::Key key, Pieces<T>& pieces) {
    OwnedBlock<T> gz(z_.n, z_.dim), xi(z_.n, z_.dim);
    std::vector<T> u(static_cast<std::size_t>(z_.n)), w(u.size(), T(1));
    pieces.run(z_.n, [&](int first, int n) {
      const auto at = static_cast<std::size_t>(first), m = static_cast<std::size_t>(n);
      model_.observation(rows_of(x, first, n), rows_of(BlockView<const T>(z_.view()), first, n),
                         std::span<const T>(w).subspan(at, m), std::span<T>(u).subspan(at, m), {}, rows_of(gz.view(), first, n));
    });
    fill_normal(xi.view(), key, 0);
    const T h = static_cast<T>(0.5 * langevin.step_size), root = static_cast<T>(std::sqrt(langevin.step_size));
    for (std::size_t i = 0; i < z_.values.size(); ++i) z_.values[i] += root * xi.values[i] - h * (z_.values[i] + gz.values[i]);
  }

  Decoder model_;
  nn::Adam<T> adam_;
  OwnedBlock<T> z_;
  std::vector<T> gradient_;
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
class RefitTeacher {
 public:
  explicit RefitTeacher(latent::LinearGaussian<T> m, Refit refit = Refit::inferred, double rate = 1.0)
      : model_(std::move(m)), refit_(refit), rate_(erg::detail::require_positive("rate", rate)) {
    if (rate > 1.0) erg::detail::reject("rate", rate, "is a share, at most 1");
  }

  const latent::LinearGaussian<T>& model() const { return model_; }
  template <class E>
  void learn(const E&, const StepBatch<T>& batch, Pieces<T>&, StepReport&) {
    if (refit_ == Refit::inferred) return model_.fit(batch.negatives, rate_);
    OwnedBlock<T> z(batch.negatives.n_chains, model_.n_latent());
    model_.latents(batch.key.purpose(random::Purpose::start), 0, z.view());
    model_.regress(batch.negatives, z.view(), rate_);
  }
  template <class E, class Negatives>
  void renew(const E&, Negatives& negatives) {
    negatives.renew(model_.snapshot());
  }
  void save(io::Writer& w) const { detail::save_model(model_, w); }
  void load(io::Reader& r) { detail::load_model(model_, r); }

 private:
  latent::LinearGaussian<T> model_;
  Refit refit_;
  double rate_;
};

}  // namespace erg::train
