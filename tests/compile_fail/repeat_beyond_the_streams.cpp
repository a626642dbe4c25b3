// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: a kernel has at most 2.16 random streams
#include <erg/energy/gaussian.hpp>
#include <erg/kernel/repeat.hpp>
#include <erg/kernel/rwm.hpp>
#include <erg/run/run.hpp>

#ifdef ERG_FAIL
constexpr int times = 100000;
#else
constexpr int times = 100;
#endif
void sample() { erg::run(erg::Simd{}, erg::repeat<times>(erg::Rwm{{}}), erg::GaussianIsotropic<2>{}, {}); }
