// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/lane/math.hpp"

#include <cmath>
#include <utility>
#include <vector>

/// Schedules of the learning rate: pure functions of the step, so that a resumed training goes on as it would have. Each gives the
/// factor on an optimizer's learning rate at step i = 0, 1, ...
namespace erg::nn {

struct ConstantRate {
  double operator()(long) const { return 1.0; }
};

/// From 1 to `last` along half a cosine over n_steps, then `last`.   Source  Loshchilov, Hutter (2017), eq. (5), without restarts
struct CosineRate {
  long n_steps;
  double last = 0.0;

  explicit CosineRate(long n, double end = 0.0) : n_steps(n), last(erg::detail::require_not_negative("last", end)) {
    erg::detail::require_positive("n_steps", static_cast<double>(n));
  }
  double operator()(long i) const {
    if (i >= n_steps) return last;
    const double x = static_cast<double>(i) / static_cast<double>(n_steps);
    return last + 0.5 * (1.0 - last) * (1.0 + math::cos(3.141592653589793 * x));
  }
};

/// Times `factor` every `every` steps.
struct StepRate {
  long every;
  double factor = 0.1;

  StepRate(long n, double f = 0.1) : every(n), factor(erg::detail::require_positive("factor", f)) {
    erg::detail::require_positive("every", static_cast<double>(n));
  }
  double operator()(long i) const { return std::pow(factor, static_cast<double>(i / every)); }
};

/// Times `factor` at each of the milestones, steps in increasing order.
struct MilestoneRate {
  std::vector<long> milestones;
  double factor = 0.3;

  double operator()(long i) const {
    double rate = 1.0;
    for (const long m : milestones) rate *= i >= m ? factor : 1.0;
    return rate;
  }
};

/// Grows from 1 / n_warmup to 1 over the first n_warmup steps, then follows another schedule, which starts there.
template <class Then = ConstantRate>
struct WarmUpRate {
  long n_warmup;
  Then then{};

  explicit WarmUpRate(long n, Then t = {}) : n_warmup(n), then(std::move(t)) { erg::detail::require_not_negative("n_warmup", static_cast<double>(n)); }
  double operator()(long i) const {
    return i < n_warmup ? static_cast<double>(i + 1) / static_cast<double>(n_warmup) : then(i - n_warmup);
  }
};

}  // namespace erg::nn
