// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "hand.cuh"

namespace bench::gpu {
namespace {

__global__ void draw(std::size_t n, unsigned long long seed, float* sums) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  Generator g;
  curand_init(seed, static_cast<unsigned long long>(i), 0, &g);
  float sum = 0.0F;
  for (std::size_t k = 0; k < n; k += 4) {
    const float4 z = curand_normal4(&g);
    sum += (z.x + z.y) + (z.z + z.w);
  }
  sums[i] = sum;
}

}  // namespace

void normals_curand(std::size_t n, int block) {
  static Array<float> sums(normals_threads);
  static unsigned long long seed = 1;
  draw<<<normals_threads / block, block>>>(n, seed++, sums.data());
  check(cudaGetLastError());
  check(cudaDeviceSynchronize());
}

}  // namespace bench::gpu
