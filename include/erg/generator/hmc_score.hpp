// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/adapt/step_size.hpp"
#include "erg/generator/importance_score.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/random/uniform.hpp"

#include <optional>

namespace erg::generator {

/// Which force moves the chains. The Metropolis decision is the posterior's in both.
enum class Force {
  full,        ///< the posterior's
  prior_only   ///< -z alone, as in two released programs, which leave g out of the gradient: a random walk in all but name
};

/// The posterior of the latents of a block of draws, one row of x for each chain of the block.
///
///   U(z) = |z|^2 / 2 + |x - g(z)|^2 / (2 sigma^2)
///
/// Shapes    x: [chain, dim], z: [chain, n_latent]; chains beyond the rows of x (padding of a block) have the prior
template <class G>
class PosteriorEnergy {
 public:
  using T = typename G::Scalar;

  PosteriorEnergy(const G& g, BlockView<const T> x, Force force = Force::full) : generator_(&g), x_(x), force_(force) {}

  int dim() const { return generator_->n_latent(); }
  void value(BlockView<const T> z, std::span<T> u) const {
    static thread_local OwnedBlock<T> images;
    static thread_local std::vector<double> distance;
    const int n = std::min(z.n_chains, x_.n_chains);
    const auto image = images.shaped(n, generator_->dim());
    distance.resize(static_cast<std::size_t>(n));
    generator_->mean(rows_of(z, 0, n), image);
    detail::squared_distance<T>(rows_of(x_, 0, n), image, distance);
    finish(z, distance, u);
  }
  void gradient(BlockView<const T> z, BlockView<T> g) const {
    if (force_ == Force::prior_only) {
      copy(z, g);
    } else {
      follow(z, g, {});
    }
  }
  void value_and_gradient(BlockView<const T> z, std::span<T> u, BlockView<T> g) const {
    if (force_ == Force::prior_only) {
      value(z, u);
      copy(z, g);
      return;
    }
    static thread_local std::vector<double> distance;
    distance.resize(static_cast<std::size_t>(std::min(z.n_chains, x_.n_chains)));
    follow(z, g, distance);
    finish(z, distance, u);
  }

 private:
  static void copy(BlockView<const T> from, BlockView<T> to) {
    for (int d = 0; d < from.dim; ++d) std::copy_n(from.column(d), from.n_chains, to.column(d));
  }
  /// dU/dz, and |x - g(z)|^2 where there is memory for it.
  void follow(BlockView<const T> z, BlockView<T> g, std::span<double> distance) const {
    const int rows = std::min(z.n_chains, x_.n_chains);
    const T precision = static_cast<T>(1.0 / (generator_->noise() * generator_->noise()));
    generator_->pull_back(
        rows_of(z, 0, rows),
        [&](BlockView<const T> mean, BlockView<T> seed, int first) {
          for (int d = 0; d < mean.dim; ++d) {
            const T* at = x_.column(d) + first;
            for (int c = 0; c < mean.n_chains; ++c) seed(c, d) = precision * (mean(c, d) - at[c]);
          }
          if (!distance.empty()) {
            detail::squared_distance<T>(rows_of(x_, first, mean.n_chains), mean,
                                        distance.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(mean.n_chains)));
          }
        },
        rows_of(g, 0, rows));
    for (int d = 0; d < z.dim; ++d) {
      for (int c = 0; c < rows; ++c) g(c, d) += z(c, d);
      for (int c = rows; c < z.n_chains; ++c) g(c, d) = z(c, d);
    }
  }
  void finish(BlockView<const T> z, std::span<const double> distance, std::span<T> u) const {
    static thread_local std::vector<double> sum;
    sum.assign(static_cast<std::size_t>(z.n_chains), 0.0);
    for (int d = 0; d < z.dim; ++d) {
      for (int c = 0; c < z.n_chains; ++c) sum[static_cast<std::size_t>(c)] += 0.5 * static_cast<double>(z(c, d)) * static_cast<double>(z(c, d));
    }
    const double half_precision = 0.5 / (generator_->noise() * generator_->noise());
    for (std::size_t c = 0; c < distance.size(); ++c) sum[c] += half_precision * distance[c];
    for (std::size_t c = 0; c < sum.size(); ++c) u[c] = static_cast<T>(sum[c]);
  }

  const G* generator_;
  BlockView<const T> x_;
  Force force_;
};

