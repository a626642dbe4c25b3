// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// A fast loop that samples the wrong distribution is worth nothing, so every side of a figure is checked before it is timed:
// exact moments, each within five standard errors (one false alarm in two million checks). An empty answer means it passed.
#pragma once

#include <functional>
#include <string>

#include "sampler.hpp"

namespace bench {

/// Moments up to the fourth, tails, and the correlations Box-Muller could get wrong.
std::string check_normals(FillNormals fill);

/// One step from a fixed point has mean x - h grad U(x) and variance 2 h, both exactly.
std::string check_ula(Sampler& chains, const Ring& target, std::size_t n_chains = Ring::n_chains);

/// From exact draws, after 40 steps: still the target's moments and mode weight, some moves rejected, all chains moved.
std::string check_mala(Sampler& chains, const Ring& target);

/// From exact draws, after 10 steps: still standard normal, and forgotten where they started.
std::string check_hmc(Sampler& chains, std::size_t n_chains = Gaussian::n_chains);

/// Exact draws of the ring, [2][chain].
std::vector<float> exact_ring(const Ring& target, std::uint64_t seed, std::size_t n_chains = Ring::n_chains);
/// Standard normals, [dim][chain].
std::vector<float> exact_gaussian(std::uint64_t seed, std::size_t n_chains = Gaussian::n_chains);

}  // namespace bench
