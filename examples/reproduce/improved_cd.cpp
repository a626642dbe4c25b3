// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Du, Li, Tenenbaum, Mordatch (2021), Improved contrastive divergence training of energy-based models, at the scale of two cores: in the plane, where
// quadrature judges, and on digits. The term that the usual gradient of contrastive divergence leaves out, in both signs; augmentation; long and cold
// chains; images that are no digits.
#include <chrono>
#include <cstring>

#include "support/digit_ebm.hpp"
#include "support/ring_ebm.hpp"

namespace train = erg::train;

namespace {

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// ---- the sign, on a chain in closed form ------------------------------------------------------------------------------------------

/// U = theta (x - mu)^2 / 2, data N(m, s), chains that start at the data and make n steps with rate lambda and noise of variance v.
struct GaussianChain {
  double theta = 1.5, mu = -0.3, m = 0.5, s = 1.0, rate = 0.1, v = 0.2;
  int n = 5;

  /// KL(N(mean, variance) || model).
  double kl(double mean, double variance) const {
    return 0.5 * (theta * (variance + (mean - mu) * (mean - mu)) - 1.0 - std::log(theta * variance));
  }
  void sampler(double& mean, double& variance) const {
    mean = m, variance = s;
    const double a = 1.0 - rate * theta;
    for (int i = 0; i < n; ++i) mean = mu + a * (mean - mu), variance = a * a * variance + v;
  }
  double cd() const {
    double mean = 0.0, variance = 0.0;
    sampler(mean, variance);
    return kl(m, s) - kl(mean, variance);
  }
  template <class F>
  double slope(F&& f) const {
    GaussianChain up = *this, down = *this;
    up.theta += 1e-6, down.theta -= 1e-6;
    return (f(up) - f(down)) / 2e-6;
  }
};
void the_sign() {
  const GaussianChain g;
  double mean = 0.0, variance = 0.0;
  g.sampler(mean, variance);
  const double two = 0.5 * (g.s + (g.m - g.mu) * (g.m - g.mu) - variance - (mean - g.mu) * (mean - g.mu));
  const double c = g.slope([&](const GaussianChain& at) {
    double p = 0.0, q = 0.0;
    at.sampler(p, q);
    return g.kl(p, q);  // the model stands still, the sampler's law moves
  });
  std::printf("The sign, on a Gaussian chain of 5 steps (theta = 1.5), derivatives by theta:\n");
  std::printf("  %-58s %9.5f\n", "CD = KL(data || model) - KL(q || model), differentiated", g.slope([](const GaussianChain& at) { return at.cd(); }));
  std::printf("  %-58s %9.5f\n", "the usual two terms, A - B", two);
  std::printf("  %-58s %9.5f\n", "the missing one, C = dq/dtheta . dKL(q || model)/dq", c);
  std::printf("  %-58s %9.5f   the derivative: KlSign::exact\n", "A - B - C", two - c);
  std::printf("  %-58s %9.5f   as printed and programmed: KlSign::published\n", "A - B + C", two + c);
  std::printf("  %-58s %9.5f\n\n", "maximum likelihood", g.slope([&](const GaussianChain& at) { return at.kl(g.m, g.s); }));
}

// ---- the ring of 25 ---------------------------------------------------------------------------------------------------------------

/// Chains of an energy in the plane after some steps: who is where.
struct Where {
  double share_near = 0.0;   ///< within three deviations of a mode
  int n_modes = 0;           ///< that have one
};
Where where(const example::PlaneTarget& target, erg::BlockView<const float> x) {
  Where w;
  std::vector<char> found(target.mode_weights.size());
  for (int i = 0; i < x.n_chains; ++i) {
    const double a = static_cast<double>(x(i, 0)), b = static_cast<double>(x(i, 1));
    const int k = target.mode(a, b);
    const double angle = 6.283185307179586 * k / 25, dx = a - 5.0 * std::cos(angle), dy = b - 5.0 * std::sin(angle);
    if (dx * dx + dy * dy > 0.36) continue;
    w.share_near += 1.0 / x.n_chains;
    found[static_cast<std::size_t>(k)] = 1;
  }
  for (const char f : found) w.n_modes += f;
  return w;
}
example::RingEnergy energy_of(const example::RuleRow& row) {
  auto energy = example::tilted_by_waves();
  energy.restore(row.seeds[0].parameters);
  return energy;
}
/// From noise by a kernel, then 100 steps of Langevin at the same temperature.
template <class K>
example::Sheet cold_chains(const example::RingEnergy& energy, K kernel, std::int64_t n_steps, double temperature) {
  example::Sheet x(512, 2);
  example::ring_noise().fill(x.view(), erg::BlockView<const float>{}, erg::random::Key(17));
  const auto keep = [&](const train::LongRunRow&, erg::BlockView<const float> at) { x = example::Sheet(at); };
  const example::Sheet start = x;
  (void)train::long_run<float>(erg::Threads<>{2}, kernel, energy, start.view(), {.at = {n_steps}}, keep);
  const example::Sheet before = x;
  (void)train::long_run<float>(erg::Threads<>{2}, example::ring_step(temperature), energy, before.view(), {.at = {100}, .seed = 2}, keep);
  return x;
}
void cold_and_long(const std::vector<example::RuleRow>& rows) {
  const auto target = example::ring_of_25();
  example::Picture picture("out/reproduce/improved-cd/cold.png", 2, 3, 1260, 880);
  example::Columns text;
  std::printf("Cold chains: 512 from noise, 1000 steps at temperature T, with a turn by 1/25 of the circle every 10 or without, then 100 without\n");
  std::printf("  %-34s %6s   %22s   %22s\n", "energy trained by (seed 0)", "T", "without: near, modes", "with turns: near, modes");
  std::vector<std::string> panels[2];
  for (const std::size_t which : {std::size_t{0}, std::size_t{4}}) {
    if (rows[which].seeds[0].parameters.empty()) continue;
    const auto energy = energy_of(rows[which]);
    for (const double temperature : {1.0, 0.1, 0.01}) {
      const auto langevin = example::ring_step(temperature);
      const auto alone = cold_chains(energy, langevin, 1000, temperature);
      const auto turned = cold_chains(energy, erg::cycle(erg::repeat<10>(langevin), erg::augment(train::Rotate{.n_fold = 25})), 100, temperature);
      const Where a = where(target, alone.view()), b = where(target, turned.view());
      std::printf("  %-34s %6g   %12.3f %9d   %12.3f %9d\n", rows[which].name.c_str(), temperature, a.share_near, a.n_modes, b.share_near, b.n_modes);
      if (which != 0) continue;
      for (const bool with : {false, true}) {
        const std::string id = (with ? "t" : "a") + std::to_string(panels[with].size());
        picture.data(id, example::columns_of((with ? turned : alone).view(), 512));
        panels[with].push_back("$" + id);
      }
    }
  }
  for (const bool with : {false, true}) {
    for (std::size_t i = 0; i < panels[with].size(); ++i) {
      const char* temperatures[] = {"1", "0.1", "0.01"};
      picture.axes(std::string("T = ") + temperatures[i] + (with ? ", with turns" : ", without"), "x_0", "x_1")
          << "unset key; plot [-6.5:6.5][-6.5:6.5] " + panels[with][i] + " using 1:2 with points pt 7 ps 0.4 lc rgb '" + example::blue + "'";
    }
  }
  picture.write();
  std::printf("\nLong chains: 512 from noise at T = 1\n  %-34s %6s %9s %9s %9s %8s %6s\n", "energy trained by (seed 0)", "step", "U", "sd of U", "distance", "near", "modes");
  for (const auto& row : rows) {
    if (row.seeds[0].parameters.empty()) continue;
    example::Sheet x(512, 2);
    example::ring_noise().fill(x.view(), erg::BlockView<const float>{}, erg::random::Key(17));
    (void)train::long_run<float>(erg::Threads<>{2}, example::ring_step(), energy_of(row), erg::BlockView<const float>(x.view()), {.at = {100, 1000, 10000}},
                                 [&](const train::LongRunRow& r, erg::BlockView<const float> at) {
                                   const Where w = where(target, at);
                                   std::printf("  %-34s %6ld %9.3f %9.3f %9.3f %8.3f %6d\n", row.name.c_str(), static_cast<long>(r.step), r.energy, r.energy_deviation,
                                               r.diversity.distance, w.share_near, w.n_modes);
                                 });
  }
  std::printf("\n");
  std::fflush(stdout);
}

// ---- digits -----------------------------------------------------------------------------------------------------------------------

struct DigitRow {
  const char* name;
  double kl;
};
constexpr DigitRow digit_rows[] = {{"CD", 0.0}, {"CD + KL, as published", 1.0}};

/// Steps until the energies of data and negatives part by 1 / (2 alpha), or there is no number; all of them where they do not.
std::int64_t steps_survived(const std::vector<train::HistoryRow>& history, long n_steps, double energy_l2, std::int64_t last) {
  for (const auto& r : history) {
    if (!(std::fabs(r.gap()) <= 0.5 / energy_l2)) return r.step;
  }
  return last < n_steps ? last : n_steps;
}

void digits(bool full) {
  const auto mnist = example::load_mnist();
  const auto test = example::load_digits("mnist", "t10k"), strange = example::load_digits("notmnist", "t10k");
  if (!mnist || !test || !strange) return;
  constexpr int side = 14, dim = side * side;
  const auto data = example::images(*mnist, side, 0, 20000), in = example::images(*test, side, 0, 2000), out = example::images(*strange, side, 0, 2000);
  const example::DigitJudge judge(*mnist);
  const int n_seeds = full ? 3 : 1;
  const long n_steps = full ? 1500 : 400;
  std::printf("Digits of %d x %d pixels, chains of 20 steps from a buffer, %ld steps of training, seeds 0 to %d (a row each); samples: 64 chains of 1000 steps from\n"
              "noise, seen by a classifier that is right on %.1f %% of digits; AUROC: 2000 digits against 2000 letters of notMNIST\n",
              side, side, n_steps, n_seeds - 1, 100.0 * judge.accuracy());
  std::printf("  %-24s %5s %10s %10s %9s %11s %9s %9s   %s\n", "trained by", "seed", "largest gap", "last gap", "|KL|/|CD|", "confidence", "classes", "distance", "AUROC");
  std::optional<example::DigitEnergy> trained;
  example::Picture monitoring("out/reproduce/improved-cd/digits_monitor.png", 2, 3, 1500, 800);
  for (const DigitRow& rule : digit_rows) {
    for (int seed = 0; seed < n_seeds; ++seed) {
      example::train_digits(data, {.n_steps = n_steps, .kl = rule.kl, .seed = 1 + static_cast<std::uint64_t>(seed)}, [&](auto& trainer, const auto& history) {
        const auto energy = trainer.averaged();
        double largest = 0.0, ratio = 0.0, first = 0.0;
        example::Columns gap(3), norms(3), spread(2);
        for (const auto& r : history) {
          if (r.step >= n_steps / 10) largest = std::max(largest, std::fabs(r.gap()));
          first += r.terms.at(0).gradient_norm;
          if (r.terms.size() == 2) ratio += r.terms[1].gradient_norm;
          const auto step = static_cast<double>(r.step);
          gap[0].push_back(step), gap[1].push_back(r.gap()), gap[2].push_back(r.terms.size() == 2 ? r.sampler_energy - 0.3 * r.sampler_entropy : 0.0);
          norms[0].push_back(step), norms[1].push_back(r.terms[0].gradient_norm), norms[2].push_back(r.terms.size() == 2 ? std::max(1e-6, r.terms[1].gradient_norm) : 1e-6);
          spread[0].push_back(step), spread[1].push_back(r.negatives.distance);
        }
        if (seed == 0) {
          const std::string id = rule.kl > 0.0 ? "k" : "c", name = rule.name;
          if (rule.kl > 0.0) {
            example::show_lines(monitoring, id + "gap", name + ": energies, KL loss", gap, {"U(data) - U(negatives)", "KL loss"});
            example::show_lines(monitoring, id + "norms", name + ": length of gradients", norms, {"contrastive", "sampler KL"}, true);
          } else {
            example::show_lines(monitoring, id + "gap", name + ": energies", gap, {"U(data) - U(negatives)"});
            example::show_lines(monitoring, id + "norms", name + ": length of gradients", norms, {"contrastive"}, true);
          }
          example::show_lines(monitoring, id + "spread", name + ": mean distance of negatives", spread, {"negatives"});
        }
        example::DigitJudgement seen;
        const auto rows = example::from_noise(example::digit_kernel(), energy, dim, {1000}, 2, [&](const auto&, example::ImageView x) { seen = judge(x, side); });
        const auto table = example::detect_strange(energy, in, out);
        std::printf("  %-24s %5d %10.4f %10.4f %9.2f %11.3f %9.2f %9.3f   %.4f [%.4f, %.4f]\n", rule.name, seed, largest, history.back().gap(), ratio / first, seen.confidence,
                    std::exp(seen.class_entropy), rows[0].diversity.distance, table.rows[0].auroc.value, table.rows[0].auroc.low, table.rows[0].auroc.high);
        std::fflush(stdout);
        if (seed == n_seeds - 1 && rule.kl > 0.0) {
          std::printf("\n");
          std::fflush(stdout);
          std::cout << table << std::endl;
          trained = energy;
        }
      });
    }
  }
  monitoring.write();

  const long n_stress = full ? 500 : 100;
  std::printf("\nUnder stress: ten times the learning rate, no clipping; steps of %ld until |U(data) - U(negatives)| > 1/(2 alpha) = 50:\n", n_stress);
  for (const DigitRow& rule : digit_rows) {
    std::printf("  %-24s", rule.name);
    for (int seed = 0; seed < n_seeds; ++seed) {
      const example::DigitTraining hard{.n_steps = n_stress, .learning_rate = 2e-2, .clip = 0.0, .kl = rule.kl, .seed = 1 + static_cast<std::uint64_t>(seed), .progress = false};
      example::train_digits(data, hard, [&](auto& trainer, const auto& history) {
        std::printf(" %5ld", static_cast<long>(steps_survived(history, n_stress, hard.energy_l2, trainer.step())));
      });
      std::fflush(stdout);
    }
    std::printf("\n");
  }

  std::printf("\nCold chains of the last energy: 64 from noise, 1000 steps with the noise of training times the root of T, with a shift by up to a pixel every 50 or\n"
              "without, then 100 without\n  %6s %34s   %34s\n  %6s %12s %9s %11s   %12s %9s %11s\n", "", "without", "with shifts", "T", "confidence", "classes", "at walls",
              "confidence", "classes", "at walls");
  example::Picture picture("out/reproduce/improved-cd/digits_cold.png", 3, 2, 920, 1380);
  for (const double temperature : {1.0, 0.1, 0.01}) {
    const auto kernel = example::digit_kernel(0.02 * std::sqrt(temperature));
    std::printf("  %6g", temperature);
    const auto chains = [&](auto first, std::int64_t n, const char* name) {
      example::Sheet x;
      example::from_noise(first, *trained, dim, {n}, 2, [&](const auto&, example::ImageView at) { x = example::Sheet(at); });
      const example::Sheet before = x;
      const auto rows = train::long_run<float>(erg::Threads<>{2}, kernel, *trained, before.view(), {.at = {100}, .low = 1e-6, .high = 1.0 - 1e-6, .seed = 2},
                                               [&](const auto&, example::ImageView at) { x = example::Sheet(at); });
      const auto seen = judge(x.view(), side);
      std::printf(" %12.3f %9.2f %11.3f  ", seen.confidence, std::exp(seen.class_entropy), rows[0].diversity.saturated);
      char title[64];
      std::snprintf(title, sizeof title, "T = %g, %s", temperature, name);
      static int id = 0;
      example::show_sheet(picture, "s" + std::to_string(id++), title, x.view(), side);
    };
    chains(kernel, 1000, "without");
    chains(erg::cycle(erg::repeat<50>(kernel), erg::augment(train::Shift{erg::nn::Shape(1, side, side)})), 20, "with shifts");
    std::printf("\n");
  }
  picture.write();
}

}  // namespace

