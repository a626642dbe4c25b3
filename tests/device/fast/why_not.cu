// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/device.hpp"
#include "erg/exec/cuda.cuh"

std::string erg::test::gpu::why_not() {
  try {
    const cuda::Machine machine(Cuda{});
  } catch (const CudaError& e) {
    return e.what();
  }
  return {};
}
