// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies of handwritten digits on pixels: data, the network, how it is trained, sheets of images, and what a classifier says about them.
#pragma once

#include "support/picture.hpp"
#include "support/small_digits.hpp"

#include <erg/diagnostics/image_baselines.hpp>
#include <erg/diagnostics/ood.hpp>
#include <erg/kernel/noisy_descent.hpp>
#include <erg/train/augment_images.hpp>
#include <erg/train/monitor.hpp>
#include <erg/train/sampler_kl.hpp>
#include <erg/train/trainer.hpp>

namespace example {

using ImageView = erg::BlockView<const float>;

/// Images of side 28, or 14 by means of four pixels: bytes, and (byte + U[0, 1)) / 256, the same for whatever they show.
struct Images {
  int side = 0;
  std::vector<std::uint8_t> bytes, labels;
  std::vector<float> rows;

  int n() const { return static_cast<int>(labels.size()); }
  int dim() const { return side * side; }
  std::span<const std::uint8_t> image(int i) const {
    return std::span<const std::uint8_t>(bytes).subspan(static_cast<std::size_t>(i * dim()), static_cast<std::size_t>(dim()));
  }
};
/// The first n digits from `first` on whose label is in `of` (empty: any).
inline Images images(const Digits& digits, int side, std::size_t first, int n, const std::vector<int>& of = {}) {
  Images x{side, {}, {}, {}};
  const int by = 28 / side;
  const erg::random::Key key(11);
  for (std::size_t i = first; i < digits.n() && x.n() < n; ++i) {
    if (!of.empty() && std::find(of.begin(), of.end(), static_cast<int>(digits.labels[i])) == of.end()) continue;
    x.labels.push_back(digits.labels[i]);
    for (int p = 0; p < side * side; ++p) {
      int sum = 0;
      for (int a = 0; a < by * by; ++a) {
        sum += digits.pixels[i * 784 + static_cast<std::size_t>((p / side * by + a / by) * 28 + p % side * by + a % by)];
      }
      x.bytes.push_back(static_cast<std::uint8_t>((sum + by * by / 2) / (by * by)));
      x.rows.push_back(static_cast<float>((x.bytes.back() + erg::random::uniform<double>(key, static_cast<std::uint32_t>(i), p)) / 256.0));
    }
  }
  return x;
}

/// Three convolutions that halve the side each, and a sum: an energy of a picture.
inline auto digit_energy(int side, int width = 16) {
  using namespace erg::nn;
  return NeuralEnergy(Sequential(Shape(1, side, side), Conv2d(width, 5, {.stride = 2, .padding = 2}), SiLU{}, Conv2d(2 * width, 3, {.stride = 2, .padding = 1}),
                                 SiLU{}, Conv2d(2 * width, 3, {.stride = 2, .padding = 1}), SiLU{}, Flatten{}, Dense(1)),
                      erg::random::Key(3));
}
using DigitEnergy = decltype(digit_energy(28));

/// Steps on pixels in [0, 1]. The temperature is noise^2 / (2 step_size) = 4e-4: energies are sharp in its units, about 1 in their own.
inline erg::NoisyDescentParams digit_steps(double noise = 0.02) { return {.step_size = 0.5, .noise = noise, .low = 0.0, .high = 1.0}; }
inline auto digit_kernel(double noise = 0.02) { return erg::NoisyDescent{digit_steps(noise)}; }
/// A digit a little elsewhere, turned or larger.
inline erg::train::Jiggle digit_augmentation(int side) { return {erg::nn::Shape(1, side, side), side / 14.0, 5.0, 0.95, 1.05}; }

struct DigitTraining {
  long n_steps = 2000;
  double learning_rate = 2e-3, clip = 0.5;
  double augmented = 0.05;   ///< share of the lives of chains that begin with a transformation
  double kl = 1.0;           ///< of the sampler's KL term; 0: without it
  double energy_l2 = 0.01;
  double restart = 0.01;
  std::uint64_t seed = 1;
  int n_threads = 2;
  bool progress = true;      ///< a line now and then, to stderr
};
/// Trains one on images; use(trainer, rows of its history).
template <class Use>
void train_digits(const Images& data, const DigitTraining& p, Use&& use) {
  namespace train = erg::train;
  const auto with = [&](auto objective) {
    const train::Replay buffer(train::Noise::uniform(0.0, 1.0), {.capacity = 500, .restart = p.restart}, train::AsIs{},
                               train::Sometimes{p.augmented, digit_augmentation(data.side)});
    train::Trainer trainer(digit_energy(data.side), train::Data<float>(data.rows, data.dim()),
                           train::chains(erg::Threads<>{p.n_threads}, digit_kernel(), buffer, {.n_chains = 64, .n_steps = 20}), std::move(objective),
                           train::Scheduled(erg::nn::Adam<float>{{.learning_rate = p.learning_rate, .beta1 = 0.5}}, erg::nn::CosineRate(p.n_steps, 0.02)),
                           train::NoTeacher{}, {.batch = 64, .clip = p.clip, .average = 0.99, .seed = p.seed, .n_threads = p.n_threads});
    train::History history(trainer, {.every = std::max(1L, p.n_steps / 200), .low = 1e-6, .high = 1.0 - 1e-6});
    try {
      trainer.run(p.n_steps, [&](const train::StepReport& r) {
        history(r);
        if (p.progress && (r.step + 1) % std::max(1L, p.n_steps / 4) == 0) std::fprintf(stderr, "  step %ld of %ld\n", static_cast<long>(r.step + 1), p.n_steps);
      });
    } catch (const train::TrainingError& e) {
      std::fprintf(stderr, "  %s\n", e.what());
    }
    use(trainer, history.rows());
  };
  const train::Contrastive cd{.energy_l2 = p.energy_l2};
  // As published: distances to 100 points of the buffer, first neighbours, weight 0.3, 32 chains.
  const train::SamplerKl kl({.n_steps = 1, .entropy = 0.3, .scale = p.kl, .n_chains = 32, .n_references = 100},
                            train::NeighbourEntropy({.k = 1, .calibrated = false, .both_sides = false}));
  if (p.kl > 0.0) {
    with(train::Terms(cd, kl));
  } else {
    with(train::Terms(cd));
  }
}

/// Images in columns.
struct Sheet {
  std::vector<float> values;
  int n = 0, dim = 0;
  Sheet() = default;
  explicit Sheet(ImageView x) : Sheet(x.n_chains, x.dim) {
    for (int d = 0; d < dim; ++d) std::copy_n(x.column(d), n, values.data() + static_cast<std::ptrdiff_t>(d) * n);
  }
  Sheet(int n_images, int n_pixels) : values(static_cast<std::size_t>(n_images) * static_cast<std::size_t>(n_pixels)), n(n_images), dim(n_pixels) {}
  erg::BlockView<float> view() { return {values.data(), n, dim, n}; }
  ImageView view() const { return {values.data(), n, dim, n}; }
};
inline Sheet sheet_of(const Images& x, int n) {
  Sheet s(std::min(n, x.n()), x.dim());
  for (int i = 0; i < s.n; ++i) {
    for (int d = 0; d < s.dim; ++d) s.view()(i, d) = x.rows[static_cast<std::size_t>(i * s.dim + d)];
  }
  return s;
}
/// 8 x 8 images in a panel.
inline void show_sheet(Picture& picture, const std::string& id, const std::string& title, ImageView x, int side) {
  Columns c(3);
  for (int row = 0; row < 8 * side; ++row) {
    for (int column = 0; column < 8 * side; ++column) {
      const int i = row / side * 8 + column / side;
      c[0].push_back(column), c[1].push_back(-row);
      c[2].push_back(i < x.n_chains ? std::clamp(static_cast<double>(x(i, row % side * side + column % side)), 0.0, 1.0) : 0.0);
    }
  }
  picture.data(id, c).axes(title, "", "");
  picture << "unset key; unset logscale; unset tics; unset border; set size ratio -1; set palette defined (0 '#ffffff', 1 '#202020'); plot $" + id +
                 " using 1:2:3 with image";
}
/// Lines over the steps of training.
inline void show_lines(Picture& picture, const std::string& id, const std::string& title, const Columns& columns, const std::vector<std::string>& names,
                       bool is_log = false) {
  const char* colours[] = {blue, orange, green, pink};
  picture.data(id, columns).axes(title, "step", "");
  std::string plot = "set border 3; set tics nomirror out scale 0.6; set size noratio; set key top right; plot ";
  for (std::size_t k = 0; k < names.size(); ++k) {
    plot += std::string(k > 0 ? ", " : "") + "$" + id + " using 1:" + std::to_string(k + 2) + " with lines lw 1.3 lc rgb '" + colours[k % 4] + "' title '" + names[k] + "'";
  }
  picture << std::string(is_log ? "set logscale y" : "unset logscale y") + "; set xtics auto; set ytics auto; " + plot;
}

/// What a classifier of real digits says about a sheet.
struct DigitJudgement {
  double confidence = 0.0;          ///< mean of the largest probability
  double class_entropy = 0.0;       ///< of the labels, in nats: at most log 10
  std::vector<double> shares = std::vector<double>(10);
};
class DigitJudge {
 public:
  explicit DigitJudge(const Digits& digits, long n_steps = 400) : classifier_(small_images(digits, 0, 20000), labels(digits, 20000), n_steps) {
    const auto x = small_images(digits, 50000, 2000);
    accuracy_ = classifier_.accuracy(block_of_rows(x, small_pixels).view(), digits.labels.data() + 50000);
  }
  double accuracy() const { return accuracy_; }
  DigitJudgement operator()(ImageView x, int side) const {
    erg::OwnedBlock<float> at(x.n_chains, small_pixels);
    const int by = side / small_side;
    for (int p = 0; p < small_pixels; ++p) {
      for (int c = 0; c < x.n_chains; ++c) {
        float sum = 0.0F;
        for (int a = 0; a < by * by; ++a) sum += x(c, (p / small_side * by + a / by) * side + p % small_side * by + a % by);
        at.view()(c, p) = 2.0F * sum / static_cast<float>(by * by) - 1.0F;
      }
    }
    const auto p = classifier_.probabilities(at.view());
    DigitJudgement j;
    for (int c = 0; c < p.n; ++c) {
      const double* row = p.values.data() + static_cast<std::ptrdiff_t>(c) * 10;
      const double* best = std::max_element(row, row + 10);
      j.confidence += *best / p.n;
      j.shares[static_cast<std::size_t>(best - row)] += 1.0 / p.n;
    }
    for (const double s : j.shares) j.class_entropy -= s > 0.0 ? s * std::log(s) : 0.0;
    return j;
  }

