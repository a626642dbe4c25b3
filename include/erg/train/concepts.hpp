// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/batch.hpp"
#include "erg/io/archive.hpp"
#include "erg/kernel/noisy_descent.hpp"
#include "erg/random/key.hpp"

#include <concepts>
#include <limits>

/// Training: one loop, in which a method is a choice of parts.
///
///   negatives -> gradient of the objective -> optimizer -> the teacher of an amortiser -> guards
///
/// What the methods of the literature choose is in docs/train.md.
namespace erg::train {

/// An energy with parameters theta.
///
///   n_parameters()                          their number
///   update(f)                               f(std::span<T> theta) changes them
///   restore(theta)                          puts them as saved
///   parameters().flat() or copy_parameters(to)   all of them, as restore takes them
///   add_parameter_gradient(x, w, to, u)     to += sum_c w_c dU(x_c)/dtheta, and U(x_c) to u where u is not empty
template <class E, class T>
concept Trainable = Energy<E, T> && requires(const E& e, E& m, BlockView<const T> x, std::span<const T> w, std::span<T> to, std::span<T> u) {
  { e.n_parameters() } -> std::convertible_to<int>;
  e.add_parameter_gradient(x, w, to, u);
  m.update([](std::span<T>) {});
  m.restore(w);
} && (requires(const E& e) { e.parameters().flat(); } || requires(const E& e, std::span<T> to) { e.copy_parameters(to); });

/// A training that cannot go on. The parameters are those of the last good step, as is the last checkpoint.
class TrainingError : public std::runtime_error {
 public:
  TrainingError(const std::string& what, std::int64_t step) : std::runtime_error(what), step_(step) {}
  std::int64_t step() const { return step_; }

 private:
  std::int64_t step_;
};

/// What one term of an objective added to the gradient.
struct TermReport {
  std::string name;
  double gradient_norm = 0.0;
  double cosine = 1.0;          ///< of the angle between its gradient and the first term's
};

/// What the kernel made of the starts in one step: see Watched (train/revision.hpp), which fills it.
struct Revision {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  double start_energy = nan;   ///< E U at the starts; less that of the negatives: what the kernel still gains
  double rms = nan;            ///< sqrt(E |negative - start|^2 / dim),
  double drift = nan;          ///< its part along gradients, and
  double noise = nan;          ///< its part of noise: of kernels whose noise is known from its address (Ula)
  double start_force = nan;    ///< E |dU/dx| at the starts,
  double force = nan;          ///< and at the negatives
  std::vector<double> forces;  ///< the same before each step of the kernel and after the last, where Watched is asked for it
  double virial = nan;         ///< E[x . dU/dx] / dim over the negatives: 1 where they follow exp(-U)
  double data_virial = nan;    ///< and over the data: 1 where U is the data's energy
  double square_force = nan;   ///< E |dU/dx|^2 at the negatives, and
  double laplacian = nan;      ///< E[tr d^2U/dx^2] there, equal where they follow exp(-U)
  double base_gap = nan;       ///< of a sum or tilt: what its first part, the reference, has of the gap; the network has the rest
};

/// What one step of training saw. Means over chains or points.
struct StepReport {
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  std::int64_t step = 0;        ///< 0, 1, ...
  double data_energy = nan;     ///< U over the data batch
  double model_energy = nan;    ///< U over the negatives
  double objective = nan;       ///< where it can be evaluated: score matching's
  double gradient_norm = nan;   ///< before clipping
  double penalty = nan;         ///< on the slope of the energy, where the objective has one
  double cross_entropy = nan;   ///< of the labels, where the objective has them
  double teacher_loss = nan;    ///< what the amortiser learns by
  std::vector<double> accept;   ///< of the kernel's parts, over this step; NaN where a part did not move
  double accept_global = nan;   ///< of the parts that hold a proposal
  int n_catch_up = 0;           ///< rounds in which only the amortiser learnt, before this step
  std::vector<TermReport> terms;      ///< of an objective of several terms
  double sampler_energy = nan;        ///< E_q[U] of the sampler's law q, and
  double sampler_entropy = nan;       ///< an estimate of its entropy: KL(q || model) is their difference plus log Z
  int n_floored = 0;                  ///< negatives too close to another for their distance to count
  Revision revision{};          ///< of Watched objectives

  /// What training closes.
  double gap() const { return data_energy - model_energy; }
};

/// The last steps of the chains, for objectives that look through them: noise is a function of the keys.
template <class T>
struct Trail {
  std::span<const BlockView<const T>> before{};   ///< [step]: positions before it, [chain, dim]
  std::span<const random::Key> keys{};            ///< [step]
  LangevinLaw law{};
  int n() const { return static_cast<int>(before.size()); }
};

/// What all parts of a step may look at.
template <class T>
struct StepBatch {
  BlockView<const T> data;        ///< [batch, dim]
  BlockView<const T> negatives;   ///< [chain, dim]; without memory where there are none
  random::Key key;                ///< at the step
  Trail<T> trail{};               ///< as many steps as the objective asks for
  BlockView<const T> references{};   ///< other points of the sampler's law, from a replay buffer before it took the negatives back
  BlockView<const T> starts{};    ///< [chain, dim]: the negatives before the kernel moved them
  BlockView<const T> noise{};     ///< [chain, dim]: what the kernel's noise added to each, where an objective asks for it and it is known
  std::span<const BlockView<const T>> path{};   ///< [step]: positions before each step of the kernel, where an objective asks for them
};

}  // namespace erg::train
