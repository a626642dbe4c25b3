// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What the hand-written references share: chains in columns on the device, one cuRAND generator a chain. No line of erg.
#pragma once

#include <curand_kernel.h>

#include <stdexcept>
#include <vector>

#include "cuda/device.hpp"

namespace bench::gpu {

inline void check(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

/// Device memory of n values.
template <class T>
class Array {
 public:
  explicit Array(std::size_t n) : n_(n) { check(cudaMalloc(&data_, n * sizeof(T))); }
  Array(const Array&) = delete;
  ~Array() { cudaFree(data_); }
  T* data() const { return data_; }
  void upload(const std::vector<T>& v) { check(cudaMemcpy(data_, v.data(), n_ * sizeof(T), cudaMemcpyHostToDevice)); }
  std::vector<T> download() const {
    std::vector<T> v(n_);
    check(cudaMemcpy(v.data(), data_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
    return v;
  }

 private:
  std::size_t n_;
  T* data_ = nullptr;
};

using Generator = curandStatePhilox4_32_10_t;

__global__ inline void seed_generators(Generator* generators, int n, unsigned long long seed) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) curand_init(seed, static_cast<unsigned long long>(i), 0, &generators[i]);
}

}  // namespace bench::gpu
