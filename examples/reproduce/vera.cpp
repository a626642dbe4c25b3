// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Grathwohl, Kelly, Hashemi, Norouzi, Swersky, Duvenaud (2021), No MCMC for me: amortized sampling for fast and stable training of energy-based
// models, at the scale of two cores. The paper's tables were not at hand when this was written, so what it reports stands here in words.
#include <erg/generator/generators.hpp>

#include <Eigen/Dense>
#include <chrono>
#include <cstring>
#include <iostream>

#include "support/mnist.hpp"
#include "support/plane_generator.hpp"

namespace train = erg::train;
namespace generator = erg::generator;
using Linear = generator::LinearGaussian<float>;

namespace {

bool quick = true;

/// Probabilistic PCA of the digits by maximum likelihood, Tipping and Bishop (1999), eqs. (7)-(8); without MNIST a generator with the same decay.
Linear fitted_ppca(int n_latent, bool* is_mnist) {
  const int dim = 784;
  Eigen::MatrixXd basis = Eigen::MatrixXd::Identity(dim, n_latent);
  Eigen::VectorXd values(dim), mean = Eigen::VectorXd::Zero(dim);
  for (int i = 0; i < dim; ++i) values[i] = 5.0 * std::pow(1.0 + i, -1.3);
  const auto digits = example::load_mnist();
  *is_mnist = digits.has_value();
  if (digits) {
    const int n = 10000;
    Eigen::MatrixXd x(n, dim);
    for (int i = 0; i < n; ++i) {
      for (int d = 0; d < dim; ++d) x(i, d) = digits->pixels[static_cast<std::size_t>(i) * 784 + static_cast<std::size_t>(d)] / 255.0;
    }
    mean = x.colwise().mean().transpose();
    const Eigen::MatrixXd centred = x.rowwise() - mean.transpose();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(centred.transpose() * centred / n);
    values = eigen.eigenvalues().reverse();
    basis = eigen.eigenvectors().rowwise().reverse().leftCols(n_latent);
  }
  const double variance = values.tail(dim - n_latent).mean();
  std::vector<double> w(static_cast<std::size_t>(dim * n_latent)), b(mean.data(), mean.data() + dim);
  for (int d = 0; d < dim; ++d) {
    for (int k = 0; k < n_latent; ++k) w[static_cast<std::size_t>(d * n_latent + k)] = basis(d, k) * std::sqrt(std::max(0.0, values[k] - variance));
  }
  return {w, b, {std::sqrt(variance), 1e-3, 1.0}};
}

/// An estimator learns, then is measured against the exact score: a row.
template <class Score>
void row(const char* name, const Linear& g, Score score) {
  erg::Pieces<float> pieces(1);
  const int batch = 128, n_learn = quick ? 40 : 400, n_measured = quick ? 3 : 20;
  generator::Table<float> latents, noises, draws, scores;
  const auto z = latents.shaped(batch, g.n_latent()), eps = noises.shaped(batch, g.dim()), x = draws.shaped(batch, g.dim()), s = scores.shaped(batch, g.dim());
  double seconds = 0.0;
  for (int i = 0; i < n_learn; ++i) {
    const erg::random::Key key = erg::random::Key(3).at(static_cast<std::uint64_t>(i));
    g.latents(key.purpose(erg::random::Purpose::start), 0, z, eps);
    g.sample(z, eps, x);
    const auto begin = std::chrono::steady_clock::now();
    score.estimate(g, z, x, key.purpose(erg::random::Purpose::user), s, pieces);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    score.learn(g, z, x, key.purpose(erg::random::Purpose::user), pieces);
  }
  generator::ExactScore exact;
  const auto f = generator::delivered_fraction(g, score, exact, erg::random::Key(4), batch, n_measured, pieces);
  std::printf("  %-26s %8.3f %8.3f %8.2f %8.2f %10.4f %10.4f %9.1f\n", name, f.fraction, f.standard_error, f.report.ess, f.report.accept, f.rms_bias, f.signed_bias,
              1e6 * seconds / (n_learn * batch));
  std::fflush(stdout);
}

/// Reported: the importance estimate has less bias than HMC for the same number of samples.
void estimators() {
  bool is_mnist = false;
  for (const int latent : {1, 10, 100}) {
    const Linear g = fitted_ppca(latent, &is_mnist);
    std::printf("estimates of the score: PPCA %s, %d latents, sigma %.3f\n", is_mnist ? "of MNIST" : "with a power law (no MNIST here)", latent, g.noise());
    std::printf("  %-26s %8s %8s %8s %8s %10s %10s %9s\n", "", "f", "error", "ESS", "accept", "RMS bias", "signed", "us a draw");
    using Importance = generator::ImportanceScore<float>;
    using Hmc = generator::HmcScore<float>;
    const double rate = quick ? 0.1 : 0.02;
    row("conditional", g, generator::ConditionalScore{});
    row("importance, K = 20", g, Importance({.n_samples = 20, .learning_rate = rate}));
    row("importance, K = 20, sqrt 3", g, Importance({.n_samples = 20, .proposal_scale = 1.7320508, .learning_rate = rate}));
    row("HMC as released", g, Hmc({.jitter = 0.0, .force = generator::Force::prior_only}));
    row("HMC, right force", g, Hmc({.jitter = 0.0}));
    row("HMC, accurate", g, Hmc(generator::HmcScoreParams::accurate()));
    std::printf("\n");
  }
}

/// Reported, as a picture: with small lambda exp(-U) is too wide while the generator is sharp.
void temperatures() {
  example::Picture picture("out/reproduce/vera/temperature.png", 2, 6, 2100, 800);
  const long n_steps = quick ? 800 : 10000;
  for (const auto& target : {example::two_moons(), example::eight_equal_gaussians()}) {
    const auto data = target.draw(20000, 1), held_out = target.draw(20000, 2);
    std::printf("%s: held-out nats, the target itself %.3f\n", target.name.c_str(), target.mean_energy(held_out));
    std::printf("  %8s %10s %16s %22s %8s\n", "lambda", "exp(-U)", "exp(-U/lambda)", "modes of generator", "sigma");
    for (const double lambda : {1.0, 0.1}) {
      const generator::Generator g(erg::nn::mlp<erg::nn::SiLU>(2, 100, 100, 2), {.start = 0.1, .least = 0.01, .most = 0.3}, erg::random::Key(5));
      const erg::nn::CosineRate rate(n_steps, 0.05);
      train::Trainer trainer(erg::tilt(erg::GaussianIsotropic<2>(4.0), example::flat_network(2, 100, 4.0F)), train::Data<float>(data, 2), train::draws(g, 200),
                             train::Terms{train::Contrastive{}, train::GradientPenalty{.weight = 0.001}},
                             train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 1e-3, .beta1 = 0.0, .beta2 = 0.9}}, rate),
                             train::GeneratorTeacher(g, generator::ImportanceScore<float>({.n_samples = 20, .proposal_scale = 1.7320508}), {.lambda = lambda}, rate),
                             {.batch = 200});
      trainer.run(n_steps);
      const auto raw = example::look_at(trainer.energy(), target, held_out);
      const auto tempered = example::look_at(example::Tempered(trainer.energy(), lambda), target, held_out);
      const example::PlaneDraws draws(trainer.teacher().generator(), target);
      std::printf("  %8.2f %10.3f %16.3f %14.3f .. %.3f %8.3f\n", lambda, raw.nll, tempered.nll, draws.least(), draws.most(), trainer.teacher().generator().noise());
      std::fflush(stdout);
      const std::string id = std::to_string(target.n_modes()) + "_" + std::to_string(static_cast<int>(10 * lambda));
      const std::string reach = std::to_string(target.reach), range = "unset key; plot [-" + reach + ":" + reach + "][-" + reach + ":" + reach + "] $";
      picture.data("raw" + id, raw.density).data("tempered" + id, tempered.density).data("draws" + id, draws.columns());
      const std::string at = lambda == 1.0 ? "lambda = 1: " : "lambda = 0.1: ";
      picture.axes(at + "exp(-U)", "x_0", "x_1") << range + "raw" + id + " using 1:2:3 with image";
      picture.axes(at + "exp(-U / lambda)", "x_0", "x_1") << range + "tempered" + id + " using 1:2:3 with image";
      picture.axes(at + "draws", "x_0", "x_1") << range + "draws" + id + " using 1:2 with points pt 7 ps 0.25 lc rgb '" + example::orange + "'";
    }
    std::printf("\n");
  }
  picture.write();
}

}  // namespace

int main(int argc, char** argv) {
  quick = argc < 2 || std::strcmp(argv[1], "--full") != 0;
  estimators();
  temperatures();
  return 0;
}
