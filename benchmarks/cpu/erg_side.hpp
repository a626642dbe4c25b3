// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg's side of the figures: what a user writes, erg::run with a kernel and an energy, behind the harness's interface.
#pragma once

#include "sampler.hpp"

namespace bench {

/// erg as one set of compiler flags makes it.
struct ErgSide {
  const char* name;
  FillNormals normals;
  std::unique_ptr<Sampler> (*ula)(const Ring& target, std::uint64_t seed);
  std::unique_ptr<Sampler> (*mala)(const Ring& target, std::uint64_t seed);
  std::unique_ptr<Sampler> (*ring_hmc)(const Ring& target, std::uint64_t seed);    // a few leapfrog steps
  std::unique_ptr<Sampler> (*ring_cycle)(const Ring& target, std::uint64_t seed);  // five of mala, then one of ring_hmc
  std::unique_ptr<Sampler> (*mala_threads)(const Ring& target, std::uint64_t seed, int n_threads);
  std::unique_ptr<Sampler> (*hmc)(std::uint64_t seed);
  std::unique_ptr<Sampler> (*hmc_threads)(std::uint64_t seed, int n_threads);
};

ErgSide erg_fast();    // the flags of the build
ErgSide erg_strict();  // -ffp-contract=off and ERG_STRICT
ErgSide erg_avx2();    // lanes of 256 bits; normals null where the processor is no x86

}  // namespace bench
