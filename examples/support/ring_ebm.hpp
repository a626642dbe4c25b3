// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The ring of 25 Gaussians, learnt by several rules with several seeds each, judged by quadrature.
#pragma once

#include "support/plane_ebm.hpp"

#include <erg/kernel/augment.hpp>
#include <erg/kernel/cycle.hpp>
#include <erg/kernel/noisy_descent.hpp>
#include <erg/kernel/repeat.hpp>
#include <erg/lane/math/trig.hpp>
#include <erg/train/monitor.hpp>
#include <erg/train/sampler_kl.hpp>

#include <chrono>
#include <thread>

namespace example {

struct Sine {
  template <erg::Lane L>
  ERG_FN ERG_INLINE L operator()(L x) const {
    return erg::math::sin(x);
  }
};
/// A Gaussian tilted by a network whose first layer is waves of a length near the distance of two modes. A network of smooth steps alone learns
/// the ring and not its modes: KL(data, model) stays near 0.42, which is the annulus.
inline auto tilted_by_waves(std::uint64_t seed = 3, int hidden = 128) {
  using namespace erg::nn;
  NeuralEnergy net(Sequential(Dense(2, hidden), Elementwise<Sine>{}, Dense(hidden, hidden), SiLU{}, Dense(hidden, 1)), erg::random::Key(seed));
  net.update([&](std::span<float> theta) {
    const auto h = static_cast<std::size_t>(hidden);
    for (float& w : theta.first(2 * h)) w *= 5.0F;
    for (float& b : theta.subspan(2 * h, h)) b *= 4.4F;
    std::fill(theta.end() - hidden - 1, theta.end(), 0.0F);
  });
  return erg::tilt(erg::GaussianIsotropic<2>(4.0), std::move(net));
}
using RingEnergy = decltype(tilted_by_waves());

inline auto ring_step(double temperature = 1.0) { return erg::NoisyDescent{erg::NoisyDescentParams::tempered(0.01, temperature)}; }
inline auto ring_noise() { return erg::train::Noise::uniform(-6.0, 6.0); }
template <class A = erg::train::NoAugmentation>
auto ring_buffer(A augmentation = {}) {
  return erg::train::Replay{ring_noise(), {.capacity = 1024, .restart = 0.002}, erg::train::AsIs{}, augmentation};
}
/// Ten points lie in a mode of 256 chains: entropies by the fourth neighbour, for the sixteenth is in another mode.
inline auto ring_kl(int n_steps, erg::train::KlSign sign = erg::train::KlSign::published) {
  return erg::train::Terms(erg::train::Contrastive{}, erg::train::SamplerKl({.n_steps = n_steps, .sign = sign}, erg::train::NeighbourEntropy({.k = 4})));
}

struct RuleTraining {
  long n_steps = 600;
  int n_seeds = 5, n_langevin = 20;
  double learning_rate = 5e-4, clip = 1.0;
};
struct RuleResult {
  bool is_lost = true;          ///< training diverged, or KL > 3
  int n_modes = 0;
  double divergence = NAN, total_variation = NAN, ratio = NAN, cosine = NAN;
  PlaneReport report;
  Columns chains;
  std::vector<float> parameters;
};
struct RuleRow {
  std::string name;
  std::vector<RuleResult> seeds;
  double seconds = 0.0;

