// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parts.hpp"
#include "support/plane_generator.hpp"

namespace vera {

namespace train = erg::train;
namespace generator = erg::generator;

/// Reported, as a picture: with small lambda exp(-U) is too wide while the generator is sharp.
void temperatures(bool quick) {
  example::Picture picture(vera::picture("temperature"), 2, 6, 2100, 800);
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

}  // namespace vera
