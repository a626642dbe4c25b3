// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/scaled.hpp"
#include "erg/energy/sum.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"

/// What trained energies say together: x is likely under all of them, under any of them, under one but not another. Each part is any energy,
/// on lanes or on blocks, and so is the whole: every kernel samples it.
///
///   conjunction(a, b, c)              AND   product of the densities
///   conjunction_given(prior, a, b)    AND   of conditionals that share a prior, which counts once
///   disjunction(beta, a, b)           OR    for beta = 1 the mixture of the Boltzmann factors
///   negation(a, b, 0.1)               NOT   a but not b
/// Source    Du, Li, Mordatch (2020), Compositional visual generation with energy-based models, section 3.2; Hinton (2002), section 1
namespace erg {

namespace detail {
/// f(u, g of first, v, h of second) for chains of two parts, and the same without gradients.
template <class First, class Second, class T, class F>
void both_parts(const First& first, const Second& second, BlockView<const T> x, std::span<T> u, BlockView<T> g, F&& f) {
  const auto n = static_cast<std::size_t>(x.n_chains);
  const bool with_gradient = g.data != nullptr;
  // Not kept by the thread: parts may be of this kind themselves.
  std::vector<T> memory(n * (with_gradient ? static_cast<std::size_t>(x.dim) + 1 : 1));
  const std::span<T> v(memory.data(), n);
  const BlockView<T> h{memory.data() + n, x.n_chains, x.dim, x.n_chains};
  if (with_gradient) {
    batch_value_and_gradient(second, x, v, h);
    batch_value_and_gradient(first, x, u, g);
  } else {
    batch_value(second, x, v);
    batch_value(first, x, u);
  }
  f(v, h);
}
template <class First, class Second, class T>
inline constexpr bool in_blocks = BatchEnergy<First, T> || BatchEnergy<Second, T>;
}  // namespace detail

/// U(x) = U_first(x) - a U_second(x): likely under the first, unlikely under the second. See `negation`.
template <class First, class Second>
class Difference : public Dimension<detail::checked_common_dim<First, Second>()> {
  static constexpr int D = detail::checked_common_dim<First, Second>();

 public:
  Difference(First first, Second second, double a)
      : Dimension<D>(detail::require_common_dim(first, second)), first_(std::move(first)), second_(std::move(second)),
        a_(detail::require_not_negative("a", a)) {}

  template <Lane L>
    requires CallableOnLane<First, L> && CallableOnLane<Second, L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return detail::value_of(first_, x) - a_.template as<L>() * detail::value_of(second_, x);
  }
  template <Lane L>
    requires LaneEnergy<First, L> && LaneEnergy<Second, L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    const L u = detail::gradient_of(first_, x, g), a = a_.template as<L>();
    return u - a * detail::with_scratch<L, D>(n, [&](Point<L, D> t) {
             const L v = detail::gradient_of(second_, x, t);
             detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = g[d] - a * t[d]; });
             return v;
           });
  }
  template <class T>
    requires detail::in_blocks<First, Second, T>
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    const T a = static_cast<T>(a_.value());
    detail::both_parts(first_, second_, x, u, g, [&](std::span<T> v, BlockView<T> h) {
      for (std::size_t c = 0; c < u.size(); ++c) u[c] -= a * v[c];
      for (int d = 0; d < x.dim && g.data != nullptr; ++d) {
        for (int c = 0; c < x.n_chains; ++c) g(c, d) -= a * h(c, d);
      }
    });
  }
  template <class T>
    requires detail::in_blocks<First, Second, T>
  void value(BlockView<const T> x, std::span<T> u) const {
    value_and_gradient(x, u, BlockView<T>{});
  }

 private:
  First first_;
  Second second_;
  detail::Parameter a_;
};

/// U(x) = -(1/beta) log(exp(-beta U_first) + exp(-beta U_second)), each with its own log Z added. See `disjunction`.
///
///   dU/dx = (1 - r) dU_first/dx + r dU_second/dx,  r = sigmoid(beta (U_first - U_second))
/// Numerics  from the smaller energy and the difference: no overflow at any beta
template <class First, class Second>
class SoftMinimum : public Dimension<detail::checked_common_dim<First, Second>()> {
  static constexpr int D = detail::checked_common_dim<First, Second>();

 public:
  SoftMinimum(double beta, First first, double first_log_z, Second second, double second_log_z)
      : Dimension<D>(detail::require_common_dim(first, second)), first_(std::move(first)), second_(std::move(second)),
        beta_(detail::require_positive("beta", beta)), inverse_(1.0 / beta), first_log_z_(detail::require_finite("log_z", first_log_z)),
        second_log_z_(detail::require_finite("log_z", second_log_z)) {}

