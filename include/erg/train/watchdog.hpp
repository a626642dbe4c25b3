// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/train/trainer.hpp"

/// Training that diverges, is taken back to its last checkpoint, and goes on more slowly.
namespace erg::train {

/// An optimizer whose learning rate a watchdog can lower, for good: checkpoints keep by how much.
/// Requires  Optimizer: step(theta, gradient, factor), save, load
template <class Optimizer>
class Backoff {
 public:
  explicit Backoff(Optimizer o) : optimizer_(std::move(o)) {}

  template <class T>
  void step(std::span<T> theta, std::span<const T> gradient, double factor = 1.0) {
    optimizer_.step(theta, gradient, factor * factor_);
  }
  /// Multiplies the learning rate by `factor`.          Requires  0 < factor < 1
  void back_off(double factor) {
    erg::detail::require_fraction("factor", erg::detail::require_positive("factor", factor));
    factor_ *= factor;
  }
  /// Of all calls together.
  double factor() const { return factor_; }

  void save(io::Writer& w) const {
    optimizer_.save(w);
    w.put(factor_);
  }
  void load(io::Reader& r) {
    optimizer_.load(r);
    r.get(factor_);
  }

 private:
  Optimizer optimizer_;
  double factor_ = 1.0;
};

struct WatchdogParams {
  double reach = 10.0;           ///< largest size of a coordinate of negatives, in that of the data's largest
  double gap_deviations = 50.0;  ///< how far the gap of the mean energies may be from its running mean, in running deviations
  double memory = 0.99;          ///< in [0, 1): weight of the past in these
  int n_unjudged = 100;          ///< steps before gaps are judged
  double factor = 0.5;           ///< of the learning rate at every return
  int most = 5;                  ///< returns before it gives up
};

/// Watches a training. Where a number stops being finite, negatives leave the data far behind or the energies part suddenly, it goes back to the
/// last checkpoint and on from there at a lower learning rate.
///
///   train::Trainer trainer(energy, data, negatives, objective, train::Backoff(nn::Adam<float>{{.learning_rate = 1e-3}}));
///   train::Watchdog dog;
///   dog.run(trainer, 20000, {.path = "run.ckpt", .every = 500}, [](const train::StepReport&) {});
/// Requires  the trainer's optimizer is a Backoff
/// Ensures   a training without an incident has the bits of one without a watchdog; the lowered rate is part of the checkpoint
/// Errors    TrainingError, as of the last incident, after `most` returns
/// Cost      a look at every negative a step
class Watchdog {
 public:
  explicit Watchdog(WatchdogParams p = {}) : params(p) {
    erg::detail::require_positive("reach", p.reach);
    erg::detail::require_positive("gap_deviations", p.gap_deviations);
    erg::detail::require_fraction("memory", p.memory);
    erg::detail::require_count("n_unjudged", p.n_unjudged, 1);
    erg::detail::require_fraction("factor", erg::detail::require_positive("factor", p.factor));
    erg::detail::require_count("most", p.most, 0);
  }

  /// Up to step n in all; on_step(report) after each may return Control::stop.
  template <class Trainer, class F>
  void run(Trainer& trainer, std::int64_t n, const Checkpoint& checkpoint, F&& on_step) {
    static_assert(requires { trainer.optimizer().back_off(0.5); },
                  "erg: a watchdog lowers the learning rate: give train::Backoff(optimizer) as the trainer's optimizer.");
    returns_.clear();
    double largest = 0.0;
    for (const auto v : trainer.data().values()) largest = std::max(largest, std::fabs(static_cast<double>(v)));
    for (;;) {
      forget();
      try {
        trainer.run(n, checkpoint, [&](const StepReport& report) {
          judge_gap(report);
          if constexpr (requires { trainer.negatives().positions(); }) judge_reach(trainer.negatives().positions(), largest, report.step);
          return erg::detail::control_of(on_step, report);
        });
        return;
      } catch (const TrainingError& e) {
        if (static_cast<int>(returns_.size()) >= params.most) {
          throw TrainingError(std::string(e.what()) + "; it was taken back " + std::to_string(returns_.size()) + " times before", e.step());
        }
        returns_.emplace_back(e.what());
      }
      trainer.load(checkpoint.path);
      trainer.optimizer().back_off(params.factor);
      trainer.save(checkpoint.path);
    }
  }
  /// What the last run was taken back for, in order.
  const std::vector<std::string>& returns() const { return returns_; }

  /// Errors    TrainingError where a coordinate is larger than the data's largest allow
  template <class T>
  void judge_reach(BlockView<const T> negatives, double largest_of_data, std::int64_t step) const {
    for (int d = 0; d < negatives.dim; ++d) {
      for (int c = 0; c < negatives.n_chains; ++c) {
        const double v = static_cast<double>(negatives(c, d));
        if (std::fabs(v) <= params.reach * largest_of_data) continue;
        throw TrainingError("coordinate " + std::to_string(d) + " of negative " + std::to_string(c) + " is " + erg::detail::number_text(v) + " in step " +
                                std::to_string(step) + " (the data's largest is " + erg::detail::number_text(largest_of_data) +
                                ") confine the energy, or give the watchdog a longer reach",
                            step);
      }
    }
  }
  /// Errors    TrainingError where the gap is too far from those before
  void judge_gap(const StepReport& report) {
    const double gap = report.gap();
    if (!std::isfinite(gap)) return;  // without negatives; else the trainer itself has stopped
    const double off = gap - mean_;
    if (n_seen_ >= params.n_unjudged && std::fabs(off) > params.gap_deviations * std::sqrt(variance_)) {
      throw TrainingError("the mean energies of data and negatives are " + erg::detail::number_text(gap) + " apart in step " + std::to_string(report.step) +
                              " (before: " + erg::detail::number_text(mean_) + ", with deviation " + erg::detail::number_text(std::sqrt(variance_)) +
                              ") lower the learning rate, or clip gradients",
                          report.step);
    }
    const double weight = std::max(1.0 - params.memory, 1.0 / ++n_seen_);  // a plain mean at first
    mean_ += weight * off;
    variance_ = (1.0 - weight) * (variance_ + weight * off * off);
  }

  WatchdogParams params;

 private:
  void forget() { mean_ = variance_ = 0.0, n_seen_ = 0; }

  double mean_ = 0.0, variance_ = 0.0;
  int n_seen_ = 0;
  std::vector<std::string> returns_;
};

}  // namespace erg::train
