// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/activation.hpp"
#include "erg/nn/sequential.hpp"

namespace erg::flow::detail {

/// An activation without its slope: a fifth of a conditioner's time is in writing slopes that a pass without a way back does not need.
template <class F>
struct LeanElementwise {
  static constexpr bool in_place = true;
  F function{};
  int n = 0;

  nn::Shape resolve(nn::Shape in) {
    n = in.size();
    return in;
  }
  template <class L>
  void forward(const nn::Real<L>*, nn::Block<const L> x, nn::Block<L> y, nn::Block<L>) const {
    for (int f = 0; f < n; ++f) {
      for (int g = 0; g < x.n_groups; ++g) {
        if constexpr (requires(L v) { function.value_and_slope(v, v); }) {
          L unused;
          y.put(f, g, function.value_and_slope(x.get(f, g), unused));
        } else {
          y.put(f, g, function(x.get(f, g)));
        }
      }
    }
  }
};

/// The same network with the same parameters for passes that nothing follows. Layers that are not known stay as they are.
template <class X>
X lean(const X& layer) {
  return layer;
}
template <class X>
  requires requires(const X& x) { []<class F>(const nn::Elementwise<F>&) {}(x); }
auto lean(const X& activation) {
  return [&]<class F>(const nn::Elementwise<F>& a) { return LeanElementwise<F>{a.function, a.n}; }(activation);
}
template <class... Layers>
auto lean(const nn::Sequential<Layers...>& net) {
  auto made = [&]<std::size_t... i>(std::index_sequence<i...>) {
    return nn::Sequential<decltype(lean(net.template layer<static_cast<int>(i)>()))...>(net.input_shape(), lean(net.template layer<static_cast<int>(i)>())...);
  }(std::index_sequence_for<Layers...>{});
  return made;
}

}  // namespace erg::flow::detail
