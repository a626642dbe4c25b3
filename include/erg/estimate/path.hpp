// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The geometric path between two densities, as an energy of a kernel.
#pragma once

#include "erg/energy/compose.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <algorithm>
#include <cstring>

namespace erg::estimate {

/// U_beta(x) = (1 - beta) U_base(x) + beta U_target(x): base at beta = 0, target at beta = 1. Refers to both, owns neither.
///
/// Shapes    those of the parts; static if either is      Cost  the parts' and D products
/// Numerics  not finite where a part is not
template <class Base, class Target>
class Path : public Dimension<erg::detail::checked_common_dim<Base, Target>()> {
  static constexpr int D = erg::detail::checked_common_dim<Base, Target>();

 public:
  double beta = 0.0;

  Path(const Base& base, const Target& target)
      : Dimension<D>(erg::detail::require_common_dim(base, target)), base_(&base), target_(&target) {}

  template <Lane L>
  L operator()(Point<const L, D> x) const {
    const L u = erg::detail::value_of(*base_, x);
    return u + L(beta) * (erg::detail::value_of(*target_, x) - u);
  }
  template <Lane L>
  L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const int n = x.size();
    const L u = erg::detail::gradient_of(*base_, x, g);
    return u + erg::detail::with_scratch<L, D>(n, [&](Point<L, D> t) {
             const L v = erg::detail::gradient_of(*target_, x, t);
             erg::detail::each<D>(n, [&](int d) { g[d] = g[d] + L(beta) * (t[d] - g[d]); });
             return L(beta) * (v - u);
           });
  }

 private:
  const Base* base_;
  const Target* target_;
};

namespace detail {
/// U and, where it has memory, dU/dx of an energy of either kind on a block.
template <class E, class T>
void energy_on_block(const E& energy, BlockView<const T> x, std::span<T> u, BlockView<T> g) {
  if constexpr (BatchEnergy<E, T>) {
    if constexpr (BatchValue<E, T>) {
      if (g.data == nullptr) return energy.value(x, u);
    }
    static thread_local std::vector<T> unwanted;
    unwanted.resize(static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(x.dim));
    energy.value_and_gradient(x, u, g.data != nullptr ? g : BlockView<T>{unwanted.data(), x.n_chains, x.dim, x.n_chains});
  } else {
    using L = simd_lane<T, default_arch>;
    constexpr int width = width_v<L>;
    static thread_local LanePosition<L, dynamic> at, slope;
    at.resize(x.dim);
    alignas(64) T row[static_cast<std::size_t>(width)] = {};
    for (int c = 0; c < x.n_chains; c += width) {
      const auto bytes = static_cast<std::size_t>(std::min(width, x.n_chains - c)) * sizeof(T);
      for (int d = 0; d < x.dim; ++d) {
        std::memcpy(row, x.column(d) + c, bytes);
        at[d] = lane::load<L>(row);
      }
      const L value = g.data == nullptr ? erg::value(energy, std::as_const(at)) : erg::value_and_gradient(energy, std::as_const(at), slope);
      lane::store(row, value);
      std::memcpy(u.data() + c, row, bytes);
      for (int d = 0; d < x.dim && g.data != nullptr; ++d) {
        lane::store(row, slope[d]);
        std::memcpy(g.column(d) + c, row, bytes);
      }
    }
  }
}
}  // namespace detail

/// The same where a part works on blocks of chains.
template <class Base, class Target>
  requires(!LaneEnergy<Base, Pack<double>> || !LaneEnergy<Target, Pack<double>>)
class Path<Base, Target> {
 public:
  double beta = 0.0;

  Path(const Base& base, const Target& target) : base_(&base), target_(&target), dim_(erg::detail::require_common_dim(base, target)) {}
  int dim() const { return dim_; }

  template <class T>
    requires(Energy<Base, T> && Energy<Target, T>)
  void value(BlockView<const T> x, std::span<T> u) const {
    evaluate(x, u, BlockView<T>{nullptr, 0, 0, 0});
  }
  template <class T>
    requires(Energy<Base, T> && Energy<Target, T>)
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    evaluate(x, u, g);
  }

 private:
  template <class T>
  void evaluate(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    static thread_local std::vector<T> v, h;
    const auto n = static_cast<std::size_t>(x.n_chains);
    v.resize(n);
    h.resize(g.data != nullptr ? n * static_cast<std::size_t>(x.dim) : 0);
    const BlockView<T> slope{g.data != nullptr ? h.data() : nullptr, x.n_chains, x.dim, x.n_chains};
    detail::energy_on_block(*base_, x, u, g);
    detail::energy_on_block(*target_, x, std::span<T>(v), slope);
    const T b = static_cast<T>(beta);
    for (std::size_t c = 0; c < n; ++c) u[c] += b * (v[c] - u[c]);
    for (int d = 0; d < x.dim && g.data != nullptr; ++d) {
      for (int c = 0; c < x.n_chains; ++c) g(c, d) += b * (slope(c, d) - g(c, d));
    }
  }

  const Base* base_;
  const Target* target_;
  int dim_;
};

}  // namespace erg::estimate
