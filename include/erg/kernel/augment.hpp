// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/kernel/metropolis.hpp"

#include <span>
#include <vector>

namespace erg {

/// Whether a transformation is judged: plainly, every one is taken and the chain's stationary law is another one.
enum class Correction { none, metropolis };

namespace detail {
/// y <- A(y), chain by chain; log |det| of each.
template <class A, class L, class X>
L transform_lanes(const A& a, random::Key key, const LaneChains<L>& chains, X&& y) {
  using T = scalar_t<L>;
  constexpr auto width = static_cast<std::size_t>(width_v<L>);
  const auto n = static_cast<std::size_t>(y.size());
  static thread_local std::vector<T> memory;
  memory.resize(n * width + n);
  alignas(64) T lanes[width];
  for (std::size_t d = 0; d < n; ++d) {
    lane::store(lanes, L(y[static_cast<int>(d)]));
    for (std::size_t i = 0; i < width; ++i) memory[i * n + d] = lanes[i];
  }
  alignas(64) typename lane_traits<T>::Bits id[width];
  static_assert(sizeof(id) == sizeof(chains.id));
  __builtin_memcpy(id, &chains.id, sizeof id);
  alignas(64) T log_det[width];
  for (std::size_t i = 0; i < width; ++i) {
    log_det[i] = static_cast<T>(a.apply(key, static_cast<std::uint32_t>(id[i]), std::span<T>(memory).subspan(i * n, n)));
  }
  for (std::size_t d = 0; d < n; ++d) {
    for (std::size_t i = 0; i < width; ++i) lanes[i] = memory[i * n + d];
    y[static_cast<int>(d)] = lane::load<L>(lanes);
  }
  return lane::load<L>(log_det);
}
template <class A, class L, int D>
L transform_chains(const A& a, random::Key key, const LaneChains<L>& chains, LanePosition<L, D>& y) {
  return transform_lanes(a, key, chains, y);
}
template <class A, class L>
Column<L> transform_chains(const A& a, random::Key key, const BlockChains<L>& chains, BlockPosition<L>& y) {
  Column<L> r(chains.n_groups);
  for (int g = 0; g < chains.n_groups; ++g) r.group[g] = transform_lanes(a, key, chains.group(g), y.group(g));
  return r;
}
}  // namespace detail

struct AugmentParams {
  double max_energy_error = default_max_energy_error;   ///< beyond it a corrected transformation counts as diverged
};

/// A random transformation of the position as a kernel, to be put between the steps of others: cycle(repeat<10>(Ula{...}), augment(Rotate{})).
///
///   x' = A(x; r);   corrected: accept with min(1, exp(-[U(x') - U(x)]) |det dA/dx|)
///
/// Corrected, it leaves exp(-U) invariant and needs a reversible transformation (train/augment.hpp). Plain, the chain's stationary law is
/// that of the alternation, not exp(-U): end with steps that have none.
/// Cost      the transformation, chain by chain; corrected: 1 value         Place   the CPU
/// Source    Du, Li, Tenenbaum, Mordatch (2021), section 3.3 (plain); Green (1995), eq. (7) (the determinant)
template <class A, Correction C = Correction::none>
struct Augment {
  static_assert(C == Correction::none || A::is_reversible,
                "erg: this transformation cannot be corrected: it and its inverse are not equally likely. Use it plain, augment(a).");
  static constexpr bool on_device = false;
  template <class T>
  using Extra = NoExtra<T>;
  template <class T>
  struct Scratch {
    typename T::Position position;
  };
  template <class T>
  using Info = StepInfo<T>;
  static constexpr Cache needs = C == Correction::none ? Cache::none : Cache::energy;
  static constexpr Cache leaves = needs;
  static constexpr int n_streams = [] {
    if constexpr (requires { A::n_streams; }) {
      return 1 + static_cast<int>(A::n_streams);
    } else {
      return 2;
    }
  }();
  static constexpr const char* name = C == Correction::none ? "augment" : "corrected augment";
  using Params = AugmentParams;

  A augmentation;
  Params params{};

  void validate() const { detail::require_positive("max_energy_error", params.max_energy_error); }
  /// Throws where the transformation is none of points of dim numbers, or its parameters make no sense.
  void prepare(int dim) const {
    if constexpr (requires { augmentation.check(dim); }) augmentation.check(dim);
  }

  template <class T, class E>
  Info<T> step(random::Key key, const E& u, ChainState<T>& s, Extra<T>&, Scratch<T>& w) const {
    using L = typename T::Lane;
    copy(w.position, s.position);
    const auto log_det = detail::transform_chains(augmentation, key.stream(1), s.chains, w.position);
    if constexpr (C == Correction::none) {
      const auto finite = all_finite(w.position);
      copy_where(finite, s.position, w.position);
      return unadjusted<T>(finite, log_det);
    } else {
      const auto energy = value(u, w.position);
      const auto error = per_chain([](const L& u1, const L& u0, const L& j) { return u1 - u0 - j; }, energy, s.energy, log_det);
      const auto info = metropolis<T>(key, s, error, energy, 0, params.max_energy_error);
      detail::move_accepted<T>(info.accepted, w.position, energy, s);
      return info;
    }
  }
};

template <class A>
Augment<A, Correction::none> augment(A a) {
  return {std::move(a), {}};
}
template <class A>
Augment<A, Correction::metropolis> corrected_augment(A a) {
  return {std::move(a), {}};
}

}  // namespace erg
