// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// One body for every lane type: the lanes of this build by scalar, and access to their elements.
#pragma once

#include "erg/lane/archetype.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <cstddef>
#include <type_traits>

namespace erg::test {

/// Calls f(std::type_identity<L>{}) for the lanes over T that erg runs on: one real, and the register of this build.
template <class T, class F>
void for_each_pack(F f) {
  f(std::type_identity<Pack<T>>{});
  if constexpr (has_simd) f(std::type_identity<simd_lane<T, default_arch>>{});
}
/// The same, and without the pack around them.
template <class T, class F>
void for_each_lane(F f) {
  for_each_pack<T>(f);
  f(std::type_identity<T>{});
#if defined(XSIMD_HPP) && !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
  f(std::type_identity<xsimd::batch<T>>{});
#endif
}
/// The same, and every other register that this build has.
template <class T, class F>
void for_each_register(F f) {
  for_each_lane<T>(f);
#if defined(XSIMD_HPP) && !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
#if XSIMD_WITH_SSE2
  f(std::type_identity<simd_lane<T, xsimd::sse2>>{});
#endif
#if XSIMD_WITH_AVX2
  f(std::type_identity<simd_lane<T, xsimd::avx2>>{});
#endif
#endif
}

/// f applied to n numbers, lane by lane; the last lane is filled up with its first element.
template <class L, class F>
void apply(F f, const scalar_t<L>* x, scalar_t<L>* y, std::size_t n) {
  constexpr std::size_t width = width_v<L>;
  alignas(64) scalar_t<L> in[width], out[width];
  for (std::size_t k = 0; k < n; k += width) {
    const std::size_t left = n - k < width ? n - k : width;
    for (std::size_t i = 0; i < width; ++i) in[i] = x[k + (i < left ? i : 0)];
    lane::store<L>(out, f(lane::load<L>(in)));
    for (std::size_t i = 0; i < left; ++i) y[k + i] = out[i];
  }
}

}  // namespace erg::test
