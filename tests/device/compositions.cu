// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "device/energies_on_device.hpp"
#include "erg/exec/cuda.cuh"

std::vector<erg::test::Pair> erg::test::gpu::compositions() { return compare_compositions(Cuda{}); }
