// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/sanitized.hpp"

// Arithmetic in registers, which sanitizers take minutes to compile; the tests of runs cover the memory that chains live in.
#if !ERG_TEST_SANITIZED

#include "support/protocol.hpp"

using namespace erg;
using namespace erg::test;

namespace {

using T = LaneTile<Wide, 2>;
using K1 = Called<Rwm<>>;
using K2 = Called<Mala<>>;
const K1 rwm(Rwm{{.step_size = 0.5}});
const K2 mala(Mala{{.step_size = 0.3}});
const Valley energy;
const random::Key key(701);

template <class K>
Group<T, K> start(const K& kernel) {
  Group<T, K> g;
  g.s.chains = chains_from<Wide>(0);
  fill_normal(g.s.position, key.purpose(random::Purpose::user), g.s.chains, 2);
  g.begin(kernel, energy, key);
  return g;
}
/// The largest distance between two groups of chains.
template <class A, class B>
double distance(const Group<T, A>& a, const Group<T, B>& b) {
  double worst = 0.0;
  for (int d = 0; d < 2; ++d) {
    for (int c = 0; c < width_v<Wide>; ++c) worst = std::max(worst, std::abs(get(a.s.position[d], c) - get(b.s.position[d], c)));
  }
  return worst;
}
/// Steps of a part by hand, the cache always fresh.
template <class K>
StepInfo<T> by_hand(const K& part, random::Key k, ChainState<T>& s) {
  typename K::template Extra<T> x;
  typename K::template Scratch<T> w;
  const auto info = part.step(k, energy, s, x, w);
  s.energy = value_and_gradient(energy, s.position, s.gradient);
  return info;
}

}  // namespace

TEST_CASE("a cycle is its parts in turn, each on random streams of its own", "[kernel]") {
  const auto kernel = cycle(rwm, mala, rwm);
  static_assert(kernel_traits<decltype(kernel)>::n_streams == 3);
  static_assert(kernel_traits<decltype(kernel)>::needs == Cache::energy);
  static_assert(kernel_traits<decltype(kernel)>::leaves == Cache::energy);
  auto g = start(kernel), hand = g;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto info = g.step(kernel, energy, key.at(i));
    const auto a = by_hand(rwm, key.at(i), hand.s);
    const auto b = by_hand(mala, key.at(i).stream(1), hand.s);
    const auto c = by_hand(rwm, key.at(i).stream(2), hand.s);
    CHECK(get(info.first.accept_prob - a.accept_prob, 0) == 0.0);
    CHECK_THAT(get(info.second.first.accept_prob, 0), WithinAbs(get(b.accept_prob, 0), 1e-12));
    CHECK_THAT(get(info.second.second.accept_prob, 0), WithinAbs(get(c.accept_prob, 0), 1e-12));
    CHECK((info.first.n_gradients == 0 && info.second.first.n_gradients == 1));
  }
  CHECK(distance(g, hand) < 1e-12);
}

TEST_CASE("a repeat is so many steps of its part, on streams of their own, with the reports added up", "[kernel]") {
  const auto kernel = repeat<3>(mala);
  static_assert(kernel_traits<decltype(kernel)>::n_streams == 3);
  auto g = start(kernel), hand = g;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto info = g.step(kernel, energy, key.at(i));
    double accept = 0.0;
    bool accepted = false;
    for (int j = 0; j < 3; ++j) {
      const auto one = by_hand(mala, key.at(i).stream(j), hand.s);
      accept += get(one.accept_prob, 1);
      accepted = accepted || get_mask<Wide>(one.accepted, 1);
    }
    CHECK_THAT(get(info.accept_prob, 1), WithinAbs(accept, 1e-12));
    CHECK(get_mask<Wide>(info.accepted, 1) == accepted);
    CHECK(info.n_steps == 3);
    CHECK(info.n_gradients == 3);
  }
  CHECK(distance(g, hand) < 1e-12);
}

