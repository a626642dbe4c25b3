// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/exec/cuda/emulate.hpp"
#include "erg/kernel/ula.hpp"
#include "erg/run/device_engine.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks/trace.hpp"
#include "support/catch.hpp"

namespace erg::test {
namespace {

/// What a run of so many chains says; empty where it ran.
std::string sentence(const EmulatedCuda& exec, int n_chains = 100) {
  Trace<float> trace;
  try {
    (void)run<float>(exec, Ula{{.step_size = 0.1}}, RingOfGaussians<8>{}, {.n_chains = n_chains, .n_draws = 2}, trace);
  } catch (const CudaError& e) {
    return e.what();
  }
  return {};
}
template <class F>
std::string said(F f) {
  try {
    f();
  } catch (const CudaError& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a run without a device, or on one that is not there, says so in one sentence", "[device]") {
  CHECK(sentence({.n_devices = 0}) == "no CUDA device was found (erg::Cuda runs on one): check nvidia-smi, or run with erg::Simd{}");
  CHECK(sentence({.device = 2, .n_devices = 2}) == "device = 2 (this machine has 2 CUDA devices, counted from 0) choose another");
  CHECK(sentence({.device = -1}) == "device = -1 (this machine has 1 CUDA devices, counted from 0) choose another");
}

TEST_CASE("a device that is too small is told with what was asked for, what is free and what to do", "[device]") {
  CHECK(sentence({.memory = 1 << 20}, 1 << 18) ==
        "the device has no 5 MiB for the chains (1 MiB are free, this run holds 0 bytes already): take fewer chains");
  CHECK(said([] { cuda::fail_memory(0, 1024, 2048, "the stacks of the threads"); }) ==
        "the device has no memory left for the stacks of the threads (1 KiB are free, this run holds 2 KiB already): take fewer chains");
  const std::string draws = sentence({.memory = std::size_t{60} << 20}, 1 << 19);
  CHECK_THAT(draws, contains("for draws ("));
  CHECK_THAT(draws, contains("): take fewer chains"));
}

TEST_CASE("a block that is not possible is refused with the numbers that are", "[device]") {
  CHECK(sentence({.block = 2048}) == "block = 2048 (a block has 1 to 1024 threads) give a multiple of 32, or 0 to let CUDA choose");
  CHECK(sentence({.block = -32}) == "block = -32 (a block has 1 to 1024 threads) give a multiple of 32, or 0 to let CUDA choose");
  CHECK(sentence({.block = 1024, .most_threads = 640}) ==
        "block = 1024 (this kernel runs with at most 640 threads a block) take a smaller one, or 0 to let CUDA choose");
}

TEST_CASE("device code that fails at any launch of a run ends it with one sentence, and leaves nothing behind", "[device]") {
  const std::string expected =
      "device code failed with cudaErrorIllegalAddress (an illegal memory access was encountered): an energy that writes or reads outside "
      "its arrays is the usual cause; compute-sanitizer finds the line";
  int n = 0;
  for (std::string s = expected; s == expected; ++n) {
    s = sentence({.fails_at_launch = n});
    if (!s.empty()) CHECK(s == expected);
  }
  CHECK(n > 4);
}

TEST_CASE("what the runtime reports becomes a sentence", "[device]") {
  CHECK(said([] { cuda::fail_architecture("NVIDIA H100", 9, 0); }) ==
        "the program has no code for NVIDIA H100 (compute capability 9.0): compile with -arch=sm_90, in CMake with CMAKE_CUDA_ARCHITECTURES 90");
  CHECK(said([] { cuda::fail_driver("CUDA driver version is insufficient"); }) ==
        "the CUDA driver is missing or too old for this program (CUDA driver version is insufficient): install or update it, or run with "
        "erg::Simd{}");
  CHECK(said([] { cuda::fail_host_memory(3 << 20, "out of memory"); }) ==
        "the host has no 3 MiB of pinned memory for draws (out of memory): take fewer chains");
  CHECK(said([] { cuda::fail_call("cudaMalloc", "cudaErrorUnknown", "unknown error"); }) == "cudaMalloc failed with cudaErrorUnknown (unknown error)");
}

TEST_CASE("sizes are written as people read them", "[device]") {
  CHECK(cuda::size_text(0) == "0 bytes");
  CHECK(cuda::size_text(1023) == "1023 bytes");
  CHECK(cuda::size_text(1536) == "1.5 KiB");
  CHECK(cuda::size_text(std::size_t{3} << 30) == "3 GiB");
}

}  // namespace erg::test
