// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/parameters.hpp"
#include "erg/nn/shape.hpp"

#include <concepts>

/// Layers: maps of a block of chains with three functions, over lanes. The fourth pass is the other three on dual numbers.
///
///   forward             y = f(w, x); leaves in the tape what the gradients need
///   input_gradient      gx = (df/dx)^T gy
///   parameter_gradient  gw += (df/dw)^T gy, summed over the chains
///   tangent             the same functions with L = Dual<Pack, 1>: with x = x + e v they give, exactly and without a second
///                       derivation, the tangent J v of forward, that of the input gradient (for an energy H v), and that of the
///                       parameter gradient, d/dw (v . dU/dx). Nested duals give d/dw (v . H v)
///
/// A layer of one's own is a struct with:
///   Shape resolve(Shape in)                       takes the shape of its input, once; returns that of its output
///   int n_parameters() const                      (optional, 0)  numbers in w
///   void describe(ParameterList&) const           (optional)     their names, shapes and start
///   int n_tape() const                            (optional, 0)  rows of features it wants to keep, scratch included
///   static constexpr bool in_place = true         (optional)     y may be x and gx may be gy; the gradients do not read x
///   static constexpr bool is_linear = true        (optional)     the gradients read no tape: y need not be computed for them
///   template <class L> void forward(const Real<L>* w, Block<const L> x, Block<L> y, Block<L> tape) const
///   template <class L> void input_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Block<L> gx) const
///   template <class L> void parameter_gradient(const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Gradient<L>) const
/// Chains must not influence each other. A layer acts on numbers through Block::get and put and stays correct on duals; only
/// linear layers, which are the same product on every plane, look at the planes.
namespace erg::nn {

/// The scalar of a lane, through duals.
template <class L>
using Real = scalar_t<base_lane<L>>;

template <class X>
constexpr bool acts_in_place() {
  if constexpr (requires { X::in_place; }) {
    return X::in_place;
  } else {
    return false;
  }
}
template <class X>
constexpr bool is_linear_layer() {
  if constexpr (requires { X::is_linear; }) {
    return X::is_linear;
  } else {
    return false;
  }
}
/// Linear, or like ReLU with a slope that has no slope. A layer with parameters says so itself, and has push.
template <class X>
constexpr bool is_piecewise_linear() {
  if constexpr (requires { X::piecewise_linear; }) {
    return X::piecewise_linear;
  } else {
    return is_linear_layer<X>() && !requires(const X& layer) { layer.n_parameters(); };
  }
}
/// The tangent alone, dy along dx, of a piecewise linear layer whose forward pass has left `tape`, dtape being memory for what lies between;
/// and where a way back is going to read x, it becomes x + share dx.
template <class L, class X>
void push(const X& layer, const Real<L>* w, Block<L> x, Block<L> tape, Block<const L> dx, Block<L> dy, Block<L> dtape, Real<L> share) {
  if constexpr (requires { layer.push(w, x, tape, dx, dy, dtape, share); }) {
    layer.push(w, x, tape, dx, dy, dtape, share);
  } else {
    layer.template forward<L>(w, dx, dy, dtape);
  }
}
/// x <- x + share dx.
template <class L>
void add_share(Block<L> x, Block<const L> dx, Real<L> share) {
  for (int f = 0; f < x.n_features; ++f) {
    Real<L>* const at = x.row(f);
    const Real<L>* const from = dx.row(f);
    for (int c = 0; c < x.n_groups * width_v<L>; ++c) at[c] += share * from[c];
  }
}
/// A layer whose passes take other numbers than are trained (weight_norm.hpp, spectral_norm.hpp).
///   int n_stored() const                                     numbers trained and saved; describe() lists them
///   void expand(const T* stored, T* w) const                 the weights that the passes take
///   void pull_back(const T* stored, const T* w, const T* gw, T* g) const   g += (dw/dstored)^T gw
///   void refresh(T* stored) const                            (optional) state that moves once per change of the parameters
///   void start(T* stored) const                              (optional) numbers whose start follows from that of others
template <class X>
constexpr bool is_reparametrised() {
  if constexpr (requires { X::reparametrised; }) {
    return X::reparametrised;
  } else {
    return false;
  }
}

template <class X>
int n_parameters(const X& layer) {
  if constexpr (requires { layer.n_parameters(); }) {
    return layer.n_parameters();
  } else {
    return 0;
  }
}
template <class X>
int n_stored(const X& layer) {
  if constexpr (is_reparametrised<X>()) {
    return layer.n_stored();
  } else {
    return n_parameters(layer);
  }
}
template <class X>
int n_tape(const X& layer) {
  if constexpr (requires { layer.n_tape(); }) {
    return layer.n_tape();
  } else {
    return 0;
  }
}
template <class X>
void describe(const X& layer, ParameterList& list) {
  if constexpr (requires { layer.describe(list); }) layer.describe(list);
}
template <class X, class T>
void expand(const X& layer, const T* stored, T* w) {
  if constexpr (is_reparametrised<X>()) {
    layer.expand(stored, w);
  } else {
    std::copy_n(stored, n_parameters(layer), w);
  }
}
template <class X, class T>
void pull_back(const X& layer, const T* stored, const T* w, const T* gw, T* g) {
  if constexpr (is_reparametrised<X>()) {
    layer.pull_back(stored, w, gw, g);
  } else {
    for (int i = 0; i < n_parameters(layer); ++i) g[i] += gw[i];
  }
}
template <class X, class T>
void refresh(const X& layer, T* stored) {
  if constexpr (requires { layer.refresh(stored); }) layer.refresh(stored);
}
template <class X, class T>
void start(const X& layer, T* stored) {
  if constexpr (requires { layer.start(stored); }) layer.start(stored);
}
/// The parameter gradient of a layer, where it has parameters.
template <class L, class X>
void add_parameter_gradient(const X& layer, const Real<L>* w, Block<const L> x, Block<L> tape, Block<const L> gy, Gradient<L> g) {
  if constexpr (requires { layer.parameter_gradient(w, x, tape, gy, g); }) layer.parameter_gradient(w, x, tape, gy, g);
}

/// What composes: see the text above. P is the lane it is asked with.
template <class X, class P = Pack<double>>
concept Layer = requires(X layer, const X& fixed, Shape shape, const Real<P>* w, Block<const P> x, Block<P> y) {
  { layer.resolve(shape) } -> std::same_as<Shape>;
  fixed.forward(w, x, y, y);
  fixed.input_gradient(w, x, y, x, y);
} && requires(const X& fixed, const Real<P>* w, Block<const Dual<P, 1>> x, Block<Dual<P, 1>> y) {
  fixed.forward(w, x, y, y);
  fixed.input_gradient(w, x, y, x, y);
};

}  // namespace erg::nn
