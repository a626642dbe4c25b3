// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/energy/value_and_gradient.hpp"

#include <vector>

/// What energies made of energies share.
namespace erg::detail {

/// The static dimension that energies have in common: `dynamic` where all are dynamic, -2 where two differ.
template <class... E>
constexpr int common_dim() {
  int common = dynamic;
  bool clash = false;
  const auto meet = [&](int d) {
    if (d == dynamic) return;
    if (common == dynamic) common = d;
    if (common != d) clash = true;
  };
  (meet(static_dim<E>), ...);
  return clash ? -2 : common;
}

/// The common dimension, a sentence where there is none.
template <class... E>
constexpr int checked_common_dim() {
  static_assert((HasDim<E> && ...),
                "erg: an energy in this expression has no dimension. Give it `static constexpr int dim = D;` or `int dim() const`.");
  static_assert(common_dim<E...>() != -2, "erg: the energies in this expression have different dimensions. All parts act on the same x.");
  return common_dim<E...>();
}

/// Throws where run-time dimensions differ.
template <class First, class... E>
int require_common_dim(const First& first, const E&... rest) {
  const int n = dim_of(first);
  const auto check = [n](int d) {
    if (d != n) {
      throw std::invalid_argument("an energy of dimension " + std::to_string(d) + " (the first part has dimension " + std::to_string(n) +
                                  ") combine energies of one dimension");
    }
  };
  (check(dim_of(rest)), ...);
  return n;
}

/// A Point as a part of an energy takes it: the part's dimension may be static where the whole's is not.
template <int To, class L, int D>
ERG_FN ERG_INLINE Point<L, To> as_point(Point<L, D> x) {
  return Point<L, To>(x.data(), x.size(), x.stride());
}
template <class Part, class L, int D>
ERG_FN ERG_INLINE L value_of(const Part& part, Point<const L, D> x) {
  return part(as_point<static_dim<Part>>(x));
}
/// U and dU/dx of a part, by its own gradient or by duals.
template <class Part, class L, int D>
ERG_FN ERG_INLINE L gradient_of(const Part& part, Point<const L, D> x, Point<L, D> g) {
  constexpr int d = static_dim<Part>;
  return lane_value_and_gradient<Part, L, d>(part, as_point<d>(x), as_point<d>(g));
}

/// f(scratch of n lanes). F is a type of its caller alone, so no two uses meet.
template <class L, int D, class F>
ERG_FN ERG_INLINE L with_scratch(int n, F f) {
  return with_step_memory<L, D, F>(n, f);
}

}  // namespace erg::detail
