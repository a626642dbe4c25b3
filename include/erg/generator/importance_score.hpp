// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/generator/score.hpp"
#include "erg/nn/optimizer.hpp"

namespace erg::generator {

struct ImportanceParams {
  int n_samples = 20;             ///< K
  double proposal_scale = 1.0;    ///< r: proposals have deviation r eta. 1 is the paper's; sqrt(3) has the least variance of weights
  double start = 0.1;             ///< eta at first
  double learning_rate = 0.02;    ///< of log eta, by Adam; 0: eta stays

  /// What few latent dimensions allow: f = .96 at five of them (K = 20, r = 1: .63).
  static ImportanceParams accurate() { return {100, 1.7320508075688772, 0.1, 0.02}; }
};

/// VERA's estimate: importance sampling around the latent that made x.
///
///   z_k ~ N(z0, diag(r eta)^2), k = 1 .. K
///   log w_k = log N(z_k; 0, I) + log N(x; g(z_k), sigma^2 I) - log N(z_k; z0, diag(r eta)^2),   s = -(x - sum_k w_k g(z_k)) / sigma^2
///
/// eta, one vector for all x, ascends a one-sample lower bound of log q(x), z~ = z0 + eta delta:
///   dELBO/dlog eta_i = eta_i delta_i (-z~_i + [(dg/dz)^T (x - g(z~)) / sigma^2]_i) + 1
/// Cost      K forward passes a draw, none kept; one way back for eta. Memory does not depend on K
/// Bias      remembers z0 (f < 1) as long as few of the K weigh: K must exceed 1.73^latent at r = sqrt(3), and at r = 1 the mean square
///           weight over x is infinite. f(100 latents, K = 20, r = 1) = .185
/// Errors    std::invalid_argument: eta, as set, learnt or loaded, of another number of latents than the generator
/// Source    Grathwohl et al. (2021), No MCMC for me, section 3.1, algorithm 1
template <class T = float>
class ImportanceScore {
 public:
  explicit ImportanceScore(ImportanceParams p = {}) : params(p), adam_(fresh_adam(p)) {
    erg::detail::require_count("n_samples", p.n_samples);
    erg::detail::require_positive("proposal_scale", p.proposal_scale);
    erg::detail::require_positive("start", p.start);
    erg::detail::require_not_negative("learning_rate", p.learning_rate);
  }

  /// eta; empty before its first use.
  std::vector<double> eta() const {
    std::vector<double> v;
    for (const T l : log_eta_) v.push_back(std::exp(static_cast<double>(l)));
    return v;
  }
  std::span<const T> log_eta() const { return log_eta_; }
  /// From here on: what Adam remembers of the eta before is forgotten.
  void set_eta(const std::vector<double>& eta) {
    log_eta_.clear();
    adam_ = fresh_adam(params);
    for (const double v : eta) log_eta_.push_back(static_cast<T>(std::log(erg::detail::require_positive("eta", v))));
  }

