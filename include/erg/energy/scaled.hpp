// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/batch.hpp"
#include "erg/energy/compose.hpp"

namespace erg {

/// U(x) = factor * U_inner(x): the density to a power, and the target at temperature 1 / factor.
///
/// On lanes or on blocks, as the inner energy is.
/// Requires  factor finite and >= 0            Cost  the inner energy's and D + 1 products
template <class Inner>
class Scaled : public Dimension<detail::checked_common_dim<Inner>()> {
  static constexpr int D = detail::checked_common_dim<Inner>();

 public:
  static constexpr bool on_device = runs_on_device<Inner>;

  Scaled(const char* name, double factor, Inner inner)
      : Dimension<D>(dim_of(inner)), factor_(detail::require_not_negative(name, factor)), inner_(std::move(inner)) {}

  template <Lane L>
    requires CallableOnLane<Inner, L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return factor_.as<L>() * detail::value_of(inner_, x);
  }
  template <Lane L>
    requires LaneEnergy<Inner, L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    const L factor = factor_.as<L>(), u = detail::gradient_of(inner_, x, g);
    detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = factor * g[d]; });
    return factor * u;
  }
  template <class T>
    requires BatchEnergy<Inner, T>
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    batch_value_and_gradient(inner_, x, u, g);
    const T factor = static_cast<T>(factor_.value());
    for (T& v : u) v *= factor;
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) g(c, d) *= factor;
    }
  }
  template <class T>
    requires BatchEnergy<Inner, T>
  void value(BlockView<const T> x, std::span<T> u) const {
    batch_value(inner_, x, u);
    for (T& v : u) v *= static_cast<T>(factor_.value());
  }
  double factor() const { return factor_.value(); }
  const Inner& inner() const { return inner_; }

 private:
  detail::Parameter factor_;
  Inner inner_;
};

/// a U(x).
template <class E>
Scaled<E> scale(double a, E energy) {
  return Scaled<E>("a", a, std::move(energy));
}
/// beta U(x), the tempered density exp(-beta U): beta = 1 is the target, beta = 0 flat.
template <class E>
Scaled<E> temper(E energy, double beta) {
  return Scaled<E>("beta", beta, std::move(energy));
}

}  // namespace erg