  template <Lane L>
    requires CallableOnLane<First, L> && CallableOnLane<Second, L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return Share<L>(*this, detail::value_of(first_, x), detail::value_of(second_, x)).energy;
  }
  template <Lane L>
    requires LaneEnergy<First, L> && LaneEnergy<Second, L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    const L u = detail::gradient_of(first_, x, g);
    return detail::with_scratch<L, D>(n, [&](Point<L, D> t) {
      const Share<L> share(*this, u, detail::gradient_of(second_, x, t));
      detail::each<D>(n, [&](int d) __attribute__((always_inline)) { g[d] = g[d] + share.second * (t[d] - g[d]); });
      return share.energy;
    });
  }
  template <class T>
    requires detail::in_blocks<First, Second, T>
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    detail::both_parts(first_, second_, x, u, g, [&](std::span<T> v, BlockView<T> h) {
      for (int c = 0; c < x.n_chains; ++c) {
        const auto i = static_cast<std::size_t>(c);
        const Share<T> share(*this, u[i], v[i]);
        u[i] = share.energy;
        for (int d = 0; d < x.dim && g.data != nullptr; ++d) g(c, d) += share.second * (h(c, d) - g(c, d));
      }
    });
  }
  template <class T>
    requires detail::in_blocks<First, Second, T>
  void value(BlockView<const T> x, std::span<T> u) const {
    value_and_gradient(x, u, BlockView<T>{});
  }

 private:
  template <class L>
  struct Share {
    L energy, second;
    ERG_FN ERG_INLINE Share(const SoftMinimum& m, L u, L v) {
      const L a = u + m.first_log_z_.template as<L>(), b = v + m.second_log_z_.template as<L>();
      const L gap = lane::select(a == b, L(0.0), m.beta_.template as<L>() * (a - b));  // equal infinities have no difference
      const L decay = math::exp(-lane::abs(gap));
      energy = lane::min(a, b) - m.inverse_.template as<L>() * math::log1p(decay);
      second = lane::select(gap > L(0.0), L(1.0), decay) / (L(1.0) + decay);
    }
  };

  First first_;
  Second second_;
  detail::Parameter beta_, inverse_, first_log_z_, second_log_z_;
};

/// AND: exp(-U) = product of exp(-U_i). Weigh parts with scale(w, a).
template <class First, class... Rest>
auto conjunction(First first, Rest... rest) {
  return sum(std::move(first), std::move(rest)...);
}
/// AND of conditionals that were trained each with the same prior in it: U = U_0 + sum_i (U_i - U_0). A plain conjunction would count it
/// once for each.
template <class Prior, class... E>
auto conjunction_given(Prior prior, E... e) {
  static_assert(sizeof...(E) >= 2, "erg: a conjunction needs two energies.");
  return Difference(conjunction(std::move(e)...), std::move(prior), static_cast<double>(sizeof...(E)) - 1.0);
}

/// A part of a disjunction and its log Z = log of the integral of exp(-U), where it is known.
template <class E>
struct Alternative {
  double log_z;
  E energy;
};
template <class E>
Alternative<E> alternative(double log_z, E energy) {
  return {log_z, std::move(energy)};
}
namespace detail {
template <class E>
Alternative<E> as_alternative(E e) {
  return {0.0, std::move(e)};
}
template <class E>
Alternative<E> as_alternative(Alternative<E> e) {
  return e;
}
}  // namespace detail

/// OR: U = -(1/beta) log sum_i exp(-beta (U_i + log Z_i)), between min U - log(n)/beta and min U.
///
/// With beta = 1 and the true log Z it is the mixture with equal weights; energies given without log Z weigh as much as their integrals,
/// which for trained energies are arbitrary.         Requires  beta > 0
template <class First, class Second>
auto disjunction(double beta, First first, Second second) {
  auto a = detail::as_alternative(std::move(first));
  auto b = detail::as_alternative(std::move(second));
  return SoftMinimum(beta, std::move(a.energy), a.log_z, std::move(b.energy), b.log_z);
}
template <class First, class Second, class... Rest>
  requires(sizeof...(Rest) > 0)
auto disjunction(double beta, First first, Second second, Rest... rest) {
  return disjunction(beta, disjunction(beta, std::move(first), std::move(second)), std::move(rest)...);
}

/// NOT: U = U_first - a U_second.
///
/// Improper where a U_second grows faster than U_first: exp(-U) then has no integral and chains run away. require_confined
/// (energy/confined.hpp) looks for that.      Requires  a >= 0
template <class First, class Second>
auto negation(First first, Second second, double a) {
  return Difference(std::move(first), std::move(second), a);
}

}  // namespace erg
