// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/batch.hpp"
#include "erg/energy/compose.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"

namespace erg {

/// An energy and its weight in a mixture; weights need not sum to 1.
template <class E>
struct Component {
  double weight;
  E energy;
};
template <class E>
Component<E> component(double weight, E energy) {
  return {weight, std::move(energy)};
}

/// U(x) = -log(w_1 exp(-U_1(x)) + w_2 exp(-U_2(x))): the mixture of two densities, of their Boltzmann factors where they are not
/// normalised. Longer mixtures nest, see `mixture`.
///
///   dU/dx = r_1 dU_1/dx + r_2 dU_2/dx,  r_k = w_k exp(-U_k) / (w_1 exp(-U_1) + w_2 exp(-U_2))
///
/// On lanes where both parts are, else on blocks.
/// Shapes    those of the parts; static if either is
/// Requires  weights finite and > 0; they are divided by their sum
/// Truth     log Z = log(w_1 Z_1 + w_2 Z_2) where both parts have log_z()
/// Cost      the parts', an exponential and 2 D + 12 instructions; the value adds a log1p
/// Numerics  a part with U_k = +inf counts as nothing, its gradient is ignored; a NaN gives NaN
template <class First, class Second>
class Mixture : public Dimension<detail::checked_common_dim<First, Second>()> {
  static constexpr int D = detail::checked_common_dim<First, Second>();

 public:
  static constexpr bool on_device = runs_on_device<First> && runs_on_device<Second>;

  Mixture(Component<First> first, Component<Second> second)
      : Dimension<D>(detail::require_common_dim(first.energy, second.energy)),
        first_(std::move(first.energy)),
        second_(std::move(second.energy)) {
    const double total = detail::require_positive("weight", first.weight) + detail::require_positive("weight", second.weight);
    log_weight_[0] = math::log(first.weight / total);
    log_weight_[1] = math::log(second.weight / total);
  }

  template <Lane L>
    requires CallableOnLane<First, L> && CallableOnLane<Second, L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return Share<L>(*this, detail::value_of(first_, x), detail::value_of(second_, x)).energy();
  }
  template <Lane L>
    requires LaneEnergy<First, L> && LaneEnergy<Second, L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    const L u = detail::gradient_of(first_, x, g);
    return detail::with_scratch<L, D>(n, [&](Point<L, D> t) {
      const L v = detail::gradient_of(second_, x, t);
      const Share<L> share(*this, u, v);
      const mask_t<L> first_counts = lane::is_finite(u), second_counts = lane::is_finite(v);
      detail::each<D>(n, [&](int d) __attribute__((always_inline)) {
        const L a = lane::select(first_counts, g[d], t[d]), b = lane::select(second_counts, t[d], g[d]);
        g[d] = lane::mul_add(share.second, b - a, a);
      });
      return share.energy();
    });
  }
  template <class T>
    requires(BatchEnergy<First, T> || BatchEnergy<Second, T>)
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    const auto n = static_cast<std::size_t>(x.n_chains);
    std::vector<T> memory(n * (static_cast<std::size_t>(x.dim) + 1));  // not kept by the thread: parts may be mixtures too
    const std::span<T> v(memory.data(), n);
    const BlockView<T> h{memory.data() + n, x.n_chains, x.dim, x.n_chains};
    batch_value_and_gradient(second_, x, v, h);
    batch_value_and_gradient(first_, x, u, g);
    for (int c = 0; c < x.n_chains; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const Share<T> share(*this, u[i], v[i]);
      const bool first_counts = std::isfinite(u[i]), second_counts = std::isfinite(v[i]);
      for (int d = 0; d < x.dim; ++d) {
        const T a = first_counts ? g(c, d) : h(c, d), b = second_counts ? h(c, d) : g(c, d);
        g(c, d) = a + share.second * (b - a);
      }
      u[i] = share.energy();
    }
  }

  ERG_FN const First& first() const { return first_; }
  ERG_FN const Second& second() const { return second_; }
  double mode_weight(int k) const { return std::exp(log_weight_[k].value()); }
  double log_z() const
    requires requires(const First& a, const Second& b) { a.log_z() + b.log_z(); }
  {
    const double a = log_weight_[0].value() + first_.log_z(), b = log_weight_[1].value() + second_.log_z();
    return std::fmax(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
  }

 private:
  /// Who owns x: the logarithms of the two parts' masses, and the second one's share.
  template <class L>
  struct Share {
    L larger, decay, second;

    ERG_FN ERG_INLINE Share(const Mixture& m, L u, L v) {
      const L a = m.log_weight_[0].template as<L>() - u, b = m.log_weight_[1].template as<L>() - v;
      const L gap = lane::select(a == b, L(0.0), b - a);  // equal infinities have no difference
      larger = lane::max(a, b);
      decay = math::exp(-lane::abs(gap));
      second = lane::select(gap > L(0.0), L(1.0), decay) / (L(1.0) + decay);
    }
    ERG_FN ERG_INLINE L energy() const { return -(larger + math::log1p(decay)); }
  };

  detail::Parameter log_weight_[2];
  First first_;
  Second second_;
};

/// mixture(component(1, a), component(3, b), ...): weights 1/4, 3/4.
template <class A, class B>
auto mixture(Component<A> a, Component<B> b) {
  return Mixture<A, B>(std::move(a), std::move(b));
}
template <class A, class B, class C, class... Rest>
auto mixture(Component<A> a, Component<B> b, Component<C> c, Component<Rest>... rest) {
  const double together = detail::require_positive("weight", b.weight) + c.weight + (0.0 + ... + rest.weight);
  auto tail = mixture(std::move(b), std::move(c), std::move(rest)...);
  return mixture(std::move(a), component(together, std::move(tail)));
}

}  // namespace erg
