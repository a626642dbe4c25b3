// An energy in the plane trained with a generator in the place of chains (VERA): its draws are the negatives, and it follows the energy with as
// much entropy as lambda says. lambda is a temperature: the model's density is exp(-U / lambda).
#include <erg/generator/generators.hpp>
#include "support/plane_ebm.hpp"

namespace train = erg::train;
namespace generator = erg::generator;

namespace {

/// Eight narrow Gaussians on a ring, of equal weight.
example::PlaneTarget eight() {
  std::vector<double> centres;
  std::vector<int> groups;
  for (int k = 0; k < 8; ++k) {
    centres.push_back(2.828427 * std::cos(0.785398 * k)), centres.push_back(2.828427 * std::sin(0.785398 * k));
    groups.push_back(k);
  }
  return {"eight Gaussians", 6.0, std::vector<double>(8, 1.0), centres, std::vector<double>(8, 0.353553), groups};
}

/// U / temperature.
template <class E>
struct Tempered {
  static constexpr int dim = 2;
  const E& energy;
  double temperature;
  void value_and_gradient(erg::BlockView<const float> x, std::span<float> u, erg::BlockView<float> g) const {
    energy.value_and_gradient(x, u, g);
    for (float& v : u) v /= static_cast<float>(temperature);
    for (int d = 0; d < 2; ++d) {
      for (int c = 0; c < x.n_chains; ++c) g(c, d) /= static_cast<float>(temperature);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  const long n_steps = argc > 1 ? std::atol(argv[1]) : 3000;
  const auto target = eight();
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
    const auto tempered = example::look_at(Tempered<std::remove_cvref_t<decltype(trainer.energy())>>{trainer.energy(), lambda}, target, held_out);

    const int n = 4000;
    std::vector<float> x(2 * n);
    trainer.teacher().generator().sample(erg::random::Key(77), 0, {x.data(), n, 2, n});
    std::vector<double> share(8, 0.0);
    for (int c = 0; c < n; ++c) share[static_cast<std::size_t>(target.mode(static_cast<double>(x[static_cast<std::size_t>(c)]), static_cast<double>(x[static_cast<std::size_t>(n + c)])))] += 1.0 / n;
    const double least = *std::min_element(share.begin(), share.end()), most = *std::max_element(share.begin(), share.end());
    std::printf("%8.2f %12.3f %18.3f %14.3f .. %.3f %8.3f %6.1f %8.1f\n", lambda, raw.nll, tempered.nll, least, most, trainer.teacher().generator().noise(),
                trainer.teacher().report().score.ess, seconds);
    std::fflush(stdout);
    if (lambda == 1.0) good = raw.nll <= 3.1 && least >= 0.06 && most <= 0.19;

    const std::string id = std::to_string(static_cast<int>(100 * lambda)), name = id == "100" ? "lambda = 1" : id == "10" ? "lambda = 0.1" : "lambda = 0.01";
    const std::string range = "unset key; plot [-6:6][-6:6] ";
    picture.data("raw" + id, raw.density).data("tempered" + id, tempered.density).data("draws" + id, example::columns_of({x.data(), n, 2, n}, 1500));
    picture.axes(name + ": exp(-U)", "x_0", "x_1") << range + "$raw" + id + " using 1:2:3 with image";
    picture.axes(name + ": exp(-U / lambda)", "x_0", "x_1") << range + "$tempered" + id + " using 1:2:3 with image";
    picture.axes(name + ": 1500 draws", "x_0", "x_1") << range + "$draws" + id + " using 1:2 with points pt 7 ps 0.25 lc rgb '" + example::orange + "'";
  }
  picture.write();
  return good ? 0 : 1;
}
