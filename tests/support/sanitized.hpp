// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

/// 1 where a sanitizer is on. Sanitizers take minutes to compile arithmetic that is unrolled in registers: under them, loops over
/// all energies visit what owns memory or computes indices; the rest has neither.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ERG_TEST_SANITIZED 1
#else
#define ERG_TEST_SANITIZED 0
#endif
