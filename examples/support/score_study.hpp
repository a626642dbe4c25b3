// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Estimates of a generator's score held against the truth, which linear generators know: what they deliver, how far off they are, what they cost.
#pragma once

#include "support/mnist.hpp"

#include <erg/generator/generators.hpp>

#include <Eigen/Dense>
#include <ctime>
#include <string>

namespace example {

using Linear = erg::generator::LinearGaussian<float>;

/// d latents of d dimensions, noise .3: an isotropic posterior, on whose dimension alone fractions depend.
inline Linear isotropic_linear(int d) {
  std::vector<double> w(static_cast<std::size_t>(d * d), 0.0), b(static_cast<std::size_t>(d), 0.0);
  for (int i = 0; i < d; ++i) w[static_cast<std::size_t>(i * d + i)] = 1.0;
  return {w, b, {0.3, 0.01, 1.0}};
}

/// Probabilistic PCA of the digits by maximum likelihood, Tipping and Bishop (1999), eqs. (7)-(8); without MNIST a generator whose variances
/// fall as theirs do.
inline Linear fitted_ppca(int n_latent, bool* is_mnist) {
  const int dim = 784;
  Eigen::MatrixXd basis = Eigen::MatrixXd::Identity(dim, n_latent);
  Eigen::VectorXd values(dim), mean = Eigen::VectorXd::Zero(dim);
  for (int i = 0; i < dim; ++i) values[i] = 5.0 * std::pow(1.0 + i, -1.3);
  static const auto digits = load_mnist();
  *is_mnist = digits.has_value();
  if (digits) {
    const int n = 10000;
    static const auto eigen = [&] {
      Eigen::MatrixXd x(n, dim);
      for (int i = 0; i < n; ++i) {
        for (int d = 0; d < dim; ++d) x(i, d) = digits->pixels[static_cast<std::size_t>(i) * 784 + static_cast<std::size_t>(d)] / 255.0;
      }
      const Eigen::VectorXd centre = x.colwise().mean().transpose();
      const Eigen::MatrixXd centred = x.rowwise() - centre.transpose();
      return std::pair(centre, Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(centred.transpose() * centred / n));
    }();
    mean = eigen.first;
    values = eigen.second.eigenvalues().reverse();
    basis = eigen.second.eigenvectors().rowwise().reverse().leftCols(n_latent);
  }
  const double variance = values.tail(dim - n_latent).mean();
  std::vector<double> w(static_cast<std::size_t>(dim * n_latent)), b(mean.data(), mean.data() + dim);
  for (int d = 0; d < dim; ++d) {
    for (int k = 0; k < n_latent; ++k) w[static_cast<std::size_t>(d * n_latent + k)] = basis(d, k) * std::sqrt(std::max(0.0, values[k] - variance));
  }
  return {w, b, {std::sqrt(variance), 1e-3, 1.0}};
}

struct ScoreRow {
  std::string name;
  double passes = 0.0;         ///< of the generator, a draw: a forward pass is one, a gradient by latents two
  erg::generator::DeliveredFraction f;
  double microseconds = 0.0;   ///< of the processor, a draw
  double error = 0.0;          ///< root mean square of s^ - s over that of s
  double effective = 0.0;      ///< as many independent draws of the posterior would be as far off
};

struct ScoreStudy {
  int batch = 256, n_learn = 60, n_measured = 6;
};

/// Lets an estimator learn, then measures it.
template <class Score>
ScoreRow study_score(std::string name, double passes, const Linear& g, Score score, ScoreStudy p = {}) {
  namespace generator = erg::generator;
  erg::Pieces<float> pieces(1);
  erg::OwnedBlock<float> latents, noises, draws, scores, exacts;
  const auto z = latents.shaped(p.batch, g.n_latent()), eps = noises.shaped(p.batch, g.dim()), x = draws.shaped(p.batch, g.dim());
  const auto s = scores.shaped(p.batch, g.dim()), truth = exacts.shaped(p.batch, g.dim());
  ScoreRow row;
  row.name = std::move(name), row.passes = passes;
  double seconds = 0.0, off = 0.0, square = 0.0;
  for (int i = -p.n_learn; i < p.n_measured; ++i) {
    const erg::random::Key key = erg::random::Key(3).at(static_cast<std::uint64_t>(i + p.n_learn));
    g.latents(key.purpose(erg::random::Purpose::start), 0, z, eps);
    g.sample(z, eps, x);
    const std::clock_t begin = std::clock();
    score.estimate(g, z, x, key.purpose(erg::random::Purpose::user), s, pieces);
    if (i >= 0) seconds += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (i < 0) score.learn(g, z, x, key.purpose(erg::random::Purpose::user), pieces);
    if (i < 0) continue;
    g.score(x, truth);
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < p.batch; ++c) {
        const double a = static_cast<double>(s(c, d)), b = static_cast<double>(truth(c, d));
        off += (a - b) * (a - b), square += b * b;
      }
    }
  }
  generator::ExactScore exact;
  row.f = generator::delivered_fraction(g, score, exact, erg::random::Key(4), p.batch, std::max(2, p.n_measured), pieces);
  const double n = static_cast<double>(p.n_measured) * p.batch;
  row.microseconds = 1e6 * seconds / n;
  row.error = std::sqrt(off / square);
  // tr(W Sigma W^T) / sigma^4 is the mean square of one posterior draw's error.
  const auto covariance = g.posterior_covariance();
  const int latent = g.n_latent();
  double spread = 0.0;
  for (int d = 0; d < g.dim(); ++d) {
    for (int j = 0; j < latent; ++j) {
      double sum = 0.0;
      for (int k = 0; k < latent; ++k) sum += covariance[static_cast<std::size_t>(j * latent + k)] * g.weight(d, k);
      spread += g.weight(d, j) * sum;
    }
  }
  row.effective = spread / std::pow(g.noise(), 4.0) / (off / n);
  return row;
}