struct HmcScoreParams {
  int n_burn = 2;                ///< transitions before the first kept state
  int n_keep = 2;                ///< kept states, one after each of so many transitions
  int n_leapfrog = 5;
  double step_size = 0.0;        ///< at first; 0: the noise's start, about the width of the posterior
  double target_accept = 0.67;   ///< what the step size is tuned to, by learn()
  double jitter = 0.2;           ///< of the step size, uniform, each chain's own: without it a trajectory of a whole period forgets nothing
  Force force = Force::full;
  bool precondition = false;     ///< steps along each latent in proportion to eta, which learn() learns as ImportanceScore does
  int n_resample = 0;            ///< 0: chains start at z0. K: at one of K importance samples, which has forgotten some of z0

  /// What delivers nine tenths in 1 to 100 dimensions whose posteriors are not correlated: the right force, steps jittered over a factor
  /// of three, so that few trajectories are whole periods, and as long along each latent as the posterior is wide.
  static HmcScoreParams accurate() { return {.n_leapfrog = 5, .target_accept = 0.8, .jitter = 0.5, .precondition = true}; }
};

/// Means of g over a short chain of the library's own Hmc on the posterior of each draw's latents.
///
///   s = -(x - mean_t g(z_t)) / sigma^2
///
/// The start z0 is an exact draw of the posterior given x, so every state is one too and s is unbiased given x however short the chain; how
/// much it remembers of z0 is another question, f, and it is small for few transitions only where the force is right.
/// The widest latent sets how many steps a trajectory needs and the narrowest how short they are. With `precondition` the metric is
/// F = diag(eta) / (eta_1 ... eta_d)^(1/d), eta the deviations of the best factorised proposal (ImportanceScore): where the columns of
/// dg/dz are orthogonal all latents become equally wide.
/// Cost      (n_burn + n_keep) n_leapfrog + 1 gradients of the posterior (2 forward passes' worth each) and n_keep forward passes: 44 as
///           given, and with precondition 3 more in learn(). With the prior's force a forward pass a transition, one at the start and
///           n_keep: 7
/// Bias      for 4 transitions on an isotropic posterior of 100 dimensions f = 1 within errors with the full force, .0085 with the prior's;
///           on PPCA of digits with 100 latents .77 by steps of one length, 1.02 with precondition
/// Source    Dieng et al. (2019), Prescribed generative adversarial networks, section 3.2
template <class T = float>
class HmcScore {
 public:
  explicit HmcScore(HmcScoreParams p = {}, ImportanceParams importance = {}) : params(p), importance_(std::move(importance)) {
    erg::detail::require_count("n_burn", p.n_burn, 0);
    erg::detail::require_count("n_keep", p.n_keep);
    erg::detail::require_count("n_leapfrog", p.n_leapfrog);
    erg::detail::require_not_negative("step_size", p.step_size);
    erg::detail::require_fraction("target_accept", p.target_accept);
    erg::detail::require_fraction("jitter", p.jitter);
    erg::detail::require_count("n_resample", p.n_resample, 0);
  }

  ImportanceScore<T>& importance() { return importance_; }
  double step_size() const { return params.step_size; }

  template <class G>
  ScoreReport estimate(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, BlockView<T> s, Pieces<T>& pieces) {
    if (params.step_size == 0.0) params.step_size = g.noise_params().start;
    importance_.prepare(g.n_latent());
    importance_.params.n_samples = std::max(1, params.n_resample);
    if (params.n_resample > 0) importance_.expect_rows(x.n_chains);
    shape();
    accept_.assign(static_cast<std::size_t>(x.n_chains), 0.0);
    pieces.run(x.n_chains, [&](int first, int n) {
      for (int at = 0; at < n; at += block_capacity) move_block(g, z0, x, key, s, first + at, std::min(block_capacity, n - at));
    });
    ScoreReport report = params.n_resample > 0 ? importance_.report() : ScoreReport{};
    report.accept = 0.0;
    for (const double a : accept_) report.accept += a / static_cast<double>(accept_.size());
    report.step_size = params.step_size;
    observed_ = report.accept;
    return report;
  }
  template <class G>
  void learn(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, Pieces<T>& pieces) {
    if (params.n_resample > 0 || params.precondition) importance_.learn(g, z0, x, key.purpose(resampling), pieces);
    if (!rule_) rule_.emplace(params.step_size, params.target_accept);
    params.step_size = rule_->observe(observed_);
  }

