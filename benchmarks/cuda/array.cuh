// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Device memory for the references. No line of erg.
#pragma once

#include <cuda_runtime.h>

#include <stdexcept>
#include <vector>

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

}  // namespace bench::gpu
