// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/run.hpp"
#include "erg/train/concepts.hpp"

/// What says whether a trained energy can be sampled for long: energies, spread and saturation of chains far beyond the steps of training.
namespace erg::train {

/// How much points differ from each other.
struct Diversity {
  double deviation = 0.0;   ///< standard deviation of a coordinate over points, averaged over coordinates
  double distance = 0.0;    ///< mean distance of two points, over up to 8 pairs a point
  double saturated = 0.0;   ///< share of coordinates at the box's walls or beyond
};
/// Of points x, [n, dim]; low and high are the walls of the box.       Cost  O(n dim)
template <class T>
Diversity diversity(BlockView<const T> x, double low = -INFINITY, double high = INFINITY) {
  Diversity r;
  const int n = x.n_chains;
  for (int d = 0; d < x.dim; ++d) {
    double mean = 0.0, square = 0.0;
    for (int c = 0; c < n; ++c) mean += static_cast<double>(x(c, d)) / n;
    for (int c = 0; c < n; ++c) {
      const double v = static_cast<double>(x(c, d));
      square += (v - mean) * (v - mean) / n;
      r.saturated += (v <= low || v >= high) / (static_cast<double>(n) * x.dim);
    }
    r.deviation += std::sqrt(square) / x.dim;
  }
  const int most = std::min(8, n - 1);
  for (int by = 1; by <= most; ++by) {
    const int apart = std::max(1, by * (n / (most + 1)));
    for (int c = 0; c < n; ++c) {
      double square = 0.0;
      for (int d = 0; d < x.dim; ++d) {
        const double v = static_cast<double>(x(c, d)) - static_cast<double>(x((c + apart) % n, d));
        square += v * v;
      }
      r.distance += std::sqrt(square) / (static_cast<double>(n) * most);
    }
  }
  return r;
}

struct HistoryParams {
  std::int64_t every = 10;
  double low = -INFINITY, high = INFINITY;   ///< the box whose walls count as saturation
};
/// One look.
struct HistoryRow {
  std::int64_t step = 0;
  double data_energy = 0.0, model_energy = 0.0, gradient_norm = 0.0;
  double sampler_energy = 0.0, sampler_entropy = 0.0;   ///< of SamplerKl, else NaN
  std::vector<TermReport> terms;
  Diversity negatives;
  double gap() const { return data_energy - model_energy; }
};

/// What a training saw every so many steps, kept to be printed or drawn.
///
///   train::History history(trainer, {.every = 10});
///   trainer.run(2000, history);
///   history.rows()                      gap, KL of the sampler, gradient of each term, how much the negatives differ
/// Cost      every look: O(n dim) for the diversity of the negatives
template <class Trainer>
class History {
 public:
  explicit History(Trainer& trainer, HistoryParams p = {}) : trainer_(&trainer), params_(p) {
    erg::detail::require_positive("every", static_cast<double>(p.every));
  }
  void operator()(const StepReport& r) {
    if (r.step % params_.every != 0) return;
    HistoryRow row{r.step, r.data_energy, r.model_energy, r.gradient_norm, r.sampler_energy, r.sampler_entropy, r.terms, {}};
    if constexpr (requires { trainer_->negatives().positions(); }) row.negatives = diversity(trainer_->negatives().positions(), params_.low, params_.high);
    rows_.push_back(std::move(row));
  }
  const std::vector<HistoryRow>& rows() const { return rows_; }

 private:
  Trainer* trainer_;
  HistoryParams params_;
  std::vector<HistoryRow> rows_;
};

struct LongRunParams {
  std::vector<std::int64_t> at{100, 1000, 10000};   ///< steps after which chains are looked at, ascending
  double low = -INFINITY, high = INFINITY;          ///< the box whose walls count as saturation
  std::uint64_t seed = 1;
};
/// The chains of a long run after some steps.
struct LongRunRow {
  std::int64_t step = 0;
  double energy = 0.0, energy_deviation = 0.0;
  Diversity diversity;
};

/// Chains of a kernel from given points on, looked at on the way: f(row, positions). A trained energy is stable where the last rows are as the
/// first: no drift of the energy, no loss of diversity, no saturation.
/// Errors    std::invalid_argument where params.at does not ascend from 0
template <class T, class Exec, class Kernel, class E, class F>
std::vector<LongRunRow> long_run(const Exec& exec, Kernel kernel, const E& energy, BlockView<const T> start, const LongRunParams& params, F&& f) {
  for (std::size_t i = 0; i < params.at.size(); ++i) {
    const std::int64_t before = i == 0 ? 0 : params.at[i - 1];
    if (params.at[i] >= before) continue;
    throw std::invalid_argument("at has " + std::to_string(params.at[i]) + " after " + std::to_string(before) + " (chains do not go back) give steps that ascend");
  }
  Plan plan;
  plan.n_chains = start.n_chains;
  plan.n_warmup = 0;
  plan.n_draws = std::numeric_limits<int>::max();
  plan.adapt = false;
  plan.seed = params.seed;
  Sampler<T, Exec, Kernel, E> sampler(exec, std::move(kernel), energy, plan);
  Ensemble<T>& chains = sampler.chains();
  for (int d = 0; d < start.dim; ++d) {
    for (std::ptrdiff_t c = 0; c < chains.stride(); ++c) chains.position(d)[c] = start(static_cast<int>(std::min<std::ptrdiff_t>(c, start.n_chains - 1)), d);
  }
  sampler.engine().chains_changed();
  sampler.refresh();
  std::vector<LongRunRow> rows;
  std::int64_t done = 0;
  for (const std::int64_t at : params.at) {
    while (done < at) {
      const auto n = std::min<std::int64_t>(at - done, 1 << 30);
      sampler.sample(static_cast<int>(n), false, [](const auto&) { return Control::proceed; });
      done += n;
    }
    const BlockView<const T> x{chains.position(), start.n_chains, start.dim, chains.stride()};
    std::vector<T> u(static_cast<std::size_t>(start.n_chains));
    batch_value(energy, x, std::span<T>(u));
    LongRunRow row{at, 0.0, 0.0, diversity(x, params.low, params.high)};
    for (const T v : u) row.energy += static_cast<double>(v) / start.n_chains;
    for (const T v : u) row.energy_deviation += (static_cast<double>(v) - row.energy) * (static_cast<double>(v) - row.energy) / start.n_chains;
    row.energy_deviation = std::sqrt(row.energy_deviation);
    rows.push_back(row);
    f(row, x);
  }
  return rows;
}
template <class T, class Exec, class Kernel, class E>
std::vector<LongRunRow> long_run(const Exec& exec, Kernel kernel, const E& energy, BlockView<const T> start, const LongRunParams& params = {}) {
  return long_run<T>(exec, std::move(kernel), energy, start, params, [](const LongRunRow&, BlockView<const T>) {});
}

}  // namespace erg::train
