// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Du, Li, Tenenbaum, Mordatch (2021), Improved contrastive divergence training of energy-based models, in the plane, at the scale of two cores.
// The term that the usual gradient of contrastive divergence leaves out, in both signs; augmentation between chains; long and cold chains.
#include <erg/kernel/augment.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/noisy_descent.hpp>
#include <erg/kernel/repeat.hpp>
#include <erg/train/monitor.hpp>
#include <erg/train/sampler_kl.hpp>

#include <chrono>
#include <cstring>

#include "support/plane_ebm.hpp"

namespace train = erg::train;

namespace {

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

struct Seeds {
  std::vector<double> v;
  double mean() const {
    double s = 0.0;
    for (const double x : v) s += x / static_cast<double>(v.size());
    return s;
  }
  double error() const {
    double s = 0.0;
    for (const double x : v) s += (x - mean()) * (x - mean());
    return v.size() < 2 ? NAN : std::sqrt(s / static_cast<double>(v.size() - 1) / static_cast<double>(v.size()));
  }
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

const auto noise = train::Noise::uniform(-6.0, 6.0);
const train::Contrastive cd{};
auto sampler_kl(train::KlSign sign, int n_steps) { return train::Terms(cd, train::SamplerKl{{.n_steps = n_steps, .sign = sign}}); }
auto buffer() { return train::Replay{noise, {.capacity = 10000, .restart = 0.05}}; }
auto augmented() { return train::Replay{noise, {.capacity = 10000, .restart = 0.05}, train::AsIs{}, train::Rotate{.n_fold = 25}}; }

struct Row {
  std::string name;
  Seeds modes{}, divergence{}, ratio{}, cosine{}, seconds{};
  example::PlaneReport last{};
  int n_lost = 0;
};

struct Cold {
  double share_near = 0.0;   ///< of samples within three deviations of a mode
  int n_modes = 0;           ///< that have one
  double energy = 0.0;
};
template <class K, class E>
Cold cold_samples(const example::PlaneTarget& target, K kernel, double temperature, std::int64_t n_steps, const E& energy) {
  constexpr int n = 512;
  std::vector<float> x(2 * n), after(2 * n);
  const erg::BlockView<float> start{x.data(), n, 2, n};
  noise.fill(start, erg::BlockView<const float>{}, erg::random::Key(17));
  const auto keep = [&](const train::LongRunRow&, erg::BlockView<const float> at) {
    for (int d = 0; d < 2; ++d) std::copy_n(at.column(d), n, after.data() + d * n);
  };
  (void)train::long_run<float>(erg::Threads<>{2}, kernel, energy, erg::BlockView<const float>(start), {.at = {n_steps}}, keep);
  // The end is without augmentation.
  const auto rows = train::long_run<float>(erg::Threads<>{2}, erg::NoisyDescent{erg::NoisyDescentParams::tempered(0.01, temperature)}, energy,
                                           erg::BlockView<const float>{after.data(), n, 2, n}, {.at = {100}, .seed = 2}, keep);
  Cold c;
  std::vector<int> found(target.mode_weights.size());
  for (int i = 0; i < n; ++i) {
    const double a = static_cast<double>(after[static_cast<std::size_t>(i)]), b = static_cast<double>(after[static_cast<std::size_t>(n + i)]);
    const int k = target.mode(a, b);
    const double angle = 6.283185307179586 * k / 25, dx = a - 5.0 * std::cos(angle), dy = b - 5.0 * std::sin(angle);
    if (dx * dx + dy * dy > 0.36) continue;
    c.share_near += 1.0 / n;
    found[static_cast<std::size_t>(k)] = 1;
  }
  for (const int f : found) c.n_modes += f;
  c.energy = rows.back().energy;
  return c;
}
template <class E>
void cold_table(const char* name, const example::PlaneTarget& target, const E& energy) {
  std::printf("  %s\n", name);
  for (const double temperature : {1.0, 0.1, 0.01}) {
    const auto langevin = erg::NoisyDescent{erg::NoisyDescentParams::tempered(0.01, temperature)};
    const Cold alone = cold_samples(target, langevin, temperature, 1000, energy);
    const Cold turned = cold_samples(target, erg::cycle(erg::repeat<10>(langevin), erg::augment(train::Rotate{.n_fold = 25})), temperature, 100, energy);
    std::printf("    T = %-5g %8.3f near a mode, %2d modes, mean U %8.2f   |  augmented: %8.3f, %2d modes, %8.2f\n", temperature, alone.share_near,
                alone.n_modes, alone.energy, turned.share_near, turned.n_modes, turned.energy);
  }
}

struct Setting {
  long n_steps;
  int n_langevin;
  double learning_rate, clip;
  bool cold;
};
/// One training; false where it diverged or ended nowhere near.
template <class Objective, class Initialiser>
void run_row(Row& row, std::uint64_t seed, const Setting& setting, Objective objective, Initialiser initialiser) {
  const Clock clock;
  const auto target = example::ring_of_25();
  const auto data = target.draw(20000, 2 * seed + 1), held_out = target.draw(20000, 2 * seed + 2);
  const double entropy = target.mean_energy(held_out);
  try {
    const auto report = example::train_plane(
        target, data, held_out,
        train::chains(erg::Threads<>{2}, erg::NoisyDescent{erg::NoisyDescentParams::tempered(0.01, 1.0)}, std::move(initialiser),
                      {.n_chains = 256, .n_steps = setting.n_langevin}),
        train::NoTeacher{},
        {.n_steps = setting.n_steps, .n_chains = 256, .learning_rate = setting.learning_rate, .clip = setting.clip, .average = 0.98, .seed = seed, .n_threads = 2},
        std::move(objective), [&](auto& trainer) {
          const auto& r = trainer.report();
          if (r.terms.size() == 2) {
            row.ratio.v.push_back(r.terms[1].gradient_norm / r.terms[0].gradient_norm);
            row.cosine.v.push_back(r.terms[1].cosine);
          }
          if (setting.cold) cold_table(row.name.c_str(), target, trainer.averaged());
        });
    const double divergence = report.nll - entropy;
    if (!(divergence < 3.0)) ++row.n_lost;
    row.modes.v.push_back(report.n_covered(target));
    row.divergence.v.push_back(divergence);
    row.last = report;
  } catch (const train::TrainingError&) {
    ++row.n_lost;
  }
  row.seconds.v.push_back(clock.seconds());
}
std::vector<Row> ring(int n_seeds, const Setting& setting) {
  std::vector<Row> rows{{"CD"}, {"CD + KL (published), last step"}, {"CD + KL (exact), last step"}, {"CD + KL (published), last 5 steps"},
                        {"CD + KL (published) + augmentation"}};
  using train::KlSign;
  for (int i = 0; i < n_seeds; ++i) {
    const auto seed = static_cast<std::uint64_t>(i);
    const auto plain = [&](std::size_t row, auto objective) { run_row(rows[row], seed, setting, std::move(objective), buffer()); };
    plain(0, cd);
    plain(1, sampler_kl(KlSign::published, 1));
    plain(2, sampler_kl(KlSign::exact, 1));
    plain(3, sampler_kl(KlSign::published, 5));
    run_row(rows[4], seed, setting, sampler_kl(KlSign::published, 1), augmented());
  }
  return rows;
}
void print(const std::vector<Row>& rows, int n_seeds) {
  std::printf("  %-38s %9s %19s %10s %8s %6s %7s\n", "trained by", "modes", "KL(data || model)", "|KL|/|CD|", "cosine", "lost", "s");
  for (const Row& r : rows) {
    std::printf("  %-38s %5.1f/25 %9.4f (%7.4f) %10.2f %8.2f %3d/%d %7.1f\n", r.name.c_str(), r.modes.v.empty() ? NAN : r.modes.mean(),
                r.divergence.v.empty() ? NAN : r.divergence.mean(), r.divergence.error(), r.ratio.v.empty() ? NAN : r.ratio.mean(),
                r.cosine.v.empty() ? NAN : r.cosine.mean(), r.n_lost, n_seeds, r.seconds.mean());
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const bool full = argc > 1 && std::strcmp(argv[1], "--full") == 0;
  const Clock clock;
  std::printf("Improved contrastive divergence training of energy-based models (arXiv 2012.01316), %s\n\n", full ? "full" : "quick");
  std::printf("reported: the KL term keeps training stable without spectral norm; its gradient is a third to a half as long as the contrastive one;\n"
              "augmentation makes long and cold chains diverse\n\n");
  the_sign();

  const int n_seeds = full ? 5 : 1;
  const long n_steps = full ? 1500 : 300;
  std::printf("Ring of 25 Gaussians, chains of 20 steps from a replay buffer, %ld steps of training, %d seeds:\n", n_steps, n_seeds);
  const auto rows = ring(n_seeds, {n_steps, 20, 2e-3, 1.0, false});
  print(rows, n_seeds);

  const int n_stress = full ? 5 : 2;
  std::printf("Under stress: chains of 5 steps, ten times the learning rate, no clipping, %d seeds; lost: diverged, or KL > 3:\n", n_stress);
  print(ring(n_stress, {full ? 500 : 100, 5, 2e-2, 0.0, false}), n_stress);

  std::printf("Cold chains (noise of temperature T, 1000 steps from noise, then 100 without augmentation):\n");
  Row alone{"energy trained by CD"}, together{"energy trained by CD + KL + augmentation"};
  run_row(alone, 1, {n_steps, 20, 2e-3, 1.0, true}, cd, buffer());
  run_row(together, 1, {n_steps, 20, 2e-3, 1.0, true}, sampler_kl(train::KlSign::published, 1), augmented());

  example::Picture picture("out/reproduce/improved-cd/ring.png", 1, 5, 2100, 470);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].last.density.empty()) continue;
    picture.data("p" + std::to_string(i), rows[i].last.density);
    picture.axes(rows[i].name, "x_0", "x_1") << "unset key; plot [-6.5:6.5][-6.5:6.5] $p" + std::to_string(i) + " using 1:2:3 with image";
  }
  std::printf("\n");
  picture.write();
  std::printf("%.0f s\n", clock.seconds());
  return 0;
}
