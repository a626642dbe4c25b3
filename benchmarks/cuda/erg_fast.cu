// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg's side of the figures of the GPU: what a user writes, a Sampler with erg::Cuda{}, behind the harness's interface.
#include <erg/energy/bayesian_logistic.hpp>

#include "cuda/array.cuh"
#include "erg_device.inl"

namespace bench::gpu {
namespace {

/// Adds up what is assigned to its elements.
struct Total {
  float sum = 0.0F;
  struct Element {
    float* sum;
    ERG_FN void operator=(erg::Pack<float> x) const { *sum += x.reg; }
  };
  ERG_FN Element operator[](int) { return {&sum}; }
};

__global__ void draw_normals(int n, std::uint64_t step, float* sums) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  Total total;
  erg::random::fill_normal<erg::Pack<float>>(erg::random::Key(20240607).at(step), erg::bits_t<erg::Pack<float>>(i), total, n);
  sums[i] = total.sum;
}

/// The regression of peers/gpu.py: fixed numbers in (-1, 1), labels by the sign of a fixed combination.
erg::BayesianLogistic<25> logistic() {
  constexpr int rows = 1000, columns = 25;
  std::vector<double> design(rows * columns), label(rows);
  for (int i = 0; i < rows; ++i) {
    double sum = 0.0, whole = 0.0;
    for (int j = 0; j < columns; ++j) {
      const double x = std::modf((i * columns + j) * 0.6180339887498949, &whole) * 2.0 - 1.0;
      design[static_cast<std::size_t>(j * rows + i)] = x;
      sum += x * std::sin(j + 1.0);
    }
    label[static_cast<std::size_t>(i)] = sum > 0.0 ? 1.0 : 0.0;
  }
  return erg::BayesianLogistic<25>(design, label);
}

}  // namespace

std::string why_not() {
  int n = 0;
  const cudaError_t status = cudaGetDeviceCount(&n);
  if (status != cudaSuccess) return std::string("no device (") + cudaGetErrorString(status) + ")";
  return n == 0 ? "no device" : "";
}
std::string device_name() {
  cudaDeviceProp properties{};
  return cudaGetDeviceProperties(&properties, 0) == cudaSuccess ? properties.name : "no device";
}

DrawNormals normals_erg() {
  return [](std::size_t n) {
    static Array<float> sums(normals_threads);
    static std::uint64_t step = 0;
    draw_normals<<<normals_threads / 256, 256>>>(static_cast<int>(n), ++step, sums.data());
    check(cudaGetLastError());
    check(cudaDeviceSynchronize());
  };
}
std::unique_ptr<Sampler> erg_ula(const Ring& target, std::uint64_t seed) { return ula_on_device(target, seed); }
std::unique_ptr<Sampler> erg_hmc(std::uint64_t seed) { return make_run(erg::Cuda{}, hmc(), gaussian(), gaussian_chains, seed); }
std::unique_ptr<Sampler> erg_logistic(std::uint64_t seed) {
  return make_run(erg::Cuda{}, erg::Hmc<>({.step_size = 0.02, .n_leapfrog = 10}), logistic(), logistic_chains, seed);
}

}  // namespace bench::gpu
