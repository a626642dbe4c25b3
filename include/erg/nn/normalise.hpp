// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/nn/chain_sum.hpp"
#include "erg/nn/layer.hpp"

namespace erg::nn {

namespace detail {

/// Features in groups that follow one another, each brought to mean 0 and variance 1 within a chain; then a scale and a shift.
///
///   h = (x - mean) / sqrt(var + epsilon),  y_f = w_{a(f)} h_f + b_{a(f)},  a(f) = f / features_per_weight
///   dx = (gh - mean(gh) - h mean(gh h)) / sqrt(var + epsilon),  gh = w gy
/// var is the mean of squares (division by n). Nothing depends on other chains: batch statistics have no place in an energy.
class Normalisation {
 public:
  int n_parameters() const { return affine_ ? 2 * n_weights_ : 0; }
  int n_tape() const { return n_features_ + n_groups_; }

  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const {
    const int n = n_features_ / n_groups_;
    for (int k = 0; k < n_groups_; ++k) {
      for (int g = 0; g < x.n_groups; ++g) {
        L sum = L(0.0), square = L(0.0);
        for (int f = k * n; f < (k + 1) * n; ++f) sum += x.get(f, g);
        const L mean = sum * L(1.0 / n);
        for (int f = k * n; f < (k + 1) * n; ++f) {
          const L d = x.get(f, g) - mean;
          square += d * d;
        }
        const L scale = L(1.0) / lane::sqrt(square * L(1.0 / n) + L(epsilon_));
        tape.put(n_features_ + k, g, scale);
        for (int f = k * n; f < (k + 1) * n; ++f) {
          const L h = (x.get(f, g) - mean) * scale;
          tape.put(f, g, h);
          y.put(f, g, affine_ ? h * weight<L>(w, f) + L(w[n_weights_ + f / features_per_weight_]) : h);
        }
      }
    }
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L>, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    const int n = n_features_ / n_groups_;
    for (int k = 0; k < n_groups_; ++k) {
      for (int g = 0; g < gy.n_groups; ++g) {
        L sum = L(0.0), along = L(0.0);
        for (int f = k * n; f < (k + 1) * n; ++f) {
          const L gh = gy.get(f, g) * weight<L>(w, f);
          sum += gh;
          along += gh * tape.get(f, g);
        }
        const L scale = tape.get(n_features_ + k, g), mean = sum * L(1.0 / n), slope = along * L(1.0 / n);
        for (int f = k * n; f < (k + 1) * n; ++f) {
          gx.put(f, g, scale * (gy.get(f, g) * weight<L>(w, f) - mean - tape.get(f, g) * slope));
        }
      }
    }
  }
  template <class L>
  void parameter_gradient(const Real<L>*, Block<const L>, Block<L> tape, Block<const L> gy, Gradient<L> to) const {
    if (!affine_) return;
    for (int a = 0; a < n_weights_; ++a) {
      const int first = a * features_per_weight_, end = first + features_per_weight_;
      add_over_chains<L>(to, a, gy.n_groups, gy.n_chains, [&](int g) {
        L sum = L(0.0);
        for (int f = first; f < end; ++f) sum += gy.get(f, g) * tape.get(f, g);
        return sum;
      });
      add_over_chains<L>(to, n_weights_ + a, gy.n_groups, gy.n_chains, [&](int g) {
        L sum = L(0.0);
        for (int f = first; f < end; ++f) sum += gy.get(f, g);
        return sum;
      });
    }
  }

 protected:
  /// One feature less its own mean is 0: a group of one would erase it.
  static void require_groups_of_two(const char* name, Shape in, int n_groups) {
    if (in.size() < 2 * n_groups) detail::reject_shape(name, "two features or more in a group, since one less its own mean is 0", in);
  }
  Normalisation(const std::string& name, double epsilon, bool affine)
      : affine_(affine), epsilon_(erg::detail::require_positive(name + "::epsilon", epsilon)) {}

  template <class L>
  ERG_INLINE L weight(const Real<L>* w, int f) const {
    return L(affine_ ? w[f / features_per_weight_] : Real<L>(1));
  }

  int n_features_ = 0, n_groups_ = 1, n_weights_ = 0, features_per_weight_ = 1;
  bool affine_;
  double epsilon_;
};

}  // namespace detail

/// Layer normalisation over all features of a chain, scale and shift one a feature: LayerNorm(the whole shape) of PyTorch.
/// Errors    std::invalid_argument: one feature, which it would erase
/// Source    Ba, Kiros, Hinton (2016), Layer normalization, eqs. (3)-(4)
class LayerNorm : public detail::Normalisation {
 public:
  explicit LayerNorm(double epsilon = 1e-5, bool affine = true) : Normalisation("LayerNorm", epsilon, affine) {}
  Shape resolve(Shape in) {
    require_groups_of_two("LayerNorm", in, 1);
    shape_ = in;
    n_features_ = n_weights_ = in.size();
    return in;
  }
  void describe(ParameterList& list) const {
    if (!affine_) return;
    const std::vector<int> shape = shape_.n_pixels() == 1 ? std::vector<int>{shape_.channels} : std::vector<int>{shape_.channels, shape_.height, shape_.width};
    list.add("weight", shape, 0.0, 1.0);
    list.add("bias", shape, 0.0, 0.0);
  }

 private:
  Shape shape_;
};

/// Group normalisation: groups of channels, scale and shift one a channel.
/// Errors    std::invalid_argument: the channels do not part into groups of one size; groups of one feature, which it would erase
/// Source    Wu, He (2018), Group normalization, eqs. (1)-(7)
class GroupNorm : public detail::Normalisation {
 public:
  explicit GroupNorm(int n_groups, double epsilon = 1e-5, bool affine = true)
      : Normalisation("GroupNorm", epsilon, affine), wanted_(erg::detail::require_count("GroupNorm::n_groups", n_groups)) {}
  Shape resolve(Shape in) {
    if (wanted_ == 0 ? in.n_pixels() == 1 : in.channels % wanted_ != 0) {
      detail::reject_shape(wanted_ == 0 ? "InstanceNorm2d" : "GroupNorm",
                           wanted_ == 0 ? "images of more than one pixel" : "channels in " + std::to_string(wanted_) + " groups of one size", in);
    }
    n_features_ = in.size();
    n_groups_ = wanted_ == 0 ? in.channels : wanted_;
    require_groups_of_two("GroupNorm", in, n_groups_);
    n_weights_ = in.channels;
    features_per_weight_ = in.n_pixels();
    return in;
  }
  void describe(ParameterList& list) const {
    if (!affine_) return;
    list.add("weight", {n_weights_}, 0.0, 1.0);
    list.add("bias", {n_weights_}, 0.0, 0.0);
  }

 protected:
  GroupNorm(double epsilon, bool affine) : Normalisation("InstanceNorm2d", epsilon, affine), wanted_(0) {}

 private:
  int wanted_;
};
/// Group normalisation with a group a channel. On a map of one pixel it would erase all: refused.
struct InstanceNorm2d : GroupNorm {
  explicit InstanceNorm2d(double epsilon = 1e-5, bool affine = false) : GroupNorm(epsilon, affine) {}
};

}  // namespace erg::nn
