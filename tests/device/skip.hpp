// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "device/device.hpp"

#include <cstdio>

/// Ends a test case where there is no GPU; ctest then reports it as skipped (cmake/list_tests.cmake).
#define ERG_NEEDS_GPU                                                  \
  if (const std::string why = ::erg::test::gpu::why_not(); !why.empty()) { \
    std::printf("erg: skipped, %s\n", why.c_str());                    \
    return;                                                            \
  }
