// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: a sink of a checkpointed run takes draws but cannot be saved; write void save\(erg::io::Writer&\) const and void load
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
  void on_draw(const erg::Draw<double>& draw) { x = draw(0, 0); }
#ifndef ERG_FAIL
  void save(erg::io::Writer& w) const { w.put(x); }
  void load(erg::io::Reader& r) { r.get(x); }
#endif
};
void sample() {
  Last last;
  erg::run(erg::Simd{}, erg::Hmc{{}}, Ring{}, {}, last, erg::Checkpoint{"run.checkpoint"});
}
