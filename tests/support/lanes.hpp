// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// One body for every lane type: the lanes of this build by scalar, and access to their elements.
#pragma once

#include "erg/lane/archetype.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace erg::test {

/// float or double: the bare scalar, one real, and the register of this build, bare and packed.
template <class T>
using lanes_of = decltype(std::tuple_cat(
    std::declval<std::tuple<T, Pack<T>, simd_lane<T, default_arch>>>()
#if defined(XSIMD_HPP) && !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
    , std::declval<std::tuple<xsimd::batch<T>>>()
#endif
    ));

/// Calls f(std::type_identity<L>{}) for every lane over T.
template <class T, class F>
void for_each_lane(F f) {
  [&]<class... L>(std::type_identity<std::tuple<L...>>) { (f(std::type_identity<L>{}), ...); }(std::type_identity<lanes_of<T>>{});
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
