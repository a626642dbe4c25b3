// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/batch.hpp"
#include "erg/nn/neural_energy.hpp"

namespace erg::nn {

/// The logits F of a classifier, and behind them the energy U = -log sum_y exp F_y.
///
///   y = (F_1, ..., F_n, U),   dU/dF_j = -p_j,   p = softmax(F)
/// Numerics  shifted by the largest logit: no overflow at +-500, nor far beyond
struct LogitsAndEnergy {
  int n = 0;

  Shape resolve(Shape in) {
    n = in.size();
    return n + 1;
  }
  int n_tape() const { return n; }  // p
  template <class L>
  void forward(const Real<L>*, Block<const L> x, Block<L> y, Block<L> tape) const {
    for (int g = 0; g < x.n_groups; ++g) {
      L most = x.get(0, g);
      for (int f = 1; f < n; ++f) most = lane::select(x.get(f, g) > most, x.get(f, g), most);
      L sum = L(0.0);
      for (int f = 0; f < n; ++f) {
        const L logit = x.get(f, g), e = math::exp(logit - most);
        sum += e;
        tape.put(f, g, e);
        y.put(f, g, logit);
      }
      for (int f = 0; f < n; ++f) tape.put(f, g, tape.get(f, g) / sum);
      y.put(n, g, -(most + math::log(sum)));
    }
  }
  template <class L>
  void input_gradient(const Real<L>*, Block<const L>, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    for (int g = 0; g < gy.n_groups; ++g) {
      const L slope = gy.get(n, g);
      for (int f = 0; f < n; ++f) gx.put(f, g, gy.get(f, g) - slope * tape.get(f, g));
    }
  }
};

/// A classifier as an energy: JEM.
///
///   U(x) = -log sum_y exp F_y(x),   p(y | x) = exp(F_y + U),   log p(x, y) = F_y - log Z
///
///   ClassifierEnergy energy(mlp<SiLU>(784, 500, 500, 10));
///
/// An energy for every kernel and every objective, and a classifier: adding h(x) to all logits leaves p(y | x) and lowers U by h(x).
/// Shapes    x: [chain, dim]; logits, probabilities: [chain, n_classes]; labels in 0 .. n_classes - 1
/// Errors    std::invalid_argument: a network of fewer than two outputs, a label that is no class
/// Source    Grathwohl et al. (2020), Your classifier is secretly an energy based model, eqs. (5)-(7)
template <class Net, class T = float, class P = simd_lane<T, default_arch>>
class ClassifierEnergy : public Network<Sequential<Net, LogitsAndEnergy>, T, P> {
 public:
  using Base = Network<Sequential<Net, LogitsAndEnergy>, T, P>;

  explicit ClassifierEnergy(Net net, random::Key key = random::Key(0)) : Base(Sequential(std::move(net), LogitsAndEnergy{})) {
    if (n_classes() < 2) throw std::invalid_argument("a classifier of one class (there is nothing to tell apart) end the network with one output per class");
    initialise(*this, key);
  }

  int dim() const { return this->n_in(); }
  int n_classes() const { return this->n_out() - 1; }

  // ---- the energy ----
  void value(BlockView<const T> x, std::span<T> u) const {
    const auto y = outputs(x.n_chains);
    this->forward(x, y);
    std::copy_n(y.column(n_classes()), x.n_chains, u.data());
  }
  void gradient(BlockView<const T> x, BlockView<T> g) const { this->input_gradient(x, seeds(x.n_chains), {}, g); }
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    const auto y = outputs(x.n_chains);
    this->input_gradient(x, seeds(x.n_chains), y, g);
    std::copy_n(y.column(n_classes()), x.n_chains, u.data());
  }
  void add_parameter_gradient(BlockView<const T> x, std::span<const T> w, std::span<T> to, std::span<T> u = {}) const {
    const auto y = outputs(x.n_chains);
    this->parameter_gradient(x, seeds(x.n_chains, w), to, y);
    if (!u.empty()) std::copy_n(y.column(n_classes()), x.n_chains, u.data());
  }
  /// The passes along v are those of the one output U: w and du are [chain, 1], w without memory ones. du = v . dU/dx, hv = w H v.
  void tangent(BlockView<const T> x, BlockView<const T> v, BlockView<const T> w, BlockView<T> du, BlockView<T> hv) const {
    const auto dy = du.data != nullptr ? outputs(x.n_chains) : BlockView<T>{};
    Base::tangent(x, v, seeds(x.n_chains, w), dy, hv);
    if (du.data != nullptr) std::copy_n(dy.column(n_classes()), x.n_chains, du.column(0));
  }
  /// to += sum_c w_c d/dtheta (v_c . dU/dx_c).
  void tangent_parameter_gradient(BlockView<const T> x, BlockView<const T> v, BlockView<const T> w, std::span<T> to) const {
    Base::tangent_parameter_gradient(x, v, seeds(x.n_chains, w), to);
  }
  /// to += sum_c w_c d/dtheta (v_c . H_c v_c), H the second derivatives of U.
  void curvature_parameter_gradient(BlockView<const T> x, BlockView<const T> v, BlockView<const T> w, std::span<T> to) const {
    Base::curvature_parameter_gradient(x, v, seeds(x.n_chains, w), to);
  }

