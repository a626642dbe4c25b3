// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the energy returns one number for all chains of a lane; its return type is the lane it was given
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/basic.hpp>
#include <erg/run/run.hpp>

#ifdef ERG_FAIL
#define RESULT double
#else
#define RESULT L
#endif
struct Flat {
  static constexpr int dim = 2;
  template <erg::Lane L>
  ERG_FN RESULT operator()(erg::Point<const L, dim>) const {
    return 1.0;
  }
};
void sample() { erg::run(erg::Simd{}, erg::Hmc{{}}, Flat{}, {}); }
