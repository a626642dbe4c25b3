// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/product.hpp"
#include "erg/nn/window.hpp"

namespace erg::nn {

/// The weights of a convolution as a pass sees them: that of tap k of input channel c for output channel f is at
/// data[f * per_output + c * per_channel + k].
template <class T>
struct TapWeights {
  const T* data;
  std::ptrdiff_t per_output, per_channel;
};

/// Convolutions straight on the panels of chains: no copy of windows is made.
///
///   y[f, i, chain] = bias[f] + sum_c sum_{(j, k) of meetings[i]} w[f, c, k] x[c, j, chain]
///
/// Shapes    x: [n_channels, n_from pixels, chain], y: [n_outputs, meetings.size() pixels, chain] as feature (channel, pixel);
///           in whole lanes, 64-byte aligned; bias may be null
/// Numerics  terms in order of channels, then of meetings, one fused multiply-add each; otherwise as `product`
/// Cost      n_outputs * n_channels multiply-adds a meeting and chain. A pixel with its chains is what a feature is to `product`: the
///           same tiles in registers, and runs of channels whose windows fit the first-level cache, for all outputs
template <class L>
void convolve(const std::vector<std::vector<Meeting>>& meetings, TapWeights<scalar_t<L>> w, int n_outputs, int n_channels,
              const scalar_t<L>* x, int n_from, std::ptrdiff_t x_stride, scalar_t<L>* y, std::ptrdiff_t y_stride, int n_groups,
              const scalar_t<L>* bias) {
  using T = scalar_t<L>;
  constexpr int first_level = 32768 / static_cast<int>(sizeof(T)), fit = first_level / (detail::max_lanes<L>() * width_v<L>);
  const std::ptrdiff_t x_channel = n_from * x_stride, y_channel = static_cast<std::ptrdiff_t>(meetings.size()) * y_stride;
  for (std::size_t i = 0; i < meetings.size(); ++i) {
    const Meeting* const first = meetings[i].data();
    const int n_taps = static_cast<int>(meetings[i].size());
    std::ptrdiff_t* const offsets = detail::thread_scratch<std::ptrdiff_t, 3>(static_cast<std::size_t>(2 * n_taps + 1));
    for (int t = 0; t < n_taps; ++t) {
      offsets[2 * t] = first[t].pixel * x_stride;
      offsets[2 * t + 1] = first[t].tap;
    }
    const int run = n_taps == 0 ? n_channels : n_channels * n_taps <= fit + fit / 4 ? n_channels : fit / n_taps > 1 ? fit / n_taps : 1;
    T* const to_pixel = y + static_cast<std::ptrdiff_t>(i) * y_stride;
    for (int c = 0; c < n_channels; c += run) {
      const int n = n_channels - c < run ? n_channels - c : run;
      const T* const from = x + c * x_channel;
      const T* const w_from = w.data + c * w.per_channel;
      detail::cover<L>(n_outputs, n_groups, [&](auto lanes, auto outputs, int f, int g) __attribute__((always_inline)) {
        constexpr int G = decltype(lanes)::value, J = decltype(outputs)::value;
        const T* xg = from + g * width_v<L>;
        const T* wf = w_from + f * w.per_output;
        const auto walk = [&](auto&& term) __attribute__((always_inline)) {
          for (int channel = 0; channel < n; ++channel) {
            detail::unrolled<J>([&](auto j) __attribute__((always_inline)) { detail::prefetch(wf + (J + j) * w.per_output); });
            for (const std::ptrdiff_t *at = offsets, *end = offsets + 2 * n_taps; at < end; at += 2) term(xg + at[0], wf + at[1]);
            xg += x_channel;
            wf += w.per_channel;
          }
        };
        detail::product_tile<L, G, J>(w.per_output, walk, to_pixel + f * y_channel + g * width_v<L>, y_channel,
                                      bias == nullptr ? nullptr : bias + f, c > 0);
      });
    }
  }
}

/// The gradient of the weights of a convolution of one image (the narrow one) with another (the wide one).
///
///   dw[a, b, k] += sum_chain sum_{pairs of k} narrow[a, i, chain] wide[b, j, chain]
///
/// Shapes    narrow: [n_narrow, pixel, chain], wide: [n_wide, pixel, chain], dw: [n_narrow, n_wide, tap]
/// Numerics  chains in order, in each the pairs in order: the same bits however chains are cut into panels
/// Cost      n_narrow * n_wide multiply-adds a pair and chain. The channels of the image that has more of them are turned to run along
///           lanes; then this is a product as well. On duals the product rule as in add_outer
template <class L>
void add_convolution_gradient(const Window& window, Block<const L> narrow, int n_narrow, Block<const L> wide, int n_wide, Gradient<L> to) {
  using B = base_lane<L>;
  using T = scalar_t<B>;
  constexpr int width = width_v<B>, planes = n_planes<L>;
  const bool wide_along = n_wide >= n_narrow;
  const Block<const L>& turned_image = wide_along ? wide : narrow;
  const Block<const L>& other = wide_along ? narrow : wide;
  const int n_along = wide_along ? n_wide : n_narrow, n_across = wide_along ? n_narrow : n_wide;
  const int n_pixels = turned_image.n_features / n_along, n_other_pixels = other.n_features / n_across, n_chains = narrow.n_chains;
  const int n_groups = (n_along + width - 1) / width, n_taps = window.n_taps();
  const std::ptrdiff_t row = (n_along + per_line<T> - 1) / per_line<T> * per_line<T>;
  const std::ptrdiff_t chain_row = row * n_pixels, plane = chain_row * n_chains;
  T* const turned = detail::thread_scratch<T, 0>(static_cast<std::size_t>(plane) * planes);
  for (int p = 0; p < planes; ++p) {
    for (int i = 0; i < n_pixels; ++i) {
      T* const at = turned + p * plane + i * row;
      for (int f = 0; f < n_groups * width; ++f) {
        const T* const from = f < n_along ? turned_image.row(f * n_pixels + i, p) : nullptr;
        for (int c = 0; c < n_chains; ++c) at[c * chain_row + f] = from == nullptr ? T(0) : from[c];
      }
    }
  }
  const std::ptrdiff_t a_step = static_cast<std::ptrdiff_t>(wide_along ? 1 : n_wide) * n_taps, b_step = static_cast<std::ptrdiff_t>(wide_along ? n_wide : 1) * n_taps;
  T* const sum = detail::thread_scratch<T, 1>(static_cast<std::size_t>(row) * static_cast<std::size_t>(n_across));
  for (int m = 0; m < planes; ++m) {
    T* const out = to.plane[m];
    if (out == nullptr) continue;
    for (int k = 0; k < n_taps; ++k) {
      for (int b = 0; b < n_across; ++b) {
        for (int a = 0; a < n_groups * width; ++a) sum[b * row + a] = a < n_along ? out[a * a_step + b * b_step + k] : T(0);
      }
      const auto& pairs = window.at_tap()[static_cast<std::size_t>(k)];
      for (int s = 0; s < planes; ++s) {
        if ((s & m) != s) continue;
        detail::cover<B>(n_across, n_groups, [&](auto lanes, auto outputs, int b, int g) __attribute__((always_inline)) {
          constexpr int G = decltype(lanes)::value, J = decltype(outputs)::value;
          const T* const w = other.row(b * n_other_pixels, s);
          const T* const x = turned + (m ^ s) * plane + g * width;
          const auto walk = [&](auto&& term) __attribute__((always_inline)) {
            for (int c = 0; c < n_chains; ++c) {
              for (const auto& pair : pairs) {
                const int i = wide_along ? pair.wide : pair.narrow, j = wide_along ? pair.narrow : pair.wide;
                term(x + c * chain_row + i * row, w + j * other.stride + c);
              }
            }
          };
          detail::product_tile<B, G, J>(n_other_pixels * other.stride, walk, sum + b * row + g * width, row, nullptr, true);
        });
      }
      for (int b = 0; b < n_across; ++b) {
        for (int a = 0; a < n_along; ++a) out[a * a_step + b * b_step + k] = sum[b * row + a];
      }
    }
  }
}

}  // namespace erg::nn
