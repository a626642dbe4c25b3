// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/chain_sum.hpp"
#include "erg/nn/convolution_product.hpp"
#include "erg/nn/dense.hpp"

#include <cmath>

namespace erg::nn {

/// Pixels from one place of the window to the next, and pixels of zeros around the image.
struct ConvolutionOptions {
  int stride = 1, padding = 0;
  bool bias = true;
  int output_padding = 0;  ///< of a transposed convolution: rows and columns added to its output at the far ends
};

/// A convolution of images with a square window, and its transpose, as PyTorch's Conv2d and ConvTranspose2d.
///
///   Conv2d            y[o, i] = b[o] + sum_c sum_k W[o, c, k] x[c, i * stride + k - padding]
///   ConvTranspose2d   y[o, i * stride + k - padding] += W[c, o, k] x[c, i], and b[o]
///
/// Shapes    x: (in, height, width), y: (out, (height + 2 padding - kernel) / stride + 1, ...), transposed (height - 1) stride
///           - 2 padding + kernel + output_padding; W: [out, in, kernel, kernel], transposed [in, out, kernel, kernel]; b: [out]
/// Errors    std::invalid_argument: a size that is not positive, a window larger than the padded image
/// Cost      one multiply-add a weight, place and chain, less those that fall on the padding. Nothing is copied
/// Start     PyTorch's: uniform on +-1/sqrt(fan_in)
template <bool transposed>
class Convolution {
 public:
  static constexpr bool is_linear = true;
  static constexpr bool piecewise_linear = true;

  Convolution(int n_out, int kernel, ConvolutionOptions options = {})
      : n_out_(erg::detail::require_count(name() + "::n_out", n_out)), kernel_(erg::detail::require_count(name() + "::kernel", kernel)),
        options_(options) {
    erg::detail::require_count(name() + "::stride", options.stride);
    erg::detail::require_count(name() + "::padding", options.padding, 0);
    const int most = transposed ? options.stride - 1 : 0;
    if (options.output_padding < 0 || options.output_padding > most) {
      throw std::invalid_argument(name() + "::output_padding = " + std::to_string(options.output_padding) + " (must be in [0, " +
                                  std::to_string(most) + "]: it tells apart the sizes that one stride covers)");
    }
  }

