// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg's samplers of the figures on the device. Included once for each profile (see cpu/erg_run.inl).
#include <erg/exec/cuda.cuh>

#include "cpu/erg_run.inl"
#include "cuda/device.hpp"

namespace bench::gpu {
namespace {

std::unique_ptr<Sampler> ula_on_device(const Ring& target, std::uint64_t seed) {
  return make_run(erg::Cuda{}, ula_of(target), energy_of(target), ring_chains, seed);
}

}  // namespace
}  // namespace bench::gpu
