// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "parts.hpp"
#include "support/small_digits.hpp"
#include "support/picture.hpp"

#include <erg/flow/real_nvp.hpp>
#include <erg/generator/generators.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/train/train.hpp>

#include <chrono>

namespace vera {

namespace {

namespace train = erg::train;
namespace generator = erg::generator;

/// Digits of side^2 pixels, sixteen greys with the gaps filled, y = logit(.05 + .9 x): no atoms, so likelihoods are bounded. Row-major.
std::vector<float> logits_of(const example::Digits& digits, std::size_t first, std::size_t n, int side) {
  const int each = 28 / side;
  std::vector<float> y;
  for (std::size_t i = first; i < first + n; ++i) {
    for (int r = 0; r < side; ++r) {
      for (int c = 0; c < side; ++c) {
        int sum = 0;
        for (int a = 0; a < each; ++a) {
          for (int b = 0; b < each; ++b) sum += digits.pixels[i * 784 + static_cast<std::size_t>(28 * (each * r + a) + each * c + b)];
        }
        const double grey = std::floor(15.99 * sum / (255.0 * each * each)), u = erg::random::uniform<double>(erg::random::Key(7), static_cast<std::uint64_t>(y.size()), 0);
        const double x = 0.05 + 0.9 * (grey + u) / 16.0;
        y.push_back(static_cast<float>(std::log(x / (1.0 - x))));
      }
    }
  }
  return y;
}

struct Row {
  std::string name;
  std::vector<double> at, nll;
  double least = INFINITY, seconds = 0.0;
};

}  // namespace

/// The same NICE, trained in several ways; whatever trained it, its likelihood is exact.
void exact_likelihoods(bool quick) {
  std::printf("4. NICE, whose likelihood is exact. Reported, recalled: MLE -791, VERA -1138 nats in logit space at 784 pixels; persistent chains, score matching far below.\n");
  const auto digits = example::load_mnist();
  if (!digits) return;
  const int side = quick ? 7 : 14, dim = side * side, batch = 128, hidden = quick ? 64 : 200;
  const long n_steps = quick ? 500 : 2000;
  const double slow = quick ? 1e-3 : 3e-4;  // of energies that learn from negatives: at 14 x 14 pixels and 1e-3 they diverge
  const auto data = logits_of(*digits, 0, quick ? 10000 : 50000, side), held_out = logits_of(*digits, 50000, 5000, side);
  const auto tested = example::block_of_rows(held_out, dim), seen = example::block_of_rows(std::vector<float>(data.begin(), data.begin() + 10000 * dim), dim);
  auto start = erg::flow::nice<float, erg::nn::Softplus>(dim, 4, hidden, hidden);
  start.observe(seen.view());
  const auto nll = [&](const auto& e) {
    std::vector<float> u(5000);
    e.value(tested.view(), u);
    double sum = 0.0;
    for (const float v : u) sum += static_cast<double>(v) / 5000.0;
    return sum;
  };
  std::vector<Row> rows;
  const auto fit = [&](const char* name, auto negatives, auto objective, auto teacher, double rate, long head_start = 0) {
    Row row;
    row.name = name;
    const auto begin = std::chrono::steady_clock::now();
    const erg::nn::CosineRate cosine(n_steps, 0.02);
    const auto schedule = [=](std::int64_t i) { return i < head_start ? 0.0 : cosine(i - head_start); };
    train::Trainer t(start, train::Data<float>(data, dim), std::move(negatives), std::move(objective),
                     train::Scheduled(erg::nn::Adam<float>{{.learning_rate = rate, .beta1 = 0.5}}, schedule), std::move(teacher), {.batch = batch, .clip = 100.0});
    try {
      t.run(head_start);
      for (int i = 0; i < 10; ++i) {
        t.run(n_steps / 10);
        row.at.push_back(static_cast<double>(t.step() - head_start)), row.nll.push_back(nll(t.energy()));
        row.least = std::min(row.least, row.nll.back());
      }
    } catch (const train::TrainingError& e) {
      std::printf("  %s: %s\n", name, e.what());
      row.at.push_back(static_cast<double>(t.step() - head_start)), row.nll.push_back(nll(t.energy()));
      row.least = std::min(row.least, row.nll.back());
    }
    row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::fprintf(stderr, "%s: %.1f nats\n", name, row.nll.back());
    rows.push_back(std::move(row));
  };
  fit("maximum likelihood", train::NoNegatives{}, train::MaximumLikelihood{}, train::NoTeacher{}, 1e-3);
  // The generator learns alone at first: a normalised energy that pushes up draws from far away squeezes its own density where the data are.
  const long head_start = quick ? 200 : 500;
  const generator::Generator g(erg::nn::mlp<erg::nn::SiLU>(quick ? 49 : 100, 200, 200, dim), {.start = 0.3, .least = 0.01, .most = 1.0}, erg::random::Key(5));
  const auto follow = [&](auto score) {
    return train::GeneratorTeacher(g, std::move(score), {.learning_rate = 1e-3}, erg::nn::CosineRate(n_steps + head_start, 0.05));
  };
  const train::Terms vera_terms{train::Contrastive{.energy_l2 = 0.003}, train::GradientPenalty{.weight = 0.1}};
  fit("VERA", train::draws(g, batch), vera_terms, follow(generator::ImportanceScore<float>({.n_samples = 20})), slow, head_start);
  fit("VERA, no head start", train::draws(g, batch), vera_terms, follow(generator::ImportanceScore<float>({.n_samples = 20})), slow);
  auto accurate = generator::HmcScoreParams::accurate();
  accurate.step_size = 0.1;
  fit("VERA, accurate score", train::draws(g, batch), vera_terms, follow(generator::HmcScore<float>(accurate)), slow, head_start);
  fit("persistent chains", train::chains(erg::Simd<>{}, erg::Mala{{.step_size = 0.1}}, train::Persistent{train::AtData{}}, {.n_chains = batch, .n_steps = 10, .adapt = true}),
      train::Contrastive{}, train::NoTeacher{}, slow);
  fit("sliced score matching", train::NoNegatives{}, train::ScoreMatching{.kind = train::ScoreMatchingKind::sliced}, train::NoTeacher{}, 1e-3);
  fit("denoising score matching", train::NoNegatives{}, train::ScoreMatching{.kind = train::ScoreMatchingKind::denoising, .deviation = 0.3}, train::NoTeacher{}, 1e-3);
  std::printf("  %d x %d pixels, %ld steps of %d; mean -log p of held-out digits in logit space, exact\n  %-26s %10s %10s %8s\n", side, side, n_steps, batch, "", "at last", "least", "s");
  std::printf("  %-26s %10.2f %10.2f\n", "independent Gaussians", nll(start), nll(start));
  for (const Row& r : rows) std::printf("  %-26s %10.2f %10.2f %8.1f\n", r.name.c_str(), r.nll.back(), r.least, r.seconds);
  example::Picture p(picture("exact_likelihoods"), 1, 1, 800, 500);
  p.axes("NICE: held-out -log p", "step", "nats");
  const std::vector<std::string> colours{example::grey, example::orange, "#F0A070", "#E69F00", example::blue, example::green, example::pink};
  std::string plot = "set key outside right; plot [][*:" + std::to_string(nll(start) * 1.2) + "] ";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    p.data("n" + std::to_string(i), {rows[i].at, rows[i].nll});
    plot += std::string(i == 0 ? "" : ", ") + "$n" + std::to_string(i) + " using 1:2 with linespoints pt 7 ps 0.7 lw 1.5 lc rgb '" + colours[i] + "' title '" + rows[i].name + "'";
  }
  p << plot;
  p.write();
  std::printf("\n");
}

}  // namespace vera
