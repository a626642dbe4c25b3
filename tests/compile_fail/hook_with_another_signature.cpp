// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: a sink's on_draw cannot be called; write void on_draw\(const erg::Draw<T>&\) with the scalar T of the run
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
struct Last {
  double x = 0.0;
#ifdef ERG_FAIL
  void on_draw(const erg::Draw<float>& draw) { x = static_cast<double>(draw(0, 0)); }  // the run is in double
#else
  void on_draw(const erg::Draw<double>& draw) { x = draw(0, 0); }
#endif
};
void sample() {
  Last last;
  erg::run(erg::Simd{}, erg::Hmc{{}}, Ring{}, {}, last);
}
