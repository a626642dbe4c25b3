// An energy in the plane trained with a generator in the place of chains (VERA): its draws are the negatives, and it follows the energy with as
// much entropy as lambda says. lambda is a temperature: the model's density is exp(-U / lambda).
#include "support/plane_generator.hpp"

namespace train = erg::train;
namespace generator = erg::generator;

int main(int argc, char** argv) {
  const long n_steps = argc > 1 ? std::atol(argv[1]) : 3000;
  const auto target = example::eight_equal_gaussians();
  const auto data = target.draw(20000, 1), held_out = target.draw(20000, 2);
  std::printf("held-out nats: the target itself %.3f\n\n", target.mean_energy(held_out));
  std::printf("%8s %12s %18s %22s %8s %6s %8s\n", "lambda", "exp(-U)", "exp(-U/lambda)", "modes of generator", "sigma", "ESS", "s");

  example::Picture picture("out/examples/18_generator.png", 3, 3, 1250, 1250);
  bool good = true;
  for (const double lambda : {1.0, 0.1, 0.01}) {
    const auto begin = std::chrono::steady_clock::now();
    // [vera]
    const generator::Generator g(erg::nn::mlp<erg::nn::SiLU>(2, 100, 100, 2), {.start = 0.1, .least = 0.01, .most = 0.3}, erg::random::Key(5));
    const generator::ImportanceScore<float> score({.n_samples = 20, .proposal_scale = 1.73});
    const erg::nn::CosineRate rate(n_steps, 0.05);
    train::Trainer trainer(erg::tilt(erg::GaussianIsotropic<2>(4.0), example::flat_network(2, 100, 4.0F)), train::Data<float>(data, 2),
                           train::draws(g, 256), train::Terms{train::Contrastive{}, train::GradientPenalty{.weight = 0.001}},
                           train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 1e-3, .beta1 = 0.0, .beta2 = 0.9}}, rate),
                           train::GeneratorTeacher(g, score, {.lambda = lambda, .learning_rate = 1e-3}, rate), {.batch = 256});
    trainer.run(n_steps);
    // [vera]
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const auto raw = example::look_at(trainer.energy(), target, held_out);
    const auto tempered = example::look_at(example::Tempered(trainer.energy(), lambda), target, held_out);
    const example::PlaneDraws draws(trainer.teacher().generator(), target);
    std::printf("%8.2f %12.3f %18.3f %14.3f .. %.3f %8.3f %6.1f %8.1f\n", lambda, raw.nll, tempered.nll, draws.least(), draws.most(),
                trainer.teacher().generator().noise(), trainer.teacher().report().score.ess, seconds);
    std::fflush(stdout);
    if (lambda == 1.0) good = raw.nll <= 3.1 && draws.least() >= 0.06 && draws.most() <= 0.19;

    const std::string id = std::to_string(static_cast<int>(100 * lambda)), name = lambda == 1.0 ? "lambda = 1" : lambda == 0.1 ? "lambda = 0.1" : "lambda = 0.01";
    const std::string range = "unset key; plot [-6:6][-6:6] ";
    picture.data("raw" + id, raw.density).data("tempered" + id, tempered.density).data("draws" + id, draws.columns());
    picture.axes(name + ": exp(-U)", "x_0", "x_1") << range + "$raw" + id + " using 1:2:3 with image";
    picture.axes(name + ": exp(-U / lambda)", "x_0", "x_1") << range + "$tempered" + id + " using 1:2:3 with image";
    picture.axes(name + ": 1500 draws", "x_0", "x_1") << range + "$draws" + id + " using 1:2 with points pt 7 ps 0.25 lc rgb '" + example::orange + "'";
  }
  picture.write();
  return good ? 0 : 1;
}
