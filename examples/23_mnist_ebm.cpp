// Handwritten digits on pixels: an energy trained by contrastive divergence with the sampler's KL term and a replay buffer with augmentation;
// chains far longer than those of training; AND, OR and NOT of two other energies; images that are no digits. Without MNIST it says so and ends.
//
//   example_23_mnist_ebm            14 x 14 pixels, a minute
//   example_23_mnist_ebm --full     28 x 28 pixels
#include <erg/energy/logic.hpp>
#include <chrono>
#include <cstring>
#include "support/digit_ebm.hpp"

namespace train = erg::train;

namespace {

/// Digits of two energies; what they share, either, the first without the second.
const std::vector<int> of_first{0, 3}, of_second{0, 4};

double share_of(const example::DigitJudgement& j, const std::vector<int>& digits) {
  double sum = 0.0;
  for (const int k : digits) sum += j.shares[static_cast<std::size_t>(k)];
  return sum;
}
double mean_energy(const example::DigitEnergy& energy, example::ImageView x) {
  std::vector<float> u(static_cast<std::size_t>(x.n_chains));
  erg::batch_value(energy, x, std::span<float>(u));
  double sum = 0.0;
  for (const float v : u) sum += static_cast<double>(v);
  return sum / x.n_chains;
}

}  // namespace

