// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Amortised training where its end is known: one dimension, an energy of one parameter, a model refit exactly.
#pragma once

#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/latent/fixed_point.hpp>
#include <erg/train/latent_teacher.hpp>
#include <erg/train/revision.hpp>
#include <erg/train/trainer.hpp>

namespace example {

namespace train = erg::train;

// [energy]
/// U(x) = l x^2 / 2: an energy of one's own that can be trained. It is a density where l > 0.
struct Precision {
  static constexpr int dim = 1;
  std::vector<double> l{1.0};

  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, 1> x) const {
    return L(0.5 * l[0]) * x[0] * x[0];
  }
  int n_parameters() const { return 1; }
  template <class F>
  void update(F&& f) {
    f(std::span<double>(l));
  }
  void restore(std::span<const double> theta) { l[0] = theta[0]; }
  void restore(const std::vector<double>& theta) { l = theta; }
  void copy_parameters(std::span<double> to) const { to[0] = l[0]; }
  void add_parameter_gradient(erg::BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      to[0] += w[static_cast<std::size_t>(c)] * 0.5 * x(c, 0) * x(c, 0);
      if (!u.empty()) u[static_cast<std::size_t>(c)] = 0.5 * l[0] * x(c, 0) * x(c, 0);
    }
  }
};
// [energy]

/// A way of training, what is predicted and what came out.
struct FixedPointRow {
  std::string name;
  double sigma2, delta;
  int n_steps;
  double predicted, measured = 0.0, error = 0.0, model_square = 0.0, virial = 0.0;
  /// In standard errors.
  double z() const { return (measured - predicted) / error; }
};

/// Trains on data of variance 1 and averages l over the last n_rounds steps.
template <class Kernel>
FixedPointRow fixed_point(std::string name, const erg::latent::AncestralLangevin& a, Kernel kernel, double predicted, int n_rounds) {
  const auto refit = a.knows_latent ? train::Refit::known : train::Refit::inferred;
  const double rate = a.is_stable(0.3, 0.2) ? 0.1 : 0.02;  // where chains push outwards the energy has to be the faster
  const int n = 4096, burn = n_rounds / 4;
  erg::latent::LinearGaussian<double> model(1, 1, a.sigma);
  model.set({std::sqrt(1.0 - a.sigma * a.sigma)});
  Precision energy;
  energy.l[0] = predicted + 0.05;
  const auto decoding = a.decodes_mean ? erg::latent::Decoding::mean : erg::latent::Decoding::sample;
  // [trainer]
  train::Trainer t(energy, train::Data<double>({1.0, -1.0}, 1),  // two points with the second moment of N(0, 1): nothing else matters here
                   train::chains(erg::Threads<>{2}, kernel, train::Fresh{train::Ancestral{model.snapshot(), decoding}}, {.n_chains = n, .n_steps = a.n_steps}),
                   train::Watched{train::Contrastive{}, {.every = n_rounds / 8}}, erg::nn::Sgd<double>{{.learning_rate = 0.3}},
                   train::RefitTeacher<double>(model, refit, rate), {.batch = 2});
  // [trainer]
  FixedPointRow row{std::move(name), a.sigma * a.sigma, std::sqrt(a.step_size), a.n_steps, predicted};
  int looks = 0;
  for (int i = 0; i < burn + n_rounds; ++i) {
    const auto& r = t.advance();
    if (i < burn) continue;
    const double w = t.teacher().model().w(0, 0);
    row.measured += t.energy().l[0] / n_rounds, row.model_square += w * w / n_rounds;
    if (r.revision.rms == r.revision.rms) row.virial += r.revision.virial, ++looks;
  }
  row.virial /= looks;
  row.error = std::sqrt(2.0 / n / n_rounds) / std::fabs(a.slope());
  return row;
}

/// The table of six variants, predicted beside measured.
inline std::vector<FixedPointRow> fixed_points(int n_rounds) {
  std::vector<FixedPointRow> rows;
  const auto add = [&](const char* name, double sigma2, double delta, int n_steps, double tau, bool mean) {
    const erg::latent::AncestralLangevin a{1.0, std::sqrt(sigma2), delta * delta, n_steps, tau, mean};
    rows.push_back(fixed_point(name, a, erg::Ula<>{{.step_size = a.step_size, .temperature = tau}}, a.precision(), n_rounds));
  };
  for (const double delta : {0.1, 0.2, 0.5}) add("decode a sample, noise on", 0.05, delta, 20, 1.0, false);
  {
    const erg::latent::AncestralLangevin a{1.0, std::sqrt(0.05), 0.04, 20, 1.0, false};
    rows.push_back(fixed_point("decode a sample, MALA", a, erg::Mala<>{{.step_size = 0.04}}, 1.0, n_rounds));
  }
  add("decode the mean, noise on", 0.05, 0.1, 20, 1.0, true);
  add("decode the mean, noise on", 0.05, 0.2, 20, 1.0, true);
  add("decode the mean, noise on", 0.3, 0.2, 20, 1.0, true);
  add("decode the mean, noise on", 0.3, 0.1, 20, 1.0, true);
  add("decode the mean, noise on", 0.05, 0.1, 5, 1.0, true);
  add("decode the mean, noise off (as released)", 0.05, 0.1, 20, 0.0, true);
  add("decode the mean, noise off (as released)", 0.05, 0.2, 20, 0.0, true);
  add("decode the mean, noise off (as released)", 0.3, 0.2, 20, 0.0, true);
  add("decode the mean, noise off (as released)", 0.3, 0.1, 20, 0.0, true);
  add("decode the mean, noise off (as released)", 0.05, 0.1, 5, 0.0, true);
  add("decode a sample, noise off", 0.05, 0.2, 20, 0.0, false);
  for (const double delta : {0.1, 0.3}) {  // the model keeps 1 - h T of its variance, or none
    const erg::latent::AncestralLangevin a{1.0, std::sqrt(0.05), delta * delta, 20, 1.0, true, true};
    rows.push_back(fixed_point("CoopNets: known latent, noise on", a, erg::Ula<>{{.step_size = a.step_size}}, a.precision(), delta < 0.2 ? 4 * n_rounds : n_rounds));
  }
  return rows;
}
inline void print_fixed_points(const std::vector<FixedPointRow>& rows) {
  std::printf("%-42s %7s %6s %3s   %10s %10s %9s %6s %8s %8s\n", "starts and kernel", "sigma^2", "delta", "T", "predicted", "measured", "(error)", "z", "w^2", "virial");
  for (const auto& r : rows) {
    std::printf("%-42s %7.2f %6.2f %3d   %10.5f %10.5f (%7.5f) %6.1f %8.4f %8.4f\n", r.name.c_str(), r.sigma2, r.delta, r.n_steps, r.predicted, r.measured, r.error, r.z(),
                r.model_square, r.virial);
  }
}

}  // namespace example
