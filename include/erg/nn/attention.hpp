// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/math.hpp"
#include "erg/nn/convolution.hpp"
#include "erg/nn/reshape.hpp"

namespace erg::nn {

/// Self-attention between the pixels of a feature map.
///
///   q = Wq x, k = Wk x (channels / reduction), v = Wv x;  A_ij = softmax_j(q_i . k_j);  y_i = x_i + gamma sum_j A_ij v_j
///
/// Shapes    x, y: (channels, height, width)
/// Names     gamma [1], query_conv, key_conv, value_conv, each .weight [out, in, 1, 1] and .bias [out]
/// Start     gamma = 0: the identity
/// Cost      n_pixels^2 (channels + 2 channels / reduction) multiply-adds a chain forward, twice that backward; as many rows of memory as
///           pairs of pixels: for maps of some 8 x 8
/// Source    Zhang, Goodfellow, Metaxas, Odena (2019), Self-attention GANs, eqs. (1)-(3)
class SelfAttention {
 public:
  explicit SelfAttention(int reduction = 8) : reduction_(erg::detail::require_count("SelfAttention::reduction", reduction)) {}

  Shape resolve(Shape in) {
    in_ = in;
    n_inner_ = in.channels / reduction_ > 1 ? in.channels / reduction_ : 1;
    query_ = key_ = Conv2d(n_inner_, 1);
    value_ = Conv2d(in.channels, 1);
    for (Conv2d* map : {&query_, &key_, &value_}) map->resolve(in);
    return in;
  }
  int n_parameters() const { return 1 + query_.n_parameters() + key_.n_parameters() + value_.n_parameters(); }
  void describe(ParameterList& list) const {
    list.add("gamma", {1}, 0.0, 0.0);
    list.within("query_conv", [&] { query_.describe(list); });
    list.within("key_conv", [&] { key_.describe(list); });
    list.within("value_conv", [&] { value_.describe(list); });
  }
  int n_tape() const {
    const int n = in_.n_pixels();
    return 4 * n_inner_ * n + 5 * in_.size() + n * n + n;
  }

  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const {
    const Part<L> t(*this, tape);
    const int n = in_.n_pixels();
    query_.template forward<L>(w + 1, x, t.q, {});
    key_.template forward<L>(w + 1 + query_.n_parameters(), x, t.k, {});
    value_.template forward<L>(w + 1 + 2 * query_.n_parameters(), x, t.v, {});
    const L gamma(w[0]);
    for (int g = 0; g < x.n_groups; ++g) {
      for (int i = 0; i < n; ++i) {
        L most = L(0.0), total = L(0.0);
        for (int j = 0; j < n; ++j) {
          L score = t.q.get(i, g) * t.k.get(j, g);
          for (int c = 1; c < n_inner_; ++c) score += t.q.get(c * n + i, g) * t.k.get(c * n + j, g);
          t.a.put(i * n + j, g, score);
          most = j == 0 ? score : lane::max(most, score);
        }
        for (int j = 0; j < n; ++j) {
          const L e = math::exp(t.a.get(i * n + j, g) - most);
          t.a.put(i * n + j, g, e);
          total += e;
        }
        const L share = L(1.0) / total;
        for (int j = 0; j < n; ++j) t.a.put(i * n + j, g, t.a.get(i * n + j, g) * share);
        for (int c = 0; c < in_.channels; ++c) {
          L sum = L(0.0);
          for (int j = 0; j < n; ++j) sum += t.a.get(i * n + j, g) * t.v.get(c * n + j, g);
          t.o.put(c * n + i, g, sum);
          y.put(c * n + i, g, x.get(c * n + i, g) + gamma * sum);
        }
      }
    }
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    go_back<false>(w, x, tape, gy, gx, Gradient<L>{});
  }
  template <class L>
  void backward(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx, Gradient<L> g) const {
    go_back<true>(w, x, tape, gy, gx, g);
  }

 private:
  template <class L>
  struct Part {
    Block<L> q, k, v, a, o, gq, gk, gv, go, gs, gx;
    Part(const SelfAttention& s, const Block<L>& tape) {
      const int n = s.in_.n_pixels(), inner = s.n_inner_ * n, full = s.in_.size();
      int row = 0;
      const auto next = [&](int count) { return tape.rows((row += count) - count, count); };
      q = next(inner), k = next(inner), gq = next(inner), gk = next(inner);
      v = next(full), o = next(full), gv = next(full), go = next(full), gx = next(full);
      a = next(n * n), gs = next(n);
    }
  };

  template <bool with_parameters, class L>
  void go_back(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx, Gradient<L> to) const {
    const Part<L> t(*this, tape);
    const int n = in_.n_pixels();
    const L gamma(w[0]);
    const auto add = [](const Block<L>& block, int f, int g, const L& v) { block.put(f, g, block.get(f, g) + v); };
    for (int g = 0; g < gy.n_groups; ++g) {
      for (int f = 0; f < n_inner_ * n; ++f) t.gk.put(f, g, L(0.0));
      for (int f = 0; f < in_.size(); ++f) {
        t.gv.put(f, g, L(0.0));
        t.go.put(f, g, gamma * gy.get(f, g));
      }
      for (int i = 0; i < n; ++i) {
        L mean = L(0.0);
        for (int j = 0; j < n; ++j) {
          L slope = L(0.0);
          for (int c = 0; c < in_.channels; ++c) slope += t.go.get(c * n + i, g) * t.v.get(c * n + j, g);
          t.gs.put(j, g, slope);
          mean += slope * t.a.get(i * n + j, g);
        }
        for (int j = 0; j < n; ++j) t.gs.put(j, g, t.a.get(i * n + j, g) * (t.gs.get(j, g) - mean));
        for (int c = 0; c < n_inner_; ++c) {
          L sum = L(0.0);
          const L q = t.q.get(c * n + i, g);
          for (int j = 0; j < n; ++j) {
            sum += t.gs.get(j, g) * t.k.get(c * n + j, g);
            add(t.gk, c * n + j, g, t.gs.get(j, g) * q);
          }
          t.gq.put(c * n + i, g, sum);
        }
        for (int c = 0; c < in_.channels; ++c) {
          const L go = t.go.get(c * n + i, g);
          for (int j = 0; j < n; ++j) add(t.gv, c * n + j, g, t.a.get(i * n + j, g) * go);
        }
      }
    }
    if constexpr (with_parameters) {
      detail::add_over_chains<L>(to, 0, gy.n_groups, gy.n_chains, [&](int g) {
        L sum = L(0.0);
        for (int f = 0; f < in_.size(); ++f) sum += gy.get(f, g) * t.o.get(f, g);
        return sum;
      });
    }
    if (gx.data != nullptr) detail::copy_rows<L>(gy, gx);
    int at = 1;
    const auto map = [&](const Conv2d& layer, const Block<L>& from) {
      if constexpr (with_parameters) layer.template parameter_gradient<L>(w + at, x, {}, from, to.from(at));
      if (gx.data != nullptr) {
        layer.template input_gradient<L>(w + at, x, {}, from, t.gx);
        detail::add_rows<L>(t.gx, gx);
      }
      at += layer.n_parameters();
    };
    map(query_, t.gq);
    map(key_, t.gk);
    map(value_, t.gv);
  }

  int reduction_, n_inner_ = 1;
  Shape in_;
  Conv2d query_{1, 1}, key_{1, 1}, value_{1, 1};
};

}  // namespace erg::nn
