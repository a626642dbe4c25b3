// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What the lanes promise, decided by the compiler.
#include "erg/lane/archetype.hpp"
#include "erg/lane/dual.hpp"
#include "erg/lane/math.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <type_traits>

namespace {

using namespace erg;

template <class T>
using Register = simd_lane<T, default_arch>;

static_assert(Lane<float> && Lane<double> && Lane<Pack<float>> && Lane<Pack<double>>);
static_assert(Lane<Register<float>> && Lane<Register<double>> && Lane<Archetype>);
static_assert(Lane<Dual<Register<float>, 3>> && Lane<Dual<Dual<Pack<double>, 1>, 2>> && Lane<Dual<Archetype, 1>>);
static_assert(!Lane<int> && !Lane<bool> && !Lane<long double>);

// Nothing but arithmetic literals becomes a lane on its own, and no lane becomes anything else.
static_assert(std::is_convertible_v<double, Pack<float>> && std::is_convertible_v<int, Register<double>>);
static_assert(std::is_convertible_v<double, Dual<Pack<float>, 2>> && std::is_convertible_v<Pack<float>, Dual<Pack<float>, 2>>);
static_assert(!std::is_convertible_v<Pack<double>, double> && !std::is_convertible_v<Dual<double, 1>, double>);
static_assert(!std::is_convertible_v<Archetype, double> && !std::is_convertible_v<Archetype, bool>);
static_assert(!std::is_convertible_v<Archetype::Mask, bool> && !std::is_constructible_v<bool, Archetype::Mask>);

// A function returns the lane it is given; a literal beside a lane becomes that lane.
template <class L>
constexpr bool closed = std::is_same_v<decltype(math::exp(L(1.0))), L> && std::is_same_v<decltype(math::max(L(1.0), 0.0)), L> &&
                        std::is_same_v<decltype(math::sincos(L(1.0)).sin), L> && std::is_same_v<decltype(math::pow(L(1.0), 2.0)), L> &&
                        std::is_same_v<decltype(math::is_finite(L(1.0))), mask_t<L>>;
static_assert(closed<float> && closed<double> && closed<Pack<float>> && closed<Register<float>> && closed<Archetype>);
static_assert(closed<Dual<float, 2>> && closed<Dual<Register<double>, 2>>);
static_assert(std::is_same_v<decltype(0.5 * Pack<float>(1.0)), Pack<float>>);

// The functions are objects, so that argument-dependent lookup cannot find others in their place, and empty.
static_assert(std::is_empty_v<std::remove_const_t<decltype(math::exp)>> && std::is_empty_v<std::remove_const_t<decltype(math::log_add_exp)>>);

// Only lanes are accepted.
template <class X>
constexpr bool accepts = requires(X x) { math::exp(x); };
static_assert(accepts<float> && !accepts<int> && !accepts<const char*>);

// Duals and packs travel as plain memory.
static_assert(std::is_trivially_copyable_v<Dual<Register<float>, 4>> && sizeof(Dual<float, 3>) == 4 * sizeof(float));

}  // namespace
