// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parts.hpp"
#include <erg/flow/standard_normal.hpp>
#include "support/score_study.hpp"

#include <erg/train/train.hpp>

namespace vera {

namespace {

/// Where a linear generator ends that follows a standard normal energy by an estimator: KL(q || p) a dimension, in closed form.
template <class Score>
double divergence_at_end(int d, Score score, long n_steps) {
  namespace train = erg::train;
  const auto dims = static_cast<std::size_t>(d);
  std::vector<double> w(dims * dims, 0.0), b(dims, 0.0);
  for (std::size_t i = 0; i < dims; ++i) w[i * dims + i] = 0.5;
  const example::Linear g(w, b, {0.3, 0.01, 0.3});
  const erg::nn::CosineRate rate(n_steps, 0.02);
  train::GeneratorTeacher teacher(g, std::move(score), {.learning_rate = 0.02, .beta1 = 0.5, .beta2 = 0.9}, rate);
  erg::Pieces<float> pieces(1);
  train::StepReport report;
  const int n = 256;
  std::vector<float> x(static_cast<std::size_t>(n * d));
  const erg::BlockView<float> at{x.data(), n, d, n};
  const erg::flow::StandardNormal energy(d);
  for (long i = 0; i < n_steps; ++i) {
    const erg::random::Key key = erg::random::Key(5).at(static_cast<std::uint64_t>(i));
    teacher.generator().sample(key.purpose(erg::random::Purpose::start), 0, at);
    teacher.learn(energy, train::StepBatch<float>{{}, at, key}, pieces, report);
  }
  // N(b, C) against N(0, I): (tr C + |b|^2 - d)/2 - log |C| / 2, log |C| by the entropy.
  const auto& now = teacher.generator();
  double square = d * now.noise() * now.noise();
  for (int i = 0; i < d; ++i) {
    square += now.bias(i) * now.bias(i);
    for (int k = 0; k < d; ++k) square += now.weight(i, k) * now.weight(i, k);
  }
  return (0.5 * square + 0.5 * d * 1.8378770664093453 - now.entropy()) / d;
}

}  // namespace

/// Reported: the importance estimate has less bias than HMC for the same number of samples.
void estimators(bool quick) {
  std::printf("1. Estimates of the score. Reported: importance sampling has less bias than HMC for as many samples.\n");
  for (const int d : quick ? std::vector<int>{2, 100} : std::vector<int>{1, 2, 5, 10, 20, 100}) {
    example::print_head((std::to_string(d) + " latents, isotropic posterior").c_str());
    example::study_all(example::isotropic_linear(d), 0.3 / std::sqrt(1.09), {.n_learn = quick ? 60 : 200, .n_measured = quick ? 3 : 20});
  }
  bool is_mnist = false;
  for (const int d : quick ? std::vector<int>{10} : std::vector<int>{1, 10, 100}) {
    const auto g = example::fitted_ppca(d, &is_mnist);
    char what[120];
    std::snprintf(what, sizeof what, "PPCA %s, %d latents, sigma %.3f", is_mnist ? "fitted to MNIST" : "with a power law (no MNIST here)", d, g.noise());
    example::print_head(what);
    example::study_all(g, g.noise() / std::sqrt(1.0 + g.noise() * g.noise()), {.batch = 128, .n_learn = quick ? 30 : 200, .n_measured = quick ? 2 : 10});
  }
  std::printf("where a linear generator ends that follows N(0, I): KL(q || p) a dimension\n  %-10s %10s %10s %10s %10s\n", "latents", "exact", "K = 20", "accurate", "released");
  using erg::generator::Force;
  using Hmc = erg::generator::HmcScore<float>;
  for (const int d : quick ? std::vector<int>{2, 20} : std::vector<int>{2, 10, 50, 100}) {
    const long n = quick ? 300 : 1500;
    std::printf("  %-10d %10.5f %10.5f", d, divergence_at_end(d, erg::generator::ExactScore{}, n), divergence_at_end(d, erg::generator::ImportanceScore<float>{{.n_samples = 20}}, n));
    std::fflush(stdout);
    std::printf(" %10.5f %10.5f\n", divergence_at_end(d, Hmc(erg::generator::HmcScoreParams::accurate()), n),
                divergence_at_end(d, Hmc({.step_size = 0.1, .jitter = 0.0, .force = Force::prior_only}), n));
    std::fflush(stdout);
  }
  std::printf("\n");
}

}  // namespace vera
