// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/weight_norm.hpp"

namespace erg::nn {

/// A layer whose weights have mean 0 and deviation 1 at every output.
///
///   w_o = d_o / (s_o + epsilon),  d_o = W_o - mean(W_o),  s_o^2 = |d_o|^2 / (n - 1)
///   dd_o = gw_o / (s_o + epsilon) - d_o (gw_o . d_o) / ((n - 1) s_o (s_o + epsilon)^2),  dW_o = dd_o - mean(dd_o)
/// Names     those of the layer: what is saved is W
/// Errors    std::invalid_argument: outputs of one weight, which have no deviation
/// Source    Qiao, Wang, Liu, Shen, Yuille (2019), Weight standardization, eqs. (2)-(4), with n - 1 as their code has it
template <class X>
class WeightStandard : public detail::Reparametrised<X> {
 public:
  explicit WeightStandard(X layer, double epsilon = 1e-5)
      : detail::Reparametrised<X>(std::move(layer)), epsilon_(erg::detail::require_positive("WeightStandard::epsilon", epsilon)) {}

  Shape resolve(Shape in) {
    const Shape out = detail::Reparametrised<X>::resolve(in);
    if (this->columns_ < 2) throw std::invalid_argument("WeightStandard of outputs with one weight each (that has no deviation) leave it out");
    return out;
  }
  int n_stored() const { return this->n_parameters(); }
  void describe(ParameterList& list) const { nn::describe(this->layer_, list); }

  template <class T>
  void expand(const T* stored, T* w) const {
    each(stored, [&](int first, double mean, double deviation) {
      const double scale = 1.0 / (deviation + epsilon_);
      for (int i = first; i < first + this->columns_; ++i) w[i] = static_cast<T>(scale * (static_cast<double>(stored[i]) - mean));
    });
    std::copy_n(stored + this->n_weights(), this->n_rest(), w + this->n_weights());
  }
  template <class T>
  void pull_back(const T* stored, const T*, const T* gw, T* to) const {
    const int n = this->columns_;
    each(stored, [&](int first, double mean, double deviation) {
      double along = 0.0, sum = 0.0;
      for (int i = first; i < first + n; ++i) {
        along += static_cast<double>(gw[i]) * (static_cast<double>(stored[i]) - mean);
        sum += static_cast<double>(gw[i]);
      }
      const double scale = 1.0 / (deviation + epsilon_), slope = deviation > 0.0 ? along * scale * scale / ((n - 1) * deviation) : 0.0;
      for (int i = first; i < first + n; ++i) {  // the mean of d is 0
        to[i] += static_cast<T>(scale * (static_cast<double>(gw[i]) - sum / n) - slope * (static_cast<double>(stored[i]) - mean));
      }
    });
    for (int i = this->n_weights(); i < this->n_parameters(); ++i) to[i] += gw[i];
  }

 private:
  /// f(where output o's weights start, their mean, their deviation).
  template <class T, class F>
  void each(const T* stored, F&& f) const {
    const int n = this->columns_;
    for (int first = 0; first < this->n_weights(); first += n) {
      double mean = 0.0, square = 0.0;
      for (int i = first; i < first + n; ++i) mean += static_cast<double>(stored[i]) / n;
      for (int i = first; i < first + n; ++i) square += (static_cast<double>(stored[i]) - mean) * (static_cast<double>(stored[i]) - mean);
      f(first, mean, std::sqrt(square / (n - 1)));
    }
  }
  double epsilon_;
};

}  // namespace erg::nn