  template <class G>
  ScoreReport estimate(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, BlockView<T> s, Pieces<T>& pieces) {
    prepare(g.n_latent());
    ess_.resize(static_cast<std::size_t>(x.n_chains));
    pieces.run(x.n_chains, [&](int first, int n) {
      const auto part = rows_of(s, first, n);
      weigh(g, rows_of(z0, first, n), rows_of(x, first, n), key, first, part, [](int, BlockView<const T>, const StreamingMean<T>&) {});
      detail::score_from_mean<T>(rows_of(x, first, n), g.noise(), part);
    });
    return report();
  }
  template <class G>
  void learn(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, Pieces<T>& pieces) {
    if (params.learning_rate > 0.0) climb(g, z0, x, key, pieces, 1.0);
  }
  /// A step of log eta up the bound, its rate times `factor`; returns the gradient.
  template <class G>
  std::vector<T> climb(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, Pieces<T>& pieces, double factor) {
    prepare(g.n_latent());
    const int latent = g.n_latent();
    std::vector<T> slope(static_cast<std::size_t>(latent), T(0));
    pieces.add(x.n_chains, std::span<T>(slope), [&](int first, int n, std::span<T> sum) {
      OwnedBlock<T> memory, moved, back;
      const auto delta = memory.shaped(n, latent), z = moved.shaped(n, latent), gz = back.shaped(n, latent);
      const auto x_part = rows_of(x, first, n);
      fill_normal(delta, key.stream(params.n_samples), static_cast<std::uint32_t>(first));
      move(rows_of(z0, first, n), delta, 1.0, z);
      const T precision = static_cast<T>(1.0 / (g.noise() * g.noise()));
      g.pull_back(
          z,
          [&](BlockView<const T> mean, BlockView<T> seed, int at) {
            for (int d = 0; d < mean.dim; ++d) {
              for (int c = 0; c < mean.n_chains; ++c) seed(c, d) = precision * (x_part(at + c, d) - mean(c, d));
            }
          },
          gz);
      for (int i = 0; i < latent; ++i) {
        const double eta = std::exp(static_cast<double>(log_eta_[static_cast<std::size_t>(i)]));
        double total = 0.0;
        for (int c = 0; c < n; ++c) total += static_cast<double>(delta(c, i)) * (static_cast<double>(gz(c, i)) - static_cast<double>(z(c, i)));
        sum[static_cast<std::size_t>(i)] += static_cast<T>((eta * total + n) / x.n_chains);
      }
    });
    std::vector<T> down = slope;
    for (T& v : down) v = -v;
    adam_.step(std::span<T>(log_eta_), std::span<const T>(down), factor);
    return slope;
  }

  /// The K samples of rows `first` ..: their weighted mean of g(z) to `mean`, and after each on_sample(k, z, weights).
  template <class G, class F>
  void weigh(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, int first, BlockView<T> mean, F&& on_sample) {
    const int n = x.n_chains, latent = g.n_latent();
    static thread_local OwnedBlock<T> memory, moved, images;
    static thread_local StreamingMean<T> weights;
    static thread_local std::vector<double> l, distance;
    l.resize(static_cast<std::size_t>(n));
    distance.resize(static_cast<std::size_t>(n));
    const auto delta = memory.shaped(n, latent), z = moved.shaped(n, latent), image = images.shaped(n, g.dim());
    const double precision = 1.0 / (g.noise() * g.noise());
    weights.begin(mean);
    for (int k = 0; k < params.n_samples; ++k) {
      fill_normal(delta, key.stream(k), static_cast<std::uint32_t>(first));
      move(z0, delta, params.proposal_scale, z);
      g.mean(z, image);
      detail::squared_distance<T>(x, image, distance);
      for (std::size_t c = 0; c < l.size(); ++c) l[c] = -0.5 * precision * distance[c];
      for (int i = 0; i < latent; ++i) {
        for (int c = 0; c < n; ++c) {
          const double a = static_cast<double>(delta(c, i)), b = static_cast<double>(z(c, i));
          l[static_cast<std::size_t>(c)] += 0.5 * (a * a - b * b);
        }
      }
      weights.add(l, image);
      on_sample(k, BlockView<const T>(z), weights);
    }
    if (ess_.size() >= static_cast<std::size_t>(first + n)) {
      for (int c = 0; c < n; ++c) ess_[static_cast<std::size_t>(first + c)] = weights.ess(c);
    }
  }
  void prepare(int n_latent) {
    if (!log_eta_.empty()) return erg::detail::require_size("eta", log_eta_, n_latent, "one for each latent of the generator");
    log_eta_.assign(static_cast<std::size_t>(n_latent), static_cast<T>(std::log(params.start)));
  }
  void expect_rows(int n) { ess_.resize(static_cast<std::size_t>(n)); }
  ScoreReport report() const {
    ScoreReport r;
    r.ess = 0.0;
    for (const double e : ess_) r.ess += e / static_cast<double>(ess_.size());
    return r;
  }

