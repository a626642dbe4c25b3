// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/batch.hpp"

/// Training: one loop, in which a method is a choice of parts.
///
///   initialise negatives -> move them with a kernel -> gradient of the objective -> optimizer -> teach an amortiser -> guards
///
/// What the methods of the literature choose is in docs/train.md.
namespace erg::train {

/// An energy with parameters theta.
///
///   n_parameters()                          their number
///   update(f)                               f(std::span<T> theta) changes them
///   add_parameter_gradient(x, w, to, u)     to += sum_c w_c dU(x_c)/dtheta, and U(x_c) to u where u is not empty
template <class E, class T>
concept Trainable = Energy<E, T> && requires(const E& e, E& m, BlockView<const T> x, std::span<const T> w, std::span<T> to, std::span<T> u) {
  { e.n_parameters() } -> std::convertible_to<int>;
  e.add_parameter_gradient(x, w, to, u);
  m.update([](std::span<T>) {});
};

/// A training that cannot go on, with the place. The parameters are those of the last good step.
class TrainingError : public std::runtime_error {
 public:
  TrainingError(const std::string& what, std::int64_t step) : std::runtime_error(what), step_(step) {}
  std::int64_t step() const { return step_; }

 private:
  std::int64_t step_;
};

}  // namespace erg::train
