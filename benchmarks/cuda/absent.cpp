// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "cuda/device.hpp"

namespace bench::gpu {

std::string why_not() { return "built without nvcc"; }
std::string device_name() { return "no device"; }
DrawNormals normals_erg() { return nullptr; }
void normals_curand(std::size_t, int) {}
std::unique_ptr<Sampler> erg_ula(const Ring&, std::uint64_t) { return nullptr; }
std::unique_ptr<Sampler> erg_ula_strict(const Ring&, std::uint64_t) { return nullptr; }
std::unique_ptr<Sampler> erg_hmc(std::uint64_t) { return nullptr; }
std::unique_ptr<Sampler> erg_logistic(std::uint64_t) { return nullptr; }
std::unique_ptr<Sampler> hand_ula(const Ring&, std::uint64_t) { return nullptr; }
std::unique_ptr<Sampler> hand_hmc(std::uint64_t) { return nullptr; }

}  // namespace bench::gpu
