// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/mixture.hpp"
#include "erg/kernel/proposal.hpp"

#include <vector>

namespace erg {

namespace detail {
template <class Q>
constexpr int mixture_depth() {
  if constexpr (requires { Q::mixture_depth; }) {
    return Q::mixture_depth;
  } else {
    return 0;
  }
}
/// Where the choice between the parts is drawn: a number of Purpose::choice far beyond those that a proposal draws itself, another
/// one for each depth of mixtures of mixtures.
template <class L>
ERG_FN ERG_INLINE mask_t<L> chooses_second(random::Key key, bits_t<L> chain, int depth, double share) {
  return random::uniform<L>(key.purpose(random::Purpose::choice), chain, (1 << 20) + depth) < L(share);
}
template <class Q>
std::uint64_t version_or_zero(const Q& q) {
  if constexpr (Versioned<Q>) {
    return static_cast<std::uint64_t>(q.version());
  } else {
    return 0;
  }
}
inline double require_share(double eps) {
  if (!(eps > 0.0 && eps < 1.0)) reject("eps", eps, "must be in (0, 1), the share of the second proposal");
  return eps;
}
template <class Q>
concept ProposesOnLanes = Proposal<Q, Pack<double>>;
template <class Q, class T>
concept Proposes = ProposesOnLanes<Q> || BatchProposal<Q, T>;
}  // namespace detail

/// The proposal (1 - eps) q_1 + eps q_2, q_2 with wide tails: keeps the weights of a good but narrow q_1 bounded.
///
///   w = p / ((1 - eps) q_1 + eps q_2) <= p / (eps q_2):  uniform ergodicity of `Imh` where p <= c q_2, whatever q_1 does
///
/// Shapes    those of the parts                       Requires  0 < eps < 1; both parts normalised, else eps is not the share of q_2
/// Cost      both parts'                              Random    the parts' own at the same key, and one number for the choice
/// Source    Hesterberg (1995), Weighted average importance sampling and defensive mixture distributions, section 2
template <class Q1, class Q2>
class DefensiveMixture : public Mixture<Q1, Q2> {
  static constexpr int at_dim = static_dim<Mixture<Q1, Q2>>;

 public:
  static constexpr int mixture_depth = 1 + std::max(detail::mixture_depth<Q1>(), detail::mixture_depth<Q2>());

  DefensiveMixture(Q1 q1, Q2 q2, double eps)
      : Mixture<Q1, Q2>({1.0 - detail::require_share(eps), std::move(q1)}, {eps, std::move(q2)}), eps_(eps) {}

  double eps() const { return eps_.value(); }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, at_dim> x) const {
    const int n = x.size();
    const mask_t<L> second = detail::chooses_second<L>(key, chain, mixture_depth, eps_.value());
    this->first().template sample<L>(key, chain, Point<L, static_dim<Q1>>(x.data(), n));
    detail::with_scratch<L, at_dim>(n, [&](Point<L, at_dim> y) {
      this->second().template sample<L>(key, chain, Point<L, static_dim<Q2>>(y.data(), n));
      detail::each<at_dim>(n, [&](int d) { x[d] = lane::select(second, y[d], x[d]); });
      return L(0.0);
    });
  }
  std::uint64_t version() const
    requires(Versioned<Q1> || Versioned<Q2>)
  {
    return detail::version_or_zero(this->first()) + detail::version_or_zero(this->second());  // versions only ever grow
  }

 private:
  detail::Parameter eps_;
};

/// The same where a part draws blocks of chains; a part that works on lanes is taken chain by chain.
/// Requires  a part without a version never changes
template <class Q1, class Q2>
  requires(!detail::ProposesOnLanes<Q1> || !detail::ProposesOnLanes<Q2>)
class DefensiveMixture<Q1, Q2> {
 public:
  static constexpr int mixture_depth = 1 + std::max(detail::mixture_depth<Q1>(), detail::mixture_depth<Q2>());

  DefensiveMixture(Q1 q1, Q2 q2, double eps)
      : first_(std::move(q1)),
        second_(std::move(q2)),
        log_share_{std::log1p(-detail::require_share(eps)), std::log(eps)},
        eps_(eps) {
    detail::require_proposal_dim(second_, dim_of(first_));
  }

  /// Another first proposal of the same type: the next snapshot of a flow that learns.
  void renew(const Q1& q) { first_ = q; }

  int dim() const { return dim_of(first_); }
  double eps() const { return eps_; }
  std::uint64_t version() const { return detail::version_or_zero(first_) + detail::version_or_zero(second_); }

