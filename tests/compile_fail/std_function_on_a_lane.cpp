// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: no matching function for call to [^e]*exp
// expect: erg::Pack
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/exp.hpp>
#include <erg/run/run.hpp>
#include <cmath>

// The compiler's own words, at the line of the user that is wrong: erg::math::exp is defined on every lane, std::exp on numbers.
struct Well {
  static constexpr int dim = 1;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
#ifdef ERG_FAIL
    return 0.5 * x[0] * x[0] + std::exp(-x[0]);
#else
    return 0.5 * x[0] * x[0] + erg::math::exp(-x[0]);
#endif
  }
};
void sample() { erg::run(erg::Simd{}, erg::Hmc{{}}, Well{}, {}); }
