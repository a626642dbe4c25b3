// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// MNIST at 14 x 14 pixels on [-1, 1], and a classifier of it whose features images are judged by.
#pragma once

#include "support/mnist.hpp"
#include "support/picture.hpp"

#include <erg/diagnostics/frechet.hpp>
#include <erg/diagnostics/precision_recall.hpp>
#include <erg/latent/split.hpp>
#include <erg/nn/layers.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/schedule.hpp>
#include <erg/nn/optimizer.hpp>
#include <erg/train/data.hpp>

#include <algorithm>

namespace example {

inline constexpr int small_side = 14, small_pixels = small_side * small_side;

/// Means of 2 x 2 pixels, row by row, of digits first .. first + n.
inline std::vector<float> small_images(const Digits& digits, std::size_t first, std::size_t n) {
  std::vector<float> x;
  x.reserve(n * small_pixels);
  for (std::size_t i = first; i < first + n; ++i) {
    for (int y = 0; y < small_side; ++y) {
      for (int z = 0; z < small_side; ++z) {
        int sum = 0;
        for (const int at : {56 * y + 2 * z, 56 * y + 2 * z + 1, 56 * y + 2 * z + 28, 56 * y + 2 * z + 29}) sum += digits.pixels[i * 784 + static_cast<std::size_t>(at)];
        x.push_back(static_cast<float>(sum) / 510.0F - 1.0F);
      }
    }
  }
  return x;
}
/// Points in columns from rows.
inline erg::OwnedBlock<float> block_of_rows(const std::vector<float>& rows, int dim) {
  erg::OwnedBlock<float> b(static_cast<int>(rows.size()) / dim, dim);
  for (int i = 0; i < b.n; ++i) {
    for (int d = 0; d < dim; ++d) b.view()(i, d) = rows[static_cast<std::size_t>(i * dim + d)];
  }
  return b;
}

inline auto digit_features(int n_features) {
  return erg::nn::Sequential(erg::nn::Shape(1, small_side, small_side), erg::nn::Conv2d(16, 3, {.stride = 2, .padding = 1}), erg::nn::SiLU{},
                             erg::nn::Conv2d(32, 3, {.stride = 2, .padding = 1}), erg::nn::SiLU{}, erg::nn::Flatten{}, erg::nn::Dense(n_features), erg::nn::SiLU{});
}

/// Two convolutions and a layer of 64 features, read linearly: trained by cross-entropy.
class DigitClassifier {
 public:
  DigitClassifier(const std::vector<float>& rows, const std::vector<std::uint8_t>& labels, long n_steps, std::uint64_t seed = 1)
      : body_(digit_features(n_features)), head_(erg::nn::Sequential(erg::nn::Dense(n_features, 10))) {
    erg::nn::initialise(body_, erg::random::Key(seed));
    erg::nn::initialise(head_, erg::random::Key(seed).stream(1));
    erg::train::Data<float> data(rows, small_pixels);
    erg::nn::Adam<float> of_body({.learning_rate = 2e-3}), of_head({.learning_rate = 2e-3});
    const erg::nn::CosineRate rate(n_steps, 0.02);
    std::vector<float> labelled(rows.size() / small_pixels);
    for (std::size_t i = 0; i < labelled.size(); ++i) labelled[i] = static_cast<float>(labels[i]);
    erg::train::Data<float> classes(labelled, 1);  // shuffled alike: the same key and sizes
    const int batch = 128;
    erg::OwnedBlock<float> x(batch, small_pixels), k(batch, 1), f(batch, n_features), p(batch, 10), gf(batch, n_features);
    std::vector<float> gb(static_cast<std::size_t>(body_.n_parameters())), gh(static_cast<std::size_t>(head_.n_parameters()));
    for (long i = 0; i < n_steps; ++i) {
      data.batch(erg::random::Key(seed), static_cast<std::uint64_t>(i), x.view());
      classes.batch(erg::random::Key(seed), static_cast<std::uint64_t>(i), k.view());
      body_.forward(x.view(), f.view());
      head_.forward(f.view(), p.view());
      softmax(p.view());
      for (int c = 0; c < batch; ++c) p.view()(c, static_cast<int>(k.view()(c, 0))) -= 1.0F;
      for (float& v : p.values) v /= batch;
      std::fill(gb.begin(), gb.end(), 0.0F), std::fill(gh.begin(), gh.end(), 0.0F);
      head_.parameter_gradient(f.view(), p.view(), gh, {}, gf.view());
      body_.parameter_gradient(x.view(), gf.view(), gb);
      body_.update([&](std::span<float> theta) { of_body.step(theta, std::span<const float>(gb), rate(i)); });
      head_.update([&](std::span<float> theta) { of_head.step(theta, std::span<const float>(gh), rate(i)); });
    }
  }
  static constexpr int n_features = 64;

