// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// How close an image is to the true one: for inpainting and other predictions that have a truth.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <erg/detail/require.hpp>

namespace erg::diag {

/// A grey image, row by row; of a colour image, one channel.
struct Image {
  std::span<const double> pixels;   ///< [height, width]
  int height = 0, width = 0;
  double operator()(int y, int x) const { return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)]; }
};

/// Peak signal-to-noise ratio, in dB.
///
///   10 log10(range^2 / mean (a - b)^2)
///
/// Over the pixels given: leave out what is not judged. Infinite for equal images. The dB of one image; means over images are means of dB.
inline double psnr(std::span<const double> a, std::span<const double> b, double range) {
  erg::detail::require_positive("range", range);
  if (a.size() != b.size() || a.empty()) {
    throw std::invalid_argument("images of " + std::to_string(a.size()) + " and " + std::to_string(b.size()) + " pixels (they must be as many, and some)");
  }
  double square = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) square += (a[i] - b[i]) * (a[i] - b[i]) / static_cast<double>(a.size());
  return square > 0.0 ? 10.0 * std::log10(range * range / square) : std::numeric_limits<double>::infinity();
}

/// The window of structural similarity.
struct SsimParams {
  int window = 11;           ///< pixels a side, odd
  double deviation = 1.5;    ///< of its Gaussian; 0: uniform, with sample covariances (what scikit-image does, with window 7)
  double k1 = 0.01, k2 = 0.03;
};

/// The map of structural similarity at every place where the window fits, row by row.
///
///   (2 m_a m_b + C_1)(2 s_ab + C_2) / ((m_a^2 + m_b^2 + C_1)(s_a^2 + s_b^2 + C_2)),   C_i = (k_i range)^2
///
/// It depends on where zero is: images on [0, range], never on [-1, 1].
/// Shapes    (height - window + 1) x (width - window + 1)
/// Errors    std::invalid_argument: images of different sizes, smaller than the window; an even window, or a uniform one of one pixel
/// Source    Wang, Bovik, Sheikh, Simoncelli (2004), eq. (13) and section III.C
inline std::vector<double> ssim_map(const Image& a, const Image& b, double range, SsimParams p = {}) {
  erg::detail::require_positive("range", range);
  if (a.height != b.height || a.width != b.width) throw std::invalid_argument("images of different sizes (similarity is pixel by pixel)");
  if (p.window < 1 || p.window % 2 == 0) throw std::invalid_argument("window = " + std::to_string(p.window) + " (has a middle) give an odd number");
  if (p.window == 1 && !(p.deviation > 0.0)) throw std::invalid_argument("window = 1 (one pixel has no sample covariance) give 3 or more");
  if (a.height < p.window || a.width < p.window) {
    throw std::invalid_argument("an image of " + std::to_string(a.height) + " x " + std::to_string(a.width) + " pixels (the window has " +
                                std::to_string(p.window) + ") take a smaller window");
  }
  const int half = p.window / 2, n = p.window * p.window;
  std::vector<double> weight(static_cast<std::size_t>(n));
  double total = 0.0;
  for (int i = 0; i < n; ++i) {
    const double y = i / p.window - half, x = i % p.window - half;
    total += weight[static_cast<std::size_t>(i)] = p.deviation > 0.0 ? std::exp(-0.5 * (x * x + y * y) / (p.deviation * p.deviation)) : 1.0;
  }
  for (double& w : weight) w /= total;
  const double c1 = p.k1 * range * p.k1 * range, c2 = p.k2 * range * p.k2 * range;
  const double sample = p.deviation > 0.0 ? 1.0 : static_cast<double>(n) / (n - 1);
  std::vector<double> map;
  for (int top = 0; top + p.window <= a.height; ++top) {
    for (int left = 0; left + p.window <= a.width; ++left) {
      double ma = 0.0, mb = 0.0, aa = 0.0, bb = 0.0, ab = 0.0;
      for (int i = 0; i < n; ++i) {
        const double w = weight[static_cast<std::size_t>(i)], u = a(top + i / p.window, left + i % p.window), v = b(top + i / p.window, left + i % p.window);
        ma += w * u, mb += w * v, aa += w * u * u, bb += w * v * v, ab += w * u * v;
      }
      const double va = sample * (aa - ma * ma), vb = sample * (bb - mb * mb), cov = sample * (ab - ma * mb);
      map.push_back((2.0 * ma * mb + c1) * (2.0 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2)));
    }
  }
  return map;
}
/// Its mean: structural similarity, at most 1, which is that of equal images.
inline double ssim(const Image& a, const Image& b, double range, SsimParams p = {}) {
  const std::vector<double> map = ssim_map(a, b, range, p);
  double sum = 0.0;
  for (const double v : map) sum += v / static_cast<double>(map.size());
  return sum;
}

}  // namespace erg::diag
