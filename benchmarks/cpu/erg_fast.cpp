// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// erg with the flags of the build.
#include "erg_side.inl"

bench::ErgSide bench::erg_fast() { return erg_side("fast"); }
