// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Clouds of points for tests of entropies: [point, dim] column-major, drawn by address.
#pragma once

#include <erg/random/normal.hpp>
#include <erg/tile/block_tile.hpp>

#include <cstdint>
#include <vector>

namespace erg::test {

template <class T>
struct Cloud {
  Cloud(int n_points, int n_dim) : n(n_points), dim(n_dim), values(static_cast<std::size_t>(n_points) * static_cast<std::size_t>(n_dim)) {}
  Cloud(int n_dim, std::vector<std::vector<T>> rows) : Cloud(static_cast<int>(rows.size()), n_dim) {
    for (int i = 0; i < n; ++i) {
      for (int d = 0; d < dim; ++d) (*this)(i, d) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(d)];
    }
  }
  T& operator()(int i, int d) { return values[static_cast<std::size_t>(d) * static_cast<std::size_t>(n) + static_cast<std::size_t>(i)]; }
  T operator()(int i, int d) const { return const_cast<Cloud&>(*this)(i, d); }
  BlockView<const T> view() const { return {values.data(), n, dim, n}; }
  BlockView<T> view() { return {values.data(), n, dim, n}; }

  int n, dim;
  std::vector<T> values;
};

template <class T>
Cloud<T> normal_cloud(int n, int dim, std::uint64_t seed, double sd = 1.0) {
  Cloud<T> x(n, dim);
  for (int i = 0; i < n; ++i) {
    for (int d = 0; d < dim; ++d) x(i, d) = static_cast<T>(sd * random::normal<double>(random::Key(seed), static_cast<std::uint32_t>(i), d));
  }
  return x;
}
template <class T>
Cloud<T> uniform_cloud(int n, int dim, std::uint64_t seed) {
  Cloud<T> x(n, dim);
  for (int i = 0; i < n; ++i) {
    for (int d = 0; d < dim; ++d) x(i, d) = static_cast<T>(random::uniform<double>(random::Key(seed), static_cast<std::uint32_t>(i), d));
  }
  return x;
}

}  // namespace erg::test
