// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Hamiltonian Monte Carlo on a standard Gaussian in 100 dimensions as a CUDA programmer writes it who knows that the
// coordinates do not see each other: a thread a chain, each coordinate's whole trajectory in registers, columns of chains so that
// a warp's loads are one line, one curand_normal4 for four coordinates.
#include "hand.cuh"

namespace bench::gpu {
namespace {

constexpr int dim = Gaussian::dim;
static_assert(dim % 4 == 0);

__global__ void steps(float* x, float* proposal, Generator* generators, unsigned* accepted, int n, float h) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  Generator g = generators[i];
  unsigned count = 0;
  for (int t = 0; t < n; ++t) {
    float error = 0.0F;
    for (int d = 0; d < dim; d += 4) {
      const float4 normals = curand_normal4(&g);
      const float z[4] = {normals.x, normals.y, normals.z, normals.w};
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        const int at = (d + k) * gaussian_chains + i;
        const float start = x[at];
        float q = start, p = z[k] - 0.5F * h * start;
#pragma unroll
        for (int leap = 0; leap < Gaussian::n_leapfrog; ++leap) {
          q += h * p;
          p -= (leap + 1 == Gaussian::n_leapfrog ? 0.5F * h : h) * q;
        }
        error += 0.5F * ((q * q - start * start) + (p * p - z[k] * z[k]));
        proposal[at] = q;
      }
    }
    if (curand_uniform(&g) < __expf(-error)) {
      for (int d = 0; d < dim; ++d) x[d * gaussian_chains + i] = proposal[d * gaussian_chains + i];
      ++count;
    }
  }
  generators[i] = g;
  accepted[i] += count;
}

class Hmc final : public Sampler {
 public:
  explicit Hmc(std::uint64_t seed)
      : x_(static_cast<std::size_t>(dim) * gaussian_chains), proposal_(static_cast<std::size_t>(dim) * gaussian_chains),
        generators_(gaussian_chains), accepted_(gaussian_chains) {
    seed_generators<<<gaussian_chains / block, block>>>(generators_.data(), gaussian_chains, seed);
    check(cudaDeviceSynchronize());
  }
  void set_positions(const std::vector<float>& x) override {
    x_.upload(x);
    accepted_.upload(std::vector<unsigned>(gaussian_chains));
    n_proposed_ = 0.0;
  }
  std::vector<float> positions() const override { return x_.download(); }
  double acceptance() const override {
    double sum = 0.0;
    for (const unsigned a : accepted_.download()) sum += a;
    return sum / (n_proposed_ * gaussian_chains);
  }
  void step(std::size_t n) override {
    steps<<<gaussian_chains / block, block>>>(x_.data(), proposal_.data(), generators_.data(), accepted_.data(), static_cast<int>(n),
                                              static_cast<float>(Gaussian::step_size));
    check(cudaGetLastError());
    check(cudaDeviceSynchronize());
    n_proposed_ += static_cast<double>(n);
  }

 private:
  static constexpr int block = 128;
  Array<float> x_, proposal_;
  Array<Generator> generators_;
  Array<unsigned> accepted_;
  double n_proposed_ = 0.0;
};

}  // namespace

std::unique_ptr<Sampler> hand_hmc(std::uint64_t seed) { return std::make_unique<Hmc>(seed); }

}  // namespace bench::gpu
