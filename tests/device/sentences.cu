// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/device.hpp"
#include "erg/energy/ring_of_gaussians.hpp"
#include "erg/exec/cuda.cuh"
#include "erg/kernel/ula.hpp"
#include "erg/run/run.hpp"

namespace erg::test::gpu {
namespace {

template <class F>
std::string said(F f) {
  try {
    f();
  } catch (const CudaError& e) {
    return e.what();
  }
  return {};
}
std::string sentence(const Cuda& exec, int n_chains) {
  return said([&] { (void)run<float>(exec, Ula{{.step_size = 0.1}}, RingOfGaussians<8>{}, {.n_chains = n_chains, .n_draws = 2}); });
}

}  // namespace

std::string why_not() {
  return said([] { const cuda::Machine machine(Cuda{}); });
}
std::string sentence_of_run(int device, int block) { return sentence({.device = device, .block = block}, 100); }
std::string sentence_of_chains(int n_chains) { return sentence({}, n_chains); }
std::string sentence_of_error(int code) {
  return said([&] { cuda::check(static_cast<cudaError_t>(code), "a call"); });
}
int code_of_launch_failure() { return cudaErrorLaunchFailure; }
int code_of_old_driver() { return cudaErrorInsufficientDriver; }
int code_of_no_device() { return cudaErrorNoDevice; }
int code_of_no_image() { return cudaErrorNoKernelImageForDevice; }

}  // namespace erg::test::gpu
