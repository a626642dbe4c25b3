// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/reshape.hpp"
#include "erg/nn/sequential.hpp"

namespace erg::nn {

/// y = f(x) + s(x), s the identity unless given.
///
///   Residual(Sequential(Conv2d(64, 3, {.padding = 1}), SiLU{}, Conv2d(64, 3, {.padding = 1})))
///   Residual(Sequential(...), Conv2d(128, 1, {.stride = 2}))
///
/// The parameters of f keep their names, those of s are called "shortcut.<name>".
/// Errors    std::invalid_argument: f and s give different shapes
/// Source    He, Zhang, Ren, Sun (2016), Deep residual learning, eqs. (1)-(2)
template <class F, class S = Identity>
class Residual {
 public:
  static constexpr bool reparametrised = is_reparametrised<F>() || is_reparametrised<S>();
  static constexpr bool omits_output = can_omit_output<F>() && (std::is_same_v<S, Identity> || can_omit_output<S>());

  explicit Residual(F f, S shortcut = {}) : f_(std::move(f)), s_(std::move(shortcut)) {}

  Shape resolve(Shape in) {
    in_ = in;
    out_ = f_.resolve(in);
    if (const Shape other = s_.resolve(in); !(other == out_)) {
      throw std::invalid_argument("Residual adds " + out_.text() + " and " + other.text() +
                                  " features (sums need equal shapes) give a shortcut that changes the shape alike, such as Conv2d(n_out, 1)");
    }
    return out_;
  }
  int n_parameters() const { return nn::n_parameters(f_) + nn::n_parameters(s_); }
  int n_stored() const { return nn::n_stored(f_) + nn::n_stored(s_); }
  int n_tape() const { return nn::n_tape(f_) + nn::n_tape(s_) + std::max(in_.size(), out_.size()); }
  void describe(ParameterList& list) const {
    nn::describe(f_, list);
    list.within("shortcut", [&] { nn::describe(s_, list); });
  }
  template <class T>
  void expand(const T* stored, T* w) const {
    nn::expand(f_, stored, w);
    nn::expand(s_, stored + nn::n_stored(f_), w + nn::n_parameters(f_));
  }
  template <class T>
  void pull_back(const T* stored, const T* w, const T* gw, T* g) const {
    nn::pull_back(f_, stored, w, gw, g);
    const int n = nn::n_parameters(f_), m = nn::n_stored(f_);
    nn::pull_back(s_, stored + m, w + n, gw + n, g + m);
  }
  template <class T>
  void refresh(T* stored) const {
    nn::refresh(f_, stored);
    nn::refresh(s_, stored + nn::n_stored(f_));
  }
  template <class T>
  void start(T* stored) const {
    nn::start(f_, stored);
    nn::start(s_, stored + nn::n_stored(f_));
  }

  template <class L>
  void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const {
    const Part<L> at(*this, tape);
    f_.template forward<L>(w, x, y, at.f);
    if constexpr (!std::is_same_v<S, Identity>) s_.template forward<L>(w + nn::n_parameters(f_), x, y.data == nullptr ? y : at.sum.rows(0, out_.size()), at.s);
    if (y.data == nullptr) return;
    if constexpr (std::is_same_v<S, Identity>) {
      detail::add_rows<L>(x, y);
    } else {
      detail::add_rows<L>(at.sum, y);
    }
  }
  template <class L>
  void input_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx) const {
    const Part<L> at(*this, tape);
    f_.template input_gradient<L>(w, x, at.f, gy, gx);
    add_shortcut<false>(w, x, at, gy, gx, Gradient<L>{});
  }
  template <class L>
  void backward(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx, Gradient<L> g) const {
    const Part<L> at(*this, tape);
    nn::backward<L>(f_, w, x, at.f, gy, gx, g);
    add_shortcut<true>(w, x, at, gy, gx, g);
  }

 private:
  template <class L>
  struct Part {
    Block<L> f, s, sum;
    Part(const Residual& r, const Block<L>& tape)
        : f(tape.rows(0, nn::n_tape(r.f_))), s(tape.rows(nn::n_tape(r.f_), nn::n_tape(r.s_))),
          sum(tape.rows(nn::n_tape(r.f_) + nn::n_tape(r.s_), std::max(r.in_.size(), r.out_.size()))) {}
  };
  template <bool with_parameters, class L>
  void add_shortcut(const Real<L>* w, Block<const L> x, const Part<L>& at, Block<const L> gy, Block<L> gx, Gradient<L> g) const {
    if constexpr (std::is_same_v<S, Identity>) {
      if (gx.data != nullptr) detail::add_rows<L>(gy, gx);
    } else {
      Block<L> to = at.sum.rows(0, in_.size());
      if (gx.data == nullptr) to.data = nullptr;
      const int n = nn::n_parameters(f_);
      if constexpr (with_parameters) {
        nn::backward<L>(s_, w + n, x, at.s, gy, to, g.from(n));
      } else {
        s_.template input_gradient<L>(w + n, x, at.s, gy, to);
      }
      if (gx.data != nullptr) detail::add_rows<L>(to, gx);
    }
  }

  F f_;
  S s_;
  Shape in_, out_;
};
template <class F>
Residual(F) -> Residual<F, Identity>;
template <class F, class S>
Residual(F, S) -> Residual<F, S>;

}  // namespace erg::nn
