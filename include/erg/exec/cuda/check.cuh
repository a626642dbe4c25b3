// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/cuda/errors.hpp"

#include <cuda_runtime_api.h>

namespace erg::cuda {

/// Throws CudaError where a call of the CUDA runtime did not succeed: check(cudaStreamSynchronize(s), "cudaStreamSynchronize").
inline void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) [[likely]] {
    return;
  }
  const std::string name = cudaGetErrorName(status), words = cudaGetErrorString(status);
  (void)cudaGetLastError();  // the next call starts clean, where the error is not one that stays
  switch (status) {
    case cudaErrorNoDevice: fail_no_device(0, 0);
    case cudaErrorInsufficientDriver:
    case cudaErrorSystemDriverMismatch: fail_driver(words);
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorInvalidDeviceFunction: {
      int device = 0;
      cudaDeviceProp properties{};
      if (cudaGetDevice(&device) == cudaSuccess && cudaGetDeviceProperties(&properties, device) == cudaSuccess) {
        fail_architecture(properties.name, properties.major, properties.minor);
      }
      fail_call(call, name, words);
    }
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorAssert:
    case cudaErrorLaunchTimeout: fail_launch(name, words);
    default: fail_call(call, name, words);
  }
}

}  // namespace erg::cuda
