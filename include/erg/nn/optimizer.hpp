// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// Optimizers over flat spans. All of what they remember is saved and loaded, so that a training goes on bit for bit.
///
///   adam.step(theta, gradient);          adam.step(theta, gradient, schedule(i));      // the learning rate times a factor
namespace erg::nn {

namespace detail {
inline void require_same_size(std::size_t theta, std::size_t gradient) {
  if (theta == gradient) return;
  throw std::invalid_argument("a gradient of " + std::to_string(gradient) + " numbers (there are " + std::to_string(theta) +
                              " parameters) give one for each");
}
}  // namespace detail

struct SgdParams {
  double learning_rate = 1e-2;
  double momentum = 0.0;      ///< in [0, 1)
  double weight_decay = 0.0;  ///< added to the gradient times theta
  bool nesterov = false;
};

/// Gradient descent with momentum, in PyTorch's form.
///
///   g <- g + weight_decay theta;  b <- momentum b + g (b = g at first);  theta <- theta - rate b
///   nesterov: theta <- theta - rate (g + momentum b)
/// Requires  learning_rate finite and > 0, momentum in [0, 1), weight_decay >= 0
/// Source    Sutskever, Martens, Dahl, Hinton (2013), section 2, with the learning rate outside b
template <class T = float>
class Sgd {
 public:
  explicit Sgd(SgdParams p = {}) : params(p) {
    erg::detail::require_positive("learning_rate", p.learning_rate);
    erg::detail::require_fraction("momentum", p.momentum);
    erg::detail::require_not_negative("weight_decay", p.weight_decay);
  }
  void step(std::span<T> theta, std::span<const T> gradient, double factor = 1.0) {
    detail::require_same_size(theta.size(), gradient.size());
    const bool first = velocity_.empty();
    if (first) velocity_.resize(theta.size());
    const T rate = static_cast<T>(params.learning_rate * factor), mu = static_cast<T>(params.momentum), decay = static_cast<T>(params.weight_decay);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const T g = gradient[i] + decay * theta[i];
      velocity_[i] = first ? g : mu * velocity_[i] + g;
      theta[i] -= rate * (params.nesterov ? g + mu * velocity_[i] : velocity_[i]);
    }
  }
  template <class Writer>
  void save(Writer& w) const {
    w.put_vector(velocity_);
  }
  template <class Reader>
  void load(Reader& r) {
    r.get_vector(velocity_);
  }

  SgdParams params;

 private:
  std::vector<T> velocity_;
};

struct AdamParams {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< in [0, 1)
  double epsilon = 1e-8;
  double weight_decay = 0.0;          ///< Adam: added to the gradient times theta; AdamW: theta shrinks by rate * weight_decay
};

