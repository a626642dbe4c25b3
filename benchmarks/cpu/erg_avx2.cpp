// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg on lanes of 256 bits; the build compiles this file for AVX2 and nothing beyond.
#define erg erg_with_avx2
#define xsimd xsimd_with_avx2
#include "erg_side.inl"

bench::ErgSide bench::erg_avx2() {
#if defined(__AVX2__) && !defined(__AVX512F__)
  return erg_side("AVX2");
#else
  return {};
#endif
}
