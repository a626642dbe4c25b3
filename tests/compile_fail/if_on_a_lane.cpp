// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: (could not convert|no viable conversion|not contextually convertible).*bool
#include <erg/kernel/hmc.hpp>
#include <erg/lane/archetype.hpp>
#include <erg/run/run.hpp>

// A comparison of lanes has one answer for each chain: erg::lane::select chooses chain by chain.
struct Well {
  static constexpr int dim = 1;
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
#ifdef ERG_FAIL
    if (x[0] < 0.0) return 2.0 * x[0] * x[0];
    return 0.5 * x[0] * x[0];
#else
    return erg::lane::select(x[0] < 0.0, 2.0 * x[0] * x[0], 0.5 * x[0] * x[0]);
#endif
  }
};
void sample() {
  erg::run(erg::Simd{}, erg::Hmc{{}}, Well{}, {});
  const erg::Archetype x[1] = {0.5};  // the least a lane promises: refuses `if` in a build without SIMD too
  (void)Well{}(erg::Point<const erg::Archetype, 1>(x));
}
