// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Annealed importance sampling: from a distribution that can be drawn to one that cannot, in small steps.
#pragma once

#include "erg/estimate/path.hpp"
#include "erg/estimate/weigh.hpp"
#include "erg/kernel/view.hpp"

namespace erg::estimate {

struct AnnealPlan {
  int n_draws = 1024;
  int n_temperatures = 100;            ///< beta = 1/n, 2/n, ..., 1
  int n_steps = 1;                     ///< of the kernel at each
  std::vector<double> schedule = {};   ///< beta's of one's own instead, ascending, the last 1
  std::uint64_t seed = 1;

  /// The beta's, 0 in front. Throws where they do not ascend from 0 to 1.
  std::vector<double> betas() const {
    erg::detail::require_count("n_draws", n_draws);
    erg::detail::require_count("n_steps", n_steps);
    std::vector<double> b = {0.0};
    if (schedule.empty()) {
      erg::detail::require_count("n_temperatures", n_temperatures);
      for (int k = 1; k <= n_temperatures; ++k) b.push_back(static_cast<double>(k) / n_temperatures);
      return b;
    }
    for (const double v : schedule) {
      if (!(v > b.back())) throw std::invalid_argument("schedule has " + erg::detail::number_text(v) + " after " + erg::detail::number_text(b.back()) + " (must ascend from above 0 to 1)");
      b.push_back(v);
    }
    if (b.back() != 1.0) throw std::invalid_argument("schedule ends with " + erg::detail::number_text(b.back()) + " (must end with 1, the target)");
    return b;
  }
};

namespace detail {

template <class L, int D>
void choose(ChainState<LaneTile<L, D>>& s, std::uint32_t first, int) {
  s.chains = LaneChains<L>{lane_ops<L>::iota(static_cast<typename lane_traits<scalar_t<L>>::Bits>(first))};
}
template <class L>
void choose(ChainState<BlockTile<L>>& s, std::uint32_t first, int n) {
  s.chains = BlockChains<L>{first, (n + width_v<L> - 1) / width_v<L>};
}
template <class L>
double number(const L& a, int c) {
  alignas(64) scalar_t<L> v[static_cast<std::size_t>(width_v<L>)];
  lane::store(v, a);
  return static_cast<double>(v[c]);
}
template <class L, int D>
void put(LanePosition<L, D>& x, int c, int d, double v) {
  alignas(64) scalar_t<L> a[static_cast<std::size_t>(width_v<L>)];
  lane::store(a, x[d]);
  a[c] = static_cast<scalar_t<L>>(v);
  x[d] = lane::load<L>(a);
}
template <class L>
void put(BlockPosition<L>& x, int c, int d, double v) {
  x.view()(c, d) = static_cast<scalar_t<L>>(v);
}
template <class L, int D>
void size_for(LanePosition<L, D>& x, const LaneChains<L>&, int dim) {
  x.resize(dim);
}
template <class L>
void size_for(BlockPosition<L>& x, const BlockChains<L>& chains, int dim) {
  x.resize(chains.n_groups, dim);
}
template <class Q, class L, int D>
void draw_start(const Q& q, random::Key key, const LaneChains<L>& chains, LanePosition<L, D>& x) {
  erg::detail::draw_from(q, key, chains, x, dim_of(q));
}
template <class Q, class L>
void draw_start(const Q& q, random::Key key, const BlockChains<L>& chains, BlockPosition<L>& x) {
  (void)draw_block(q, key, chains, x);
}

/// Log weights of n chains along betas, which may ascend or descend: sum_k (b_k - b_{k-1}) (U_base - U_target)(x_{k-1}), x_k by n_steps of
/// the kernel at b_k. start(state, first, n) places the chains of a tile.
template <class S, class Kernel, class Base, class Target, class Start>
std::vector<double> work_along(Kernel kernel, const Base& base, const Target& target, const std::vector<double>& betas, int n, int n_steps,
                               std::uint64_t seed, Start&& start) {
  using L = simd_lane<S, default_arch>;
  using P = Path<Base, Target>;
  constexpr bool in_lanes = LaneEnergy<P, L> && !kernel_traits<Kernel>::steps_in_blocks;
  using T = std::conditional_t<in_lanes, LaneTile<L, (static_dim<P> <= erg::detail::most_static ? static_dim<P> : dynamic)>, BlockTile<L>>;
  constexpr int most = in_lanes ? width_v<L> : block_capacity;
  P path(base, target);
  const int dim = dim_of(base);
  for_each_part(kernel, [dim](auto& part) {
    if constexpr (requires { prepare_metric(part.metric, 1); }) prepare_metric(part.metric, dim);
    if constexpr (requires { part.prepare(1); }) part.prepare(dim);
  });
  const auto k = kernel_view<S>(kernel);
  using K = std::remove_const_t<decltype(k)>;
  static_assert(KernelFor<K, T, P>, "erg: this kernel cannot step on the path between the two energies.");

  std::vector<double> log_w(static_cast<std::size_t>(n), 0.0);
  const random::Key key(seed);
  ChainState<T> s;
  typename K::template Extra<T> extra;
  typename K::template Scratch<T> scratch;
  for (int first = 0; first < n; first += most) {
    const int m = std::min(most, n - first);
    choose(s, static_cast<std::uint32_t>(first), m);
    size_for(s.position, s.chains, dim);
    size_for(s.gradient, s.chains, dim);
    start(s, first, m);
    std::uint64_t step = 0;
    for (std::size_t i = 1; i < betas.size(); ++i) {
      const auto u = value(base, s.position), v = value(target, s.position);
      for (int c = 0; c < m; ++c) {
        double& w = log_w[static_cast<std::size_t>(first + c)];
        const double rise = (betas[i] - betas[i - 1]) * (number(u, c) - number(v, c));
        w = std::isnan(rise) ? -infinity : w + rise;  // no density under either
      }
      path.beta = betas[i];
      if (betas[i] == 0.0 || betas[i] == 1.0) break;
      erg::refresh<Cache::none, kernel_traits<K>::needs>(path, s);
      if (i == 1) erg::detail::init_extra(k, key.purpose(random::Purpose::start), s, extra);
      for (int j = 0; j < n_steps; ++j) {
        k.step(key.at(++step), path, s, extra, scratch);
        if (j + 1 < n_steps) erg::refresh<kernel_traits<K>::leaves, kernel_traits<K>::needs>(path, s);
      }
    }
  }
  return log_w;
}

}  // namespace detail

/// Log weights of annealed importance sampling from exact draws of a base.
///
///   x_0 ~ base;  log w = sum_k (b_k - b_{k-1}) (U_base - U_target)(x_{k-1}),  x_k by the kernel at U_{b_k} = (1 - b_k) U_base + b_k U_target
///
/// E w = Z_target / Z_base for any number of temperatures and steps, any kernel that leaves U_b invariant, mixed or not.
/// Shapes    result: [plan.n_draws], log Z_base added
/// Requires  the kernel leaves its energy's law invariant (no Ula); its parameters serve all b
/// Cost      n_draws n_temperatures (n_steps kernel steps, a value of each energy)
/// Errors    std::invalid_argument: what the plan, the kernel or the dimensions have wrong
/// Source    Neal (2001), Annealed importance sampling, section 2
template <class T = void, class Kernel, class Base, class Target>
std::vector<double> anneal_weights(const Kernel& kernel, const Base& base, const Target& target, const AnnealPlan& plan = {}) {
  using S = std::conditional_t<std::is_void_v<T>, scalar_for<Base, Target>, T>;
  detail::check_parts<S>(target, base);
  auto log_w = detail::work_along<S>(kernel, base, target, plan.betas(), plan.n_draws, plan.n_steps, plan.seed, [&](auto& s, int, int) {
    detail::draw_start(base, random::Key(plan.seed), s.chains, s.position);
  });
  for (double& w : log_w) w += detail::log_z_or_0(base);
  return log_w;
}

/// The way back: from draws of the target to the base; the log weights are those that `reverse_importance` and `bridge` take.
///
/// Shapes    draws: [draw, chain, dim] of chains that sample the target; all of them are annealed (plan.n_draws is not read)
/// Source    Grosse, Ghahramani, Adams (2015), Sandwiching the marginal likelihood using bidirectional Monte Carlo, section 3
template <class T = void, class Kernel, class Base, class Target, erg::diag::Draws D>
DrawWeights anneal_weights_back(const Kernel& kernel, const Base& base, const Target& target, const D& draws, const AnnealPlan& plan = {}) {
  using S = std::conditional_t<std::is_void_v<T>, scalar_for<Base, Target>, T>;
  static_assert(Weighable<Base, S> && Weighable<Target, S>, "erg: both ends of a path have to be energies over lanes or over blocks.");
  const int n = draws.n_draws(), n_chains = draws.n_chains(), dim = dim_of(target);
  erg::diag::detail::require_shape(n, n_chains);
  if (draws.dim() != dim) {
    throw std::invalid_argument("draws of dim = " + std::to_string(draws.dim()) + " (the target has dim = " + std::to_string(dim) + ") give draws of that energy");
  }
  const int n_all = erg::detail::require_product("number of draws of all chains", n, n_chains);
  std::vector<erg::diag::Series> coordinate;
  for (int d = 0; d < dim; ++d) coordinate.push_back(draws.series(d));
  std::vector<double> betas = plan.betas();
  std::reverse(betas.begin(), betas.end());
  DrawWeights out{detail::work_along<S>(kernel, base, target, betas, n_all, plan.n_steps, plan.seed, [&](auto& s, int first, int m) {
                    constexpr bool lanes = !is_column<std::remove_cvref_t<decltype(s.energy)>>;
                    int rows = m;
                    if constexpr (lanes) {
                      rows = width_v<typename std::remove_cvref_t<decltype(s.chains)>::Lane>;
                    } else {
                      rows = s.position.n_chains();
                    }
                    for (int c = 0; c < rows; ++c) {  // chains beyond the last repeat it
                      const int at = std::min(first + c, n_all - 1);
                      for (int d = 0; d < dim; ++d) detail::put(s.position, c, d, coordinate[static_cast<std::size_t>(d)](at % n, at / n));
                    }
                  }),
                  n_chains};
  for (double& w : out.log_w) w = detail::log_z_or_0(base) - w;
  return out;
}

/// log Z by annealed importance sampling: a lower bound. See `importance`.
template <class Kernel, class Base, class Target>
LogZ anneal(const Kernel& kernel, const Base& base, const Target& target, const AnnealPlan& plan = {}) {
  LogZ z = importance(anneal_weights(kernel, base, target, plan));
  z.method = "annealed importance sampling";
  return z;
}
/// log Z by annealing both ways and the bridge between them: both bounds, as tight as the path is slow.
/// Requires  a reversible kernel for the estimate; for the bounds any that leaves its law invariant
/// Source    Crooks (2000), Path-ensemble averages in systems driven far from equilibrium, section III
template <class Kernel, class Base, class Target, erg::diag::Draws D>
LogZ anneal(const Kernel& kernel, const Base& base, const Target& target, const D& draws, const AnnealPlan& plan = {}) {
  LogZ z = bridge(anneal_weights(kernel, base, target, plan), anneal_weights_back(kernel, base, target, draws, plan).series());
  z.method = "annealed both ways (BAR)";
  return z;
}

}  // namespace erg::estimate
