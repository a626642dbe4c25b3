// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

// Runs on a CUDA device: include this beside erg/run/run.hpp in a file that nvcc compiles (.cu), and give `run` erg::Cuda{}.

#include "erg/exec/cuda/runtime.cuh"
#include "erg/run/device_engine.hpp"
#include "erg/run/device_memory.hpp"
