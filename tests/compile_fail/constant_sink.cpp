// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: a sink's on_begin cannot be called; write void on_begin.*\(const if the sink is\)
#include <erg/kernel/hmc.hpp>
#include <erg/lane/math/basic.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks/trace.hpp>

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
  const erg::Trace<double> trace;
#else
  erg::Trace<double> trace;
#endif
  erg::run(erg::Simd{}, erg::Hmc{{}}, Ring{}, {}, trace);
}
