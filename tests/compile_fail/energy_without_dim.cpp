// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the energy has no dimension; write `static constexpr int dim = 2;` or `int dim\(\) const`
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/basic.hpp>
#include <erg/run/run.hpp>

struct Ring {
#ifndef ERG_FAIL
  static constexpr int dim = 2;
#endif
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, 2> x) const {
    const L off = erg::math::sqrt(x[0] * x[0] + x[1] * x[1]) - 3.0;
    return 8.0 * off * off;
  }
};
void sample() { erg::run(erg::Simd{}, erg::Hmc{{}}, Ring{}, {}); }
