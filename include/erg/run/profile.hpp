// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/ops.hpp"

#include <string>

namespace erg {

/// Whether the compiler fuses a * b + c on this lane behind the source's back. Then results depend on compiler and machine.
template <class L>
ERG_FN [[gnu::cold]] bool contracts() {
  using T = scalar_t<L>;
  // (1 + e)(1 - e) = 1 - e^2 rounds to 1; fused with -1 it is -e^2.
  volatile T e = sizeof(T) == 4 ? T(0x1p-13) : T(0x1p-27);
  const L a(T(1) + e), b(T(1) - e), c(T(-1));
  const L r = a * b + c;
  return lane::any<L>(r < L(0.0)) || lane::any<L>(r > L(0.0));
}

/// "strict", or "fast" and what keeps it from being strict: a run record claims only what was checked.
[[gnu::cold]] inline std::string profile_name(bool contracts, bool energy_is_strict) {
  if (!is_strict_build) return "fast";
  if (contracts) return "fast (built as strict, but the compiler contracts; add -ffp-contract=off, on a GPU --fmad=false)";
  if (!energy_is_strict) return "fast (built as strict, but the energy is a batch energy that does not declare is_strict)";
  return "strict";
}
template <class L>
[[gnu::cold]] std::string profile_name(bool energy_is_strict) {
  return profile_name(contracts<L>(), energy_is_strict);
}

}  // namespace erg
