// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/concepts.hpp"
#include "erg/nn/activation.hpp"
#include "erg/nn/dense.hpp"
#include "erg/nn/initialise.hpp"
#include "erg/nn/network.hpp"

namespace erg::nn {

/// U(x) = f(x; theta), the one output of a network: an energy of blocks of chains, for every kernel.
///
/// Shapes    x: [chain, dim], dim the number of input features, a pixel a column (see Shape); U: [chain]
/// Errors    std::invalid_argument: the network has more than one output
/// Cost      value_and_gradient: a forward pass and an input gradient; `gradient` leaves out what only the value needs
/// Numerics  as Network: chains do not feel their neighbours, tiles or threads
template <class Net, class T = float, class P = simd_lane<T, default_arch>>
class NeuralEnergy : public Network<Net, T, P> {
 public:
  using Base = Network<Net, T, P>;

  /// With PyTorch's start of the parameters, at the key's address.
  explicit NeuralEnergy(Net net, random::Key key = random::Key(0)) : Base(std::move(net)) {
    if (this->n_out() != 1) {
      throw std::invalid_argument("an energy with " + std::to_string(this->n_out()) +
                                  " outputs (it is one number a chain) end the network with one output: Dense(1)");
    }
    initialise(*this, key);
  }

  int dim() const { return this->n_in(); }
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    this->input_gradient(x, {}, {u.data(), x.n_chains, 1, x.n_chains}, g);
  }
  void gradient(BlockView<const T> x, BlockView<T> g) const { this->input_gradient(x, {}, {}, g); }
  /// to += sum_c w_c dU(x_c)/dtheta, and U(x_c) to u where it is not empty.
  void add_parameter_gradient(BlockView<const T> x, std::span<const T> w, std::span<T> to, std::span<T> u = {}) const {
    this->parameter_gradient(x, {w.data(), x.n_chains, 1, x.n_chains}, to, {u.data(), x.n_chains, 1, x.n_chains});
  }
  /// to += d/dtheta sum_c (weight U(x_c) + penalty/2 |dU/dx_c|^2), weight != 0; writes U and squares = |dU/dx_c|^2.
  void penalised_parameter_gradient(BlockView<const T> x, T weight, T penalty, std::span<T> to, std::span<T> u, std::span<T> squares) const {
    this->add_penalised_gradient(x, weight, penalty, to, u, squares);
  }
  void value(BlockView<const T> x, std::span<T> u) const { this->forward(x, {u.data(), x.n_chains, 1, x.n_chains}); }
};

/// A multilayer perceptron: dense layers with an activation between them.
///
///   const auto net = mlp<SiLU>(2, 128, 128, 1);
template <class Activation = SiLU, class... Sizes>
auto mlp(int n_in, int n_first, Sizes... sizes) {
  const auto rest = [&](auto self, auto made, auto n, auto... more) {
    if constexpr (sizeof...(more) == 0) {
      return std::apply([](auto... layers) { return Sequential(layers...); }, std::tuple_cat(made, std::tuple(Activation{}, Dense<>(n))));
    } else {
      return self(self, std::tuple_cat(made, std::tuple(Activation{}, Dense<>(n))), more...);
    }
  };
  if constexpr (sizeof...(sizes) == 0) {
    return Sequential(Dense<>(n_in, n_first));
  } else {
    return rest(rest, std::tuple(Dense<>(n_in, n_first)), sizes...);
  }
}

}  // namespace erg::nn
