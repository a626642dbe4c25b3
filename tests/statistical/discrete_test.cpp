// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Four states, whose transition matrix is known by hand: independence Metropolis-Hastings against it, entry by entry.
#include "support/catch.hpp"
#include "support/mutants.hpp"
#include "support/tables.hpp"
#include "support/z_test.hpp"

#include <erg/kernel/imh.hpp>

using namespace erg;
using namespace erg::test;

namespace {

const Table<4> pi4{{0.5, 0.3, 0.15, 0.05}}, uniform4{{1, 1, 1, 1}};

/// The matrix with entries min(1, w_j / w_i) q_j, taken from acceptance probabilities that the kernel itself reports.
template <std::size_t N, class K>
Matrix matrix_of(const K& kernel, const Table<N>& pi, const Table<N>& q) {
  Matrix m(N, std::vector<double>(N, 0.0));
  double total = 0.0;
  for (const double w : q.weight) total += w;
  for (std::size_t i = 0; i < N; ++i) {
    std::vector<double> accept(N, -1.0);
    for (std::uint32_t first = 0; first < 512; first += static_cast<std::uint32_t>(width_v<Wide>)) {
      Group<LaneTile<Wide, 1>, K> g;
      g.s.chains = chains_from<Wide>(first);
      g.s.position[0] = static_cast<double>(i);
      g.begin(kernel, pi, random::Key(7));
      const auto info = g.step(kernel, pi, random::Key(7).at(1));
      for (int c = 0; c < width_v<Wide>; ++c) {  // the proposal is in the workspace
        accept[static_cast<std::size_t>(get(g.w.position[0], c))] = get(info.accept_prob, c);
      }
    }
    m[i][i] = 1.0;
    for (std::size_t j = 0; j < N; ++j) {
      REQUIRE(accept[j] >= 0.0);
      if (j == i) continue;
      m[i][j] = q.weight[j] / total * accept[j];
      m[i][i] -= m[i][j];
    }
  }
  return m;
}

/// Two proposals in turn that share one cached weight, as if the proposal had not changed in between.
struct SharedWeight : BrokenImh<Table<3>> {
  Table<3> other;
  SharedWeight(Table<3> a, Table<3> b) : BrokenImh(Fault::stale_cache, a), other(b) {}
  template <class T>
  StepInfo<T> step(random::Key key, const Table<3>& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    BrokenImh::step(key.stream(2), u, s, x, w);
    return BrokenImh(Fault::stale_cache, other).step(key, u, s, x, w);
  }
};

constexpr double chi_squared_limit_2 = 27.6, chi_squared_limit_3 = 32.8;  // exceeded with probability 1e-6

}  // namespace

TEST_CASE("imh on four states has the transition matrix, eigenvalues and distances to equilibrium known by hand", "[kernel]") {
  const Matrix m = matrix_of(Imh(uniform4), pi4, uniform4);
  const auto& pi = pi4.weight;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      if (i != j) CHECK_THAT(m[i][j], WithinAbs(0.25 * std::min(1.0, pi[j] / pi[i]), 1e-15));
    }
  }
  // Four traces of powers fix four eigenvalues: 1, 1/2, 1/3, 1/6.
  Matrix power = m;
  for (int n = 1; n <= 4; ++n) {
    const double trace = power[0][0] + power[1][1] + power[2][2] + power[3][3];
    CHECK_THAT(trace, WithinAbs(1.0 + std::pow(2.0, -n) + std::pow(3.0, -n) + std::pow(6.0, -n), 1e-14));
    power = product(power, m);
  }
  Matrix law = {{1.0, 0.0, 0.0, 0.0}}, equilibrium = {{pi[0], pi[1], pi[2], pi[3]}};
  law.resize(4, {0.0, 0.0, 0.0, 0.0});
  equilibrium.resize(4, {0.0, 0.0, 0.0, 0.0});
  const Matrix still = product(equilibrium, m);
  for (int n = 1; n <= 20; ++n) {
    law = product(law, m);
    double distance = 0.0;
    for (std::size_t i = 0; i < 4; ++i) distance += 0.5 * std::abs(law[0][i] - pi[i]);
    CHECK_THAT(distance, WithinAbs(0.5 * std::pow(0.5, n), 1e-15));
  }
  for (std::size_t i = 0; i < 4; ++i) CHECK_THAT(still[0][i], WithinAbs(pi[i], 1e-15));
}

