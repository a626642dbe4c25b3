// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the energy takes one number a coordinate, not a lane of chains; write `template <erg::Lane L> ERG_FN L operator
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/basic.hpp>
#include <erg/run/run.hpp>

struct Bowl {
  static constexpr int dim = 2;
#ifdef ERG_FAIL
  double operator()(erg::Point<const double, dim> x) const { return 0.5 * (x[0] * x[0] + x[1] * x[1]); }
#else
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    return 0.5 * (x[0] * x[0] + x[1] * x[1]);
  }
#endif
};
void sample() { erg::run(erg::Simd{}, erg::Hmc{{}}, Bowl{}, {}); }