TEST_CASE("a mixture makes the step of the part it chooses, by a number that all chains share, and the other reports nothing", "[kernel]") {
  const auto kernel = mix(weighted(1.0, rwm), weighted(3.0, mala));
  static_assert(kernel_traits<decltype(kernel)>::n_streams == 3);
  static_assert(kernel_traits<decltype(kernel)>::needs == Cache::energy_and_gradient);
  static_assert(kernel_traits<decltype(kernel)>::leaves == Cache::none);
  CHECK(kernel.probability == 0.25);
  auto g = start(kernel), hand = g;
  int n_first = 0;
  for (std::uint64_t i = 1; i <= 60; ++i) {
    const auto info = g.step(kernel, energy, key.at(i));
    const bool first = random::shared_uniform(key.at(i).purpose(random::Purpose::choice), 0) < 0.25;
    n_first += first;
    if (first) {
      by_hand(rwm, key.at(i).stream(1), hand.s);
    } else {
      by_hand(mala, key.at(i).stream(2), hand.s);
    }
    CHECK(info.first.n_steps == (first ? 1 : 0));
    CHECK(info.second.n_steps == (first ? 0 : 1));
    CHECK(get(first ? info.second.accept_prob : info.first.accept_prob, 0) == 0.0);
    CHECK_FALSE(get_mask<Wide>(first ? info.second.accepted : info.first.accepted, 0));
    CHECK_FALSE(get_mask<Wide>(first ? info.second.diverged : info.first.diverged, 0));
  }
  CHECK((n_first > 3 && n_first < 30));
  CHECK(distance(g, hand) < 1e-12);
}

TEST_CASE("parts of nested compositions use streams that no other part uses", "[kernel]") {
  using Imh2 = Imh<Probe<2>>;
  using Nested = decltype(cycle(repeat<2>(mix(weighted(1.0, rwm), weighted(1.0, Imh2{Probe<2>()}))), mala));
  static_assert(kernel_traits<Nested>::n_streams == 2 * (1 + 1 + 2) + 1);
  const auto kernel = cycle(repeat<2>(mix(weighted(1.0, rwm), weighted(1.0, Imh2{Probe<2>()}))), mala);
  auto g = start(kernel), hand = g;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    g.step(kernel, energy, key.at(i));
    for (int j = 0; j < 2; ++j) {
      const random::Key k = key.at(i).stream(4 * j);
      if (random::shared_uniform(k.purpose(random::Purpose::choice), 0) < 0.5) {
        by_hand(rwm, k.stream(1), hand.s);
      } else {
        by_hand(Imh2{Probe<2>()}, k.stream(2), hand.s);
      }
    }
    by_hand(mala, key.at(i).stream(8), hand.s);
  }
  CHECK(distance(g, hand) < 1e-12);
}

TEST_CASE("each underdamped part of a cycle carries a momentum of its own", "[kernel]") {
  const auto kernel = cycle(Called(Baoab{{.step_size = 0.1}}), Called(Baoab{{.step_size = 0.2}}));
  auto g = start(kernel);
  int n_fields = 0;
  g.x.fields([&](const auto&) { ++n_fields; });
  CHECK(n_fields == 2);
  CHECK(get(g.x.first.momentum[0], 0) != get(g.x.second.momentum[0], 0));
  const double before = get(g.x.second.momentum[0], 0);
  g.step(kernel, energy, key.at(1));
  CHECK(get(g.x.second.momentum[0], 0) != before);
}

TEST_CASE("bind makes the steps of a group of one chain, and refuses a position of another size", "[kernel]") {
  const auto bound = bind(cycle(Rwm{{.step_size = 0.5}, DiagonalMetric{}}, Mala{{.step_size = 0.3}}), energy);
  auto state = bound.init({0.4, -0.2}, key, 5);
  CHECK_THAT(state.energy(), WithinRel(0.08 + 0.36 * 0.36 + 0.00256, 1e-12));
  const auto kernel = cycle(rwm, mala);
  Group<LaneTile<One, 2>, std::remove_const_t<decltype(kernel)>> g;
  g.s.chains = chains_from<One>(5);
  g.s.position[0] = 0.4, g.s.position[1] = -0.2;
  g.begin(kernel, energy, key);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    bound.step(key.at(i), state);
    g.step(kernel, energy, key.at(i));
  }
  for (int d = 0; d < 2; ++d) CHECK_THAT(state.position(d), WithinAbs(get(g.s.position[d], 0), 1e-12));
  ERG_CHECK_THROWS(bound.init({1.0}), std::invalid_argument, "a position of 1 numbers");
}

TEST_CASE("kernels and compositions say what they are made of", "[kernel]") {
  CHECK(kernel_name(cycle(Rwm{}, repeat<2>(Mala{}), mix(weighted(1.0, Baoab{}), weighted(1.0, Obabo{})))) ==
        "cycle(rwm, cycle(repeat<2>(mala), mix(baoab, obabo)))");
}

#endif
