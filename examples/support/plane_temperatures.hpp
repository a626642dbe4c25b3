// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// VERA in the plane for several lambda, which are temperatures: exp(-U) beside exp(-U / lambda) and the generator's draws.
#pragma once

#include "support/plane_generator.hpp"

namespace example {

/// Returns whether lambda = 1 found the eight modes and their density.
inline bool temperatures(bool quick, const std::string& path) {
  namespace train = erg::train;
  namespace generator = erg::generator;
  const long n_steps = quick ? 2000 : 3000;
  bool good = true;
  std::vector<PlaneTarget> targets{eight_equal_gaussians()};
  if (!quick) targets.push_back(two_moons());
  const std::vector<double> lambdas = quick ? std::vector<double>{1.0, 0.1} : std::vector<double>{1.0, 0.1, 0.01};
  const int n_rows = static_cast<int>(targets.size() * lambdas.size());
  Picture picture(path, n_rows, 3, 1250, 417 * n_rows);
  for (const auto& target : targets) {
    const auto data = target.draw(20000, 1), held_out = target.draw(20000, 2);
    std::printf("%s: held-out nats, the target itself %.3f; maximum likelihood by quadrature %.3f\n", target.name.c_str(), target.mean_energy(held_out),
                train_by_quadrature(target, data, held_out, quick ? 600 : 1500, quick ? 80 : 120).nll);
    std::printf("%8s %12s %18s %22s %8s %6s %8s\n", "lambda", "exp(-U)", "exp(-U/lambda)", "modes of generator", "sigma", "ESS", "s");
    for (const double lambda : lambdas) {
      const auto begin = std::chrono::steady_clock::now();
      // [vera]
      const auto g = plane_sampler();  // x = g(z) + sigma eps, g a perceptron
      const generator::ImportanceScore<float> score({.n_samples = 20, .proposal_scale = 1.73});
      const erg::nn::CosineRate rate(n_steps, 0.02);
      train::Trainer trainer(erg::tilt(erg::GaussianIsotropic<2>(4.0), flat_network(2, 128, 2.0F)), train::Data<float>(data, 2), train::draws(g, 256),
                             train::Terms{train::Contrastive{.energy_l2 = 0.015 / lambda}, train::GradientPenalty{.weight = 0.06 / lambda}},
                             train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 1.5e-3 * std::sqrt(lambda), .beta1 = 0.0, .beta2 = 0.9}}, rate),
                             train::GeneratorTeacher(g, score, {.lambda = lambda, .learning_rate = 1.5e-3}, rate), {.batch = 256});
      trainer.run(n_steps);
      // [vera]
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const auto raw = look_at(trainer.energy(), target, held_out);
      const auto tempered = look_at(Tempered(trainer.energy(), lambda), target, held_out);
      const PlaneDraws draws(trainer.teacher().generator(), target);
      std::printf("%8.2f %12.3f %18.3f %14.3f .. %.3f %8.3f %6.1f %8.1f\n", lambda, raw.nll, tempered.nll, draws.least(), draws.most(),
                  trainer.teacher().generator().noise(), trainer.teacher().report().score.ess, seconds);
      std::fflush(stdout);
      // Untrained, the energy has 4.9 nats, and 3.0 to 3.3 after training, depending on the seed. A mode's share of 4000 draws is .125.
      if (lambda == 1.0 && target.n_modes() == 8) good = raw.nll <= 3.7 && draws.least() >= 0.06 && draws.most() <= 0.19;

      const std::string id = std::to_string(target.n_modes()) + "_" + std::to_string(static_cast<int>(100 * lambda));
      const std::string name = lambda == 1.0 ? "lambda = 1" : lambda == 0.1 ? "lambda = 0.1" : "lambda = 0.01";
      const std::string reach = std::to_string(target.reach), range = "unset key; plot [-" + reach + ":" + reach + "][-" + reach + ":" + reach + "] $";
      picture.data("raw" + id, raw.density).data("tempered" + id, tempered.density).data("draws" + id, draws.columns());
      picture.axes(name + ": exp(-U)", "x_0", "x_1") << range + "raw" + id + " using 1:2:3 with image";
      picture.axes(name + ": exp(-U / lambda)", "x_0", "x_1") << range + "tempered" + id + " using 1:2:3 with image";
      picture.axes(name + ": 1500 draws", "x_0", "x_1") << range + "draws" + id + " using 1:2 with points pt 7 ps 0.25 lc rgb '" + orange + "'";
    }
    std::printf("\n");
  }
  picture.write();
  return good;
}

}  // namespace example