  /// Features of images, clamped to [-1, 1] first, as points; and the probabilities of their classes.
  erg::diag::PointSet features(erg::BlockView<const float> x) const { return run(x, false); }
  erg::diag::PointSet probabilities(erg::BlockView<const float> x) const { return run(x, true); }
  double accuracy(erg::BlockView<const float> x, const std::uint8_t* labels) const {
    const auto p = probabilities(x);
    int right = 0;
    for (int i = 0; i < p.n; ++i) {
      const double* row = p.values.data() + static_cast<std::ptrdiff_t>(i) * 10;
      right += std::max_element(row, row + 10) - row == labels[i];
    }
    return static_cast<double>(right) / p.n;
  }

 private:
  static void softmax(erg::BlockView<float> p) {
    for (int c = 0; c < p.n_chains; ++c) {
      float most = p(c, 0), sum = 0.0F;
      for (int k = 1; k < p.dim; ++k) most = std::max(most, p(c, k));
      for (int k = 0; k < p.dim; ++k) sum += p(c, k) = std::exp(p(c, k) - most);
      for (int k = 0; k < p.dim; ++k) p(c, k) /= sum;
    }
  }
  erg::diag::PointSet run(erg::BlockView<const float> x, bool all) const {
    erg::OwnedBlock<float> at(x.n_chains, x.dim), f(x.n_chains, n_features), p(x.n_chains, 10);
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) at.view()(c, d) = std::clamp(x(c, d), -1.0F, 1.0F);
    }
    body_.forward(at.view(), f.view());
    if (all) head_.forward(f.view(), p.view()), softmax(p.view());
    const auto from = all ? p.view() : f.view();
    erg::diag::PointSet to{std::vector<double>(static_cast<std::size_t>(from.n_chains) * static_cast<std::size_t>(from.dim)), from.n_chains, from.dim};
    for (int c = 0; c < from.n_chains; ++c) {
      for (int d = 0; d < from.dim; ++d) to.values[static_cast<std::size_t>(c * from.dim + d)] = static_cast<double>(from(c, d));
    }
    return to;
  }

  erg::nn::Network<decltype(digit_features(64))> body_;
  erg::nn::Network<erg::nn::Sequential<erg::nn::Dense<>>> head_;
};

/// Images in rows and columns as one: (x, y, ink), for `plot ... with image`. Image number row * n_columns + column.
inline Columns sheet(erg::BlockView<const float> x, int side, int n_rows, int n_columns) {
  const int cell = side + 1;
  Columns c(3);
  for (int y = 0; y < n_rows * cell - 1; ++y) {
    for (int z = 0; z < n_columns * cell - 1; ++z) {
      const int image = (y / cell) * n_columns + z / cell, row = y % cell, column = z % cell;
      const bool inside = row < side && column < side && image < x.n_chains;
      c[0].push_back(z), c[1].push_back(-y);
      c[2].push_back(inside ? std::clamp(0.5 * (static_cast<double>(x(image, row * side + column)) + 1.0), 0.0, 1.0) : 0.15);
    }
  }
  return c;
}
/// A panel of images.
inline void add_sheet(Picture& picture, const std::string& id, const std::string& title, const Columns& images) {
  picture.data(id, images).axes(title, "", "");
  picture << "unset key; unset tics; unset border; set size ratio -1; set palette defined (0 '#ffffff', 1 '#202020'); set cbrange [0:1]; plot $" + id +
                 " using 1:2:3 with image";
}

}  // namespace example
