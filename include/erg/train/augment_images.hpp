// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/shape.hpp"
#include "erg/train/augment.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Augmentations of images with values in [0, 1], a pixel a coordinate (nn::Shape). None but the mirror can be undone: they move chains and are
/// not corrected.
namespace erg::train {

namespace detail {
inline void check_image(nn::Shape shape, int dim) {
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1 || shape.size() != dim) {
    throw std::invalid_argument("an image of shape " + shape.text() + " (the points have dim = " + std::to_string(dim) +
                                ") give the channels, height and width of the points");
  }
}
/// Two ends of an interval of positive numbers.
inline void check_interval(const std::string& low_name, double low, const std::string& high_name, double high) {
  erg::detail::require_positive(low_name, low);
  erg::detail::require_positive(high_name, high);
  if (high < low) erg::detail::reject(high_name, high, ("must be >= " + low_name).c_str());
}
/// Value of a channel between pixels, bilinear; beyond the edge the edge's, or 0.
template <class T>
double between_pixels(const T* channel, nn::Shape shape, double y, double x, bool is_black_outside) {
  if (is_black_outside && (y <= -1.0 || x <= -1.0 || y >= shape.height || x >= shape.width)) return 0.0;
  const double fy = std::floor(y), fx = std::floor(x);
  double sum = 0.0;
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      const int row = static_cast<int>(fy) + i, column = static_cast<int>(fx) + j;
      const double w = (i == 0 ? 1.0 - (y - fy) : y - fy) * (j == 0 ? 1.0 - (x - fx) : x - fx);
      const bool is_inside = row >= 0 && column >= 0 && row < shape.height && column < shape.width;
      if (!is_inside && is_black_outside) continue;
      sum += w * static_cast<double>(channel[std::clamp(row, 0, shape.height - 1) * shape.width + std::clamp(column, 0, shape.width - 1)]);
    }
  }
  return sum;
}
/// x <- x at the places that where(row, column, y, x) names.
template <class T, class F>
void resample(std::span<T> x, nn::Shape shape, bool is_black_outside, F&& where) {
  const std::vector<T> from(x.begin(), x.end());
  for (int c = 0; c < shape.channels; ++c) {
    for (int i = 0; i < shape.height; ++i) {
      for (int j = 0; j < shape.width; ++j) {
        double y = 0.0, u = 0.0;
        where(i, j, y, u);
        x[static_cast<std::size_t>(shape.index(c, i, j))] =
            static_cast<T>(between_pixels(from.data() + shape.index(c, 0, 0), shape, y, u, is_black_outside));
      }
    }
  }
}
template <class T>
T to_unit(double v) {
  return static_cast<T>(std::clamp(v, 0.0, 1.0));
}
/// Hue turned by a share of the circle, value and saturation as they are.
inline void turn_hue(double (&rgb)[3], double by) {
  const double most = std::max({rgb[0], rgb[1], rgb[2]}), least = std::min({rgb[0], rgb[1], rgb[2]}), chroma = most - least;
  if (!(chroma > 0.0)) return;
  double hue = most == rgb[0] ? (rgb[1] - rgb[2]) / chroma : most == rgb[1] ? 2.0 + (rgb[2] - rgb[0]) / chroma : 4.0 + (rgb[0] - rgb[1]) / chroma;
  hue += 6.0 * by;
  for (int k = 0; k < 3; ++k) {
    const double at = hue + (k == 0 ? 5.0 : k == 1 ? 3.0 : 1.0), t = at - 6.0 * std::floor(at / 6.0);
    rgb[k] = most - chroma * std::clamp(std::min(t, 4.0 - t), 0.0, 1.0);
  }
}
}  // namespace detail

/// Left becomes right, with probability 1/2.
struct Mirror {
  static constexpr bool is_reversible = true;
  nn::Shape shape;
  void check(int dim) const { detail::check_image(shape, dim); }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    if (detail::Dice(key, chain).uniform() < 0.5) return 0.0;
    for (int row = 0; row < shape.channels * shape.height; ++row) {
      const auto line = x.subspan(static_cast<std::size_t>(row * shape.width), static_cast<std::size_t>(shape.width));
      std::reverse(line.begin(), line.end());
    }
    return 0.0;
  }
};

