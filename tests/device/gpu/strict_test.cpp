// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What runs on a GPU, in the strict profile. Where there is none, tests are skipped by name.
#include "device/device.hpp"
#include "device/skip.hpp"
#include "parity/compare_pins.hpp"
#include "support/catch.hpp"

namespace erg::test {
namespace {
void check_pairs(const std::vector<Pair>& pairs) {
  for (const Pair& p : pairs) {
    INFO(p.name);
    CHECK(hex(p.there) == hex(p.here));
  }
}
}  // namespace

TEST_CASE("1000 steps of every kernel give the pinned bits on a GPU, in float", "[device]") {
  ERG_NEEDS_GPU;
  check_pins(gpu::kernels_in_float(), pins_in_float);
}
TEST_CASE("1000 steps of every kernel give the pinned bits on a GPU, in double", "[device]") {
  ERG_NEEDS_GPU;
  check_pins(gpu::kernels_in_double(), pins_in_double);
}
TEST_CASE("whole runs on a GPU give the bits of one lane of the CPU", "[device]") {
  ERG_NEEDS_GPU;
  check_pairs(gpu::runs());
}
TEST_CASE("every energy of the library gives the bits of one lane on a GPU", "[device]") {
  ERG_NEEDS_GPU;
  check_pairs(gpu::energies());
}
TEST_CASE("every composition of energies gives the bits of one lane on a GPU", "[device]") {
  ERG_NEEDS_GPU;
  check_pairs(gpu::compositions());
}
TEST_CASE("a GPU refuses devices, blocks and numbers of chains that it does not have", "[device]") {
  ERG_NEEDS_GPU;
  CHECK(gpu::sentence_of_run(0, 64).empty());
  CHECK_THAT(gpu::sentence_of_run(1000, 0), contains("device = 1000 (this machine has "));
  CHECK_THAT(gpu::sentence_of_run(0, 2048), contains("block = 2048 (a block has 1 to 1024 threads)"));
  CHECK_THAT(gpu::sentence_of_chains(2000000000), contains("): take fewer chains"));
}

TEST_CASE("without a GPU a run says so in one sentence", "[device]") {
  if (gpu::why_not().empty()) {
    SUCCEED("erg: skipped, there is a GPU");
    return;
  }
  CHECK(gpu::sentence_of_run(0, 0) == gpu::why_not());
  const bool none = gpu::why_not() == "no CUDA device was found (erg::Cuda runs on one): check nvidia-smi, or run with erg::Simd{}";
  const bool no_driver = gpu::why_not().rfind("the CUDA driver is missing or too old for this program (", 0) == 0;
  CHECK((none || no_driver));
}
TEST_CASE("an error that the CUDA runtime reports becomes a sentence of its own", "[device]") {
  CHECK_THAT(gpu::sentence_of_error(gpu::code_of_launch_failure()),
             contains("device code failed with cudaErrorLaunchFailure (unspecified launch failure): an energy that writes"));
  CHECK_THAT(gpu::sentence_of_error(gpu::code_of_old_driver()), contains("the CUDA driver is missing or too old for this program ("));
  CHECK_THAT(gpu::sentence_of_error(gpu::code_of_no_device()), contains("no CUDA device was found"));
  CHECK_THAT(gpu::sentence_of_error(gpu::code_of_no_image()), contains(gpu::why_not().empty() ? "the program has no code for " : "a call failed with cudaErrorNoKernelImageForDevice ("));
  CHECK(gpu::sentence_of_error(0).empty());
}

}  // namespace erg::test