inline void print_head(const char* what) {
  std::printf("%s\n  %-32s %7s %7s %7s %7s %7s %9s %9s %9s\n", what, "", "passes", "f", "error", "ESS", "accept", "RMS bias", "signed", "us a draw");
}
inline void print_row(const ScoreRow& r) {
  std::printf("  %-32s %7.0f %7.3f %7.3f %7.2f %7.2f %9.4f %9.4f %9.2f\n", r.name.c_str(), r.passes, r.f.fraction, r.f.standard_error, r.f.report.ess, r.f.report.accept,
              r.f.rms_bias, r.f.signed_bias, r.microseconds);
  std::fflush(stdout);
}

/// Every estimator on one generator, `eta` the deviation of its posterior; each row is printed as it is there. The last four share a budget:
/// that of the preset for many latents.
inline std::vector<ScoreRow> study_all(const Linear& g, double eta, ScoreStudy p) {
  using erg::generator::Force;
  using Importance = erg::generator::ImportanceScore<float>;
  using Hmc = erg::generator::HmcScore<float>;
  std::vector<ScoreRow> rows;
  const auto add = [&](const char* name, double passes, auto score) {
    rows.push_back(study_score(name, passes, g, std::move(score), p));
    print_row(rows.back());
  };
  const double d = g.n_latent(), walk = eta / std::sqrt(d);
  const auto importance = [&](int k, double r) { return Importance({.n_samples = k, .proposal_scale = r, .start = eta}); };
  add("conditional", 1, erg::generator::ConditionalScore{});
  add("VERA, K = 20", 20, importance(20, 1.0));
  add("K = 20, r = sqrt 3", 20, importance(20, 1.7320508));
  add("accurate, few latents", 100, importance(100, 1.7320508));
  add("HMC as released", 7, Hmc({.step_size = walk, .jitter = 0.0, .force = Force::prior_only}));
  add("HMC, right force, no jitter", 44, Hmc({.step_size = eta, .jitter = 0.0}));
  auto accurate = erg::generator::HmcScoreParams::accurate();
  accurate.step_size = eta;
  add("accurate, many latents", 44, Hmc(accurate));
  add("  VERA, the same budget", 44, importance(44, 1.0));
  add("  HMC as released, the same", 43, Hmc({.n_burn = 14, .n_keep = 14, .step_size = walk, .jitter = 0.0, .force = Force::prior_only}));
  accurate.n_resample = 20;
  add("  resampled, then accurate", 64, Hmc(accurate, {.start = eta}));
  return rows;
}

}  // namespace example
