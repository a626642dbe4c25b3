// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Standard normals from the standard library: what most C++ programs use today.
#include <random>

#include "sampler.hpp"

namespace bench {
FillNormals reference_normals_std() {
  return +[](float* out, std::size_t n) {
    static std::mt19937_64 generator(20240607);
    static std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < n; ++i) out[i] = normal(generator);
  };
}
}  // namespace bench
