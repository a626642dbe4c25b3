// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/loss.hpp"
#include "erg/nn/optimizer.hpp"
#include "erg/nn/schedule.hpp"
#include "erg/random/shuffle.hpp"
#include "erg/run/control.hpp"

#include <limits>

namespace erg::flow {

struct FitParams {
  long n_steps = 2000;
  int batch = 256;              ///< points a step
  double learning_rate = 1e-3;  ///< Adam's, falling along half a cosine to last_rate of it
  double last_rate = 0.01;
  double clip = 1.0;            ///< longest gradient of the mean; 0: as it is
  double held_out = 0.1;        ///< share of the points kept aside to choose the parameters by, in [0, 1)
  int every = 100;              ///< steps from one look at the held-out points to the next
  int patience = 0;             ///< looks without a better one before training stops; 0: never
  bool observe = true;          ///< sets whitening and activation normalisation from the points first
  std::uint64_t seed = 0;
  int n_threads = 1;            ///< the same result for any number
};

/// What a look at the held-out points saw.
struct FitProgress {
  long step = 0;
  double train_nll = 0.0;      ///< mean of -log p over the batches since the last look
  double held_out_nll = 0.0;   ///< NaN where nothing is held out
  double gradient_norm = 0.0;  ///< of the last step, before clipping
};

struct FitReport {
  long n_steps = 0;
  long best_step = 0;          ///< whose parameters the flow has now
  double train_nll = 0.0;      ///< since the last look
  double held_out_nll = 0.0;   ///< at best_step; biased a little towards good, as it chose the step
  bool stopped_early = false;
};

namespace detail {

template <class T>
void require_finite_points(BlockView<const T> x) {
  for (int c = 0; c < x.n_chains; ++c) {
    for (int d = 0; d < x.dim; ++d) {
      if (std::isfinite(x(c, d))) continue;
      throw std::invalid_argument("coordinate " + std::to_string(d) + " of point " + std::to_string(c) + " = " +
                                  erg::detail::number_text(static_cast<double>(x(c, d))) +
                                  " (data must be finite) leave the point out or fill the gap");
    }
  }
}
inline void require_fit(const FitParams& p, int n, int dim, int flow_dim) {
  if (dim != flow_dim) {
    throw std::invalid_argument("points of " + std::to_string(dim) + " coordinates (the flow has dim = " + std::to_string(flow_dim) +
                                ") give points of that space");
  }
  erg::detail::require_positive("n_steps", static_cast<double>(p.n_steps));
  erg::detail::require_count("batch", p.batch);
  erg::detail::require_not_negative("clip", p.clip);
  erg::detail::require_fraction("held_out", p.held_out);
  erg::detail::require_count("every", p.every);
  erg::detail::require_count("patience", p.patience, 0);
  erg::detail::require_count("n_threads", p.n_threads);
  erg::detail::require_count("the number of points", n, 2);
}

}  // namespace detail

/// Maximum likelihood: changes the flow's parameters to lower the mean of -log p over points of the data side.
///
///   const auto report = flow::fit(flow, points, {.n_steps = 3000}, [](const flow::FitProgress& p) { ... });
///
/// The flow ends with the parameters that were best on the held-out points (without held-out points, the last), at which that number was
/// measured. progress may return Control::stop.
/// Shapes    x: [point, dim]
/// Errors    std::invalid_argument: NaN or infinity among the points, with its place; other settings than allowed. std::runtime_error: the
///           likelihood or its gradient stopped being finite; the flow then has its last good parameters
/// Random    batches are permutations of the points, epoch after epoch, at the seed's address
/// Cost      a step: three passes of a batch
template <class F, class Progress>
FitReport fit(F& flow, BlockView<const typename F::Scalar> x, FitParams p, Progress&& progress) {
  using T = typename F::Scalar;
  const int n = x.n_chains, dim = x.dim;
  detail::require_fit(p, n, dim, flow.dim());
  detail::require_finite_points(x);
  const random::Key key = random::Key(p.seed).purpose(random::Purpose::data);
  std::vector<int> order(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
  if (p.held_out > 0.0) random::shuffle(order, key);
  const int n_held = p.held_out > 0.0 ? std::max(1, static_cast<int>(p.held_out * n)) : 0, n_train = n - n_held;
  const int size = std::min(p.batch, n_train);
  const auto take = [&](std::span<const int> which, std::vector<T>& to) {
    to.resize(which.size() * static_cast<std::size_t>(dim));
    const int m = static_cast<int>(which.size());
    for (int d = 0; d < dim; ++d) {
      for (int c = 0; c < m; ++c) to[static_cast<std::size_t>(d) * which.size() + static_cast<std::size_t>(c)] = x(which[static_cast<std::size_t>(c)], d);
    }
    return BlockView<const T>{to.data(), m, dim, m};
  };
  std::vector<T> held_values, batch_values;
  const auto held = take(std::span<const int>(order).first(static_cast<std::size_t>(n_held)), held_values);
  std::span<int> train = std::span<int>(order).subspan(static_cast<std::size_t>(n_held));
  if (p.observe) flow.observe(take(train, batch_values));

  Pieces<T> pieces(p.n_threads);
  nn::Adam<T> adam({.learning_rate = p.learning_rate});
  const nn::CosineRate rate(p.n_steps, p.last_rate);
  std::vector<T> gradient(static_cast<std::size_t>(flow.n_parameters())), best, good;
  const auto keep = [&](std::vector<T>& to) { to.assign(flow.parameters().flat().begin(), flow.parameters().flat().end()); };
  const auto fail = [&](const char* what, long step) {
    if (!good.empty()) flow.restore(good);
    throw std::runtime_error(std::string(what) + " stopped being finite in step " + std::to_string(step) +
                             " (the flow has its last good parameters) lower learning_rate or clip, or look for outliers in the data");
  };
  FitReport report;
  report.held_out_nll = n_held > 0 ? mean_nll(flow, held, pieces) : std::numeric_limits<double>::quiet_NaN();
  if (n_held > 0 && !std::isfinite(report.held_out_nll)) fail("the likelihood of the held-out points", 0);
  keep(best);
  double sum = 0.0;
  int since = 0, looks = 0;
  for (long step = 0; step < p.n_steps; ++step) {
    std::vector<int> which(static_cast<std::size_t>(size));
    for (int c = 0; c < size; ++c) {
      const long at = step * size + c;
      if (at % n_train == 0) random::shuffle(train, key.at(static_cast<std::uint64_t>(at / n_train) + 1));
      which[static_cast<std::size_t>(c)] = train[static_cast<std::size_t>(at % n_train)];
    }
    std::fill(gradient.begin(), gradient.end(), T(0));
    const double nll = forward_kl(flow, take(which, batch_values), {}, gradient, pieces);
    if (!std::isfinite(nll)) fail("the likelihood", step);
    const double norm = p.clip > 0.0 ? nn::clip_norm(std::span<T>(gradient), p.clip) : nn::norm(std::span<const T>(gradient));
    if (!std::isfinite(norm)) fail("the gradient", step);
    keep(good);  // only now are they known to be good
    flow.update([&](std::span<T> theta) { adam.step(theta, gradient, rate(step)); });
    sum += nll;
    ++since;
    report.n_steps = step + 1;
    if ((step + 1) % p.every != 0 && step + 1 != p.n_steps) continue;
    FitProgress now{step + 1, sum / since, n_held > 0 ? mean_nll(flow, held, pieces) : std::numeric_limits<double>::quiet_NaN(), norm};
    report.train_nll = now.train_nll;
    sum = 0.0;
    since = 0;
    if (n_held > 0) {
      if (!std::isfinite(now.held_out_nll)) fail("the likelihood of the held-out points", step);
      ++looks;
      if (now.held_out_nll < report.held_out_nll) {
        report.held_out_nll = now.held_out_nll;
        report.best_step = step + 1;
        keep(best);
        looks = 0;
      }
    }
    const bool tired = p.patience > 0 && looks >= p.patience;
    if (erg::detail::control_of(progress, now) == Control::stop || tired) {
      report.stopped_early = step + 1 < p.n_steps;
      break;
    }
  }
  if (n_held > 0) {
    flow.restore(best);
  } else {
    report.best_step = report.n_steps;
  }
  return report;
}
template <class F>
FitReport fit(F& flow, BlockView<const typename F::Scalar> x, FitParams p = {}) {
  return fit(flow, x, p, [](const FitProgress&) {});
}

}  // namespace erg::flow
