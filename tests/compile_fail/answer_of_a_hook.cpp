// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: a sink's on_draw returns nothing or an erg::Control; what it returns would be ignored
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
struct Stop {
#ifdef ERG_FAIL
  bool on_draw(const erg::Draw<double>& draw) { return draw.index < 10; }
#else
  erg::Control on_draw(const erg::Draw<double>& draw) { return draw.index < 10 ? erg::Control::proceed : erg::Control::stop; }
#endif
};
void sample() { erg::run(erg::Simd{}, erg::Hmc{{}}, Ring{}, {}, Stop{}); }
