// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/lane/dual.hpp"
#include "erg/lane/point.hpp"
#include "erg/tile/block_tile.hpp"

#include <concepts>
#include <span>

namespace erg {

namespace detail {
/// E::dim is a constant. Its address is asked first, as g++ 12 stops at E::dim of a data member instead of saying no.
template <class E>
concept HasStaticDim = requires { requires std::is_pointer_v<decltype(&E::dim)>; } &&
                       requires { typename std::integral_constant<int, static_cast<int>(E::dim)>; };
template <class E>
constexpr int static_dim_of() {
  if constexpr (HasStaticDim<E>) {
    return static_cast<int>(E::dim);
  } else {
    return dynamic;
  }
}
}  // namespace detail

/// The dimension of an energy where it is a constant of the type, else `dynamic`.
template <class E>
inline constexpr int static_dim = detail::static_dim_of<E>();

/// The dimension is known: `static constexpr int dim`, a member `int dim() const`, or a data member `int dim`.
template <class E>
concept HasDim = requires(const E& e) { requires static_dim<E> != dynamic; } ||
                 requires(const E& e) { static_cast<int>(e.dim()); } || requires(const E& e) { static_cast<int>(e.dim); };

/// Of the host: an energy's dim() need not be device code.
template <HasDim E>
constexpr int dim_of(const E& e) {
  if constexpr (static_dim<E> != dynamic) {
    return static_dim<E>;
  } else if constexpr (requires { static_cast<int>(e.dim()); }) {
    return static_cast<int>(e.dim());
  } else {
    return static_cast<int>(e.dim);
  }
}

/// U(x) for lanes of chains: `L operator()(Point<const L, dim> x) const`.
template <class E, class L>
concept CallableOnLane = HasDim<E> && requires(const E& e, Point<const L, static_dim<E>> x) {
  { e(x) } -> std::convertible_to<L>;
};

/// A hand-written gradient, fused: `L value_and_gradient(Point<const L, dim> x, Point<L, dim> g) const` returns U, writes dU/dx.
template <class E, class L>
concept FusedGradient = HasDim<E> && requires(const E& e, Point<const L, static_dim<E>> x, Point<L, static_dim<E>> g) {
  { e.value_and_gradient(x, g) } -> std::convertible_to<L>;
};

/// A hand-written gradient beside operator(): `void gradient(Point<const L, dim> x, Point<L, dim> g) const`.
template <class E, class L>
concept SeparateGradient = CallableOnLane<E, L> &&
                           requires(const E& e, Point<const L, static_dim<E>> x, Point<L, static_dim<E>> g) { e.gradient(x, g); };

/// A sum over coordinates, U(x) = sum_d U_d(x_d): `L slope(int d, L x_d) const` is dU_d/dx_d, which its
/// gradient uses too. A trajectory then goes coordinate by coordinate, in registers.
template <class E, class L>
concept SeparableEnergy = requires(const E& e, L x) { requires std::is_same_v<decltype(e.slope(0, x)), L>; };

/// U over lanes, with a hand-written gradient or callable on dual numbers.
template <class E, class L>
concept LaneEnergy = FusedGradient<E, L> || SeparateGradient<E, L> || (CallableOnLane<E, L> && CallableOnLane<E, Dual<L, 1>>);

/// U over blocks of chains (GEMM): `void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const`.
///
///   x, g: [chain, dim] column-major; u: [chain]. Writes all of u and g. Chains must not influence each other.
template <class E, class T>
concept BatchEnergy = HasDim<E> && requires(const E& e, BlockView<const T> x, std::span<T> u, BlockView<T> g) {
  e.value_and_gradient(x, u, g);
};

/// Beside that, where less is wanted: `void gradient(BlockView<const T> x, BlockView<T> g) const`.
template <class E, class T>
concept BatchGradient = BatchEnergy<E, T> && requires(const E& e, BlockView<const T> x, BlockView<T> g) { e.gradient(x, g); };
/// And `void value(BlockView<const T> x, std::span<T> u) const`.
template <class E, class T>
concept BatchValue = BatchEnergy<E, T> && requires(const E& e, BlockView<const T> x, std::span<T> u) { e.value(x, u); };

/// What kernels require of an energy, whatever its kind.
template <class E, class T>
concept Energy = LaneEnergy<E, T> || BatchEnergy<E, T>;

}  // namespace erg
