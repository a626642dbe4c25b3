// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: run<T> samples in float or double
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
using Scalar = int;
#else
using Scalar = float;
#endif
void sample() { erg::run<Scalar>(erg::Simd{}, erg::Hmc{{}}, Ring{}, {}); }
