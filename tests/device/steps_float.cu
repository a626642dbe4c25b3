// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/device.hpp"
#include "device/steps_on_device.hpp"
#include "erg/exec/cuda.cuh"

std::vector<erg::test::Pin> erg::test::gpu::kernels_in_float() { return hash_every_kernel<float>(Cuda{.block = 32}); }
