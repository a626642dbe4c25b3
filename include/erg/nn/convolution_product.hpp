// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/product.hpp"
#include "erg/nn/window.hpp"

#include <algorithm>

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
/// Cost      n_narrow * n_wide multiply-adds a pair and chain. Both images are turned, so that a chain is contiguous; the channels of the
///           one that has more of them run along lanes, and the pairs are the terms of a product. One chain's image stays near while
///           all weights pass. On duals the product rule as in add_outer
template <class L>
void add_convolution_gradient(const Window& window, Block<const L> narrow, int n_narrow, Block<const L> wide, int n_wide, Gradient<L> to) {
  using B = base_lane<L>;
  using T = scalar_t<B>;
  constexpr int width = width_v<B>, planes = n_planes<L>;
  const bool wide_along = n_wide >= n_narrow;
  const Block<const L>& along = wide_along ? wide : narrow;
  const Block<const L>& across = wide_along ? narrow : wide;
  const int n_along = wide_along ? n_wide : n_narrow, n_across = wide_along ? n_narrow : n_wide;
  const int n_pixels = along.n_features / n_along, n_across_pixels = across.n_features / n_across, n_chains = narrow.n_chains;
  const int n_groups = (n_along + width - 1) / width, n_taps = window.n_taps();
  const auto lines = [](int n) { return static_cast<std::ptrdiff_t>((n + per_line<T> - 1) / per_line<T> * per_line<T>); };
  const auto odd = [&](std::ptrdiff_t n) { return (n + per_line<T> - 1) / per_line<T> / 2 * 2 * per_line<T> + per_line<T>; };  // chains then differ in cache set
  const std::ptrdiff_t row = lines(n_along), along_chain = odd(row * n_pixels), across_chain = odd(across.n_features);
  const std::ptrdiff_t along_plane = along_chain * n_chains, across_plane = across_chain * n_chains;
  // turned: [plane, chain, pixel, channel] and [plane, chain, channel, pixel]
  T* const turned = detail::thread_scratch<T, 0>(static_cast<std::size_t>(along_plane + across_plane) * planes);
  T* const turned_across = turned + planes * along_plane;
  for (int p = 0; p < planes; ++p) {
    for (int i = 0; i < n_pixels; ++i) {
      for (int f = 0; f < n_groups * width; ++f) {
        T* const at = turned + p * along_plane + i * row + f;
        const T* const from = f < n_along ? along.row(f * n_pixels + i, p) : nullptr;
        for (int c = 0; c < n_chains; ++c) at[c * along_chain] = from == nullptr ? T(0) : from[c];
      }
    }
    for (int f = 0; f < across.n_features; ++f) {
      T* const at = turned_across + p * across_plane + f;
      const T* const from = across.row(f, p);
      for (int c = 0; c < n_chains; ++c) at[c * across_chain] = from[c];
    }
  }
  const std::ptrdiff_t a_step = static_cast<std::ptrdiff_t>(wide_along ? 1 : n_wide) * n_taps;
  const std::ptrdiff_t b_step = static_cast<std::ptrdiff_t>(wide_along ? n_wide : 1) * n_taps, tap_rows = row * n_across;
  T* const sum = detail::thread_scratch<T, 1>(static_cast<std::size_t>(tap_rows * n_taps));
  for (int m = 0; m < planes; ++m) {
    T* const out = to.plane[m];
    if (out == nullptr) continue;
    const auto each = [&](auto&& f) {
      for (int b = 0; b < n_across; ++b) {
        for (int a = 0; a < n_along; ++a) {
          for (int k = 0; k < n_taps; ++k) f(sum[k * tap_rows + b * row + a], out[a * a_step + b * b_step + k]);
        }
      }
    };
    std::fill_n(sum, tap_rows * n_taps, T(0));
    each([](T& s, T& o) { s = o; });
    for (int c = 0; c < n_chains; ++c) {
      for (int s = 0; s < planes; ++s) {
        if ((s & m) != s) continue;
        const T* const x = turned + (m ^ s) * along_plane + c * along_chain;
        const T* const w = turned_across + s * across_plane + c * across_chain;
        for (int k = 0; k < n_taps; ++k) {
          const auto& pairs = window.at_tap()[static_cast<std::size_t>(k)];
          detail::cover<B>(n_across, n_groups, [&](auto lanes, auto outputs, int b, int g) __attribute__((always_inline)) {
            constexpr int G = decltype(lanes)::value, J = decltype(outputs)::value;
            const T* const xg = x + g * width;
            const T* const wb = w + b * n_across_pixels;
            const auto walk = [&](auto&& term) __attribute__((always_inline)) {
              for (const auto& pair : pairs) term(xg + (wide_along ? pair.wide : pair.narrow) * row, wb + (wide_along ? pair.narrow : pair.wide));
            };
            detail::product_tile<B, G, J>(n_across_pixels, walk, sum + k * tap_rows + b * row + g * width, row, nullptr, true);
          });
        }
      }
    }
    each([](T& s, T& o) { o = s; });
  }
}

}  // namespace erg::nn
