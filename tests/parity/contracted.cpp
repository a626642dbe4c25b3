// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Built as strict, but with contraction switched on and an instruction to contract to: what a user's own flags may undo. Succeeds
// if no lane claims to be strict.
#include "erg/lane/xsimd_lane.hpp"
#include "erg/run/profile.hpp"

#include <cstdio>

template <class L>
bool is_honest(const char* lane) {
  const std::string profile = erg::profile_name<L>(true);
  std::printf("%s: %s\n", lane, profile.c_str());
  return profile == "fast (built as strict, but the compiler contracts; add -ffp-contract=off, on a GPU --fmad=false)";
}

int main() {
  const bool honest = is_honest<erg::Pack<float>>("float") & is_honest<erg::Pack<double>>("double") &
                      is_honest<erg::simd_lane<float, erg::default_arch>>("float lanes") &
                      is_honest<erg::simd_lane<double, erg::default_arch>>("double lanes");
  return honest ? 0 : 1;
}