  // ---- the classifier ----
  void logits(BlockView<const T> x, BlockView<T> f) const {
    const auto y = outputs(x.n_chains);
    this->forward(x, y);
    for (int k = 0; k < n_classes(); ++k) std::copy_n(y.column(k), x.n_chains, f.column(k));
  }
  void probabilities(BlockView<const T> x, BlockView<T> p) const {
    const auto y = outputs(x.n_chains);
    this->forward(x, y);
    for (int k = 0; k < n_classes(); ++k) {
      for (int c = 0; c < x.n_chains; ++c) p(c, k) = math::exp(y(c, k) + y(c, n_classes()));
    }
  }
  /// Adds weight/n of the gradient of sum_c -log p(label_c | x_c), n the number of rows; returns that mean, without the weight.
  double add_cross_entropy_gradient(BlockView<const T> x, std::span<const int> labels, double weight, std::span<T> to, int n_rows = 0) const {
    const double n = n_rows > 0 ? n_rows : x.n_chains;
    double sum = 0.0;
    for (int c = 0; c < x.n_chains; ++c) {
      if (const int label = labels[static_cast<std::size_t>(c)]; label < 0 || label >= n_classes()) {
        throw std::invalid_argument("label " + std::to_string(c) + " is " + std::to_string(label) + " (there are " + std::to_string(n_classes()) +
                                    " classes, from 0 on) give the number of a class");
      }
    }
    const T share = static_cast<T>(weight / n);
    this->parameter_gradient(
        x,
        [&](BlockView<const T> y, BlockView<T> seed, int first) {
          for (int c = 0; c < y.n_chains; ++c) {
            const int label = labels[static_cast<std::size_t>(first + c)];
            sum -= static_cast<double>(y(c, label)) + static_cast<double>(y(c, n_classes()));
            seed(c, label) = -share;
            seed(c, n_classes()) = -share;
          }
        },
        to);
    return sum / n;
  }
  /// Adds weight/n of the gradient of the entropies sum_c H[p(y | x_c)]; returns their mean.
  double add_conditional_entropy_gradient(BlockView<const T> x, double weight, std::span<T> to, int n_rows = 0) const {
    const double n = n_rows > 0 ? n_rows : x.n_chains;
    double sum = 0.0;
    this->parameter_gradient(
        x,
        [&](BlockView<const T> y, BlockView<T> seed, int) {
          for (int c = 0; c < y.n_chains; ++c) {
            double h = 0.0;
            for (int k = 0; k < n_classes(); ++k) {
              const double l = static_cast<double>(y(c, k)) + static_cast<double>(y(c, n_classes()));
              h -= std::exp(l) * l;
            }
            for (int k = 0; k < n_classes(); ++k) {
              const double l = static_cast<double>(y(c, k)) + static_cast<double>(y(c, n_classes()));
              seed(c, k) = static_cast<T>(-weight / n * std::exp(l) * (l + h));
            }
            sum += h;
          }
        },
        to);
    return sum / n;
  }

 private:
  struct Outputs;
  struct Seeds;
  BlockView<T> outputs(int n) const {
    return {erg::detail::thread_numbers<T, Outputs>(static_cast<std::size_t>(n) * static_cast<std::size_t>(this->n_out())), n, this->n_out(), n};
  }
  /// w on the energy, nothing on the logits; no w: ones.
  BlockView<const T> seeds(int n, std::span<const T> w = {}) const {
    T* to = erg::detail::thread_numbers<T, Seeds>(static_cast<std::size_t>(n) * static_cast<std::size_t>(this->n_out()));
    T* last = to + static_cast<std::ptrdiff_t>(n) * n_classes();
    std::fill(to, last, T(0));
    if (w.empty()) {
      std::fill_n(last, n, T(1));
    } else {
      std::copy_n(w.data(), n, last);
    }
    return {to, n, this->n_out(), n};
  }
  BlockView<const T> seeds(int n, BlockView<const T> w) const {
    return seeds(n, std::span<const T>(w.data, w.data == nullptr ? std::size_t{0} : static_cast<std::size_t>(n)));
  }
};

}  // namespace erg::nn
