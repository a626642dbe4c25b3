// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/shape.hpp"

#include <cstddef>
#include <vector>

namespace erg::nn {

/// Two pixels that meet: `pixel` of the image read, `tap` the place in the window.
struct Meeting {
  int pixel, tap;
};

/// A square window that moves over an image (the wide one); each of its places is a pixel of the other (the narrow one).
///
///   tap (ky, kx) of narrow pixel (y, x) is wide pixel (y * stride + ky - padding, x * stride + kx - padding), where that exists
///
/// What lies outside the image is never touched: padding costs nothing.
class Window {
 public:
  Window() = default;
  /// Requires the narrow image's sizes to be those that fit (narrow_size, or wide_size inverted).
  Window(Shape wide, Shape narrow, int kernel, int stride, int padding) : n_taps_(kernel * kernel) {
    to_narrow_.resize(static_cast<std::size_t>(narrow.n_pixels()));
    to_wide_.resize(static_cast<std::size_t>(wide.n_pixels()));
    at_tap_.resize(static_cast<std::size_t>(n_taps_));
    for (int y = 0; y < narrow.height; ++y) {
      for (int x = 0; x < narrow.width; ++x) {
        for (int tap = 0; tap < n_taps_; ++tap) {
          const int wy = y * stride + tap / kernel - padding, wx = x * stride + tap % kernel - padding;
          if (wy < 0 || wx < 0 || wy >= wide.height || wx >= wide.width) continue;
          const int from = wy * wide.width + wx, to = y * narrow.width + x;
          to_narrow_[static_cast<std::size_t>(to)].push_back({from, tap});
          to_wide_[static_cast<std::size_t>(from)].push_back({to, tap});
          at_tap_[static_cast<std::size_t>(tap)].push_back({to, from});
        }
      }
    }
  }
  /// Places of a window on an image of this many pixels a side; < 1: none.
  static int narrow_size(int wide, int kernel, int stride, int padding) {
    return wide + 2 * padding < kernel ? 0 : (wide + 2 * padding - kernel) / stride + 1;
  }

  int n_taps() const { return n_taps_; }
  /// For every narrow pixel the wide ones it meets; and the other way round.
  const std::vector<std::vector<Meeting>>& to_narrow() const { return to_narrow_; }
  const std::vector<std::vector<Meeting>>& to_wide() const { return to_wide_; }
  /// For every tap the pixels that meet there.
  struct Pair {
    int narrow, wide;
  };
  const std::vector<std::vector<Pair>>& at_tap() const { return at_tap_; }

 private:
  int n_taps_ = 0;
  std::vector<std::vector<Meeting>> to_narrow_, to_wide_;
  std::vector<std::vector<Pair>> at_tap_;
};

}  // namespace erg::nn
