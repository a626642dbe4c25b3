// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What images say without any model: baselines that a score for strange images has to beat.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>

namespace erg::diag {

/// Mean of the pixels.
inline double mean_pixel(std::span<const std::uint8_t> image) {
  double sum = 0;
  for (const std::uint8_t v : image) sum += v;
  return sum / static_cast<double>(image.size());
}

/// The bits that a lossless coder needs for an image: what a simple image is cheap in. No compressor is called, and none is needed: an
/// adaptive arithmetic coder spends -log2 of the probability that its model gave to each symbol, which is added up here.
///
///   The symbol is the pixel less LOCO-I's prediction from its left, upper and upper left neighbours (the median edge detector), modulo 256;
///   the model counts symbols in four contexts of activity |up - corner| + |left - corner| (0, below 16, below 64, more):
///   p(s) = (count(s) + 1/16) / (total + 16)
///
/// Shapes    image: [height, width] row by row, one channel (add up channels)              Cost  one logarithm a pixel
/// Ensures   about 8 bits a pixel for noise (and the cost of learning that it is noise), a fraction of one for a flat image
/// Errors    std::invalid_argument: sizes that do not fit
/// Source    Weinberger, Seroussi & Sapiro (2000), The LOCO-I lossless image compression algorithm; as a score: Serra et al. (2020), Input
///           complexity and out-of-distribution detection with likelihood-based generative models
inline double complexity_bits(std::span<const std::uint8_t> image, int width, int height) {
  if (width < 1 || height < 1 || image.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height))
    throw std::invalid_argument("an image of " + std::to_string(image.size()) + " pixels (width " + std::to_string(width) + " and height " +
                                std::to_string(height) + " make " + std::to_string(static_cast<long long>(width) * height) + ") give its shape");
  constexpr double prior = 1.0 / 16;
  std::array<std::array<int, 256>, 4> counts{};
  std::array<int, 4> totals{};
  const auto pixel = [&](int row, int column) {
    return static_cast<int>(image[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column)]);
  };
  double bits = 0;
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      const int up = r > 0 ? pixel(r - 1, c) : (c > 0 ? pixel(r, c - 1) : 0), left = c > 0 ? pixel(r, c - 1) : up;
      const int corner = r > 0 && c > 0 ? pixel(r - 1, c - 1) : up;
      const int guess = corner >= std::max(up, left) ? std::min(up, left) : corner <= std::min(up, left) ? std::max(up, left) : up + left - corner;
      const int activity = std::abs(up - corner) + std::abs(left - corner);
      const std::size_t context = activity == 0 ? 0 : activity < 16 ? 1 : activity < 64 ? 2 : 3;
      const std::size_t symbol = static_cast<std::size_t>((pixel(r, c) - guess) & 255);
      bits -= std::log2((counts[context][symbol] + prior) / (totals[context] + 256 * prior));
      ++counts[context][symbol];
      ++totals[context];
    }
  return bits;
}

}  // namespace erg::diag