  void save(io::Writer& w) const {
    w.put_vector(log_eta_);
    adam_.save(w);
  }
  void load(io::Reader& r) {
    r.get_vector(log_eta_);
    adam_.load(r);
  }

  ImportanceParams params;

 private:
  static nn::Adam<T> fresh_adam(const ImportanceParams& p) { return nn::Adam<T>({.learning_rate = p.learning_rate > 0.0 ? p.learning_rate : 1.0}); }
  void move(BlockView<const T> z0, BlockView<const T> delta, double scale, BlockView<T> z) const {
    for (int i = 0; i < z.dim; ++i) {
      const T eta = static_cast<T>(scale * std::exp(static_cast<double>(log_eta_[static_cast<std::size_t>(i)])));
      for (int c = 0; c < z.n_chains; ++c) z(c, i) = z0(c, i) + eta * delta(c, i);
    }
  }

  nn::Adam<T> adam_;
  std::vector<T> log_eta_;
  std::vector<double> ess_;
};

struct SiviParams {
  int n_samples = 20;   ///< latents from the prior beside z0
};

/// The score of the semi-implicit bound: the mixture of q(x | z) over z0 and K latents of the prior.
///
///   H_K = -E log (1/(K+1)) sum_k q(x | z_k) <= H, increasing in K;   s = -(x - sum_k w_k g(z_k)) / sigma^2,   w_k ~ q(x | z_k)
///
/// Its gradient by the generator's parameters is exactly that of H_K, through x alone: the z_k are exchangeable, so that the mean of the
/// mixture's own score by the parameters is zero.
/// Cost      K + 1 forward passes a draw
/// Bias      of a lower bound; in more than a few dimensions only z0 weighs, which is ConditionalScore
/// Source    Yin, Zhou (2018), Semi-implicit variational inference, section 3.1
template <class T = float>
class SiviScore : public detail::NothingLearnt {
 public:
  explicit SiviScore(SiviParams p = {}) : params(p) { erg::detail::require_count("n_samples", p.n_samples, 0); }

  template <class G>
  ScoreReport estimate(const G& g, BlockView<const T> z0, BlockView<const T> x, random::Key key, BlockView<T> s, Pieces<T>& pieces) {
    std::vector<double> ess(static_cast<std::size_t>(x.n_chains)), entropy(ess.size());
    const double precision = 1.0 / (g.noise() * g.noise());
    pieces.run(x.n_chains, [&](int first, int n) {
      OwnedBlock<T> latent, images;
      StreamingMean<T> weights;
      std::vector<double> l(static_cast<std::size_t>(n));
      const auto z = latent.shaped(n, g.n_latent()), image = images.shaped(n, g.dim());
      const auto x_part = rows_of(x, first, n);
      weights.begin(rows_of(s, first, n));
      for (int k = -1; k < params.n_samples; ++k) {
        if (k >= 0) fill_normal(z, key.stream(k), static_cast<std::uint32_t>(first));
        g.mean(k < 0 ? rows_of(z0, first, n) : BlockView<const T>(z), image);
        detail::squared_distance<T>(x_part, image, l);
        for (double& v : l) v *= -0.5 * precision;
        weights.add(l, image);
      }
      detail::score_from_mean<T>(x_part, g.noise(), rows_of(s, first, n));
      const double constant = std::log(params.n_samples + 1.0) + 0.5 * g.dim() * std::log(6.283185307179586 / precision);
      for (int c = 0; c < n; ++c) {
        ess[static_cast<std::size_t>(first + c)] = weights.ess(c);
        entropy[static_cast<std::size_t>(first + c)] = constant - weights.log_sum(c);
      }
    });
    ScoreReport report;
    report.ess = report.entropy = 0.0;
    for (std::size_t c = 0; c < ess.size(); ++c) {
      report.ess += ess[c] / static_cast<double>(ess.size());
      report.entropy += entropy[c] / static_cast<double>(ess.size());
    }
    return report;
  }

  SiviParams params;
};

}  // namespace erg::generator
