// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg in the strict profile; the build adds -ffp-contract=off to this file.
#define erg erg_strict_profile
#define xsimd xsimd_strict_profile
#define ERG_STRICT 1
#include "erg_side.inl"

bench::ErgSide bench::erg_strict() { return erg_side("strict"); }
