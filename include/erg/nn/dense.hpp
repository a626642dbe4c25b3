// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/layer.hpp"
#include "erg/nn/product.hpp"

#include <cmath>

namespace erg::nn {

namespace detail {

/// dW[f, r] += sum_c g[f, c] x[r, c] and db[f] += sum_c g[f, c], chains in order; on duals by the product rule,
/// plane m of the result being the sum over the subsets a of m of g[a] x[m \ a].
///
/// The features of x are turned to run along lanes; then this is the product of `product`, with g for weights. That the sum goes over
/// chains one by one, and not over lanes, is what makes it the same for every lane width.
template <class L>
void add_outer(Block<const L> g, Block<const L> x, Gradient<L> to, int bias_offset) {
  using B = base_lane<L>;
  using T = scalar_t<B>;
  constexpr int width = width_v<B>, planes = n_planes<L>;
  const int n_columns = x.n_features + (bias_offset >= 0 ? 1 : 0);
  const int n_groups = (n_columns + width - 1) / width;
  const std::ptrdiff_t row = (n_columns + per_line<T> - 1) / per_line<T> * per_line<T> + per_line<T>;  // an odd number of lines or so
  const std::ptrdiff_t plane = row * x.n_chains;
  T* turned = thread_scratch<T, 0>(static_cast<std::size_t>(plane) * planes);
  for (int p = 0; p < planes; ++p) {
    for (int f = 0; f < x.n_features; ++f) {
      const T* from = x.row(f, p);
      T* at = turned + p * plane + f;
      for (int c = 0; c < x.n_chains; ++c) at[c * row] = from[c];
    }
    if (bias_offset >= 0) {
      for (int c = 0; c < x.n_chains; ++c) turned[p * plane + c * row + x.n_features] = T(p == 0 ? 1 : 0);
    }
    for (int f = n_columns; f < n_groups * width; ++f) {
      for (int c = 0; c < x.n_chains; ++c) turned[p * plane + c * row + f] = T(0);
    }
  }
  // Whole lanes of features are summed where they belong; the rest, and the bias, aside.
  const int n_whole = x.n_features / width, n_left = n_columns - n_whole * width, left = n_whole * width;
  T* aside = thread_scratch<T, 1>(static_cast<std::size_t>(width) * static_cast<std::size_t>(g.n_features));
  for (int m = 0; m < planes; ++m) {
    T* out = to.plane[m];
    if (out == nullptr) continue;
    const auto each_left = [&](auto&& f) {
      for (int i = 0; i < g.n_features; ++i) {
        for (int r = left; r < n_columns; ++r) f(aside[i * width + r - left], r < x.n_features ? out[i * x.n_features + r] : out[bias_offset + i]);
      }
    };
    if (n_left > 0) std::fill_n(aside, width * g.n_features, T(0));
    each_left([](T& a, const T& o) { a = o; });
    for (int a = 0; a < planes; ++a) {
      if ((a & m) != a) continue;
      const Weights<T> w{g.row(0, a), g.stride, 1};
      const T* from = turned + (m ^ a) * plane;
      if (n_whole > 0) product<B>(w, g.n_features, x.n_chains, from, row, out, x.n_features, n_whole, nullptr, true);
      if (n_left > 0) product<B>(w, g.n_features, x.n_chains, from + left, row, aside, width, 1, nullptr, true);
    }
    each_left([](const T& a, T& o) { o = a; });
  }
}

}  // namespace detail

/// A fully connected layer.
///
///   y = W x + b
///
/// Shapes    x: [in, chain], W: [out, in] row-major, b: [out], y: [out, chain]; sizes static, or given to the constructor, or in = 0:
///           taken from the layer before
/// Errors    std::invalid_argument: a size < 1, or another input than stated
/// Cost      in * out multiply-adds a chain and pass
/// Start     PyTorch's: W and b uniform on +-1/sqrt(in)
template <int In = dynamic, int Out = dynamic>
class Dense {
 public:
  static constexpr bool is_linear = true;
  static constexpr bool piecewise_linear = true;

  Dense()
    requires(Out != dynamic)
  {}
  Dense(int n_in, int n_out)
    requires(In == dynamic && Out == dynamic)
      : n_in_(erg::detail::require_count("Dense::n_in", n_in, 0)), n_out_(erg::detail::require_count("Dense::n_out", n_out)) {}
  explicit Dense(int n_out)
    requires(In == dynamic && Out == dynamic)
      : Dense(0, n_out) {}

  int n_in() const { return In != dynamic ? In : n_in_; }
  int n_out() const { return Out != dynamic ? Out : n_out_; }
  int n_parameters() const { return n_out() * (n_in() + 1); }
  Shape input_shape() const { return n_in(); }

  Shape resolve(Shape in) {
    if (n_in() == 0) n_in_ = in.size();
    if (in.size() != n_in()) detail::reject_shape("Dense", std::to_string(n_in()), in);
    return n_out();
  }
  void describe(ParameterList& list) const {
    const double bound = 1.0 / std::sqrt(static_cast<double>(n_in()));
    list.add("weight", {n_out(), n_in()}, bound);
    list.add("bias", {n_out()}, bound);
  }

  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L>) const {
    for (int p = 0; p < n_planes<L>; ++p) {
      product<base_lane<L>>({w, n_in(), 1}, n_out(), n_in(), x.row(0, p), x.stride, y.row(0, p), y.stride, x.n_groups,
                            p == 0 ? w + n_in() * n_out() : nullptr);
    }
  }
  template <class L>
  void push(const Real<L>* w, Block<L> x, Block<L>, Block<const L> dx, Block<L> dy, Block<L>, Real<L> share) const {
    product<L>({w, n_in(), 1}, n_out(), n_in(), dx.data, dx.stride, dy.data, dy.stride, dx.n_groups, nullptr);
    add_share<L>(x, dx, share);
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L>, Block<L>, Block<const L> gy, Block<L> gx) const {
    for (int p = 0; p < n_planes<L>; ++p) {
      product<base_lane<L>>({w, 1, n_in()}, n_in(), n_out(), gy.row(0, p), gy.stride, gx.row(0, p), gx.stride, gy.n_groups, nullptr);
    }
  }
  template <class L>
  void parameter_gradient(const Real<L>*, Block<const L> x, Block<L>, Block<const L> gy, Gradient<L> g) const {
    detail::add_outer<L>(gy, x, g, n_in() * n_out());
  }

 private:
  int n_in_ = In, n_out_ = Out;
};
Dense(int, int) -> Dense<dynamic, dynamic>;
Dense(int) -> Dense<dynamic, dynamic>;

}  // namespace erg::nn
