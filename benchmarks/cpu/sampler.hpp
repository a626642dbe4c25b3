// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What every side of a figure looks like to the harness: erg's and the references' samplers behind one small interface, so
// that the same checks and the same timing see them all.  A call does thousands of chain-steps; its indirection costs nothing.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bench {

/// Chains that take steps. Positions are [dim][chain]: coordinate d of all chains is contiguous.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual void set_positions(const std::vector<float>& x) = 0;
  virtual std::vector<float> positions() const = 0;
  /// Every chain takes n_steps steps.
  virtual void step(std::size_t n_steps) = 0;
  /// Mean acceptance since set_positions; 1 where nothing is ever rejected.
  virtual double acceptance() const { return 1.0; }
};

/// A filler of standard normals.
using FillNormals = void (*)(float* out, std::size_t n);

/// Eight Gaussians of equal weight on a ring, the target of the Langevin figures.
struct Ring {
  static constexpr int n_modes = 8;
  static constexpr int n_chains = 4096;
  double radius, sigma;
  /// x <- x - step gradient + sqrt(2 step) noise.
  double step_size;

  double centre(int mode, int coordinate) const {
    const double angle = 2.0 * 3.14159265358979323846 * mode / n_modes;
    return radius * (coordinate == 0 ? std::cos(angle) : std::sin(angle));
  }
};
/// The proportions of the literature's eight Gaussians: modes eight standard deviations from the origin, six from each other.
inline constexpr Ring usual_ring{4.0, 0.5, 0.08};
/// Modes that overlap: no weight ever falls below the smallest normal float, which costs the plain loop dearly on the usual one.
inline constexpr Ring open_ring{4.0, 0.8, 0.2};

/// Hamiltonian Monte Carlo on a standard Gaussian.
struct Gaussian {
  static constexpr int dim = 100;
  static constexpr int n_chains = 1024;
  static constexpr double step_size = 0.1;
  static constexpr int n_leapfrog = 10;
};

// The references. A null pointer means that this build or this machine has not the instructions.
FillNormals reference_normals_std();
FillNormals reference_normals_avx512();
FillNormals reference_normals_avx2();
std::unique_ptr<Sampler> reference_ula_plain(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> reference_mala_plain(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> reference_ula_avx512(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> reference_ula_avx512_shared_blocks(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> reference_mala_avx512(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> reference_hmc_plain(std::uint64_t seed);

}  // namespace bench
