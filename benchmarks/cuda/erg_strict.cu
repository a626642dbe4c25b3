// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg in the strict profile; the build adds --fmad=false to this file.
#define erg erg_strict_profile
#define ERG_STRICT 1
#include "erg_device.inl"

std::unique_ptr<bench::Sampler> bench::gpu::erg_ula_strict(const Ring& target, std::uint64_t seed) { return ula_on_device(target, seed); }
