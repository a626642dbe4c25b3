// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/flow.hpp"

namespace erg::flow {

/// An energy of the data side seen from the latent side of a flow: the energy of z where T(z) has the energy U.
///
///   W(z) = U(T(z)) - log |det dx/dz|,   exp(-W) dz is exp(-U) dx,   dW/dz by one pass and its way back
///
/// Local kernels run on it where the flow has straightened the target: with U = the flow's own energy W is that of the base. It does not
/// make them cross between modes that the flow has not joined. `to_data` takes draws of z back.
/// Shapes    z, g: [chain, dim]; w: [chain]
/// Cost      a pass of the flow, U and dU/dx, and for the gradient about two passes more
/// Source    Hoffman et al. (2019), NeuTra-lizing bad geometry in Hamiltonian Monte Carlo using neural transport, eq. (4)
template <class F, class E>
class LatentPullback {
 public:
  using T = typename F::Scalar;

  LatentPullback(Snapshot<F> flow, E energy) : flow_(std::move(flow)), energy_(std::move(energy)) {
    if (dim_of(energy_) != flow_.dim()) {
      throw std::invalid_argument("an energy of dim = " + std::to_string(dim_of(energy_)) + " (the flow has dim = " + std::to_string(flow_.dim()) +
                                  ") give both the same");
    }
  }

  int dim() const { return flow_.dim(); }
  const Snapshot<F>& flow() const { return flow_; }
  const E& energy() const { return energy_; }
  void value(BlockView<const T> z, std::span<T> w) const { flow_->pull_back(energy_, z, w, BlockView<T>{}); }
  void gradient(BlockView<const T> z, BlockView<T> g) const { flow_->pull_back(energy_, z, std::span<T>{}, g); }
  void value_and_gradient(BlockView<const T> z, std::span<T> w, BlockView<T> g) const { flow_->pull_back(energy_, z, w, g); }
  void to_data(BlockView<const T> z, BlockView<T> x) const { flow_->to_data(z, x); }

 private:
  Snapshot<F> flow_;
  E energy_;
};

}  // namespace erg::flow
