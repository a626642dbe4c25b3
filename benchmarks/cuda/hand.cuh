// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What the hand-written references share: chains in columns on the device, one cuRAND generator a chain. No line of erg.
#pragma once

#include <curand_kernel.h>

#include "cuda/array.cuh"
#include "cuda/device.hpp"

namespace bench::gpu {

using Generator = curandStatePhilox4_32_10_t;

template <int = 0>
__global__ void seed_generators(Generator* generators, int n, unsigned long long seed) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) curand_init(seed, static_cast<unsigned long long>(i), 0, &generators[i]);
}

}  // namespace bench::gpu