int main(int argc, char** argv) {
  const bool full = argc > 1 && std::strcmp(argv[1], "--full") == 0;
  const Clock clock;
  std::printf("Improved contrastive divergence training of energy-based models (arXiv 2012.01316), %s\n\n", full ? "full" : "quick");
  std::printf("reported: the KL term keeps training stable without spectral norm; its gradient is a third to a half as long as the contrastive one;\n"
              "augmentation makes long and cold chains diverse; strange images have high energy (AUROC .65 to .91 for CIFAR-10)\n\n");
  the_sign();

  const example::RuleTraining usual{.n_steps = full ? 1200 : 600, .n_seeds = full ? 5 : 2};
  std::printf("Ring of 25 Gaussians, chains of 20 steps from a replay buffer, %ld steps of training, mean (standard deviation) over %d seeds:\n", usual.n_steps, usual.n_seeds);
  const auto rows = example::ring_rows(usual);
  example::show_ring("out/reproduce/improved-cd/ring.png", rows);
  const example::RuleTraining stress{.n_steps = full ? 500 : 300, .n_seeds = usual.n_seeds, .n_langevin = 5, .learning_rate = 5e-3, .clip = 0.0};
  std::printf("\nUnder stress: chains of 5 steps, ten times the learning rate, no clipping, %ld steps; lost: diverged, or KL > 3:\n", stress.n_steps);
  (void)example::ring_rows(stress);
  std::printf("\n");
  cold_and_long(rows);
  digits(full);
  std::printf("\n%.0f s\n", clock.seconds());
  return 0;
}
