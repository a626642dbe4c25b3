// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the energy has members that a plain copy does not copy, so a GPU cannot read them; hold its data in erg::Data<T> members and write `static constexpr bool on_device = true;` in the energy
#include <erg/energy/data.hpp>
#include <erg/exec/cuda/emulate.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/run/device_engine.hpp>
#include <erg/run/run.hpp>

#include <vector>

#ifdef ERG_FAIL
struct LeastSquares {
  static constexpr int dim = 1;
  std::vector<double> y;
#else
// [data]
struct LeastSquares {
  static constexpr int dim = 1;
  static constexpr bool on_device = true;  // all my data is in erg::Data
  erg::Data<double> y;                     // made from a std::vector<double>
#endif                                     // [hide]
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, dim> x) const {
    L u = 0.0;
    for (const double v : y) u = u + 0.5 * (x[0] - v) * (x[0] - v);
    return u;
  }
};
// [data]
void sample() { erg::run(erg::EmulatedCuda{}, erg::Hmc{{}}, LeastSquares{std::vector<double>{1.0, 2.0}}, {}); }
