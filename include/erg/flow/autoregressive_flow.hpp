// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/affine.hpp"
#include "erg/flow/autoregressive.hpp"
#include "erg/flow/flow.hpp"
#include "erg/flow/permutation.hpp"
#include "erg/flow/scaling.hpp"

namespace erg::flow {

/// Masked autoregressive flow: layers that transform every coordinate, the order reversed from one to the next, and a whitening.
///
///   auto flow = flow::maf<float>(dim, 5, {64, 64});
///
/// Source    Papamakarios, Pavlakou, Murray (2017), Masked autoregressive flow for density estimation
template <class T = float, class Activation = nn::SiLU, class Transform = Affine<>>
auto maf(int dim, int n_layers, std::vector<int> hidden, Transform transform = {}) {
  using Layer = Chain<Autoregressive<Transform, true, Activation>, Permutation>;
  const auto make = [&](int) { return Layer(Autoregressive<Transform, true, Activation>(dim, hidden, transform), Permutation::reversal(dim)); };
  return Flow<Chain<Stack<Layer>, Whitening>, StandardNormal, T>(Chain(Stack<Layer>(n_layers, make), Whitening(dim)));
}

/// A flow's map with another base: GaussianMixture where the data fall apart into modes, which a normal base joins by thin bridges.
///
///   auto flow = flow::with_base(flow::real_nvp(2, 8, 64), GaussianMixture<>(weights, centres, sigmas));
///
/// The base is a constant of the flow, in the space that whitened data have.
template <class Map, class Old, class T, class Base>
auto with_base(const Flow<Map, Old, T>& flow, Base base) {
  Flow<Map, Base, T> made(flow.map(), std::move(base));
  made.restore(flow.parameters().flat());
  return made;
}

}  // namespace erg::flow
