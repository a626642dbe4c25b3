// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/config.hpp"

#include <cstdint>
#include <type_traits>

namespace erg {

/// What a lane type is made of. Specialise it beside the type, before anything asks `Lane<L>`.
///
///   Scalar  the real number in each lane (float or double)
///   Mask    what a comparison yields; `bool` only where width is 1 (never test a wider mask with `if`: use `lane::select`)
///   Bits    unsigned integers of the scalar's size, as many as there are lanes
///   width   how many independent reals
template <class L>
struct lane_traits;

/// The operations that differ between lane types, as static members (see lane/ops.hpp for their contracts).
/// A class, not overloads: templates find a specialisation written after them, but not an overload.
template <class L>
struct lane_ops;

template <class L>
using scalar_t = typename lane_traits<L>::Scalar;
template <class L>
using mask_t = typename lane_traits<L>::Mask;
template <class L>
using bits_t = typename lane_traits<L>::Bits;
template <class L>
inline constexpr int width_v = lane_traits<L>::width;

/// A Lane is arithmetic on one or more independent reals.
///   L a = 1.0           broadcast from any arithmetic literal
///   a + b, a * 2.0      closed: the result is an L
///   a < b               lane_traits<L>::Mask; never bool unless width == 1
/// Models: float, double, Pack<T>, xsimd::batch<T, A>, Dual<L, N>. Nesting is Dual<batch>, never batch<Dual>.
template <class L>
concept Lane = std::is_trivially_copyable_v<L> && requires(const L a, const L b) {
  typename lane_traits<L>::Scalar;
  typename lane_traits<L>::Mask;
  requires(lane_traits<L>::width >= 1);
  requires std::is_same_v<decltype(a + b), L>;
  requires std::is_same_v<decltype(a - b), L>;
  requires std::is_same_v<decltype(a * b), L>;
  requires std::is_same_v<decltype(a / b), L>;
  requires std::is_same_v<decltype(-a), L>;
  requires std::is_same_v<decltype(a < b), typename lane_traits<L>::Mask>;
};

}  // namespace erg
