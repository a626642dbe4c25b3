// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// ULA on the ring of Gaussians as a CUDA programmer writes it: a thread a chain, position and generator in registers over all
// steps, one curand_normal4 for two steps of two coordinates, the hardware's exponential.
#include "hand.cuh"

namespace bench::gpu {
namespace {

struct Target {
  float x[Ring::n_modes], y[Ring::n_modes], inverse_variance;
};

__device__ float2 gradient(const Target& t, float2 at) {
  float a[Ring::n_modes], largest = -INFINITY;
#pragma unroll
  for (int k = 0; k < Ring::n_modes; ++k) {
    const float dx = at.x - t.x[k], dy = at.y - t.y[k];
    a[k] = -0.5F * t.inverse_variance * (dx * dx + dy * dy);
    largest = fmaxf(largest, a[k]);
  }
  float total = 0.0F, mx = 0.0F, my = 0.0F;
#pragma unroll
  for (int k = 0; k < Ring::n_modes; ++k) {
    const float weight = __expf(a[k] - largest);
    total += weight;
    mx += weight * t.x[k];
    my += weight * t.y[k];
  }
  const float one = __fdividef(1.0F, total);
  return make_float2(t.inverse_variance * (at.x - mx * one), t.inverse_variance * (at.y - my * one));
}

__global__ void steps(Target target, float* x, Generator* generators, int n, int n_chains, float step_size, float noise) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= n_chains) return;
  float2 at = make_float2(x[i], x[n_chains + i]);
  Generator g = generators[i];
  for (int t = 0; t < n; t += 2) {
    const float4 z = curand_normal4(&g);
    float2 u = gradient(target, at);
    at.x += noise * z.x - step_size * u.x;
    at.y += noise * z.y - step_size * u.y;
    if (t + 1 == n) break;
    u = gradient(target, at);
    at.x += noise * z.z - step_size * u.x;
    at.y += noise * z.w - step_size * u.y;
  }
  x[i] = at.x;
  x[n_chains + i] = at.y;
  generators[i] = g;
}

class Ula final : public Sampler {
 public:
  Ula(const Ring& r, std::uint64_t seed) : step_size_(static_cast<float>(r.step_size)), x_(2 * ring_chains), generators_(ring_chains) {
    for (int k = 0; k < Ring::n_modes; ++k) {
      target_.x[k] = static_cast<float>(r.centre(k, 0));
      target_.y[k] = static_cast<float>(r.centre(k, 1));
    }
    target_.inverse_variance = static_cast<float>(1.0 / (r.sigma * r.sigma));
    seed_generators<<<ring_chains / block, block>>>(generators_.data(), ring_chains, seed);
    check(cudaDeviceSynchronize());
  }
  void set_positions(const std::vector<float>& x) override { x_.upload(x); }
  std::vector<float> positions() const override { return x_.download(); }
  void step(std::size_t n) override {
    steps<<<ring_chains / block, block>>>(target_, x_.data(), generators_.data(), static_cast<int>(n), ring_chains, step_size_,
                                          std::sqrt(2.0F * step_size_));
    check(cudaGetLastError());
    check(cudaDeviceSynchronize());
  }

 private:
  static constexpr int block = 128;
  Target target_;
  float step_size_;
  Array<float> x_;
  Array<Generator> generators_;
};

}  // namespace

std::unique_ptr<Sampler> hand_ula(const Ring& target, std::uint64_t seed) { return std::make_unique<Ula>(target, seed); }

}  // namespace bench::gpu
