// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: erg::Cuda is defined in erg/exec/cuda.cuh; include it, in a file that nvcc compiles
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/basic.hpp>
#include <erg/run/run.hpp>

struct Ring {
  static constexpr int dim = 2;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    const L off = erg::math::sqrt(x[0] * x[0] + x[1] * x[1]) - 3.0;
    return 8.0 * off * off;
  }
};
#ifdef ERG_FAIL
using Exec = erg::Cuda;
#else
using Exec = erg::Simd<>;
#endif
void sample() { erg::run(Exec{}, erg::Hmc{{}}, Ring{}, {}); }