  int n_lost() const { return static_cast<int>(std::count_if(seeds.begin(), seeds.end(), [](const RuleResult& r) { return r.is_lost; })); }
  /// Mean and standard deviation over seeds that were not lost.
  template <class F>
  std::pair<double, double> over_seeds(F&& f) const {
    double n = 0.0, mean = 0.0, square = 0.0;
    for (const auto& r : seeds) {
      if (!r.is_lost) n += 1.0, mean += f(r);
    }
    if (!(n > 0.0)) return {NAN, NAN};
    mean /= n;
    for (const auto& r : seeds) {
      if (!r.is_lost) square += (f(r) - mean) * (f(r) - mean);
    }
    return {mean, n > 1.0 ? std::sqrt(square / (n - 1.0)) : NAN};
  }
};

/// Trains one rule with all seeds, two at a time. `repeats`: steps of the kernel a training step.
template <class Kernel, class Objective, class Initialiser>
RuleRow train_ring(std::string name, const RuleTraining& p, Kernel kernel, int repeats, Objective objective, Initialiser initialiser) {
  namespace train = erg::train;
  const auto target = ring_of_25();
  RuleRow row{std::move(name), std::vector<RuleResult>(static_cast<std::size_t>(p.n_seeds)), 0.0};
  const auto begin = std::chrono::steady_clock::now();
  const auto one = [&](int seed) {
    RuleResult& r = row.seeds[static_cast<std::size_t>(seed)];
    const auto number = static_cast<std::uint64_t>(seed);
    const auto data = target.draw(20000, 2 * number + 1), held_out = target.draw(20000, 2 * number + 2);
    try {
      train::Trainer trainer(tilted_by_waves(3 + number), train::Data<float>(data, 2),
                             train::chains(erg::Simd{}, kernel, initialiser, {.n_chains = 256, .n_steps = repeats}), objective,
                             train::Scheduled(erg::nn::Adam<float>{{.learning_rate = p.learning_rate, .beta1 = 0.5}}, erg::nn::CosineRate(p.n_steps, 0.01)),
                             train::NoTeacher{}, {.batch = 256, .clip = p.clip, .average = 0.99, .seed = 7 + number});
      double first = 0.0, second = 0.0, cosine = 0.0;
      trainer.run(p.n_steps, [&](const train::StepReport& s) {
        if (s.terms.size() == 2) first += s.terms[0].gradient_norm, second += s.terms[1].gradient_norm, cosine += s.terms[1].cosine / static_cast<double>(p.n_steps);
      });
      if (first > 0.0) r.ratio = second / first, r.cosine = cosine;
      const auto energy = trainer.averaged();
      r.report = look_at(energy, target, held_out);
      r.n_modes = r.report.n_covered(target), r.divergence = r.report.nll - target.mean_energy(held_out), r.total_variation = r.report.total_variation;
      r.is_lost = !(r.divergence < 3.0);
      r.chains = columns_of(trainer.negatives().positions(), 256);
      r.parameters.resize(static_cast<std::size_t>(energy.n_parameters()));
      erg::detail::copy_parameters<float>(energy, std::span<float>(r.parameters));
    } catch (const train::TrainingError&) {
    }
  };
  std::thread other([&] {
    for (int seed = 1; seed < p.n_seeds; seed += 2) one(seed);
  });
  for (int seed = 0; seed < p.n_seeds; seed += 2) one(seed);
  other.join();
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return row;
}
inline void print_ring_header() {
  std::printf("%-34s %15s %18s %16s %10s %7s %6s %6s\n", "trained by", "modes of 25", "KL(data, model)", "TV of weights", "|KL|/|CD|", "cosine", "lost", "s");
}
inline void print_ring(const RuleRow& r) {
  const auto cell = [&](int width, int digits, auto&& f, bool with_deviation) {
    const auto [mean, deviation] = r.over_seeds(f);
    char text[48] = "-";
    if (mean == mean) {
      std::snprintf(text, sizeof text, with_deviation && deviation == deviation ? "%.*f (%.*f)" : "%.*f", digits, mean, digits, deviation);
    }
    std::printf(" %*s", width, text);
  };
  std::printf("%-34s", r.name.c_str());
  cell(15, 2, [](const RuleResult& s) { return static_cast<double>(s.n_modes); }, true);
  cell(18, 3, [](const RuleResult& s) { return s.divergence; }, true);
  cell(16, 3, [](const RuleResult& s) { return s.total_variation; }, true);
  cell(10, 2, [](const RuleResult& s) { return s.ratio; }, false);
  cell(7, 2, [](const RuleResult& s) { return s.cosine; }, false);
  std::printf(" %3d/%zu %6.0f\n", r.n_lost(), r.seeds.size(), r.seconds);
  std::fflush(stdout);
}
/// CD, with the KL term in both signs, with augmentation: the rows of every table.
inline std::vector<RuleRow> ring_rows(const RuleTraining& p) {
  using erg::train::Contrastive, erg::train::KlSign, erg::train::Rotate;
  std::vector<RuleRow> rows;
  const auto add = [&](const char* name, auto kernel, int repeats, auto objective, auto initialiser) {
    rows.push_back(train_ring(name, p, kernel, repeats, objective, initialiser));
    print_ring(rows.back());
  };
  print_ring_header();
  // [rows]
  const Rotate turn{.n_fold = 25};
  const int n = p.n_langevin;
  add("CD", ring_step(), n, Contrastive{}, ring_buffer());
  add("CD + KL, as published", ring_step(), n, ring_kl(1), ring_buffer());
  add("CD + KL, as differentiated", ring_step(), n, ring_kl(1, KlSign::exact), ring_buffer());
  add("CD + KL + turns, plain", ring_step(), n, ring_kl(1), ring_buffer(turn));
  add("CD + turns, corrected", erg::cycle(erg::repeat<5>(ring_step()), erg::corrected_augment(turn)), n / 5, Contrastive{}, ring_buffer());
  // [rows]
  return rows;
}
inline void show_ring(const std::string& path, const std::vector<RuleRow>& rows) {
  const int n = static_cast<int>(rows.size());
  Picture picture(path, 2, n, 420 * n, 880);
  const auto name = [](const char* what, int i) { return std::string(what).append(std::to_string(i)); };
  for (int i = 0; i < n; ++i) {
    const auto& r = rows[static_cast<std::size_t>(i)];
    if (r.seeds[0].report.density.empty()) continue;
    picture.data(name("p", i), r.seeds[0].report.density).data(name("c", i), r.seeds[0].chains);
  }
  for (const bool chains : {false, true}) {
    for (int i = 0; i < n; ++i) {
      const auto& r = rows[static_cast<std::size_t>(i)];
      if (r.seeds[0].report.density.empty()) {
        picture << "set multiplot next";
        continue;
      }
      std::string plot = "unset key; plot [-6.5:6.5][-6.5:6.5] ";
      plot += name(chains ? "$c" : "$p", i);
      plot += chains ? std::string(" using 1:2 with points pt 7 ps 0.4 lc rgb '").append(blue).append("'") : " using 1:2:3 with image";
      picture.axes(chains ? "its chains" : r.name, "x_0", "x_1") << plot;
    }
  }
  picture.write();
}

}  // namespace example
