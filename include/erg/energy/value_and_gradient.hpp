// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/concepts.hpp"

namespace erg {

namespace detail {

/// A non-finite energy becomes +infinity: a comparison rejects NaN by itself, but -infinity would always be accepted.
template <class L>
ERG_FN ERG_INLINE L guard_energy(L u) {
  return lane::select(lane::is_finite(u), u, L(lane::Format<scalar_t<L>>::infinity));
}

/// f(Point of n values of X): on the stack where D is static and small, else in memory of whoever steps, kept per Owner on the CPU. No two
/// uses of an Owner meet in one thread. A wide D is no array on the stack, which a GPU's thread has little of.
template <class X, class Owner>
StepArray<X>& kept_by_thread() {
  static thread_local StepArray<X> memory;
  return memory;
}
template <class X, int D, class Owner, class F>
ERG_FN ERG_INLINE auto with_step_memory(int n, F&& f) {
  if constexpr (D != dynamic && D <= (width_v<X> == 1 ? most_in_thread : most_static)) {
    X memory[static_cast<unsigned>(D)];
    return f(Point<X, D>(memory, D));
  } else {
    if constexpr (is_device_pass) {
      StepArray<X> memory(n);
      return f(Point<X, D>(memory.data(), n, memory.stride()));
    } else {
      if (width_v<X> == 1 && HostArena::current() != nullptr) {
        StepArray<X> memory(n);
        return f(Point<X, D>(memory.data(), n, memory.stride()));
      }
      StepArray<X>& memory = kept_by_thread<X, Owner>();
      if (memory.size() < n) memory.resize(n);
      return f(Point<X, D>(memory.data(), n, memory.stride()));
    }
  }
}

/// dU/dx by forward duals, n_tangents coordinates a sweep; returns U.
template <class E, class L, int D>
ERG_FN L dual_gradient(const E& energy, Point<const L, D> x, Point<L, D> g) {
  constexpr int n_tangents = D != dynamic && D < 8 ? D : 8;
  using J = Dual<L, n_tangents>;
  const int n = x.size();
  const auto sweep = [&](Point<J, D> at) {
    L u = 0.0;
    for (int d = 0; d < n; ++d) at[d] = J(x[d]);
    for (int first = 0; first < n; first += n_tangents) {
      const int last = first + n_tangents < n ? first + n_tangents : n;
      for (int d = first; d < last; ++d) at[d].tangent[d - first] = L(1.0);
      const J r = energy(Point<const J, D>(at));
      u = r.value;
      for (int d = first; d < last; ++d) {
        g[d] = r.tangent[d - first];
        at[d].tangent[d - first] = L(0.0);
      }
    }
    return u;
  };
  return with_step_memory<J, D, E>(n, sweep);
}

/// U and dU/dx for one lane of chains, by the best means the energy offers.
template <class E, class L, int D>
ERG_FN ERG_INLINE L lane_value_and_gradient(const E& energy, Point<const L, D> x, Point<L, D> g) {
  static_assert(LaneEnergy<E, L>,
                "erg: this energy can be evaluated on no lane. Write `template <erg::Lane L> ERG_FN L operator()(erg::Point<const L, "
                "dim> x) const` using only arithmetic and erg::math functions (std::exp or `if (x < 0)` work for double alone; "
                "write erg::math::exp and erg::lane::select).");
  if constexpr (FusedGradient<E, L>) {
    return energy.value_and_gradient(x, g);
  } else if constexpr (SeparateGradient<E, L>) {
    energy.gradient(x, g);
    return energy(x);
  } else {
    return dual_gradient(energy, x, g);
  }
}

template <class E, class X>
ERG_FN ERG_INLINE auto energy_point(X& x) {
  return point_of<static_dim<E>>(x);
}

/// A lane energy on group g of a block: gather the coordinates, evaluate, scatter the gradient.
template <class E, class L>
void block_lane_energy(const E& energy, const BlockPosition<L>& x, BlockPosition<L>* g, Column<L>& u) {
  static thread_local LanePosition<L, dynamic> at, gradient;
  at.resize(x.size());
  gradient.resize(x.size());
  for (int i = 0; i < x.n_groups(); ++i) {
    for (int d = 0; d < x.size(); ++d) at[d] = x.group(i)[d];
    if constexpr (CallableOnLane<E, L>) {
      if (g == nullptr) {
        u.group[i] = L(energy(energy_point<E>(std::as_const(at))));
        continue;
      }
    }
    u.group[i] = lane_value_and_gradient<E, L>(energy, energy_point<E>(std::as_const(at)), energy_point<E>(gradient));
    if (g != nullptr) copy(g->group(i), gradient);
  }
}

}  // namespace detail

/// U(x) and dU/dx, the single way kernels evaluate an energy. Picks at compile time: batch evaluation, a hand-written
/// gradient, else forward duals.
///
/// Ensures   +infinity where U is not finite (a kernel then rejects and counts); g is whatever the energy wrote
template <class E, class L, int D>
ERG_FN ERG_INLINE L value_and_gradient(const E& energy, const LanePosition<L, D>& x, LanePosition<L, D>& g) {
  g.resize(x.size());
  return detail::guard_energy(
      detail::lane_value_and_gradient<E, L>(energy, detail::energy_point<E>(x), detail::energy_point<E>(g)));
}
/// dU/dx alone. Work that only the value needs is dead code here.
template <class E, class L, int D>
ERG_FN ERG_INLINE void gradient(const E& energy, const LanePosition<L, D>& x, LanePosition<L, D>& g) {
  g.resize(x.size());
  (void)detail::lane_value_and_gradient<E, L>(energy, detail::energy_point<E>(x), detail::energy_point<E>(g));
}
/// U(x) alone.
template <class E, class L, int D>
ERG_FN ERG_INLINE L value(const E& energy, const LanePosition<L, D>& x) {
  if constexpr (CallableOnLane<E, L>) {
    return detail::guard_energy(L(energy(detail::energy_point<E>(x))));
  } else {
    LanePosition<L, D> g;
    return value_and_gradient(energy, x, g);
  }
}

template <class E, class L>
Column<L> value_and_gradient(const E& energy, const BlockPosition<L>& x, BlockPosition<L>& g) {
  using T = scalar_t<L>;
  g.resize(x.n_groups(), x.size());
  Column<L> u(x.n_groups());
  if constexpr (BatchEnergy<E, T>) {
    energy.value_and_gradient(x.view(), std::span<T>(reinterpret_cast<T*>(u.group), static_cast<std::size_t>(x.n_chains())),
                              g.view());
  } else {
    detail::block_lane_energy(energy, x, &g, u);
  }
  return per_chain([](const L& v) { return detail::guard_energy(v); }, u);
}
template <class E, class L>
void gradient(const E& energy, const BlockPosition<L>& x, BlockPosition<L>& g) {
  if constexpr (BatchGradient<E, scalar_t<L>>) {
    g.resize(x.n_groups(), x.size());
    energy.gradient(x.view(), g.view());
  } else {
    (void)value_and_gradient(energy, x, g);
  }
}
template <class E, class L>
Column<L> value(const E& energy, const BlockPosition<L>& x) {
  using T = scalar_t<L>;
  if constexpr (BatchValue<E, T>) {
    Column<L> u(x.n_groups());
    energy.value(x.view(), std::span<T>(reinterpret_cast<T*>(u.group), static_cast<std::size_t>(x.n_chains())));
    return per_chain([](const L& v) { return detail::guard_energy(v); }, u);
  } else if constexpr (BatchEnergy<E, T>) {
    static thread_local BlockPosition<L> g;
    return value_and_gradient(energy, x, g);
  } else {
    Column<L> u(x.n_groups());
    detail::block_lane_energy(energy, x, static_cast<BlockPosition<L>*>(nullptr), u);
    return per_chain([](const L& v) { return detail::guard_energy(v); }, u);
  }
}

}  // namespace erg
