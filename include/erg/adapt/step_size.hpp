// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/math/pow.hpp"

#include <cmath>

/// Step-size adaptation as data flow: observe an acceptance probability, get the step size to use next. Its functions are erg's own,
/// not the C library's, whose last bits differ from machine to machine.
namespace erg::adapt {

/// Nesterov's dual averaging on log h.
///
///   H_t = (1 - 1/(t + t0)) H_{t-1} + (target - a_t) / (t + t0);   log h_{t+1} = mu - sqrt(t) / gamma H_t
///   averaged: log hbar_{t+1} = t^-kappa log h_{t+1} + (1 - t^-kappa) log hbar_t,   mu = log(10 h_0)
///
/// gamma = 0.2, t0 = 10, kappa = 0.75. Hoffman and Gelman's gamma = 0.05 is made for the noise of one chain. An acceptance pooled over
/// chains has little, and where it falls off a cliff (a trajectory near the stability limit) the strong gain swings to steps far too
/// small and their average stays there: half the right step after 50 observations of 0.97 / (1 + h^30), where 0.2 is 2 % off.
/// Source    Hoffman, Gelman (2014), The no-U-turn sampler, eqs. (5)-(6) and section 3.2.1
class DualAveraging {
 public:
  DualAveraging(double step_size, double target) : target_(target) { restart(step_size); }

  /// Forgets the past; as after a change of metric.
  void restart(double step_size) {
    mu_ = math::log(10.0 * step_size);
    log_step_ = log_average_ = math::log(step_size);
    error_ = 0.0;
    t_ = 0.0;
  }
  /// Returns the step size for the next step.
  double observe(double accept_prob) {
    t_ += 1.0;
    const double eta = 1.0 / (t_ + 10.0);
    error_ = (1.0 - eta) * error_ + eta * (target_ - accept_prob);
    log_step_ = mu_ - std::sqrt(t_) / gamma * error_;
    const double weight = math::pow(t_, -0.75);
    log_average_ = weight * log_step_ + (1.0 - weight) * log_average_;
    return math::exp(log_step_);
  }
  /// The average of the steps tried: what a run keeps after warm-up.
  double final_step_size() const { return math::exp(log_average_); }

  template <class F>
  void fields(F&& f) {
    f(mu_), f(log_step_), f(log_average_), f(error_), f(t_);
  }

 private:
  static constexpr double gamma = 0.2;
  double target_;
  double mu_ = 0.0, log_step_ = 0.0, log_average_ = 0.0, error_ = 0.0, t_ = 0.0;
};

/// Stochastic approximation: log h_{t+1} = log h_t + t^-0.6 (a_t - target); keeps the last.
///
/// Source    Robbins, Monro (1951), eq. (9); Andrieu, Thoms (2008), section 5.1.1
class RobbinsMonro {
 public:
  RobbinsMonro(double step_size, double target) : target_(target) { restart(step_size); }
  void restart(double step_size) {
    log_step_ = math::log(step_size);
    t_ = 0.0;
  }
  double observe(double accept_prob) {
    t_ += 1.0;
    log_step_ += math::pow(t_, -0.6) * (accept_prob - target_);
    return math::exp(log_step_);
  }
  double final_step_size() const { return math::exp(log_step_); }

  template <class F>
  void fields(F&& f) {
    f(log_step_), f(t_);
  }

 private:
  double target_;
  double log_step_ = 0.0, t_ = 0.0;
};

}  // namespace erg::adapt
