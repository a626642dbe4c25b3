// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/weight_norm.hpp"

namespace erg::nn {

/// A layer whose weight is divided by its largest singular value, as a matrix [out, all else].
///
///   w = W / sigma,  sigma = u^T W v;  a change of the parameters does  v <- W^T u / |.|,  u <- W v / |.|  n_iterations times
///   dW = (gw - (gw . w) u v^T) / sigma,  u and v held fixed
/// u and v are saved states of the parameters (not trained): they move once per update and never while chains run, so that the energy
/// is one function between updates, the same on every thread, and resumes exactly. Of a convolution this is the norm of the
/// matrix, not of the operator, which may be larger by up to the window's side.
/// Names     weight_orig, then what the layer has, weight_u [out], weight_v [all else], as torch.nn.utils.spectral_norm has them.
///           That takes the second index of a transposed convolution for its outputs; here it is the first for all layers
/// Start     u at a fixed vector, 15 iterations
/// Numerics  a weight of zeros has no direction: it stays 0
/// Source    Miyato, Kataoka, Koyama, Yoshida (2018), Spectral normalization for GANs, eqs. (8), (12) and Algorithm 1
template <class X>
class SpectralNorm : public detail::Reparametrised<X> {
 public:
  explicit SpectralNorm(X layer, int n_iterations = 1)
      : detail::Reparametrised<X>(std::move(layer)), n_iterations_(erg::detail::require_count("SpectralNorm::n_iterations", n_iterations)) {}

  int n_stored() const { return this->n_parameters() + this->rows_ + this->columns_; }
  void describe(ParameterList& list) const {
    const auto& weight = this->slices_[0];
    list.add(weight.name + "_orig", weight.shape, weight.bound, weight.start);
    this->describe_rest(list);
    list.add(weight.name + "_u", {this->rows_}, 0.0, 1.0, true);
    list.add(weight.name + "_v", {this->columns_}, 0.0, 1.0, true);
  }
  template <class T>
  void start(T* stored) const {
    T* const u = stored + this->n_parameters();
    for (int o = 0; o < this->rows_; ++o) u[o] = static_cast<T>(1.0 / std::sqrt(static_cast<double>(this->rows_)) * (o % 3 == 1 ? -1.0 : 1.0));
    iterate(stored, 15);
  }
  template <class T>
  void refresh(T* stored) const {
    iterate(stored, n_iterations_);
  }
  template <class T>
  void expand(const T* stored, T* w) const {
    const double scale = inverse_norm(stored);
    for (int i = 0; i < this->n_weights(); ++i) w[i] = static_cast<T>(scale * static_cast<double>(stored[i]));
    std::copy_n(stored + this->n_weights(), this->n_rest(), w + this->n_weights());
  }
  template <class T>
  void pull_back(const T* stored, const T* w, const T* gw, T* to) const {
    const T *u = stored + this->n_parameters(), *v = u + this->rows_;
    const double scale = inverse_norm(stored), along = this->dot(gw, w, this->n_weights());
    for (int o = 0; o < this->rows_; ++o) {
      for (int i = 0; i < this->columns_; ++i) {
        const int at = o * this->columns_ + i;
        to[at] += static_cast<T>(scale * (static_cast<double>(gw[at]) - along * static_cast<double>(u[o]) * static_cast<double>(v[i])));
      }
    }
    for (int i = this->n_weights(); i < this->n_parameters(); ++i) to[i] += gw[i];
  }
  /// sigma.
  template <class T>
  double norm(const T* stored) const {
    const T *u = stored + this->n_parameters(), *v = u + this->rows_;
    double sigma = 0.0;
    for (int o = 0; o < this->rows_; ++o) sigma += static_cast<double>(u[o]) * this->dot(stored + o * this->columns_, v, this->columns_);
    return sigma;
  }

 private:
  template <class T>
  double inverse_norm(const T* stored) const {
    const double sigma = norm(stored);
    return sigma != 0.0 ? 1.0 / sigma : 0.0;
  }
  template <class T>
  void iterate(T* stored, int n) const {
    const int rows = this->rows_, columns = this->columns_;
    T *u = stored + this->n_parameters(), *v = u + rows;
    std::vector<double> next(static_cast<std::size_t>(std::max(rows, columns)));
    const auto put = [&](T* to, int size) {
      double square = 0.0;
      for (int i = 0; i < size; ++i) square += next[static_cast<std::size_t>(i)] * next[static_cast<std::size_t>(i)];
      if (!(square > 0.0)) return;  // a weight of zeros has no direction
      for (int i = 0; i < size; ++i) to[i] = static_cast<T>(next[static_cast<std::size_t>(i)] / std::sqrt(square));
    };
    for (; n > 0; --n) {
      std::fill(next.begin(), next.end(), 0.0);
      for (int o = 0; o < rows; ++o) {
        for (int i = 0; i < columns; ++i) next[static_cast<std::size_t>(i)] += static_cast<double>(u[o]) * static_cast<double>(stored[o * columns + i]);
      }
      put(v, columns);
      for (int o = 0; o < rows; ++o) next[static_cast<std::size_t>(o)] = this->dot(stored + o * columns, v, columns);
      put(u, rows);
    }
  }
  int n_iterations_;
};

}  // namespace erg::nn
