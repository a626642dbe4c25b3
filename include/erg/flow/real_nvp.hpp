// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/affine.hpp"
#include "erg/flow/coupling.hpp"
#include "erg/flow/flow.hpp"
#include "erg/flow/scaling.hpp"
#include "erg/nn/neural_energy.hpp"

namespace erg::flow {

namespace detail {
/// Perceptrons with the given hidden layers, for conditioners of any size.
template <class Activation, class... Hidden>
auto conditioner(Hidden... hidden) {
  return [=](int n_in, int n_out) { return nn::mlp<Activation>(n_in, hidden..., n_out); };
}
template <class Transform, class Activation, class... Hidden>
auto coupling_stack(int dim, int n_couplings, Transform transform, Hidden... hidden) {
  const auto make_net = conditioner<Activation>(hidden...);
  using Net = decltype(make_net(1, 1));
  return Stack<Coupling<Transform, Net>>(n_couplings, [&](int i) { return Coupling<Transform, Net>(dim, i % 2 == 0, transform, make_net); });
}
/// Couplings that transform the halves in turn, and a whitening at the data side.
template <class T, class Activation, class Whiten = Whitening, class Transform, class... Hidden>
auto coupling_flow(int dim, int n_couplings, Transform transform, Hidden... hidden) {
  using Couplings = decltype(coupling_stack<Transform, Activation>(dim, n_couplings, transform, hidden...));
  return Flow<Chain<Couplings, Whiten>, StandardNormal, T>(
      Chain(coupling_stack<Transform, Activation>(dim, n_couplings, transform, hidden...), Whiten(dim)));
}
}  // namespace detail

/// RealNVP: affine couplings that transform the halves in turn, and a whitening at the data side (`observe` or `fit` sets it).
///
///   auto flow = flow::real_nvp<float>(dim, 8, 128, 128);        8 couplings, conditioners with two hidden layers of 128
///
/// Starts as the identity. Activation: SiLU makes the density smooth, ReLU is what the papers take and somewhat faster. Whiten:
/// FullWhitening (linear.hpp) takes correlations out too.
/// Source    Dinh, Sohl-Dickstein, Bengio (2017), Density estimation using RealNVP
template <class T = float, class Activation = nn::SiLU, class ScaleMap = TanhBounded, class Whiten = Whitening, class... Hidden>
auto real_nvp(int dim, int n_couplings, Hidden... hidden) {
  return detail::coupling_flow<T, Activation, Whiten>(dim, n_couplings, Affine<ScaleMap>{}, hidden...);
}
/// NICE: additive couplings, which keep volume, and a trained scale of every coordinate.
/// Source    Dinh, Krueger, Bengio (2015), NICE: non-linear independent components estimation, section 3
template <class T = float, class Activation = nn::SiLU, class... Hidden>
auto nice(int dim, int n_couplings, Hidden... hidden) {
  using Couplings = decltype(detail::coupling_stack<Additive, Activation>(dim, n_couplings, Additive{}, hidden...));
  return Flow<Chain<ActNorm, Couplings, Whitening>, StandardNormal, T>(
      Chain(ActNorm(dim), detail::coupling_stack<Additive, Activation>(dim, n_couplings, Additive{}, hidden...), Whitening(dim)));
}

}  // namespace erg::flow
