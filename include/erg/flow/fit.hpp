// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/loss.hpp"
#include "erg/nn/optimizer.hpp"
#include "erg/nn/schedule.hpp"
#include "erg/random/shuffle.hpp"
#include "erg/run/control.hpp"
#include "erg/tile/owned_block.hpp"

#include <limits>
#include <numeric>

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

/// Points in random order: a share of them held out, the others in batches, reordered for every epoch.
template <class T>
class Portions {
 public:
  Portions(BlockView<const T> x, const FitParams& p) : x_(x), key_(random::Key(p.seed).purpose(random::Purpose::data)), order_(static_cast<std::size_t>(x.n_chains)) {
    std::iota(order_.begin(), order_.end(), 0);
    if (p.held_out > 0.0) {
      random::shuffle(order_, key_);
      n_held_ = std::max(1, static_cast<int>(p.held_out * x.n_chains));
    }
    take(std::span<const int>(order_).first(static_cast<std::size_t>(n_held_)), held_);
    which_.resize(static_cast<std::size_t>(std::min(p.batch, x.n_chains - n_held_)));
  }
  bool holds_out() const { return n_held_ > 0; }
  BlockView<const T> held_out() const { return held_; }
  /// Valid until the next batch.
  BlockView<const T> others() { return take(reordered(), batch_); }
  BlockView<const T> batch(long step) {
    const std::span<int> train = reordered();
    const auto size = static_cast<long>(which_.size()), n_train = static_cast<long>(train.size());
    for (long c = 0; c < size; ++c) {
      const long at = step * size + c;
      if (at % n_train == 0) random::shuffle(train, key_.at(static_cast<std::uint64_t>(at / n_train) + 1));
      which_[static_cast<std::size_t>(c)] = train[static_cast<std::size_t>(at % n_train)];
    }
    return take(which_, batch_);
  }

 private:
  std::span<int> reordered() { return std::span<int>(order_).subspan(static_cast<std::size_t>(n_held_)); }
  BlockView<const T> take(std::span<const int> which, OwnedBlock<T>& to) const {
    const BlockView<T> v = to.shaped(static_cast<int>(which.size()), x_.dim);
    for (int d = 0; d < v.dim; ++d) {
      for (int c = 0; c < v.n_chains; ++c) v(c, d) = x_(which[static_cast<std::size_t>(c)], d);
    }
    return v;
  }

  BlockView<const T> x_;
  random::Key key_;
  std::vector<int> order_, which_;
  int n_held_ = 0;
  OwnedBlock<T> held_, batch_;
};

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
  detail::require_fit(p, x.n_chains, x.dim, flow.dim());
  detail::require_finite_points(x);
  detail::Portions<T> points(x, p);
  if (p.observe) flow.observe(points.others());

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
  const auto held_out_nll = [&](long step) {
    if (!points.holds_out()) return std::numeric_limits<double>::quiet_NaN();
    const double nll = mean_nll(flow, points.held_out(), pieces);
    if (!std::isfinite(nll)) fail("the likelihood of the held-out points", step);
    return nll;
  };
  report.held_out_nll = held_out_nll(0);
  keep(best);
  double sum = 0.0;
  int since = 0, looks = 0;
  for (long step = 0; step < p.n_steps; ++step) {
    std::fill(gradient.begin(), gradient.end(), T(0));
    const double nll = forward_kl(flow, points.batch(step), {}, gradient, pieces);
    if (!std::isfinite(nll)) fail("the likelihood", step);
    const double norm = p.clip > 0.0 ? nn::clip_norm(std::span<T>(gradient), p.clip) : nn::norm(std::span<const T>(gradient));
    if (!std::isfinite(norm)) fail("the gradient", step);
    keep(good);  // only now are they known to be good
    flow.update([&](std::span<T> theta) { adam.step(theta, gradient, rate(step)); });
    sum += nll;
    ++since;
    report.n_steps = step + 1;
    if ((step + 1) % p.every != 0 && step + 1 != p.n_steps) continue;
    const FitProgress now{step + 1, sum / since, held_out_nll(step), norm};
    report.train_nll = now.train_nll;
    sum = 0.0;
    since = 0;
    ++looks;
    if (now.held_out_nll < report.held_out_nll) {
      report.held_out_nll = now.held_out_nll;
      report.best_step = step + 1;
      keep(best);
      looks = 0;
    }
    const bool tired = points.holds_out() && p.patience > 0 && looks >= p.patience;
    if (erg::detail::control_of(progress, now) == Control::stop || tired) {
      report.stopped_early = step + 1 < p.n_steps;
      break;
    }
  }
  if (points.holds_out()) {
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
