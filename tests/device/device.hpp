// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What the tests see of a GPU: plain functions, defined in files that nvcc compiles. Names nothing of erg, so that no inline function of
// erg meets itself compiled by another compiler with other flags.
#pragma once

#include "parity/pins.hpp"

#include <string>

namespace erg::test {

/// A hash from the device and the one it must equal.
struct Pair {
  std::string name;
  std::uint64_t there, here;
};

/// A moment from the device, what it should be, and its standard error.
struct Estimate {
  std::string name;
  double value, truth, standard_error;
};

namespace gpu {

/// Why there is none; empty where there is one.
std::string why_not();
/// The sentence of a run on device number `device`, in blocks of `block`; empty where it ran.
std::string sentence_of_run(int device, int block);
/// Of a run with so many chains on the first device.
std::string sentence_of_chains(int n_chains);
/// What cuda::check says of an error that the runtime reports.
std::string sentence_of_error(int code);
int code_of_launch_failure();
int code_of_old_driver();
int code_of_no_device();
int code_of_no_image();

std::vector<Pin> kernels_in_float();
std::vector<Pin> kernels_in_double();
std::vector<Pair> runs();
std::vector<Pair> energies();
std::vector<Pair> compositions();
std::vector<Estimate> fast_profile();
/// Greatest errors of exp and exp2 over many floats, in units in the last place.
double worst_ulp_of_exp();
double worst_ulp_of_exp2();

}  // namespace gpu
}  // namespace erg::test
