// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What the figures of the GPU see of it, with no word of CUDA: samplers behind the harness's interface, fillers of normals, and
// whether there is a device at all. Two files define it: those that nvcc compiles, or absent.cpp where there is no nvcc.
#pragma once

#include <string>

#include "cpu/sampler.hpp"

namespace bench::gpu {

/// Why nothing can be measured here; empty where something can.
std::string why_not();
/// The device's name, for the table.
std::string device_name();

/// Keeps n_threads threads busy with n normals each, in registers; only a checksum is stored. Seconds come from the caller's clock:
/// the call returns when the device is done.
using DrawNormals = void (*)(std::size_t n);
inline constexpr int normals_threads = 1 << 20;
DrawNormals normals_erg();
/// cuRAND's curand_normal4 on its Philox generator; `block` threads a block.
void normals_curand(std::size_t n, int block);

inline constexpr int ring_chains = 1 << 20;
inline constexpr int gaussian_chains = 1 << 17;
inline constexpr int logistic_chains = 1 << 16;

std::unique_ptr<Sampler> erg_ula(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> erg_ula_strict(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> erg_hmc(std::uint64_t seed);
std::unique_ptr<Sampler> erg_logistic(std::uint64_t seed);
std::unique_ptr<Sampler> hand_ula(const Ring& target, std::uint64_t seed);
std::unique_ptr<Sampler> hand_hmc(std::uint64_t seed);

}  // namespace bench::gpu