  void save(io::Writer& w) {
    w.put(params.step_size);
    importance_.save(w);
    const bool has = rule_.has_value();
    w.put(has);
    if (has) rule_->fields([&](auto& v) { w.put(v); });
  }
  void load(io::Reader& r) {
    r.get(params.step_size);
    importance_.load(r);
    rule_.reset();
    if (r.template get<bool>()) {
      rule_.emplace(params.step_size, params.target_accept);
      rule_->fields([&](auto& v) { r.get(v); });
    }
  }

  HmcScoreParams params;

 private:
  static constexpr auto resampling = static_cast<random::Purpose>(9);

  template <class G>
  void move_block(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, BlockView<T> s, int first, int n) {
    using L = simd_lane<T, default_arch>;
    using Tile = BlockTile<L>;
    using K = Hmc<DiagonalMetricView<T>>;
    K kernel({.step_size = params.step_size, .n_leapfrog = params.n_leapfrog, .jitter = params.jitter});
    kernel.metric.scale = scale_.data();
    static thread_local ChainState<Tile> state;
    static thread_local typename K::template Scratch<Tile> scratch;
    static thread_local OwnedBlock<T> images, starts;
    typename K::template Extra<Tile> extra;
    const PosteriorEnergy<G> energy(g, rows_of(x, first, n), params.force);
    const auto mean = rows_of(s, first, n);

    BlockView<const T> start = rows_of(z0, first, n);
    if (params.n_resample > 0) {
      const auto chosen = starts.shaped(n, g.n_latent());
      const random::Key own = key.purpose(resampling);
      importance_.weigh(g, start, rows_of(x, first, n), own, first, mean, [&](int k, BlockView<const T> z, const StreamingMean<T>& weights) {
        for (int c = 0; c < n; ++c) {  // each sample takes the place of those before it with its share of the weight so far
          const double u = random::uniform<double>(own.stream(params.n_resample + 1), static_cast<bits_t<double>>(first + c), k);
          if (!(k == 0 || u < weights.share_of_last(c))) continue;
          for (int i = 0; i < z.dim; ++i) chosen(c, i) = z(c, i);
        }
      });
      start = chosen;
    }
    const int n_groups = (n + width_v<L> - 1) / width_v<L>;
    state.position.resize(n_groups, g.n_latent());
    const BlockView<T> z = state.position.view();
    for (int d = 0; d < z.dim; ++d) {
      std::copy_n(start.column(d), n, z.column(d));
      std::fill(z.column(d) + n, z.column(d) + z.n_chains, z(n - 1, d));
    }
    state.chains = BlockChains<L>{static_cast<std::uint32_t>(first), n_groups};
    state.energy = erg::value_and_gradient(energy, state.position, state.gradient);
    const int n_transitions = params.n_burn + params.n_keep;
    for (int t = 0; t < n_transitions; ++t) {
      const auto info = kernel.template step<Tile>(key.stream(t), energy, state, extra, scratch);
      const T* accepted = reinterpret_cast<const T*>(info.accept_prob.group);
      for (int c = 0; c < n; ++c) accept_[static_cast<std::size_t>(first + c)] += static_cast<double>(accepted[c]) / n_transitions;
      if (t < params.n_burn) continue;
      const bool is_first = t == params.n_burn;
      const auto image = is_first ? mean : images.shaped(n, g.dim());
      g.mean(rows_of(BlockView<const T>(state.position.view()), 0, n), image);
      if (is_first) continue;
      for (int d = 0; d < mean.dim; ++d) {
        const T share = static_cast<T>(1.0 / (t - params.n_burn + 1));
        for (int c = 0; c < n; ++c) mean(c, d) += share * (image(c, d) - mean(c, d));
      }
    }
    detail::score_from_mean<T>(rows_of(x, first, n), g.noise(), mean);
  }

  /// The metric's scale, of geometric mean 1, so that the step size means the same with it and without.
  void shape() {
    const auto log_eta = importance_.log_eta();
    scale_.assign(log_eta.size(), T(1));
    if (!params.precondition) return;
    double mean = 0.0;
    for (const T v : log_eta) mean += static_cast<double>(v) / static_cast<double>(log_eta.size());
    for (std::size_t i = 0; i < log_eta.size(); ++i) scale_[i] = static_cast<T>(std::exp(static_cast<double>(log_eta[i]) - mean));
  }

  ImportanceScore<T> importance_;
  std::vector<T> scale_;
  std::optional<adapt::RobbinsMonro> rule_;
  std::vector<double> accept_;
  double observed_ = 0.0;
};

}  // namespace erg::generator
