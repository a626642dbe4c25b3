// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/real_nvp.hpp"
#include "erg/flow/spline.hpp"

namespace erg::flow {

/// Neural spline flow: couplings by rational-quadratic splines of K bins, and a whitening at the data side.
///
///   auto flow = flow::spline<float>(dim, 6, 64, 64);        6 couplings, conditioners with two hidden layers of 64, 8 bins, bound 5
///
/// Starts as the identity. Each coordinate is bent within +-bound deviations, so tails are those of the base.
/// Source    Durkan, Bekasov, Murray, Papamakarios (2019), Neural spline flows
template <class T = float, class Activation = nn::SiLU, int K = 8, class Whiten = Whitening, class... Hidden>
auto spline(int dim, int n_couplings, Hidden... hidden) {
  return detail::coupling_flow<T, Activation, Whiten>(dim, n_couplings, RationalQuadratic<K>{}, hidden...);
}

}  // namespace erg::flow
