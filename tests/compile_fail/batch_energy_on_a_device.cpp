// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the energy evaluates blocks of chains .GEMM., and a GPU's thread steps one chain; write `template <erg::Lane L> ERG_FN L operator..*., or run it with erg::Threads<>{}
#include <erg/exec/cuda/emulate.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/run/device_engine.hpp>
#include <erg/run/run.hpp>

struct Quadratic {
  static constexpr int dim = 2;
  void value_and_gradient(erg::BlockView<const double> x, std::span<double> u, erg::BlockView<double> g) const {
    for (int c = 0; c < x.n_chains; ++c) {
      u[static_cast<std::size_t>(c)] = 0.5 * (x(c, 0) * x(c, 0) + x(c, 1) * x(c, 1));
      for (int d = 0; d < 2; ++d) g(c, d) = x(c, d);
    }
  }
};
#ifdef ERG_FAIL
using Exec = erg::EmulatedCuda;
#else
using Exec = erg::Simd<>;
#endif
void sample() { erg::run(Exec{}, erg::Hmc{{}}, Quadratic{}, {}); }