 private:
  static std::vector<std::uint8_t> labels(const Digits& digits, std::size_t n) { return {digits.labels.begin(), digits.labels.begin() + static_cast<std::ptrdiff_t>(n)}; }
  DigitClassifier classifier_;
  double accuracy_ = 0.0;
};

/// 64 chains of a kernel from noise, and where they are after so many steps.
template <class Kernel, class E, class F>
std::vector<erg::train::LongRunRow> from_noise(Kernel kernel, const E& energy, int dim, std::vector<std::int64_t> at, int n_threads, F&& f, int n = 64) {
  Sheet start(n, dim);
  erg::train::Noise::uniform(0.0, 1.0).fill(start.view(), ImageView{}, erg::random::Key(21));
  return erg::train::long_run<float>(erg::Threads<>{n_threads}, std::move(kernel), energy, ImageView(start.view()),
                                     {.at = std::move(at), .low = 1e-6, .high = 1.0 - 1e-6}, std::forward<F>(f));
}

/// -U of images, and the slope's length, negative.
template <class E>
void scores(const E& energy, const Images& x, std::vector<double>& minus_energy, std::vector<double>& minus_slope) {
  Sheet all = sheet_of(x, x.n()), slope(all.n, all.dim);
  std::vector<float> u(static_cast<std::size_t>(all.n));
  erg::batch_value_and_gradient(energy, ImageView(all.view()), std::span<float>(u), slope.view());
  for (int c = 0; c < all.n; ++c) {
    double square = 0.0;
    for (int d = 0; d < all.dim; ++d) square += static_cast<double>(slope.view()(c, d)) * static_cast<double>(slope.view()(c, d));
    minus_energy.push_back(-static_cast<double>(u[static_cast<std::size_t>(c)]));
    minus_slope.push_back(-std::sqrt(square));
  }
}
/// How well an energy tells other images from digits, beside what needs no model.
template <class E>
erg::diag::DetectionTable detect_strange(const E& energy, const Images& in, const Images& out) {
  std::vector<double> in_u, in_g, out_u, out_g, in_bits, out_bits, in_mean, out_mean;
  scores(energy, in, in_u, in_g), scores(energy, out, out_u, out_g);
  const auto without_model = [](const Images& x, std::vector<double>& bits, std::vector<double>& mean) {
    for (int i = 0; i < x.n(); ++i) bits.push_back(-erg::diag::complexity_bits(x.image(i), x.side, x.side)), mean.push_back(-erg::diag::mean_pixel(x.image(i)));
  };
  without_model(in, in_bits, in_mean), without_model(out, out_bits, out_mean);
  return {{erg::diag::detect("energy, -U(x)", in_u, out_u), erg::diag::detect("slope, -|dU/dx|", in_g, out_g),
           erg::diag::detect("input complexity (no model)", in_bits, out_bits), erg::diag::detect("mean pixel (no model)", in_mean, out_mean)}};
}

}  // namespace example
