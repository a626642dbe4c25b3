// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/runs_on_device.hpp"
#include "erg/exec/cuda.cuh"

std::vector<erg::test::Pair> erg::test::gpu::runs() { return compare_runs(Cuda{}); }
