// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "support/network_checks.hpp"

#include <sstream>

namespace erg::test {

/// Moves all trained parameters of a flow by normals times scale, so that it is far from the identity it starts as.
template <class F>
void randomise(F& flow, double scale, std::uint64_t seed = 1) {
  using T = typename F::Scalar;
  flow.update([&](std::span<T> theta) {
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += static_cast<T>(scale * random::normal<double>(random::Key(seed), i, 0));
  });
}

template <class V>
std::string printed(const V& v) {
  std::ostringstream out;
  out << v;
  return out.str();
}

}  // namespace erg::test
