// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Log weights of energies and proposals of any kind: over lanes, or over blocks (networks, flows).
#pragma once

#include "erg/detail/require.hpp"
#include "erg/diagnostics/draws.hpp"
#include "erg/estimate/log_z.hpp"
#include "erg/estimate/total_variation.hpp"
#include "erg/kernel/proposal.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <type_traits>

namespace erg::estimate {

/// What can be drawn from in blocks: a batch energy with
///   void sample(std::span<const random::Key> keys, std::uint32_t first, BlockView<T> x, std::span<T> u) const
/// as BatchProposal has it, without the need of a version.
template <class Q, class T>
concept BatchSampler = BatchEnergy<Q, T> && requires(const Q& q, std::span<const random::Key> keys, BlockView<T> x, std::span<T> u) {
  q.sample(keys, std::uint32_t{}, x, u);
};
/// A distribution with an exact sampler and a normalised density, in the scalar T: over lanes (every library energy with `sample`) or
/// over blocks (a flow). One with log_z() need not be normalised.
template <class Q, class T>
concept Samplable = BatchSampler<Q, T> || Proposal<Q, simd_lane<T, default_arch>>;
/// An energy in the scalar T, over lanes or over blocks.
template <class E, class T>
concept Weighable = BatchEnergy<E, T> || LaneEnergy<E, simd_lane<T, default_arch>>;

/// The scalar to work in: double where all parts can, else float.
template <class... E>
using scalar_for = std::conditional_t<(Weighable<E, double> && ...), double, float>;

namespace detail {
template <class Q>
double log_z_or_0(const Q& q) {
  if constexpr (requires { static_cast<double>(q.log_z()); }) {
    return static_cast<double>(q.log_z());
  } else {
    return 0.0;
  }
}
template <class L, class Q>
Column<L> draw_block(const Q& q, random::Key key, const BlockChains<L>& chains, BlockPosition<L>& x) {
  using T = scalar_t<L>;
  x.resize(chains.n_groups, dim_of(q));
  if constexpr (BatchSampler<Q, T>) {
    Column<L> u(chains.n_groups);
    q.sample(std::span<const random::Key>(&key, 1), chains.first, x.view(),
             std::span<T>(reinterpret_cast<T*>(u.group), static_cast<std::size_t>(x.n_chains())));
    return per_chain([](const L& v) { return erg::detail::guard_energy(v); }, u);
  } else {
    erg::detail::draw_from(q, key, chains, x, dim_of(q));
    return value(q, x);
  }
}
template <class L>
double number(const Column<L>& a, int c) {
  return static_cast<double>(reinterpret_cast<const scalar_t<L>*>(a.group)[c]);
}
/// log w = U_q + log Z_q - U: of energies that are guarded, so that an infinite one is one without density.
inline double log_weight(double u, double u_q, double log_z_q) { return u == infinity ? (u_q == infinity ? nan : -infinity) : u_q + log_z_q - u; }

template <class T, class E, class Q>
void check_parts(const E& energy, const Q& q) {
  static_assert(Weighable<E, T>, "erg: this energy can be evaluated neither over lanes nor over blocks in this scalar. See erg/energy/concepts.hpp.");
  static_assert(Samplable<Q, T>,
                "erg: this proposal cannot be drawn from in this scalar. It needs `template <erg::Lane L> void sample(random::Key, bits_t<L> chain, "
                "Point<L, dim>) const`, or over blocks what erg::estimate::BatchSampler says.");
  erg::detail::require_proposal_dim(q, dim_of(energy));
}
}  // namespace detail

/// log w = -U(y) - log q(y) at n independent draws y of a proposal, log q = -U_q - log Z_q.
///
/// Shapes    result: [n]; draw i is that of chain i at Key(seed)
/// Requires  q normalised, or with log_z()
/// Ensures   -infinity where U is not finite
/// Cost      n draws, values of U and, where the sampler does not give it, of U_q, 256 at a time
/// Errors    std::invalid_argument: n < 1, dimensions that differ
template <class T = void, class E, class Q>
std::vector<double> weigh_proposal(const E& energy, const Q& q, int n, std::uint64_t seed) {
  using S = std::conditional_t<std::is_void_v<T>, scalar_for<E, Q>, T>;
  using L = simd_lane<S, default_arch>;
  detail::check_parts<S>(energy, q);
  erg::detail::require_count("n", n);
  const double log_z_q = detail::log_z_or_0(q);
  std::vector<double> log_w(static_cast<std::size_t>(n));
  BlockPosition<L> x;
  for (int first = 0; first < n; first += block_capacity) {
    const int m = std::min(block_capacity, n - first), groups = (m + width_v<L> - 1) / width_v<L>;
    const Column<L> u_q = detail::draw_block<L>(q, random::Key(seed), BlockChains<L>{static_cast<std::uint32_t>(first), groups}, x);
    const Column<L> u = value(energy, x);
    for (int c = 0; c < m; ++c) {
      log_w[static_cast<std::size_t>(first + c)] = detail::log_weight(detail::number(u, c), detail::number(u_q, c), log_z_q);
    }
  }
  return log_w;
}

/// Log weights of the draws of a run, [draw, chain] chain after chain.
struct DrawWeights {
  std::vector<double> log_w;
  int n_chains = 1;
  erg::diag::Series series() const { return erg::diag::series_of(log_w, n_chains); }
};

/// log w = -U(x) - log q(x) at draws x of chains that sample exp(-U).
///
/// Shapes    draws: [draw, chain, dim], any model of diag::Draws (a Trace)
/// Ensures   +infinity where q has no density
/// Cost      a value of U and of U_q a draw, 256 at a time
/// Errors    std::invalid_argument: no draws, dimensions that differ
template <class T = void, class E, class Q, erg::diag::Draws D>
DrawWeights weigh_draws(const E& energy, const Q& q, const D& draws) {
  using S = std::conditional_t<std::is_void_v<T>, scalar_for<E, Q>, T>;
  using L = simd_lane<S, default_arch>;
  static_assert(Weighable<E, S> && Weighable<Q, S>, "erg: the energy and the proposal have to be energies over lanes or over blocks.");
  const int dim = dim_of(energy), n = draws.n_draws(), n_chains = draws.n_chains();
  erg::detail::require_proposal_dim(q, dim);
  erg::diag::detail::require_shape(n, n_chains);
  if (draws.dim() != dim) {
    throw std::invalid_argument("draws of dim = " + std::to_string(draws.dim()) + " (the energy has dim = " + std::to_string(dim) + ") give draws of that energy");
  }
  std::vector<erg::diag::Series> coordinate;
  for (int d = 0; d < dim; ++d) coordinate.push_back(draws.series(d));
  const double log_z_q = detail::log_z_or_0(q);
  const long total = static_cast<long>(n) * n_chains;
  DrawWeights out{std::vector<double>(static_cast<std::size_t>(total)), n_chains};
  BlockPosition<L> x;
  for (long first = 0; first < total; first += block_capacity) {
    const int m = static_cast<int>(std::min<long>(block_capacity, total - first)), groups = (m + width_v<L> - 1) / width_v<L>;
    x.resize(groups, dim);
    for (int c = 0; c < groups * width_v<L>; ++c) {
      const long at = std::min(first + c, total - 1);
      for (int d = 0; d < dim; ++d) {
        x.view()(c, d) = static_cast<S>(coordinate[static_cast<std::size_t>(d)](static_cast<int>(at % n), static_cast<int>(at / n)));
      }
    }
    const Column<L> u = value(energy, x), u_q = value(q, x);
    for (int c = 0; c < m; ++c) {
      out.log_w[static_cast<std::size_t>(first + c)] = detail::log_weight(detail::number(u, c), detail::number(u_q, c), log_z_q);
    }
  }
  return out;
}

/// log Z by importance sampling, from n fresh draws of q: one bound. See `importance`.
template <class E, class Q>
LogZ log_z(const E& energy, const Q& q, int n, std::uint64_t seed) {
  return importance(weigh_proposal(energy, q, n, seed));
}
/// log Z by the bridge between n fresh draws of q and draws of chains, with both bounds. See `bridge`.
template <class E, class Q, erg::diag::Draws D>
LogZ log_z(const E& energy, const Q& q, const D& draws, int n, std::uint64_t seed) {
  return bridge(weigh_proposal(energy, q, n, seed), weigh_draws(energy, q, draws).series());
}
/// Bounds on the total variation distance of q and the law of the chains. See `total_variation`.
template <class E, class Q, erg::diag::Draws D>
TotalVariation total_variation(const E& energy, const Q& q, const D& draws, int n, std::uint64_t seed) {
  return total_variation(weigh_proposal(energy, q, n, seed), weigh_draws(energy, q, draws).series());
}

}  // namespace erg::estimate
