// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/compose.hpp"

namespace erg {

/// U(x) = U_first(x) + U_second(x): the product of two densities. Longer sums nest, see `sum`.
///
/// Shapes    those of the parts; static if either is      Cost  the parts' and D additions
template <class First, class Second>
class Sum : public Dimension<detail::checked_common_dim<First, Second>()> {
  static constexpr int D = detail::checked_common_dim<First, Second>();

 public:
  static constexpr bool on_device = runs_on_device<First> && runs_on_device<Second>;

  Sum(First first, Second second)
      : Dimension<D>(detail::require_common_dim(first, second)), first_(std::move(first)), second_(std::move(second)) {}

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return detail::value_of(first_, x) + detail::value_of(second_, x);
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    const L u = detail::gradient_of(first_, x, g);
    return u + detail::with_scratch<L, D>(n, [&](Point<L, D> t) {
             const L v = detail::gradient_of(second_, x, t);
             detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = g[d] + t[d]; });
             return v;
           });
  }
  const First& first() const { return first_; }
  const Second& second() const { return second_; }

 private:
  First first_;
  Second second_;
};

/// U = U_1 + U_2 + ..., added from the left.
template <class First, class Second>
auto sum(First first, Second second) {
  return Sum<First, Second>(std::move(first), std::move(second));
}
template <class First, class Second, class... Rest>
  requires(sizeof...(Rest) > 0)
auto sum(First first, Second second, Rest... rest) {
  return sum(sum(std::move(first), std::move(second)), std::move(rest)...);
}

/// A density p(x) exp(-U_tilt(x)) / Z relative to a normalised p = exp(-U_base): then E_p exp(-U_tilt) = Z, so that the log Z of
/// the tilt is a free-energy difference, and base draws weigh exp(-U_tilt).
///
/// Requires  the base normalised (log_z() == 0, as the library's Gaussians, mixtures, Banana and Funnel are); checked where it
///           has log_z()
template <class Base, class Tilt>
auto tilt(Base base, Tilt tilt_energy) {
  if constexpr (requires { static_cast<double>(base.log_z()); }) {
    if (const double z = base.log_z(); !(std::fabs(z) < 1e-9)) {
      detail::reject("log_z of the base of a tilt", z, "must be 0, a normalised density");
    }
  }
  return Sum<Base, Tilt>(std::move(base), std::move(tilt_energy));
}

}  // namespace erg