TEST_CASE("imh on four states moves as its matrix says, one that forgets the proposal does not", "[kernel]") {
  const Matrix m = matrix_of(Imh(uniform4), pi4, uniform4);
  const int n = 1 << 20;
  for (std::size_t i = 0; i < 4; ++i) CHECK(chi_squared(visits<4>(Imh(uniform4), pi4, n, 1, static_cast<int>(i), 21), m[i]) < chi_squared_limit_3);
  const Matrix m2 = product(m, m), m5 = product(product(m2, m2), m);
  CHECK(chi_squared(visits<4>(Imh(uniform4), pi4, n, 5, 0, 22), m5[0]) < chi_squared_limit_3);

  const Table<4> skew{{1, 2, 3, 4}};
  const Matrix ms = matrix_of(Imh(skew), pi4, skew);
  CHECK(chi_squared(visits<4>(Imh(skew), pi4, n, 1, 1, 23), ms[1]) < chi_squared_limit_3);
  CHECK(chi_squared(visits<4>(BrokenImh(Fault::none, skew), pi4, n, 1, 1, 24), ms[1]) < chi_squared_limit_3);
  CHECK(chi_squared(visits<4>(BrokenImh(Fault::no_correction, skew), pi4, n, 1, 1, 24), ms[1]) > 10.0 * chi_squared_limit_3);
  CHECK(chi_squared(visits<4>(BrokenImh(Fault::swapped_sign, skew), pi4, n, 1, 1, 24), ms[1]) > 10.0 * chi_squared_limit_3);
}

TEST_CASE("imh in equilibrium accepts 0.625 of its proposals, self-proposals counted", "[kernel]") {
  Mean accepted, probability;
  for_each_chain<1>(Imh(uniform4), pi4, 1 << 20, 1, 31, drawn_from(pi4, 31), [&](const auto&, const auto&, const auto& info) {
    accepted.add(lane::select(info.accepted, Wide(1.0), Wide(0.0)));
    probability.add(info.accept_prob);
  });
  CHECK(std::abs(accepted.z_fraction(0.625)) < z_limit);
  CHECK(std::abs(probability.z(0.625)) < z_limit);
}

TEST_CASE("two alternating proposals keep the law; a weight cached under the other proposal does not", "[kernel]") {
  const Table<3> pi{{0.5, 0.3, 0.2}}, q1{{0.6, 0.2, 0.2}}, q2{{0.2, 0.2, 0.6}};
  const std::vector<double> exact = {0.5, 0.3, 0.2};
  CHECK(chi_squared(visits<3>(cycle(Imh(q1), Imh(q2)), pi, 1 << 18, 14, 0, 41), exact) < chi_squared_limit_2);
  const auto counts = visits<3>(SharedWeight(q1, q2), pi, 1 << 18, 14, 0, 42);
  // After the second proposal; after the first it is (0.572396, 0.280263, 0.147341).
  CHECK(chi_squared(counts, {0.4510625, 0.3157895, 0.2331480}) < chi_squared_limit_2);
  CHECK(chi_squared(counts, exact) > 10.0 * chi_squared_limit_2);
}

TEST_CASE("a local move before imh keeps the law; a weight cached from before the move does not", "[kernel]") {
  const Table<3> pi{{0.5, 0.3, 0.2}}, q{{0.2, 0.2, 0.6}};
  const std::vector<double> exact = {0.5, 0.3, 0.2};
  CHECK(chi_squared(visits<3>(cycle(RingMove(), Imh(q)), pi, 1 << 18, 14, 0, 51), exact) < chi_squared_limit_2);
  CHECK(chi_squared(visits<3>(cycle(RingMove(), BrokenImh(Fault::none, q)), pi, 1 << 18, 14, 0, 52), exact) < chi_squared_limit_2);
  const auto counts = visits<3>(cycle(RingMove(), BrokenImh(Fault::stale_cache, q)), pi, 1 << 18, 14, 0, 53);
  CHECK(chi_squared(counts, {0.42, 0.283385, 0.296615}) < chi_squared_limit_2);
  CHECK(chi_squared(counts, exact) > 10.0 * chi_squared_limit_2);
}