/// A part of the image, of random area and aspect, blown up to the whole.
struct ResizedCrop {
  static constexpr bool is_reversible = false;
  nn::Shape shape;
  double least_area = 0.08, most_area = 1.0, aspect = 4.0 / 3.0;   ///< aspect between 1 / aspect and aspect
  void check(int dim) const {
    detail::check_image(shape, dim);
    detail::check_interval("least_area", least_area, "most_area", most_area);
    erg::detail::require_positive("aspect", aspect);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    const double area = dice.uniform(least_area, most_area), ratio = std::pow(aspect, dice.uniform(-1.0, 1.0));
    const double height = std::min(1.0, std::sqrt(area / ratio)), width = std::min(1.0, std::sqrt(area * ratio));
    const double top = dice.uniform(0.0, 1.0 - height), left = dice.uniform(0.0, 1.0 - width);
    detail::resample(x, shape, false, [&](int i, int j, double& y, double& u) {
      y = (top + height * (i + 0.5) / shape.height) * shape.height - 0.5;
      u = (left + width * (j + 0.5) / shape.width) * shape.width - 0.5;
    });
    return 0.0;
  }
};

/// Shifted by up to so many pixels, turned, made larger or smaller; black comes in from outside. For digits.
struct Jiggle {
  static constexpr bool is_reversible = false;
  nn::Shape shape;
  double pixels = 2.0, degrees = 10.0, smallest = 0.9, largest = 1.1;
  void check(int dim) const {
    detail::check_image(shape, dim);
    erg::detail::require_not_negative("pixels", pixels);
    erg::detail::require_not_negative("degrees", degrees);
    detail::check_interval("smallest", smallest, "largest", largest);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    const double angle = dice.uniform(-degrees, degrees) * 3.141592653589793 / 180.0, size = dice.uniform(smallest, largest);
    const double down = dice.uniform(-pixels, pixels), right = dice.uniform(-pixels, pixels);
    const double middle_y = 0.5 * (shape.height - 1), middle_x = 0.5 * (shape.width - 1), c = std::cos(angle) / size, s = std::sin(angle) / size;
    detail::resample(x, shape, true, [&](int i, int j, double& y, double& u) {
      const double a = i - middle_y - down, b = j - middle_x - right;
      y = middle_y + c * a - s * b, u = middle_x + s * a + c * b;
    });
    return 0.0;
  }
};

/// Shifted by up to so many whole pixels either way; black comes in from outside. Blurs nothing, so that it may be made often.
struct Shift {
  static constexpr bool is_reversible = false;
  nn::Shape shape;
  int pixels = 1;
  void check(int dim) const {
    detail::check_image(shape, dim);
    erg::detail::require_count("pixels", pixels, 0);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    const int down = static_cast<int>(dice.uniform() * (2 * pixels + 1)) - pixels, right = static_cast<int>(dice.uniform() * (2 * pixels + 1)) - pixels;
    detail::resample(x, shape, true, [&](int i, int j, double& y, double& u) { y = i - down, u = j - right; });
    return 0.0;
  }
};

/// Brightness, contrast, saturation and hue, in random order; images of one channel have the first two.
///
///   factors uniform on [1 - 0.8 strength, 1 + 0.8 strength), hue turned by up to 0.2 strength of the circle to either side
struct ColourJitter {
  static constexpr bool is_reversible = false;
  nn::Shape shape;
  double strength = 1.0;
  void check(int dim) const {
    detail::check_image(shape, dim);
    erg::detail::require_not_negative("strength", strength);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    detail::Dice dice(key, chain);
    int order[4] = {0, 1, 2, 3};
    for (int i = 3; i > 0; --i) std::swap(order[i], order[static_cast<int>(dice.uniform() * (i + 1))]);
    for (const int what : order) {
      const double factor = dice.uniform(std::max(0.0, 1.0 - 0.8 * strength), 1.0 + 0.8 * strength), turn = dice.uniform(-0.2, 0.2) * strength;
      if (what == 0) {
        for (T& v : x) v = detail::to_unit<T>(factor * static_cast<double>(v));
      } else if (what == 1) {
        double mean = 0.0;
        for (int p = 0; p < shape.n_pixels(); ++p) mean += grey(x, p) / shape.n_pixels();
        for (T& v : x) v = detail::to_unit<T>(mean + factor * (static_cast<double>(v) - mean));
      } else if (shape.channels == 3) {
        for (int p = 0; p < shape.n_pixels(); ++p) {
          const double g = grey(x, p);
          double rgb[3];
          for (int c = 0; c < 3; ++c) rgb[c] = static_cast<double>(x[at(c, p)]);
          if (what == 3) detail::turn_hue(rgb, turn);
          for (int c = 0; c < 3; ++c) x[at(c, p)] = detail::to_unit<T>(what == 2 ? g + factor * (rgb[c] - g) : rgb[c]);
        }
      }
    }
    return 0.0;
  }