  template <class T>
    requires(detail::Proposes<Q1, T> && detail::Proposes<Q2, T>)
  void value(BlockView<const T> x, std::span<T> u) const {
    evaluate(x, u, static_cast<BlockView<T>*>(nullptr));
  }
  template <class T>
    requires(detail::Proposes<Q1, T> && detail::Proposes<Q2, T>)
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    evaluate(x, u, &g);
  }
  /// Draws of both parts, one of them kept; then U of the mixture there.
  template <class T>
    requires(detail::Proposes<Q1, T> && detail::Proposes<Q2, T>)
  void sample(std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> u) const {
    static thread_local std::vector<T> memory;
    const BlockView<T> y = like(x, memory);
    draw(first_, keys, first, x, u);
    draw(second_, keys, first, y, u);
    const int n = x.n_chains / static_cast<int>(keys.size());
    for (int r = 0; r < x.n_chains; ++r) {
      const auto chain = bits_t<Pack<T>>(first + static_cast<std::uint32_t>(r % n));
      if (!detail::chooses_second<Pack<T>>(keys[static_cast<std::size_t>(r / n)], chain, mixture_depth, eps_)) continue;
      for (int d = 0; d < x.dim; ++d) x(r, d) = y(r, d);
    }
    value(BlockView<const T>{x.data, x.n_chains, x.dim, x.stride}, u);
  }

 private:
  template <class T>
  static BlockView<T> like(const BlockView<T>& x, std::vector<T>& memory) {
    memory.resize(static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(x.dim));
    return {memory.data(), x.n_chains, x.dim, x.n_chains};
  }
  template <class Q, class T>
  static void draw(const Q& q, std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> u) {
    if constexpr (BatchProposal<Q, T>) {
      q.sample(keys, first, x, u);
    } else {
      using L = Pack<T>;
      LanePosition<L, dynamic> at;
      const int n = x.n_chains / static_cast<int>(keys.size());
      for (int r = 0; r < x.n_chains; ++r) {
        const LaneChains<L> chain{bits_t<L>(first + static_cast<std::uint32_t>(r % n))};
        detail::draw_from(q, keys[static_cast<std::size_t>(r / n)], chain, at, x.dim);
        for (int d = 0; d < x.dim; ++d) x(r, d) = at[d].reg;
      }
    }
  }
  template <class Q, class T>
  static void evaluate_part(const Q& q, BlockView<const T> x, std::span<T> u, BlockView<T>* g) {
    if constexpr (BatchEnergy<Q, T>) {
      if constexpr (BatchValue<Q, T>) {
        if (g == nullptr) return q.value(x, u);
      }
      static thread_local std::vector<T> memory;
      memory.resize(static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(x.dim));
      q.value_and_gradient(x, u, g != nullptr ? *g : BlockView<T>{memory.data(), x.n_chains, x.dim, x.n_chains});
    } else {
      using L = Pack<T>;
      LanePosition<L, dynamic> at, slope;
      at.resize(x.dim);
      for (int r = 0; r < x.n_chains; ++r) {
        for (int d = 0; d < x.dim; ++d) at[d] = L(x(r, d));
        if (g == nullptr) {
          u[static_cast<std::size_t>(r)] = erg::value(q, std::as_const(at)).reg;
        } else {
          u[static_cast<std::size_t>(r)] = erg::value_and_gradient(q, std::as_const(at), slope).reg;
          for (int d = 0; d < x.dim; ++d) (*g)(r, d) = slope[d].reg;
        }
      }
    }
  }
  template <class T>
  void evaluate(BlockView<const T> x, std::span<T> u, BlockView<T>* g) const {
    static thread_local std::vector<T> second_u, second_g;
    second_u.resize(u.size());
    evaluate_part(first_, x, u, g);
    if (g == nullptr) {
      evaluate_part(second_, x, std::span<T>(second_u), static_cast<BlockView<T>*>(nullptr));
    } else {
      BlockView<T> other = like(*g, second_g);
      evaluate_part(second_, x, std::span<T>(second_u), &other);
    }
    for (std::size_t r = 0; r < u.size(); ++r) {
      const T a = static_cast<T>(log_share_[0]) - u[r], b = static_cast<T>(log_share_[1]) - second_u[r];
      const T gap = a == b ? T(0) : b - a;
      const T decay = math::exp(-std::abs(gap)), share = (gap > T(0) ? T(1) : decay) / (T(1) + decay);
      u[r] = -(std::max(a, b) + math::log1p(decay));
      if (g == nullptr) continue;
      const int row = static_cast<int>(r);
      for (int d = 0; d < x.dim; ++d) {
        const T s = second_g[r + static_cast<std::size_t>(d) * u.size()];
        if (share > T(0)) (*g)(row, d) = share < T(1) ? (*g)(row, d) + share * (s - (*g)(row, d)) : s;
      }
    }
  }

  Q1 first_;
  Q2 second_;
  double log_share_[2];
  double eps_;
};

template <class Q1, class Q2>
DefensiveMixture(Q1, Q2, double) -> DefensiveMixture<Q1, Q2>;

}  // namespace erg