int main(int argc, char** argv) {
  const bool full = argc > 1 && std::strcmp(argv[1], "--full") == 0;
  const auto digits = example::load_mnist();
  const auto test = example::load_digits("mnist", "t10k");
  if (!digits || !test) return 0;
  const int side = full ? 28 : 14;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  const example::DigitJudge judge(*digits);
  const auto data = example::images(*digits, side, 0, 20000);
  const auto data_sheet = example::sheet_of(data, 1000);
  std::printf("%d x %d pixels; a classifier that is right on %.1f %% of other digits looks at samples\n\n", side, side, 100.0 * judge.accuracy());
  example::Picture picture("out/examples/23_mnist_ebm.png", 4, 4, 1800, 1840);
  example::show_sheet(picture, "data", "data", data_sheet.view(), side);

  // [train]
  example::DigitEnergy energy = example::digit_energy(side);
  std::vector<train::HistoryRow> history;
  example::train_digits(data, {.n_steps = full ? 3000 : 1200}, [&](auto& trainer, const auto& rows) {
    energy = trainer.averaged();
    history = rows;
    example::show_sheet(picture, "buffer", "negatives at the end of training", trainer.negatives().positions(), side);
  });
  // [train]
  std::printf("trained in %.0f s\n\n", seconds());
  std::fflush(stdout);

  std::vector<float> u(static_cast<std::size_t>(data_sheet.n));
  erg::batch_value(energy, data_sheet.view(), std::span<float>(u));
  const double data_energy = mean_energy(energy, data_sheet.view());
  double deviation = 0.0;
  for (const float v : u) deviation += (static_cast<double>(v) - data_energy) * (static_cast<double>(v) - data_energy) / data_sheet.n;
  deviation = std::sqrt(deviation);
  std::printf("64 chains of the energy without augmentation\n");
  std::printf("%-10s %6s %10s %10s %10s %10s %10s %11s %9s\n", "from", "step", "U", "sd of U", "deviation", "distance", "at walls", "confidence", "classes");
  const auto row = [&](const char* from, const std::string& step, const train::Diversity& d, double mean, double sd, const example::DigitJudgement& j) {
    std::printf("%-10s %6s %10.4f %10.4f %10.4f %10.3f %10.3f %11.3f %9.2f\n", from, step.c_str(), mean, sd, d.deviation, d.distance, d.saturated, j.confidence,
                std::exp(j.class_entropy));
    std::fflush(stdout);
  };
  row("(data)", "", train::diversity(data_sheet.view()), data_energy, deviation, judge(data_sheet.view(), side));
  example::Columns drift(3);
  // [long]
  const std::vector<std::int64_t> at{100, 300, 1000, 3000, 10000};
  const auto chains = [&](const char* from, example::ImageView start, const char* id) {
    const auto rows = train::long_run<float>(erg::Threads<>{2}, example::digit_kernel(), energy, start, {.at = at, .low = 1e-6, .high = 1.0 - 1e-6},
                                             [&](const train::LongRunRow& r, example::ImageView x) {
                                               row(from, std::to_string(r.step), r.diversity, r.energy, r.energy_deviation, judge(x, side));
                                               if (r.step == 300 || r.step == 3000) return;
                                               if (r.step == 1000 && id[0] == 'd') return;
                                               example::show_sheet(picture, id + std::to_string(r.step), from + (" after " + std::to_string(r.step) + " steps"), x, side);
                                             });
    std::printf("  from step 100 to 10000: mean distance x %.2f, deviation x %.2f, energy %+.2f deviations of the data's\n",
                rows.back().diversity.distance / rows[0].diversity.distance, rows.back().diversity.deviation / rows[0].diversity.deviation,
                (rows.back().energy - rows[0].energy) / deviation);
    return rows;
  };
  // [long]
  example::Sheet noise(64, side * side);
  train::Noise::uniform(0.0, 1.0).fill(noise.view(), example::ImageView{}, erg::random::Key(21));
  const auto from_noise = chains("noise", noise.view(), "noise");
  const auto from_data = chains("digits", example::sheet_of(example::images(*digits, side, 40000, 64), 64).view(), "digits");
  for (std::size_t i = 0; i < at.size(); ++i) {
    drift[0].push_back(static_cast<double>(at[i])), drift[1].push_back(from_noise[i].diversity.distance), drift[2].push_back(from_data[i].diversity.distance);
  }
  std::printf("\n");

  // [compose]
  const auto trained_on = [&](const std::vector<int>& labels) {
    example::DigitEnergy e = example::digit_energy(side);
    const auto some = example::images(*digits, side, 0, 4000, labels);
    example::train_digits(some, {.n_steps = full ? 1500 : 500}, [&](auto& trainer, const auto&) { e = trainer.averaged(); });
    return e;
  };
  const example::DigitEnergy a = trained_on(of_first), b = trained_on(of_second);
  // Each energy's zero is arbitrary: the level of its own digits takes the place of log Z.
  const double level_a = mean_energy(a, example::sheet_of(example::images(*digits, side, 30000, 500, of_first), 500).view());
  const double level_b = mean_energy(b, example::sheet_of(example::images(*digits, side, 30000, 500, of_second), 500).view());
  const auto both = erg::conjunction(a, b);
  const auto either = erg::disjunction(1.0 / example::digit_kernel().langevin_law().temperature(), erg::alternative(-level_a, a), erg::alternative(-level_b, b));
  const auto without = erg::negation(a, b, 0.35);
  // [compose]
  std::printf("A: energy of 0 and 3; B: energy of 0 and 4; 64 chains of 1000 steps from noise (A or B: from ends of both), labels by the classifier\n");
  std::printf("%-20s %8s %8s %8s %8s   %s\n", "", "0", "3", "4", "others", "wanted");
  const auto compose = [&](const char* name, const char* wanted, const auto& e, double rate, const std::vector<int>& right, const example::Sheet& start) {
    auto steps = example::digit_steps();
    steps.step_size *= rate;
    example::Sheet end;
    train::long_run<float>(erg::Threads<>{2}, erg::NoisyDescent{steps}, e, start.view(), {.at = {1000}}, [&](const train::LongRunRow&, example::ImageView x) {
      const auto j = judge(x, side);
      const double got = share_of(j, right);
      end = example::Sheet(x);
      std::printf("%-20s %8.2f %8.2f %8.2f %8.2f   %s: %.2f\n", name, j.shares[0], j.shares[3], j.shares[4], 1.0 - share_of(j, {0, 3, 4}), wanted, got);
      example::show_sheet(picture, std::string("c") + std::to_string(static_cast<int>(name[0])) + std::to_string(std::strlen(name)), name, x, side);
    });
    std::fflush(stdout);
    return end;
  };
  const auto ends_of_a = compose("A", "0, 3", a, 1.0, {0, 3}, noise), ends_of_b = compose("B", "0, 4", b, 1.0, {0, 4}, noise);
  // From noise, chains of the disjunction go where the nearer of the two leads; which that is, levels decide that noise knows nothing of.
  example::Sheet ends_of_both = ends_of_a;
  for (int d = 0; d < side * side; ++d) {
    for (int c = 1; c < 64; c += 2) ends_of_both.view()(c, d) = ends_of_b.view()(c, d);
  }
  compose("A and B", "0", both, 0.5, {0}, noise);
  compose("A or B", "0, 3, 4", either, 1.0, {0, 3, 4}, ends_of_both);
  compose("A without B", "3", without, 1.0, {3}, noise);

  // [ood]
  const auto strange = example::load_digits("notmnist", "t10k");
  double auroc = NAN;
  if (strange) {
    const auto table = example::detect_strange(energy, example::images(*test, side, 0, 2000), example::images(*strange, side, 0, 2000));
    auroc = table.rows[0].auroc.value;
    std::fflush(stdout);
    std::cout << "\n2000 digits of the test set against 2000 letters of notMNIST\n" << table << std::flush;
  }
  // [ood]

  example::Columns gap(3), norms(3), spread(2);
  for (const auto& r : history) {
    if (r.terms.size() < 2) continue;
    const auto step = static_cast<double>(r.step);
    gap[0].push_back(step), gap[1].push_back(r.gap()), gap[2].push_back(r.sampler_energy - 0.3 * r.sampler_entropy);
    norms[0].push_back(step), norms[1].push_back(r.terms[0].gradient_norm), norms[2].push_back(std::max(1e-6, r.terms[1].gradient_norm));
    spread[0].push_back(step), spread[1].push_back(r.negatives.distance);
  }
  example::show_lines(picture, "gap", "energies and KL loss", gap, {"U(data) - U(negatives)", "KL loss of the sampler"});
  example::show_lines(picture, "norms", "length of gradients", norms, {"contrastive", "sampler KL"}, true);
  example::show_lines(picture, "spread", "mean distance of two negatives", spread, {"negatives in training"});
  picture << "set logscale x";
  example::show_lines(picture, "drift", "mean distance of two chains", drift, {"from noise", "from digits"});
  std::printf("\n%.0f s\n", seconds());
  picture.write();
  return auroc == auroc && !(auroc > 0.98) ? 1 : 0;  // the energy has 1.000; the mean pixel, which needs no model, .967
}
