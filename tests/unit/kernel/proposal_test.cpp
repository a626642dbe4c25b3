// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/batch_normal.hpp"
#include "support/protocol.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>

#include <Eigen/Core>

using namespace erg;
using namespace erg::test;

namespace {

using Block = BlockTile<Wide>;
using Normal = BatchNormal<double>;
using Batch = BatchProbe<Eigen::MatrixXd>;
Batch batch() {
  Batch b;
  b.a.resize(3, 3);
  b.a << 1.0, 0.2, 0.0, -0.3, 0.9, 0.1, 0.0, 0.4, 1.2;
  return b;
}

/// The largest difference of positions and energies between two kernels from the same start with the same keys.
template <class T, class A, class B, class E>
double difference(const A& a, const B& b, const E& energy) {
  const random::Key key(811);
  auto one = placed<T>(a, energy, key);
  auto other = placed<T>(b, energy, key);
  double most = 0.0;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto first = one.step(a, energy, key.at(i));
    const auto second = other.step(b, energy, key.at(i));
    for (int c = 0; c < n_chains_of(one.s.chains); ++c) {
      most = std::max(most, std::abs(of_chain(first.accept_prob, c) - of_chain(second.accept_prob, c)));
      most = std::max(most, std::abs(of_chain(one.s.energy, c) - of_chain(other.s.energy, c)));
      for (int d = 0; d < 3; ++d) most = std::max(most, std::abs(coordinate(one.s.position, c, d) - coordinate(other.s.position, c, d)));
    }
  }
  return most;
}

}  // namespace

TEST_CASE("isir and prefetched imh keep the protocol in lanes and in blocks", "[kernel]") {
  check_protocol<LaneTile<Wide, 3>>(Isir(Probe<3>(), {.n_particles = 2}), Probe<3>(), Cost{1, 0});
  check_protocol<Block>(Isir(Probe<dynamic>(3), {.n_particles = 2}), batch(), Cost{0, 1});
  check_protocol<Block>(Isir(Normal{3, 1.1}, {.n_particles = 2}), batch(), Cost{0, 1});
  check_protocol<Block>(Imh(Normal{3, 1.1}), batch(), Cost{0, 1});
  check_protocol<Block>(prefetch<1>(Imh(Normal{3, 1.1})), batch(), Cost{0, 1});
}

TEST_CASE("prefetched steps are the steps one by one, to the last bit", "[kernel]") {
  const Probe<3> lanes;
  CHECK(difference<LaneTile<Wide, 3>>(prefetch<5>(Imh(Probe<3>())), repeat<5>(Imh(Probe<3>())), lanes) == 0.0);
  const Imh imh(Normal{3, 1.3});
  CHECK(difference<Block>(prefetch<5>(imh), repeat<5>(imh), batch()) == 0.0);
  CHECK(difference<Block>(prefetch<5>(imh), repeat<5>(imh), lanes) == 0.0);
  CHECK(difference<Block>(prefetch<5>(imh), repeat<5>(Imh(Normal{3, 1.31})), batch()) > 0.0);  // the comparison can fail
}

TEST_CASE("prefetched proposals are drawn and evaluated a block at a time, and q is not asked twice about one position", "[kernel]") {
  Normal::Uses uses;
  Calls calls;
  Batch energy = batch();
  const Imh imh(Normal{3, 1.3, 1, &uses});
  const auto check = [&](const auto& kernel, int n) {
    auto g = placed<Block>(kernel, energy, random::Key(3));
    g.step(kernel, energy, random::Key(3).at(1));  // fills the cache
    energy.calls = &calls;
    uses = {}, calls = {};
    g.step(kernel, energy, random::Key(3).at(2));
    energy.calls = nullptr;
    CHECK(uses.rows == n * n_chains_of(g.s.chains));
    CHECK(uses.values == 0);
  };
  check(prefetch<5>(imh), 5);
  CHECK(uses.samples == 1);  // 5 x 3 lanes of chains fit in a block
  CHECK(calls.gradients == 1);
  check(repeat<5>(imh), 5);
  CHECK(uses.samples == 5);
  CHECK(calls.gradients == 5);
  check(Isir(Normal{3, 1.3, 1, &uses}, {.n_particles = 101}), 100);
  const int rows = Block::max_chains / (3 * width_v<Wide>);
  CHECK(uses.samples == (100 + rows - 1) / rows);
}

