// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The smallest proposal over blocks: what a flow looks like to a kernel.
#pragma once

#include <erg/kernel/proposal.hpp>

#include <cmath>
#include <span>

namespace erg::test {

/// N(0, sigma^2 I), drawn and evaluated a block at a time. Counts its calls and the rows drawn.
template <class T>
struct BatchNormal {
  int n = 2;
  double sigma = 1.0;
  std::uint64_t number = 0;
  struct Uses {
    long samples = 0, rows = 0, values = 0;
  };
  Uses* uses = nullptr;

  int dim() const { return n; }
  std::uint64_t version() const { return number; }
  void value(BlockView<const T> x, std::span<T> u) const {
    if (uses != nullptr) ++uses->values;
    for (int c = 0; c < x.n_chains; ++c) u[static_cast<std::size_t>(c)] = energy(x, c);
  }
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    value(x, u);
    for (int d = 0; d < n; ++d) {
      for (int c = 0; c < x.n_chains; ++c) g(c, d) = static_cast<T>(x(c, d) / (sigma * sigma));
    }
  }
  void sample(std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> u) const {
    if (uses != nullptr) ++uses->samples, uses->rows += x.n_chains;
    const int per_key = x.n_chains / static_cast<int>(keys.size());
    LanePosition<Pack<T>, dynamic> z;
    z.resize(n);
    for (int r = 0; r < x.n_chains; ++r) {
      random::fill_normal<Pack<T>>(keys[static_cast<std::size_t>(r / per_key)], first + static_cast<std::uint32_t>(r % per_key), point(z), n);
      for (int d = 0; d < n; ++d) x(r, d) = static_cast<T>(sigma) * z[d].reg;
      u[static_cast<std::size_t>(r)] = energy(BlockView<const T>{x.data, x.n_chains, x.dim, x.stride}, r);
    }
  }

 private:
  T energy(BlockView<const T> x, int c) const {
    double sum = 0.0;
    for (int d = 0; d < n; ++d) sum += static_cast<double>(x(c, d)) * static_cast<double>(x(c, d));
    return static_cast<T>(0.5 * sum / (sigma * sigma) + n * (0.918938533204672742 + std::log(sigma)));
  }
};

}  // namespace erg::test