 private:
  std::size_t at(int c, int pixel) const { return static_cast<std::size_t>(c * shape.n_pixels() + pixel); }
  template <class T>
  double grey(std::span<T> x, int pixel) const {
    if (shape.channels != 3) return static_cast<double>(x[static_cast<std::size_t>(pixel)]);
    return 0.299 * static_cast<double>(x[at(0, pixel)]) + 0.587 * static_cast<double>(x[at(1, pixel)]) + 0.114 * static_cast<double>(x[at(2, pixel)]);
  }
};

/// All three channels become their luminance.
struct Greyscale {
  static constexpr bool is_reversible = false;
  nn::Shape shape;
  void check(int dim) const { detail::check_image(shape, dim); }
  template <class T>
  double apply(random::Key, std::uint32_t, std::span<T> x) const {
    if (shape.channels != 3) return 0.0;
    const auto n = static_cast<std::size_t>(shape.n_pixels());
    for (std::size_t p = 0; p < n; ++p) {
      const T grey = static_cast<T>(0.299) * x[p] + static_cast<T>(0.587) * x[p + n] + static_cast<T>(0.114) * x[p + 2 * n];
      x[p] = x[p + n] = x[p + 2 * n] = grey;
    }
    return 0.0;
  }
};

/// Blurred by a Gaussian of random width, cut off after so many pixels to either side; edges go on as they are.
struct Blur {
  static constexpr bool is_reversible = false;
  nn::Shape shape;
  int reach = 2;
  double least = 0.1, most = 2.0;
  void check(int dim) const {
    detail::check_image(shape, dim);
    erg::detail::require_count("reach", reach, 0);
    detail::check_interval("least", least, "most", most);
  }
  template <class T>
  double apply(random::Key key, std::uint32_t chain, std::span<T> x) const {
    const double sigma = detail::Dice(key, chain).uniform(least, most);
    std::vector<double> w;
    double sum = 0.0;
    for (int k = -reach; k <= reach; ++k) w.push_back(std::exp(-0.5 * k * k / (sigma * sigma))), sum += w.back();
    for (int pass = 0; pass < 2; ++pass) {
      const std::vector<T> from(x.begin(), x.end());
      for (int c = 0; c < shape.channels; ++c) {
        for (int i = 0; i < shape.height; ++i) {
          for (int j = 0; j < shape.width; ++j) {
            double v = 0.0;
            for (int k = -reach; k <= reach; ++k) {
              const int row = pass == 0 ? std::clamp(i + k, 0, shape.height - 1) : i, column = pass == 1 ? std::clamp(j + k, 0, shape.width - 1) : j;
              v += w[static_cast<std::size_t>(k + reach)] / sum * static_cast<double>(from[static_cast<std::size_t>(shape.index(c, row, column))]);
            }
            x[static_cast<std::size_t>(shape.index(c, i, j))] = static_cast<T>(v);
          }
        }
      }
    }
    return 0.0;
  }
};

/// What improved contrastive divergence was published with for small colour images: crop, mirror, colour (p = .8), grey (p = .2).
///
/// Source    Du, Li, Tenenbaum, Mordatch (2021), section 3.3; numbers from their program
inline auto colour_augmentation(nn::Shape shape, double strength = 1.0) {
  return InTurn(ResizedCrop{shape}, Mirror{shape}, Sometimes{0.8, ColourJitter{shape, strength}}, Sometimes{0.2, Greyscale{shape}});
}

}  // namespace erg::train
