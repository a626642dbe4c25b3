// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies in the plane with a generator in the place of chains: at which temperature they are read, and which modes the generator draws.
#pragma once

#include "support/plane_ebm.hpp"

#include <erg/generator/generators.hpp>
#include <erg/train/train.hpp>

namespace example {

/// Eight narrow Gaussians on a ring, of equal weight: entropy 2.838 nats.
inline PlaneTarget eight_equal_gaussians() {
  std::vector<double> centres;
  std::vector<int> groups;
  for (int k = 0; k < 8; ++k) {
    centres.push_back(2.828427 * std::cos(0.785398 * k)), centres.push_back(2.828427 * std::sin(0.785398 * k));
    groups.push_back(k);
  }
  return {"eight Gaussians", 6.0, std::vector<double>(8, 1.0), centres, std::vector<double>(8, 0.353553), groups};
}

/// U / temperature.
template <class E>
struct Tempered {
  static constexpr int dim = 2;
  const E& energy;
  double temperature;
  void value_and_gradient(erg::BlockView<const float> x, std::span<float> u, erg::BlockView<float> g) const {
    energy.value_and_gradient(x, u, g);
    const float scale = static_cast<float>(1.0 / temperature);
    for (float& v : u) v *= scale;
    for (int d = 0; d < 2; ++d) {
      for (int c = 0; c < x.n_chains; ++c) g(c, d) *= scale;
    }
  }
};
template <class E>
Tempered(const E&, double) -> Tempered<E>;

/// Draws of a generator, column by column, and the share of them that is nearest to each mode.
struct PlaneDraws {
  std::vector<float> x;
  std::vector<double> share;
  int n = 4000;

  template <class G>
  PlaneDraws(const G& g, const PlaneTarget& target) : x(2 * 4000), share(static_cast<std::size_t>(target.n_modes()), 0.0) {
    g.sample(erg::random::Key(77), 0, {x.data(), n, 2, n});
    for (std::size_t c = 0; c < 4000; ++c) share[static_cast<std::size_t>(target.mode(static_cast<double>(x[c]), static_cast<double>(x[4000 + c])))] += 1.0 / n;
  }
  double least() const { return *std::min_element(share.begin(), share.end()); }
  double most() const { return *std::max_element(share.begin(), share.end()); }
  Columns columns(int first = 1500) const { return columns_of({x.data(), n, 2, n}, first); }
};

}  // namespace example
