// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/layer.hpp"

#include <cmath>

namespace erg::nn {

namespace detail {

/// A layer whose first parameter, the weight, is made from other numbers; what else it has follows unchanged. The passes are the
/// layer's own and see a plain weight: normalising costs once per change of the parameters, not once per evaluation.
template <class X>
class Reparametrised {
 public:
  static constexpr bool reparametrised = true;
  static constexpr bool is_linear = is_linear_layer<X>();
  static constexpr bool in_place = acts_in_place<X>();

  explicit Reparametrised(X layer) : layer_(std::move(layer)) {}

  Shape input_shape() const
    requires requires(const X& x) { x.input_shape(); }
  {
    return layer_.input_shape();
  }
  Shape resolve(Shape in) {
    const Shape out = layer_.resolve(in);
    ParameterList list;
    nn::describe(layer_, list);
    slices_ = list.slices();
    if (slices_.empty()) throw std::invalid_argument("a layer without weights (there is nothing to normalise) leave the normalisation out");
    rows_ = slices_[0].shape[0];
    columns_ = slices_[0].size() / rows_;
    return out;
  }
  int n_parameters() const { return nn::n_parameters(layer_); }
  int n_tape() const { return nn::n_tape(layer_); }
  const X& layer() const { return layer_; }

  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const {
    layer_.template forward<L>(w, x, y, tape);
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    layer_.template input_gradient<L>(w, x, tape, gy, gx);
  }
  template <class L>
  void parameter_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Gradient<L> g) const {
    nn::add_parameter_gradient<L>(layer_, w, x, tape, gy, g);
  }

 protected:
  int n_weights() const { return rows_ * columns_; }
  int n_rest() const { return n_parameters() - n_weights(); }
  /// Lists what follows the weight.
  void describe_rest(ParameterList& list) const {
    for (std::size_t i = 1; i < slices_.size(); ++i) {
      list.add(slices_[i].name, slices_[i].shape, slices_[i].bound, slices_[i].start, slices_[i].is_state);
    }
  }
  template <class T>
  static double dot(const T* a, const T* b, int n) {
    double sum = 0.0;
    for (int i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  }

  X layer_;
  std::vector<ParameterSlice> slices_;
  int rows_ = 0, columns_ = 0;  // of the weight as a matrix: its first index, and all others
};

}  // namespace detail

/// A layer whose weight has its length and its direction as parameters, output by output.
///
///   w_o = g_o v_o / |v_o|
///   dg_o = (gw_o . v_o) / |v_o|,  dv_o = g_o / |v_o| (gw_o - dg_o v_o / |v_o|)
/// Names     weight_g [out, 1, ...], weight_v as the weight, as torch.nn.utils.weight_norm has them
/// Start     weight_v as the layer's weight, weight_g its lengths: the layer is the one it would be without
/// Numerics  a direction of length 0 is none: its weights are 0, and so is its gradient
/// Source    Salimans, Kingma (2016), Weight normalization, eqs. (2)-(3)
template <class X>
class WeightNorm : public detail::Reparametrised<X> {
 public:
  explicit WeightNorm(X layer) : detail::Reparametrised<X>(std::move(layer)) {}

  int n_stored() const { return this->n_parameters() + this->rows_; }
  void describe(ParameterList& list) const {
    const auto& weight = this->slices_[0];
    std::vector<int> lengths(weight.shape.size(), 1);
    lengths[0] = this->rows_;
    list.add(weight.name + "_g", lengths, 0.0, 1.0);
    list.add(weight.name + "_v", weight.shape, weight.bound, weight.start);
    this->describe_rest(list);
  }
  template <class T>
  void start(T* stored) const {
    for (int o = 0; o < this->rows_; ++o) stored[o] = static_cast<T>(length(stored, o));
  }
  template <class T>
  void expand(const T* stored, T* w) const {
    const int n = this->columns_;
    const T* v = stored + this->rows_;
    for (int o = 0; o < this->rows_; ++o) {
      const double size = length(stored, o), scale = size > 0.0 ? static_cast<double>(stored[o]) / size : 0.0;
      for (int i = 0; i < n; ++i) w[o * n + i] = static_cast<T>(scale * static_cast<double>(v[o * n + i]));
    }
    std::copy_n(v + this->n_weights(), this->n_rest(), w + this->n_weights());
  }
  template <class T>
  void pull_back(const T* stored, const T*, const T* gw, T* to) const {
    const int n = this->columns_, rows = this->rows_;
    for (int o = 0; o < rows; ++o) {
      const T *v = stored + rows + o * n, *g = gw + o * n;
      const double size = length(stored, o);
      if (!(size > 0.0)) continue;
      const double along = this->dot(g, v, n) / size, scale = static_cast<double>(stored[o]) / size;
      to[o] += static_cast<T>(along);
      for (int i = 0; i < n; ++i) {
        to[rows + o * n + i] += static_cast<T>(scale * (static_cast<double>(g[i]) - along / size * static_cast<double>(v[i])));
      }
    }
    for (int i = 0; i < this->n_rest(); ++i) to[rows + this->n_weights() + i] += gw[this->n_weights() + i];
  }

 private:
  template <class T>
  double length(const T* stored, int o) const {
    const T* v = stored + this->rows_ + o * this->columns_;
    return std::sqrt(this->dot(v, v, this->columns_));
  }
};

}  // namespace erg::nn
