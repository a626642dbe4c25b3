// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"
#include "erg/nn/optimizer.hpp"
#include "erg/random/key.hpp"
#include "erg/train/concepts.hpp"

/// What teachers that hold a model have in common: the model follows the energy, chains get its snapshots, checkpoints its parameters.
namespace erg::train {

/// A model that a teacher teaches.
/// Requires  n_parameters(), restore(theta), copy_parameters(to) or parameters().flat(), snapshot(); where it has a version(), that is kept too
template <class Model>
class TaughtModel {
 public:
  using T = typename Model::Scalar;

  const Model& model() const { return model_; }
  template <class E, class Negatives>
  void renew(const E&, Negatives& negatives) {
    negatives.renew(model_.snapshot());
  }
  void save(io::Writer& w) const {
    std::vector<T> theta(static_cast<std::size_t>(model_.n_parameters()));
    erg::detail::copy_parameters<T>(model_, std::span<T>(theta));
    w.put_vector(theta);
    if constexpr (has_version) w.put(model_.version());
  }
  void load(io::Reader& r) {
    std::vector<T> theta;
    r.get_vector(theta);
    if (static_cast<int>(theta.size()) != model_.n_parameters()) r.fail("holds a model of another architecture to be taught");
    if constexpr (has_version) {
      model_.restore(theta, r.template get<std::uint64_t>());
    } else {
      model_.restore(theta);
    }
  }

 protected:
  explicit TaughtModel(Model m) : model_(std::move(m)) {}

  Model model_;

 private:
  static constexpr bool has_version = requires(const Model& m) { m.version(); };
};

/// The same, taught by steps of Adam.
template <class Model>
class DescendingModel : public TaughtModel<Model> {
 public:
  using T = typename Model::Scalar;

  void save(io::Writer& w) const {
    TaughtModel<Model>::save(w);
    adam_.save(w);
  }
  void load(io::Reader& r) {
    TaughtModel<Model>::load(r);
    adam_.load(r);
  }

 protected:
  /// `noun`: what messages call it.
  DescendingModel(Model m, const char* noun, nn::AdamParams p) : TaughtModel<Model>(std::move(m)), noun_(noun), adam_(p) {}

  /// One step on loss(gradient), which adds to the gradient; returns the loss. A gradient longer than clip is shortened (0: none is), the
  /// learning rate is multiplied by rate.
  /// Errors    TrainingError where loss or gradient are not finite; the model is then as it was
  template <class F>
  double descend(random::Key key, double clip, double rate, F&& loss) {
    gradient_.assign(static_cast<std::size_t>(this->model_.n_parameters()), T(0));
    const double value = loss(std::span<T>(gradient_));
    gradient_norm_ = clip > 0.0 ? nn::clip_norm(std::span<T>(gradient_), clip) : nn::norm(std::span<const T>(gradient_));
    if (!std::isfinite(gradient_norm_) || !std::isfinite(value)) {
      throw TrainingError("the loss of the " + std::string(noun_) + " stopped being finite in step " + std::to_string(key.step()) +
                              " of training (it has the parameters before) lower its learning_rate, clip its gradients, or confine the energy",
                          static_cast<std::int64_t>(key.step()));
    }
    this->model_.update([&](std::span<T> theta) { adam_.step(theta, std::span<const T>(gradient_), rate); });
    return value;
  }
  /// Of the last step, before it was clipped.
  double gradient_norm() const { return gradient_norm_; }

 private:
  const char* noun_;
  nn::Adam<T> adam_;
  std::vector<T> gradient_;
  double gradient_norm_ = 0.0;
};

}  // namespace erg::train
