// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the first argument of run says where it runs: erg::Serial.*, erg::Simd.*, erg::Threads.* or erg::Cuda
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
void sample() {
#ifdef ERG_FAIL
  erg::run(Ring{}, erg::Hmc{{}}, Ring{}, {});
#else
  erg::run(erg::Serial{}, erg::Hmc{{}}, Ring{}, {});
#endif
}