  Shape resolve(Shape in) {
    const auto resized = [&](int size) {
      return transposed ? (size - 1) * options_.stride - 2 * options_.padding + kernel_ + options_.output_padding
                        : Window::narrow_size(size, kernel_, options_.stride, options_.padding);
    };
    const Shape out(n_out_, resized(in.height), resized(in.width));
    if (out.height < 1 || out.width < 1) {
      detail::reject_shape(name(), "images that a window of " + std::to_string(kernel_) + " pixels, stride " + std::to_string(options_.stride) +
                                       ", padding " + std::to_string(options_.padding) + " fits", in);
    }
    in_ = in;
    out_ = out;
    const Shape wide = transposed ? out : in, small = transposed ? in : out;
    is_dense_ = small.n_pixels() == 1 && options_.padding == 0 && wide.height == kernel_ && wide.width == kernel_;
    window_ = transposed ? Window(out, in, kernel_, options_.stride, options_.padding) : Window(in, out, kernel_, options_.stride, options_.padding);
    return out;
  }
  Shape output_shape() const { return out_; }
  int n_weights() const { return in_.channels * n_out_ * window_.n_taps(); }
  int n_parameters() const { return n_weights() + (options_.bias ? n_out_ : 0); }
  void describe(ParameterList& list) const {
    const int rows = transposed ? in_.channels : n_out_, columns = transposed ? n_out_ : in_.channels;
    const double bound = 1.0 / std::sqrt(static_cast<double>(columns) * window_.n_taps());
    list.add("weight", {rows, columns, kernel_, kernel_}, bound);
    if (options_.bias) list.add("bias", {n_out_}, bound);
  }

  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L>) const {
    if constexpr (transposed) {
      widen<L>(w, x, y, n_out_, in_.channels, options_.bias ? w + n_weights() : nullptr);
    } else {
      narrow<L>(w, x, y, n_out_, in_.channels, options_.bias ? w + n_weights() : nullptr);
    }
  }
  template <class L>
  void push(const Real<L>* w, Block<L> x, Block<L>, Block<const L> dx, Block<L> dy, Block<L>, Real<L> share) const {
    if constexpr (transposed) {
      widen<L>(w, dx, dy, n_out_, in_.channels, nullptr);
    } else {
      narrow<L>(w, dx, dy, n_out_, in_.channels, nullptr);
    }
    add_share<L>(x, dx, share);
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L>, Block<L>, Block<const L> gy, Block<L> gx) const {
    if constexpr (transposed) {
      narrow<L>(w, gy, gx, in_.channels, n_out_, nullptr);
    } else {
      widen<L>(w, gy, gx, in_.channels, n_out_, nullptr);
    }
  }
  template <class L>
  void parameter_gradient(const Real<L>*, Block<const L> x, Block<L>, Block<const L> gy, Gradient<L> g) const {
    const Block<const L>& small = transposed ? x : gy;
    if (is_dense_) {
      detail::add_outer<L>(small, transposed ? gy : x, g, -1);
    } else if constexpr (transposed) {
      add_convolution_gradient<L>(window_, x, in_.channels, gy, n_out_, g);
    } else {
      add_convolution_gradient<L>(window_, gy, n_out_, x, in_.channels, g);
    }
    if (!options_.bias) return;
    const int n_pixels = out_.n_pixels();
    for (int o = 0; o < n_out_; ++o) {
      detail::add_over_chains<L>(g, n_weights() + o, gy.n_groups, gy.n_chains, [&](int group) {
        L sum = gy.get(o * n_pixels, group);
        for (int i = 1; i < n_pixels; ++i) sum += gy.get(o * n_pixels + i, group);
        return sum;
      });
    }
  }

 private:
  static std::string name() { return transposed ? "ConvTranspose2d" : "Conv2d"; }

  /// From the wide image to the narrow one, whose channels are W's first index.
  template <class L>
  void narrow(const Real<L>* w, Block<const L> from, Block<L> to, int n_narrow, int n_wide, const Real<L>* bias) const {
    const std::ptrdiff_t taps = window_.n_taps();
    for (int p = 0; p < n_planes<L>; ++p) {
      if (is_dense_) {
        product<base_lane<L>>({w, from.n_features, 1}, n_narrow, from.n_features, from.row(0, p), from.stride, to.row(0, p), to.stride,
                              from.n_groups, p == 0 ? bias : nullptr);
        continue;
      }
      convolve<base_lane<L>>(window_.to_narrow(), {w, n_wide * taps, taps}, n_narrow, n_wide, from.row(0, p), from.n_features / n_wide,
                             from.stride, to.row(0, p), to.stride, from.n_groups, p == 0 ? bias : nullptr);
    }
  }
  template <class L>
  void widen(const Real<L>* w, Block<const L> from, Block<L> to, int n_wide, int n_narrow, const Real<L>* bias) const {
    const std::ptrdiff_t taps = window_.n_taps();
    for (int p = 0; p < n_planes<L>; ++p) {
      if (is_dense_ && bias == nullptr) {  // one bias a channel is not one a feature
        product<base_lane<L>>({w, 1, to.n_features}, to.n_features, n_narrow, from.row(0, p), from.stride, to.row(0, p), to.stride,
                              from.n_groups, nullptr);
        continue;
      }
      convolve<base_lane<L>>(window_.to_wide(), {w, taps, n_wide * taps}, n_wide, n_narrow, from.row(0, p), from.n_features / n_narrow,
                             from.stride, to.row(0, p), to.stride, from.n_groups, p == 0 ? bias : nullptr);
    }
  }

  int n_out_, kernel_;
  ConvolutionOptions options_;
  Shape in_, out_;
  Window window_;
  bool is_dense_ = false;  // the window is the image: a matrix
};
using Conv2d = Convolution<false>;
using ConvTranspose2d = Convolution<true>;

}  // namespace erg::nn
