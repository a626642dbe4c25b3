// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parts.hpp"
#include "support/picture.hpp"
#include "support/plane_generator.hpp"
#include "support/score_study.hpp"

#include <erg/energy/ring_of_gaussians.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/run/sinks.hpp>

#include <ctime>

namespace vera {

namespace {

namespace generator = erg::generator;
using example::ScoreRow;

// ---- estimates of the score: how many posterior draws an estimate is worth, and what it costs -----------------------------------------------
void scores(bool quick) {
  const std::vector<int> dims = quick ? std::vector<int>{2, 20} : std::vector<int>{1, 2, 5, 10, 20, 100};
  const std::vector<int> shown = quick ? dims : std::vector<int>{2, 20, 100};
  example::Picture picture(vera::picture("score_error"), 1, static_cast<int>(shown.size()), 560 * static_cast<int>(shown.size()), 520);
  const example::ScoreStudy p{.n_learn = quick ? 40 : 150, .n_measured = quick ? 4 : 16};
  for (const int d : dims) {
    const auto g = example::isotropic_linear(d);
    const double eta = 0.3 / std::sqrt(1.09);
    std::printf("  %d latents\n  %-28s %10s %8s %12s %16s %18s\n", d, "", "us a draw", "f", "RMS error/s", "posterior draws", "posterior draws/s");
    std::vector<std::pair<std::string, std::vector<ScoreRow>>> families;
    const auto add = [&](const std::string& family, double passes, auto score) {
      if (families.empty() || families.back().first != family) families.push_back({family, {}});
      auto& rows = families.back().second;
      rows.push_back(example::study_score(family, passes, g, std::move(score), p));
      const ScoreRow& r = rows.back();
      std::printf("  %-20s %-7.0f %10.2f %8.3f %12.4f %16.3f %18.0f\n", family.c_str(), passes, r.microseconds, r.f.fraction, r.error, r.effective, 1e6 * r.effective / r.microseconds);
      std::fflush(stdout);
    };
    for (const double r : {1.0, 2.0}) {
      for (const int k : {1, 5, 20, 100}) {
        add(r == 1.0 ? "importance, r = 1" : "importance, r = 2", k, generator::ImportanceScore<float>({.n_samples = k, .proposal_scale = r, .start = eta}));
      }
    }
    for (const auto force : {generator::Force::full, generator::Force::prior_only}) {
      const bool full = force == generator::Force::full;
      for (const int t : {1, 4, 16}) {
        generator::HmcScoreParams h = generator::HmcScoreParams::accurate();
        h.n_burn = t / 2, h.n_keep = t - t / 2, h.step_size = full ? eta : eta / std::sqrt(d), h.force = force;
        add(full ? "HMC" : "HMC, prior force", full ? 2.0 + 10.0 * t + h.n_keep : 1.0 + t + h.n_keep, generator::HmcScore<float>(h));
      }
    }
    if (d <= (quick ? 2 : 5)) {
      try {
        for (const int n : {1, 4}) add("rejection", 0, generator::RejectionScore<float>({.n_keep = n, .n_tries = d <= 2 ? 10000000 : 100000}));
      } catch (const std::runtime_error& e) {
        std::printf("  rejection: %s\n", e.what());
      }
    }
    add("exact", 1, generator::ExactScore{});
    if (std::find(shown.begin(), shown.end(), d) == shown.end()) continue;
    picture.axes(std::to_string(d) + " latents: error of the score", "us a draw", "RMS error / RMS score");
    std::string plot = "set key bottom left; set logscale xy; set format \"10^{%L}\"; plot [0.01:3000][1e-3:30] ";
    const std::vector<std::string> colours{example::orange, "#E69F00", example::blue, example::pink, example::green};
    for (std::size_t k = 0; k + 1 < families.size(); ++k) {
      example::Columns columns(2);
      for (const ScoreRow& r : families[k].second) columns[0].push_back(r.microseconds), columns[1].push_back(r.error);
      const std::string id = "f" + std::to_string(d) + "_" + std::to_string(k);
      picture.data(id, columns);
      plot += std::string(k == 0 ? "" : ", ") + "$" + id + " using 1:2 with linespoints pt 7 ps 0.8 lw 1.5 lc rgb '" + colours[k] + "' title '" + families[k].first + "'";
    }
    picture << plot;
  }
  picture.write();
}

// ---- draws of an energy: an amortised sampler against chains and rejection -------------------------------------------------------------------

constexpr int n_tests = 5;
/// What means are taken of: x, y, the radius squared, whether in the upper half, whether in the mode at (2.8, 0).
std::array<double, n_tests> tests_at(double x, double y) {
  const double off = x - 2.828427;
  return {x, y, x * x + y * y, y > 0.3 ? 1.0 : 0.0, off * off + y * y < 1.0 ? 1.0 : 0.0};
}
/// Their means and variances by quadrature.
void truth(const example::PlaneTarget& target, std::array<double, n_tests>& mean, std::array<double, n_tests>& variance) {
  std::array<double, n_tests> first{}, second{};
  double total = 0.0;
  const int side = 600;
  for (int i = 0; i < side * side; ++i) {
    const double x = -6.0 + 12.0 * (i / side + 0.5) / side, y = -6.0 + 12.0 * (i % side + 0.5) / side, p = std::exp(-target.energy(x, y));
    const auto h = tests_at(x, y);
    total += p;
    for (int k = 0; k < n_tests; ++k) first[k] += p * h[k], second[k] += p * h[k] * h[k];
  }
  for (int k = 0; k < n_tests; ++k) mean[k] = first[k] / total, variance[k] = second[k] / total - mean[k] * mean[k];
}

/// Error against time of one sampler: mean over the tests of squared error / variance, over replicates. 1 / error is a number of draws.
struct Curve {
  std::string name;
  std::vector<double> seconds, error;
};

/// sample(replicate) gives points (x then y of each step's chains, n_steps blocks of n_chains) and the seconds they took.
template <class F>
Curve curve_of(std::string name, int n_replicates, int n_steps, const std::array<double, n_tests>& mean, const std::array<double, n_tests>& variance, F&& sample) {
  Curve c;
  c.name = std::move(name);
  for (int at = 1; at <= n_steps; at *= 2) c.seconds.push_back(0.0), c.error.push_back(0.0);
  for (int r = 0; r < n_replicates; ++r) {
    std::vector<double> x, y;
    const double seconds = sample(r, x, y);
    const std::size_t block = x.size() / static_cast<std::size_t>(n_steps);
    std::array<double, n_tests> sum{};
    std::size_t i = 0, row = 0;
    for (int at = 1; at <= n_steps; at *= 2, ++row) {
      for (; i < block * static_cast<std::size_t>(at); ++i) {
        const auto h = tests_at(x[i], y[i]);
        for (int k = 0; k < n_tests; ++k) sum[k] += h[k];
      }
      for (int k = 0; k < n_tests; ++k) {
        const double off = sum[k] / static_cast<double>(i) - mean[k];
        c.error[row] += off * off / variance[k] / n_tests / n_replicates;
      }
      c.seconds[row] += seconds * at / n_steps / n_replicates;
    }
  }
  return c;
}

void draws(bool quick) {
  namespace train = erg::train;
  const auto target = example::eight_equal_gaussians();
  const erg::RingOfGaussians<8> energy(2.828427, 0.353553, std::vector<double>(8, 1.0));
  std::array<double, n_tests> mean{}, variance{};
  truth(target, mean, variance);
  const int n_replicates = quick ? 8 : 24, n_chains = 64, n_steps = quick ? 1024 : 8192;

  // The amortised sampler: it follows an energy that stands still.
  const long n_training = quick ? 1500 : 8000;
  const erg::nn::CosineRate rate(n_training, 0.02);
  train::GeneratorTeacher teacher(generator::Generator(erg::nn::mlp<erg::nn::SiLU>(4, 100, 100, 2), {.start = 0.3, .least = 0.01, .most = 0.3}, erg::random::Key(5)),
                                  generator::ImportanceScore<float>({.n_samples = 20, .proposal_scale = 1.73}), {.learning_rate = 2e-3}, rate);
  erg::Pieces<float> pieces(1);
  train::StepReport report;
  std::vector<float> values(512);
  const erg::BlockView<float> at{values.data(), 256, 2, 256};
  const std::clock_t begin = std::clock();
  for (long i = 0; i < n_training; ++i) {
    const erg::random::Key key = erg::random::Key(5).at(static_cast<std::uint64_t>(i));
    // From hot to cold: the modes are found while there are bridges between them.
    const double temperature = std::max(1.0, 8.0 - 10.0 * static_cast<double>(i) / static_cast<double>(n_training));
    teacher.params.lambda = temperature;
    teacher.generator().sample(key.purpose(erg::random::Purpose::start), 0, at);
    teacher.learn(energy, train::StepBatch<float>{{}, at, key}, pieces, report);
  }
  const double training = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;

  std::vector<Curve> curves;
  curves.push_back(curve_of("generator", n_replicates, n_steps, mean, variance, [&](int r, std::vector<double>& x, std::vector<double>& y) {
    const int n = 1024;
    std::vector<float> block(2 * static_cast<std::size_t>(n));
    const std::clock_t start = std::clock();
    for (int i = 0; i < n_steps * n_chains / n; ++i) {
      teacher.generator().sample(erg::random::Key(static_cast<std::uint64_t>(100 + r)).at(static_cast<std::uint64_t>(i)), 0, {block.data(), n, 2, n});
      for (std::size_t c = 0; c < static_cast<std::size_t>(n); ++c) x.push_back(static_cast<double>(block[c])), y.push_back(static_cast<double>(block[c + static_cast<std::size_t>(n)]));
    }
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }));
  const auto chains = [&](const char* name, const auto& kernel) {
    curves.push_back(curve_of(name, n_replicates, n_steps, mean, variance, [&](int r, std::vector<double>& x, std::vector<double>& y) {
      erg::Trace<float> trace;
      const std::clock_t start = std::clock();
      erg::run<float>(erg::Simd<>{}, kernel, energy,
                                       {.n_chains = n_chains, .n_draws = n_steps, .seed = static_cast<std::uint64_t>(200 + r), .start_scale = 3.0, .adapt = false}, trace);
      const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      for (int t = 0; t < n_steps; ++t) {
        for (int c = 0; c < n_chains; ++c) x.push_back(static_cast<double>(trace(t, c, 0))), y.push_back(static_cast<double>(trace(t, c, 1)));
      }
      return seconds;
    }));
  };
  chains("HMC", erg::Hmc{{.step_size = 0.25, .n_leapfrog = 12, .jitter = 0.5}});
  chains("MALA", erg::Mala{{.step_size = 0.12}});
  chains("Langevin (SGLD at T = 1)", erg::NoisyDescent<>{erg::NoisyDescentParams::tempered(0.02, 1.0)});
  // Rejection from N(0, 3^2): exp(-U) <= 1 + (the others' tails), so the bound is by the largest ratio on a grid.
  double bound = 0.0;
  const auto proposal = [](double x, double y) { return std::exp(-(x * x + y * y) / 18.0); };
  for (int i = 0; i < 400 * 400; ++i) {
    const double x = -6.0 + 0.03 * (i / 400), y = -6.0 + 0.03 * (i % 400);
    bound = std::max(bound, 1.02 * std::exp(-target.energy(x, y)) / proposal(x, y));
  }
  curves.push_back(curve_of("rejection", n_replicates, n_steps, mean, variance, [&](int r, std::vector<double>& x, std::vector<double>& y) {
    const std::clock_t start = std::clock();
    for (std::uint64_t i = 0; x.size() < static_cast<std::size_t>(n_steps) * n_chains / 16; ++i) {
      const erg::random::Key key(static_cast<std::uint64_t>(300 + r));
      const double a = 3.0 * erg::random::normal<double>(key, i, 0), b = 3.0 * erg::random::normal<double>(key, i, 1), u = erg::random::uniform<double>(key.stream(1), i, 0);
      if (u * bound * proposal(a, b) < std::exp(-target.energy(a, b))) x.push_back(a), y.push_back(b);
    }
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }));

  std::printf("  eight Gaussians, five means; the generator was trained for %.1f s first (%ld steps)\n", training, n_training);
  std::printf("  %-26s %14s %14s %18s %18s\n", "", "draws/s", "error at last", "worth draws", "worth draws/s");
  for (const Curve& c : curves) {
    const double n = static_cast<double>(n_steps) * n_chains / (c.name == "rejection" ? 16.0 : 1.0);
    std::printf("  %-26s %14.0f %14.2e %18.0f %18.0f\n", c.name.c_str(), n / c.seconds.back(), c.error.back(), 1.0 / c.error.back(), 1.0 / c.error.back() / c.seconds.back());
  }
  example::Picture picture(vera::picture("sampler_speed"), 1, 1, 820, 560);
  picture.axes("eight Gaussians: error of means", "processor seconds", "squared error / variance");
  std::string plot = "set key bottom left; set logscale xy; set format \"10^{%L}\"; plot ";
  const std::vector<std::string> colours{example::orange, example::blue, example::green, example::pink, example::grey};
  for (std::size_t k = 0; k < curves.size(); ++k) {
    picture.data("c" + std::to_string(k), {curves[k].seconds, curves[k].error});
    plot += std::string(k == 0 ? "" : ", ") + "$c" + std::to_string(k) + " using 1:2 with linespoints pt 7 ps 0.7 lw 1.5 lc rgb '" + colours[k] + "' title '" + curves[k].name + "'";
  }
  picture << plot;
  picture.write();
}

}  // namespace

void speed(bool quick) {
  std::printf("3. Speed. Reported: amortised draws cost a forward pass; how they compare with chains and with rejection is not.\n");
  std::printf("a. One draw's score: what its estimate costs, and as many posterior draws it is as good as (bias included)\n");
  scores(quick);
  std::printf("b. Draws of an energy\n");
  draws(quick);
  std::printf("\n");
}

}  // namespace vera