/// Adam, in PyTorch's form.
///
///   m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2
///   theta <- theta - rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
/// Requires  learning_rate, epsilon > 0, betas in [0, 1), weight_decay >= 0
/// Source    Kingma, Ba (2015), algorithm 1; decoupled: Loshchilov, Hutter (2019), algorithm 2 (AdamW)
template <class T = float, bool decoupled = false>
class AdamOf {
 public:
  explicit AdamOf(AdamParams p = {}) : params(p) {
    erg::detail::require_positive("learning_rate", p.learning_rate);
    erg::detail::require_fraction("beta1", p.beta1);
    erg::detail::require_fraction("beta2", p.beta2);
    erg::detail::require_positive("epsilon", p.epsilon);
    erg::detail::require_not_negative("weight_decay", p.weight_decay);
  }
  void step(std::span<T> theta, std::span<const T> gradient, double factor = 1.0) {
    detail::require_same_size(theta.size(), gradient.size());
    first_.resize(theta.size());
    second_.resize(theta.size());
    ++t_;
    const double rate = params.learning_rate * factor, t = static_cast<double>(t_);
    const T b1 = static_cast<T>(params.beta1), b2 = static_cast<T>(params.beta2), c1 = static_cast<T>(1.0 - params.beta1);
    const T c2 = static_cast<T>(1.0 - params.beta2), epsilon = static_cast<T>(params.epsilon);
    const T size = static_cast<T>(rate / (1.0 - std::pow(params.beta1, t)));
    const T root = static_cast<T>(1.0 / std::sqrt(1.0 - std::pow(params.beta2, t)));
    const T decay = static_cast<T>(decoupled ? 0.0 : params.weight_decay), shrink = static_cast<T>(decoupled ? 1.0 - rate * params.weight_decay : 1.0);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const T g = gradient[i] + decay * theta[i];
      first_[i] = b1 * first_[i] + c1 * g;
      second_[i] = b2 * second_[i] + c2 * g * g;
      theta[i] = shrink * theta[i] - size * first_[i] / (std::sqrt(second_[i]) * root + epsilon);
    }
  }
  std::uint64_t n_steps() const { return t_; }
  template <class Writer>
  void save(Writer& w) const {
    w.put(t_);
    w.put_vector(first_);
    w.put_vector(second_);
  }
  template <class Reader>
  void load(Reader& r) {
    r.get(t_);
    r.get_vector(first_);
    r.get_vector(second_);
  }

  AdamParams params;

 private:
  std::vector<T> first_, second_;
  std::uint64_t t_ = 0;
};
template <class T = float>
using Adam = AdamOf<T, false>;
template <class T = float>
using AdamW = AdamOf<T, true>;

/// A running average of parameters, a <- decay a + (1 - decay) theta, from a copy of the first on.
template <class T = float>
class Ema {
 public:
  explicit Ema(double decay = 0.999) : decay_(erg::detail::require_fraction("decay", decay)) {}
  void update(std::span<const T> theta) {
    if (average_.empty()) {
      average_.assign(theta.begin(), theta.end());
      return;
    }
    detail::require_same_size(average_.size(), theta.size());
    const T keep = static_cast<T>(decay_), take = static_cast<T>(1.0 - decay_);
    for (std::size_t i = 0; i < theta.size(); ++i) average_[i] = keep * average_[i] + take * theta[i];
  }
  std::span<const T> average() const { return average_; }
  template <class Writer>
  void save(Writer& w) const {
    w.put_vector(average_);
  }
  template <class Reader>
  void load(Reader& r) {
    r.get_vector(average_);
  }

 private:
  double decay_;
  std::vector<T> average_;
};

/// sum_i a_i b_i in double: sixteen sums of every sixteenth product, whatever the lanes, so that they need not wait for each other.
template <class T>
double inner_product(std::span<const T> a, std::span<const T> b) {
  constexpr std::size_t n_sums = 16;
  double sums[n_sums] = {};
  std::size_t i = 0;
  for (; i + n_sums <= a.size(); i += n_sums) {
    for (std::size_t j = 0; j < n_sums; ++j) sums[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
  }
  for (std::size_t j = 0; i < a.size(); ++i, ++j) sums[j] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  double sum = 0.0;
  for (const double s : sums) sum += s;
  return sum;
}
/// Euclidean norm.
template <class T>
double norm(std::span<const T> v) {
  return std::sqrt(inner_product(v, v));
}
/// Scales a gradient to norm `most` where it is longer; returns the norm it had (not finite: left as it is, for the caller to stop).
template <class T>
double clip_norm(std::span<T> gradient, double most) {
  erg::detail::require_positive("most", most);
  const double n = norm(std::span<const T>(gradient));
  if (std::isfinite(n) && n > most) {
    const T factor = static_cast<T>(most / n);
    for (T& g : gradient) g *= factor;
  }
  return n;
}
/// Clamps each component to [-most, most]. NaN stays.
template <class T>
void clip_value(std::span<T> gradient, double most) {
  erg::detail::require_positive("most", most);
  const T bound = static_cast<T>(most);
  for (T& g : gradient) g = g > bound ? bound : g < -bound ? -bound : g;
}

}  // namespace erg::nn