TEST_CASE("isir leaves a position without density and never takes a weight that is not a number", "[kernel]") {
  // The hole has energy NaN; a chain that starts in it has energy infinity and leaves at the first draw outside.
  Probe<3> energy;
  energy.hole = 0.3;
  const Isir kernel(Probe<3>(), {.n_particles = 8});
  Group<LaneTile<Wide, 3>, decltype(kernel)> g;
  int n_left_out = 0;
  for (std::uint32_t first = 0; first < 256; first += static_cast<std::uint32_t>(width_v<Wide>)) {
    g.s.chains = chains_from<Wide>(first);
    for (int d = 0; d < 3; ++d) g.s.position[d] = 5.0;
    g.begin(kernel, energy, random::Key(4));
    const auto info = g.step(kernel, energy, random::Key(4).at(1));
    for (int c = 0; c < width_v<Wide>; ++c) {
      const bool moved = get_mask<Wide>(info.accepted, c);
      CHECK(get(info.accept_prob, c) == (moved ? 1.0 : get(info.accept_prob, c)));
      CHECK(moved == (get(g.s.position[0], c) <= 0.3));
      n_left_out += get_mask<Wide>(info.non_finite, c);
    }
  }
  CHECK(n_left_out > 200);
}

TEST_CASE("a defensive mixture has the density and the shares it says, over lanes and over blocks", "[kernel]") {
  const double eps = 0.2;
  const GaussianIsotropic<2> narrow(0.5), wide(4.0);
  const DefensiveMixture lanes(narrow, wide, eps);
  const DefensiveMixture blocks(Normal{2, 0.5}, wide, eps);
  const DefensiveMixture other_way(wide, Normal{2, 0.5}, 1.0 - eps);
  static_assert(Proposal<decltype(lanes), Wide> && BatchProposal<decltype(blocks), double> && !BatchProposal<decltype(blocks), float>);

  const int n = 1 << 12;
  const random::Key key(5);
  BlockPosition<Wide> x, y;
  x.resize(n / width_v<Wide>, 2);
  y.resize(n / width_v<Wide>, 2);
  std::vector<double> u(static_cast<std::size_t>(n)), v(u.size());
  blocks.sample(std::span(&key, 1), 0, x.view(), std::span(u));
  const auto value_of = [](const auto& e, const auto& at) {
    return e(Point<const One, 2>(at, 2)).reg;
  };
  Worst lane_off, density_off, gradient_off;
  Mean far;
  BlockPosition<Wide> g;
  g.resize(x.n_groups(), 2);
  blocks.value_and_gradient(std::as_const(x).view(), std::span(v), g.view());
  for (int c = 0; c < n; ++c) {
    One at[2], slope[2];
    lanes.sample<One>(key, static_cast<std::uint32_t>(c), Point<One, 2>(at, 2));
    for (int d = 0; d < 2; ++d) lane_off.add((at[d].reg - x.view()(c, d)) / 1e-12);
    const double exact = -std::log((1.0 - eps) * std::exp(-value_of(narrow, at)) + eps * std::exp(-value_of(wide, at)));
    const double fused = lanes.value_and_gradient(Point<const One, 2>(at, 2), Point<One, 2>(slope, 2)).reg;
    for (const double w : {u[static_cast<std::size_t>(c)], v[static_cast<std::size_t>(c)], value_of(lanes, at), fused}) density_off.add((w - exact) / 1e-12);
    for (int d = 0; d < 2; ++d) gradient_off.add((g.view()(c, d) - slope[d].reg) / 1e-12);
    far.add(at[0].reg * at[0].reg + at[1].reg * at[1].reg > 9.0 ? 1.0 : 0.0);
  }
  CHECK(lane_off.value() < 1.0);
  CHECK(density_off.value() < 1.0);
  CHECK(gradient_off.value() < 1.0);
  const double share = (1.0 - eps) * std::exp(-9.0 / 0.5) + eps * std::exp(-9.0 / 32.0);
  CHECK(std::abs(far.z_fraction(share)) < z_limit);
  CHECK(std::abs(far.z_fraction(1.0 - share)) > z_broken);
  other_way.value(std::as_const(x).view(), std::span(v));
  for (std::size_t c = 0; c < u.size(); c += 64) CHECK_THAT(v[c], WithinAbs(u[c], 1e-12));
  CHECK(DefensiveMixture(Normal{2, 0.5, 3}, Normal{2, 0.5, 4}, eps).version() == 7);
}

TEST_CASE("proposals say what is wrong with them", "[kernel]") {
  const GaussianIsotropic<2> q(1.0);
  ERG_CHECK_THROWS(Isir(q, {.n_particles = 1}), std::invalid_argument, "n_particles = 1 (must be in 2..256");
  ERG_CHECK_THROWS(Isir(q, {.n_particles = 257}), std::invalid_argument, "take more steps");
  ERG_CHECK_THROWS(DefensiveMixture(q, q, 0.0), std::invalid_argument, "eps = 0 (must be in (0, 1)");
  ERG_CHECK_THROWS(DefensiveMixture(Normal{3, 0.5}, q, 0.1), std::invalid_argument, "the proposal has dim = 2 (the energy has dim = 3)");
  ERG_CHECK_THROWS(Isir(q).prepare(3), std::invalid_argument, "propose from a distribution over the same space");
}
