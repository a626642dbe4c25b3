// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/pooling.hpp"
#include "erg/nn/residual.hpp"

namespace erg::nn {

/// Half the resolution by means over 3 x 3 pixels; the padding counts, so that borders darken.
struct SpacePyramid {
  AvgPool2d down() const { return AvgPool2d(3, {.stride = 2, .padding = 1}); }
};
/// The same resolution for every part.
struct NoPyramid {
  Identity down() const { return {}; }
};

namespace detail {
template <class Pyramid, class Net>
auto scales(const Pyramid&, Net net) {
  return net;
}
template <class Pyramid, class Net, class... Coarser>
  requires(sizeof...(Coarser) > 0)
auto scales(const Pyramid& p, Net net, Coarser... coarser) {
  return Residual(std::move(net), Sequential(p.down(), scales(p, std::move(coarser)...)));
}
}  // namespace detail

/// U(x) = f_0(x) + f_1(D x) + f_2(D D x) + ...: a network of its own for every resolution, D the pyramid's step down, any linear layer.
///
///   NeuralEnergy(multi_scale(Shape(3, 32, 32), SpacePyramid{}, fine, middle, coarse))
///
/// One layer like others: it has all passes, and the gradient of the sum passes through D's adjoint. The networks are not given a Shape.
/// Source    Du, Li, Tenenbaum, Mordatch (2021), section 3.2; the published program trains on the mean over scales and samples by their sum
template <class Pyramid, class... Net>
auto multi_scale(Shape in, const Pyramid& pyramid, Net... nets) {
  return Sequential(in, detail::scales(pyramid, std::move(nets)...));
}

}  // namespace erg::nn
