// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg's side of the figures of the CPU. Included once for each set of compiler flags (see erg_run.inl).
#include "cpu/erg_run.inl"
#include "cpu/erg_side.hpp"

namespace bench {
namespace {

using Exec = erg::Simd<>;
using Lane = erg::lane_for<Exec, float>;

/// Normals for width chains, coordinate after coordinate, as kernels draw their noise.
void fill_normals(float* out, std::size_t n) {
  static std::uint64_t step = 0;
  static std::uint64_t seed = 20240607;
  const auto chains = erg::lane_ops<Lane>::iota(0);
  constexpr std::size_t width = erg::width_v<Lane>;
  struct Columns {
    float* out;
    struct Column {
      float* to;
      void operator=(Lane x) const { erg::lane::store(to, x); }
    };
    Column operator[](int d) const { return {out + static_cast<std::size_t>(d) * width}; }
  };
  erg::random::fill_normal<Lane>(erg::random::Key(seed).at(++step), chains, Columns{out}, static_cast<int>(n / width));
}

ErgSide erg_side(const char* name) {
  return {
      name,
      fill_normals,
      [](const Ring& r, std::uint64_t seed) { return make_run(Exec{}, ula_of(r), energy_of(r), Ring::n_chains, seed); },
      [](const Ring& r, std::uint64_t seed) { return make_run(Exec{}, mala_of(r), energy_of(r), Ring::n_chains, seed); },
      [](const Ring& r, std::uint64_t seed) { return make_run(Exec{}, ring_hmc_of(r), energy_of(r), Ring::n_chains, seed); },
      [](const Ring& r, std::uint64_t seed) {
        return make_run(Exec{}, erg::cycle(erg::repeat<5>(mala_of(r)), ring_hmc_of(r)), energy_of(r), Ring::n_chains, seed);
      },
      [](const Ring& r, std::uint64_t seed, int n_threads) {
        return make_run(erg::Threads<Exec>{n_threads}, mala_of(r), energy_of(r), Ring::n_chains, seed);
      },
      [](std::uint64_t seed) { return make_run(Exec{}, hmc(), gaussian(), Gaussian::n_chains, seed); },
      [](std::uint64_t seed, int n_threads) {
        return make_run(erg::Threads<Exec>{n_threads}, hmc(), gaussian(), Gaussian::n_chains, seed);
      },
  };
}

}  // namespace
}  // namespace bench
