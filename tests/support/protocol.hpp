// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What every kernel must do on every tile: one check, run over the list of all kernels.
#pragma once

#include "support/catch.hpp"
#include "support/chains.hpp"
#include "support/energies.hpp"

#include <erg/kernel/kernels.hpp>

#include <cmath>
#include <string>

namespace erg::test {

// One chain's share of a tile's values, whatever the tile.
template <class L>
double of_chain(const L& a, int c) {
  return get(a, c);
}
template <class L>
double of_chain(const Column<L>& a, int c) {
  return get(a.group[c / width_v<L>], c % width_v<L>);
}
template <class T>
bool of_chain_mask(const typename T::Mask& m, int c) {
  using L = typename T::Lane;
  if constexpr (is_column<typename T::Mask>) {
    return get_mask<L>(m.group[c / width_v<L>], c % width_v<L>);
  } else {
    return get_mask<L>(m, c);
  }
}
template <class L, int D>
double coordinate(const LanePosition<L, D>& x, int c, int d) {
  return get(x[d], c);
}
template <class L>
double coordinate(const BlockPosition<L>& x, int c, int d) {
  return get(x.group(c / width_v<L>)[d], c % width_v<L>);
}
template <class L>
int n_chains_of(const LaneChains<L>&) {
  return width_v<L>;
}
template <class L>
int n_chains_of(const BlockChains<L>& chains) {
  return chains.n_groups * width_v<L>;
}
template <class L>
void choose_chains(LaneChains<L>& chains) {
  chains = chains_from<L>(40);
}
template <class L>
void choose_chains(BlockChains<L>& chains) {
  chains = {40, 3};
}
/// x_0 <- -|x_0|: out of the hole.
template <class L, int D>
void leave_hole(LanePosition<L, D>& x) {
  x[0] = -lane::abs(x[0]);
}
template <class L>
void leave_hole(BlockPosition<L>& x) {
  for (int g = 0; g < x.n_groups(); ++g) x.group(g)[0] = -lane::abs(x.group(g)[0]);
}

/// The first few broken rules, by name: one Catch check for thousands of them, which would take their time to compile and to run.
class Rules {
 public:
  void require(bool holds, const char* rule) {
    if (!holds && ++n_broken_ <= 3) broken_ += std::string(rule) + "; ";
  }
  const std::string& broken() const { return broken_; }

 private:
  int n_broken_ = 0;
  std::string broken_;
};

/// Calls of the energy that one step makes.
struct Cost {
  long values, gradients;
};

/// Draws a start outside the hole and prepares the kernel there.
template <class T, class K, class E>
Group<T, K> placed(const K& kernel, const E& energy, random::Key key) {
  Group<T, K> g;
  choose_chains(g.s.chains);
  fill_normal(g.s.position, key.purpose(random::Purpose::user), g.s.chains, dim_of(energy));
  leave_hole(g.s.position);
  g.begin(kernel, energy, key);
  return g;
}

/// Steps of a kernel on an energy with a hole: reports are sane, costs as documented, promises about caches true, holes never
/// entered and every attempt counted.
template <class T, class K, class E>
void check_protocol(const K& kernel, E energy, Cost cost, int n_steps = 40) {
  static_assert(KernelFor<K, T, E>);
  constexpr Cache leaves = kernel_traits<K>::leaves;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double inside : {std::numeric_limits<double>::quiet_NaN(), -infinity, infinity}) {
    CAPTURE(kernel_name(kernel), inside);
    Calls calls;
    energy.calls = &calls;
    energy.hole = 0.3;
    energy.inside_hole = inside;
    const random::Key key(601);
    auto g = placed<T>(kernel, energy, key);
    const int n = n_chains_of(g.s.chains), dim = dim_of(energy);
    long n_refused = 0, n_moved = 0;
    double worst_energy = 0.0, worst_gradient = 0.0;
    Rules rules;
    for (int i = 1; i <= n_steps; ++i) {
      const auto before = g.s.position;
      calls = {};
      const auto info = kernel.step(key.at(static_cast<std::uint64_t>(i)), energy, g.s, g.x, g.w);
      rules.require(calls.values == cost.values && calls.gradients == cost.gradients, "a step costs what the documentation says");
      rules.require(info.n_steps == 1, "one transition");
      for (int c = 0; c < n; ++c) {
        const bool accepted = of_chain_mask<T>(info.accepted, c), refused = of_chain_mask<T>(info.non_finite, c);
        const double p = of_chain(info.accept_prob, c);
        bool moved = false, finite = true;
        for (int d = 0; d < dim; ++d) {
          finite = finite && std::isfinite(coordinate(g.s.position, c, d));
          moved = moved || coordinate(g.s.position, c, d) != coordinate(before, c, d);
        }
        rules.require(finite, "positions are finite");
        rules.require(moved == accepted, "a chain moves if and only if it accepts");
        rules.require(p >= 0.0 && p <= 1.0, "the acceptance probability is one");
        rules.require(!(accepted && refused), "what is not finite is not accepted");
        rules.require(!refused || p == 0.0, "what is not finite has acceptance probability 0");
        rules.require(!refused || of_chain_mask<T>(info.diverged, c), "what is not finite has diverged");
        rules.require(coordinate(g.s.position, c, 0) <= 0.3, "no chain is in the hole");
        n_refused += refused;
        n_moved += moved;
      }
      auto fresh = g.s;
      fresh.energy = value_and_gradient(energy, fresh.position, fresh.gradient);
      for (int c = 0; c < n; ++c) {
        if constexpr (holds(leaves, Cache::energy)) {
          worst_energy = std::max(worst_energy, std::abs(of_chain(fresh.energy, c) - of_chain(g.s.energy, c)));
        }
        for (int d = 0; d < dim && holds(leaves, Cache::gradient); ++d) {
          worst_gradient = std::max(worst_gradient, std::abs(coordinate(fresh.gradient, c, d) - coordinate(g.s.gradient, c, d)));
        }
      }
      g.s = fresh;  // what the kernel does not leave
    }
    rules.require(worst_energy < 1e-12, "the energy left is that of the position");
    rules.require(worst_gradient < 1e-12, "the gradient left is that of the position");
    rules.require(n_refused > 0, "some proposals were refused");
    rules.require(n_moved > n_steps / 4, "chains moved");
    CHECK(rules.broken() == "");
  }
}

}  // namespace erg::test
