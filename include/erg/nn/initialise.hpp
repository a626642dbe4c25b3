// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/nn/parameters.hpp"
#include "erg/random/normal.hpp"

#include <cmath>

/// Starts of parameters from erg's own random numbers: number i of slice s is at the address (key, chain s, number i).
namespace erg::nn {

/// PyTorch's start of every slice: Kaiming's uniform law with gain sqrt(1/3) for weights, that is +-1/sqrt(fan_in), which biases share.
template <class T>
void initialise_default(std::span<T> values, const ParameterSlice& s, random::Key key, std::uint32_t index) {
  for (int i = 0; i < s.size(); ++i) {
    values[static_cast<std::size_t>(i)] =
        static_cast<T>(s.bound > 0.0 ? s.bound * (2.0 * random::uniform_open<double>(key, index, i) - 1.0) : s.start);
  }
}
/// Uniform on +-gain sqrt(6 / (fan_in + fan_out)).               Source  Glorot, Bengio (2010), eq. (16)
template <class T>
void initialise_xavier(std::span<T> values, const ParameterSlice& s, random::Key key, std::uint32_t index, double gain = 1.0) {
  const double bound = gain * std::sqrt(6.0 / (s.fan_in() + s.fan_out()));
  for (int i = 0; i < s.size(); ++i) {
    values[static_cast<std::size_t>(i)] = static_cast<T>(bound * (2.0 * random::uniform_open<double>(key, index, i) - 1.0));
  }
}
/// N(0, deviation^2).
template <class T>
void initialise_normal(std::span<T> values, const ParameterSlice& s, random::Key key, std::uint32_t index, double deviation) {
  for (int i = 0; i < s.size(); ++i) {
    values[static_cast<std::size_t>(i)] = static_cast<T>(deviation * random::normal<double>(key, index, i));
  }
}
/// Orthonormal rows, or columns where there are more rows, times gain: Gram-Schmidt, twice over, on normals.
/// Source    Saxe, McClelland, Ganguli (2014), section 2
template <class T>
void initialise_orthogonal(std::span<T> values, const ParameterSlice& s, random::Key key, std::uint32_t index, double gain = 1.0) {
  const int rows = s.shape.empty() ? 1 : s.shape[0], columns = s.size() / rows;
  const bool wide = rows <= columns;
  const int n = wide ? rows : columns, length = wide ? columns : rows;
  std::vector<double> q(static_cast<std::size_t>(n) * static_cast<std::size_t>(length));
  const auto at = [&](int i) { return q.data() + static_cast<std::ptrdiff_t>(i) * length; };
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < length; ++k) at(i)[k] = random::normal<double>(key, index, i * length + k);
    for (int pass = 0; pass < 2; ++pass) {
      for (int j = 0; j < i; ++j) {
        double along = 0.0;
        for (int k = 0; k < length; ++k) along += at(i)[k] * at(j)[k];
        for (int k = 0; k < length; ++k) at(i)[k] -= along * at(j)[k];
      }
      double square = 0.0;
      for (int k = 0; k < length; ++k) square += at(i)[k] * at(i)[k];
      for (int k = 0; k < length; ++k) at(i)[k] /= std::sqrt(square);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      values[static_cast<std::size_t>(r * columns + c)] = static_cast<T>(gain * (wide ? at(r)[c] : at(c)[r]));
    }
  }
}

/// Starts every slice of a network: rule(values, slice, key, index), PyTorch's by default. State (whitening, the vectors of a power
/// iteration) is no weight: it has its own start under every rule.
template <class N, class Rule>
void initialise(N& network, random::Key key, Rule&& rule) {
  using T = typename N::Scalar;
  const auto& slices = network.parameters().slices();
  std::vector<T> values(static_cast<std::size_t>(network.n_parameters()));
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const auto part = Parameters<T>::of(std::span<T>(values), slices[i]);
    if (slices[i].is_state) {
      initialise_default(part, slices[i], key, static_cast<std::uint32_t>(i));
    } else {
      rule(part, slices[i], key, static_cast<std::uint32_t>(i));
    }
  }
  if constexpr (requires { network.start(std::span<T>(values)); }) {
    network.start(values);
  } else {
    network.restore(values);
  }
}
template <class N>
void initialise(N& network, random::Key key) {
  initialise(network, key, [](auto... a) { initialise_default(a...); });
}

}  // namespace erg::nn
