// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/layer.hpp"

namespace erg::nn {

namespace detail {
template <class L>
void copy_rows(Block<const L> from, Block<L> to) {
  if (from.data == to.data) return;
  for (int p = 0; p < n_planes<L>; ++p) {
    for (int f = 0; f < from.n_features; ++f) std::copy_n(from.row(f, p), from.n_groups * width_v<base_lane<L>>, to.row(f, p));
  }
}
/// to += from.
template <class L>
void add_rows(Block<const L> from, Block<L> to) {
  using B = base_lane<L>;
  for (int p = 0; p < n_planes<L>; ++p) {
    for (int f = 0; f < to.n_features; ++f) {
      for (int g = 0; g < to.n_groups; ++g) {
        Real<L>* const at = to.row(f, p) + g * width_v<B>;
        lane::store(at, lane::load<B>(at) + lane::load<B>(from.row(f, p) + g * width_v<B>));
      }
    }
  }
}
/// What leaves the numbers as they are.
struct Unchanged {
  static constexpr bool in_place = true;
  static constexpr bool piecewise_linear = true;
  template <class L>
  void forward(const Real<L>*, Block<const L> x, Block<L> y, Block<L>) const {
    copy_rows<L>(x, y);
  }
  template <class L>
  void input_gradient(const Real<L>*, Block<const L>, Block<L>, Block<const L> gy, Block<L> gx) const {
    copy_rows<L>(gy, gx);
  }
};
}  // namespace detail

/// y = x.
struct Identity : detail::Unchanged {
  Shape resolve(Shape in) { return in; }
};
/// An image as a vector, in PyTorch's order. Costs nothing between other layers.
struct Flatten : detail::Unchanged {
  Shape resolve(Shape in) { return in.size(); }
};
/// A vector as an image.
/// Errors    std::invalid_argument: another number of features
struct Reshape : detail::Unchanged {
  Shape out;
  explicit Reshape(Shape to) : out(to) { erg::detail::require_count("Reshape's size", to.size()); }
  Shape resolve(Shape in) {
    if (in.size() != out.size()) detail::reject_shape("Reshape", std::to_string(out.size()) + " for " + out.text(), in);
    return out;
  }
};

/// y = sum_f x_f: many outputs as one energy.
struct Sum {
  static constexpr bool is_linear = true;
  int n = 0;
  Shape resolve(Shape in) {
    n = in.size();
    return 1;
  }
  template <class L>
  void forward(const Real<L>*, Block<const L> x, Block<L> y, Block<L>) const {
    for (int g = 0; g < x.n_groups; ++g) {
      L sum = x.get(0, g);
      for (int f = 1; f < n; ++f) sum += x.get(f, g);
      y.put(0, g, sum);
    }
  }
  template <class L>
  void input_gradient(const Real<L>*, Block<const L>, Block<L>, Block<const L> gy, Block<L> gx) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < gy.n_groups; ++g) gx.put(f, g, gy.get(0, g));
    }
  }
};

}  // namespace erg::nn
