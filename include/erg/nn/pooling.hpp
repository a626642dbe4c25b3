// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/layer.hpp"
#include "erg/nn/window.hpp"

namespace erg::nn {

/// Pixels from one window to the next (0: the window's size), and pixels around the image.
struct PoolingOptions {
  int stride = 0, padding = 0;
};

namespace detail {

/// A window that moves over every channel by itself; the image as a whole where kernel = 0.
class Pooling {
 public:
  Shape resolve(Shape in) {
    const bool whole = kernel_ == 0;
    const int k = whole ? std::max(in.height, in.width) : kernel_, stride = options_.stride > 0 ? options_.stride : k;
    in_ = in;
    out_ = whole ? Shape(in.channels, 1, 1)
                 : Shape(in.channels, Window::narrow_size(in.height, k, stride, options_.padding),
                         Window::narrow_size(in.width, k, stride, options_.padding));
    if (out_.height < 1 || out_.width < 1) {
      reject_shape(name_, "images that a window of " + std::to_string(k) + " pixels, stride " + std::to_string(stride) + ", padding " +
                              std::to_string(options_.padding) + " fits", in);
    }
    window_ = Window(in, out_, k, stride, options_.padding);
    n_per_window_ = whole ? in.n_pixels() : k * k;
    return out_;
  }

 protected:
  Pooling(const char* name, int kernel, PoolingOptions options) : name_(name), kernel_(kernel), options_(options) {
    erg::detail::require_count(std::string(name) + "::kernel", kernel, 0);
    erg::detail::require_count(std::string(name) + "::stride", options.stride, 0);
    erg::detail::require_count(std::string(name) + "::padding", options.padding, 0);
    if (kernel > 0 && 2 * options.padding > kernel) {
      throw std::invalid_argument(std::string(name) + "::padding = " + std::to_string(options.padding) +
                                  " (must be at most half the window, or windows would lie outside of the image)");
    }
  }
  /// f(channel, out pixel, its meetings).
  template <class F>
  void each(F&& f) const {
    for (int c = 0; c < in_.channels; ++c) {
      for (int i = 0; i < out_.n_pixels(); ++i) f(c, i, window_.to_narrow()[static_cast<std::size_t>(i)]);
    }
  }
  template <class L>
  static void clear(Block<L> y) {
    for (int f = 0; f < y.n_features; ++f) {
      for (int g = 0; g < y.n_groups; ++g) y.put(f, g, L(0.0));
    }
  }

  const char* name_;
  int kernel_;
  PoolingOptions options_;
  Shape in_, out_;
  Window window_;
  int n_per_window_ = 1;
};

}  // namespace detail

/// The mean over windows, or (scale 1) over the image; the padding counts as zeros, as in PyTorch.
class AvgPool2d : public detail::Pooling {
 public:
  static constexpr bool is_linear = true;
  explicit AvgPool2d(int kernel, PoolingOptions options = {}) : AvgPool2d("AvgPool2d", erg::detail::require_count("AvgPool2d::kernel", kernel), options) {}

  template <class L>
  void forward(const Real<L>*, Block<const L> x, Block<L> y, Block<L>) const {
    const L share(weight());
    each([&](int c, int i, const std::vector<Meeting>& from) {
      for (int g = 0; g < x.n_groups; ++g) {
        L sum = L(0.0);
        for (const Meeting& m : from) sum += x.get(c * in_.n_pixels() + m.pixel, g);
        y.put(c * out_.n_pixels() + i, g, share * sum);
      }
    });
  }
  template <class L>
  void input_gradient(const Real<L>*, Block<const L>, Block<L>, Block<const L> gy, Block<L> gx) const {
    const L share(weight());
    for (int c = 0; c < in_.channels; ++c) {
      for (int i = 0; i < in_.n_pixels(); ++i) {
        for (int g = 0; g < gy.n_groups; ++g) {
          L sum = L(0.0);
          for (const Meeting& m : window_.to_wide()[static_cast<std::size_t>(i)]) sum += gy.get(c * out_.n_pixels() + m.pixel, g);
          gx.put(c * in_.n_pixels() + i, g, share * sum);
        }
      }
    }
  }

 protected:
  AvgPool2d(const char* name, int kernel, PoolingOptions options) : Pooling(name, kernel, options) {}
  double weight() const { return is_sum_ ? 1.0 : 1.0 / n_per_window_; }
  bool is_sum_ = false;
};
/// The mean of every channel over the image, one number a channel: AdaptiveAvgPool2d(1).
struct GlobalAvgPool : AvgPool2d {
  GlobalAvgPool() : AvgPool2d("GlobalAvgPool", 0, {}) {}
};
/// The sum of every channel over the image.
struct GlobalSumPool : AvgPool2d {
  GlobalSumPool() : AvgPool2d("GlobalSumPool", 0, {}) { is_sum_ = true; }
};

/// The largest number in every window, the first of them where there are several; NaN where there is one. The gradient goes to it.
class MaxPool2d : public detail::Pooling {
 public:
  explicit MaxPool2d(int kernel, PoolingOptions options = {}) : MaxPool2d("MaxPool2d", erg::detail::require_count("MaxPool2d::kernel", kernel), options) {}
  int n_tape() const { return out_.size(); }  // which

  template <class L>
  void forward(const Real<L>*, Block<const L> x, Block<L> y, Block<L> tape) const {
    each([&](int c, int i, const std::vector<Meeting>& from) {
      for (int g = 0; g < x.n_groups; ++g) {
        L best = x.get(c * in_.n_pixels() + from[0].pixel, g), which = L(0.0);
        for (std::size_t k = 1; k < from.size(); ++k) {
          const L v = x.get(c * in_.n_pixels() + from[k].pixel, g);
          const auto more = (v > best) || (v != v);
          best = lane::select(more, v, best);
          which = lane::select(more, L(static_cast<double>(k)), which);
        }
        y.put(c * out_.n_pixels() + i, g, best);
        tape.put(c * out_.n_pixels() + i, g, which);
      }
    });
  }
  template <class L>
  void input_gradient(const Real<L>*, Block<const L>, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    clear<L>(gx);
    each([&](int c, int i, const std::vector<Meeting>& from) {
      for (int g = 0; g < gy.n_groups; ++g) {
        const L which = tape.get(c * out_.n_pixels() + i, g), share = gy.get(c * out_.n_pixels() + i, g);
        for (std::size_t k = 0; k < from.size(); ++k) {
          const int at = c * in_.n_pixels() + from[k].pixel;
          gx.put(at, g, gx.get(at, g) + lane::select(which == L(static_cast<double>(k)), share, L(0.0)));
        }
      }
    });
  }

 protected:
  MaxPool2d(const char* name, int kernel, PoolingOptions options) : Pooling(name, kernel, options) {}
};
/// The largest number of every channel.
struct GlobalMaxPool : MaxPool2d {
  GlobalMaxPool() : MaxPool2d("GlobalMaxPool", 0, {}) {}
};

}  // namespace erg::nn
