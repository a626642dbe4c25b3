// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: the kernel has members that a plain copy does not copy, so a GPU cannot read them; hold its data in erg::Data<T> members and write `static constexpr bool on_device = true;` in the kernel
#include <erg/energy/gaussian.hpp>
#include <erg/exec/cuda/emulate.hpp>
#include <erg/kernel/rwm.hpp>
#include <erg/run/device_engine.hpp>
#include <erg/run/run.hpp>

#include <vector>

struct Scheduled : erg::Rwm<> {
#ifdef ERG_FAIL
  std::vector<double> steps{0.1, 0.2};
#else
  static constexpr bool on_device = true;
  erg::Data<double> steps{std::vector<double>{0.1, 0.2}};
#endif
};
void sample() { erg::run(erg::EmulatedCuda{}, Scheduled{}, erg::GaussianIsotropic<2>(), {}); }
