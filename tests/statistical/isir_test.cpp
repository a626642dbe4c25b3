// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Iterated sampling importance resampling, and caches of proposal densities: on a few states against what is known by hand, then
// on the real line.
#include "support/catch.hpp"
#include "support/mutants.hpp"
#include "support/tables.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/gaussian_mixture.hpp>
#include <erg/kernel/imh.hpp>
#include <erg/kernel/isir.hpp>
#include <erg/kernel/mala.hpp>

using namespace erg;
using namespace erg::test;

namespace {

const Table<4> pi4{{0.5, 0.3, 0.15, 0.05}}, skew4{{1, 2, 3, 4}};
constexpr double chi_squared_limit_2 = 27.6, chi_squared_limit_3 = 32.8, chi_squared_limit_15 = 57.4;  // exceeded with probability 1e-6

enum class Mistake { none, forgets_q, forgets_itself };

/// i-SIR as one writes it down: all weights, their sum, a choice. Right, or wrong on purpose.
template <class Q>
struct PlainIsir : Isir<Q> {
  Mistake mistake;
  PlainIsir(Q q, int n, Mistake m) : Isir<Q>(q, {.n_particles = n}), mistake(m) {}
  template <class T, class E>
  StepInfo<T> step(random::Key key, const E& u, ChainState<T>& s, typename Isir<Q>::template Extra<T>&,
                   typename Isir<Q>::template Scratch<T>& w) const {
    using L = typename T::Lane;
    const auto weight = [&](const auto& x) { return math::exp((mistake == Mistake::forgets_q ? L(0.0) : value(this->proposal, x)) - value(u, x)); };
    std::vector<typename T::Position> y(static_cast<std::size_t>(this->params.n_particles));
    std::vector<L> total(y.size());
    y[0] = s.position;
    L sum = 0.0;
    for (std::size_t j = 0; j < y.size(); ++j) {
      if (j > 0) erg::detail::draw_from(this->proposal, key.stream(static_cast<int>(j)), s.chains, y[j], 1);
      if (j > 0 || mistake != Mistake::forgets_itself) sum += weight(y[j]);
      total[j] = sum;
    }
    const L at = draw_uniform(key, s.chains, 0) * sum;
    typename T::Position chosen = y.back();
    for (std::size_t j = y.size() - 1; j-- > 0;) copy_where(at < total[j], chosen, y[j]);
    s.position = chosen;
    s.energy = value(u, s.position);
    (void)w;
    return unadjusted<T>(sum > L(0.0), s.energy);
  }
};

/// The exact matrix: every tuple of draws is some chain's, and what the kernel reports gives the sum of the weights of each.
Matrix matrix_of(int n_particles, const Table<4>& pi, const std::array<double, 4>& q) {
  const AllTuples<4> proposal{{q}};
  const Isir kernel(proposal, {.n_particles = n_particles});
  double total_q = 0.0;
  for (const double v : q) total_q += v;
  Matrix m(4, std::vector<double>(4, 0.0));
  int n_tuples = 1;
  for (int j = 1; j < n_particles; ++j) n_tuples *= 4;
  for (std::size_t i = 0; i < 4; ++i) {
    const double own = pi.weight[i] / q[i];
    for_each_chain<1>(kernel, pi, std::max(n_tuples, width_v<Wide>), 1, 7, all_at({static_cast<double>(i)}), [&](const auto&, const auto& g, const auto& info) {
      for (int c = 0; c < width_v<Wide>; ++c) {
        int tuple = static_cast<int>(get(lane::from_int<Wide>(g.s.chains.id), c));
        if (tuple >= n_tuples) continue;
        double probability = 1.0;
        for (int j = 1, rest = tuple; j < n_particles; ++j, rest /= 4) probability *= q[static_cast<std::size_t>(rest % 4)] / total_q;
        const double stay = 1.0 - get(info.accept_prob, c), sum = own / stay;
        m[i][i] += probability * stay;
        for (int j = 1; j < n_particles; ++j, tuple /= 4) {
          const auto k = static_cast<std::size_t>(tuple % 4);
          m[i][k] += probability * pi.weight[k] / q[k] / sum;
        }
      }
    });
  }
  return m;
}
/// The second eigenvalue, by the rate at which a law approaches pi.
double second_eigenvalue(const Matrix& m, const Table<4>& pi) {
  Matrix off = {{1.0 - pi.weight[0], -pi.weight[1], -pi.weight[2], -pi.weight[3]}};
  double size = 1.0;
  for (int n = 0; n < 80; ++n) {
    off = product(off, m);
    double total = 0.0;
    for (const double v : off[0]) total += v;
    size = 0.0;
    for (std::size_t i = 0; i < 4; ++i) size += std::abs(off[0][i] -= total * pi.weight[i]);  // rounding brings pi itself back
    for (double& v : off[0]) v /= size;
  }
  return size;
}

/// The draw in stream j is state j.
struct ByIndex : Table<16> {
  template <Lane L>
  void sample(random::Key key, bits_t<L>, Point<L, 1> x) const {
    x[0] = static_cast<double>(key.c2() & 0xffffu);
  }
};

/// Two proposals in turn, each with a version of its own or both with the same, and one cache for both.
struct TwoSnapshots : Imh<VersionedTable<3>> {
  Imh<VersionedTable<3>> other;
  TwoSnapshots(Table<3> a, Table<3> b, std::uint64_t version_of_b) : Imh({a, 1}), other({b, version_of_b}) {}
  template <class T>
  StepInfo<T> step(random::Key key, const Table<3>& u, ChainState<T>& s, Extra<T>& x, Scratch<T>& w) const {
    Imh::step(key.stream(2), u, s, x, w);
    return other.step(key, u, s, x, w);
  }
};

}  // namespace

TEST_CASE("isir on four states has the transition matrices and eigenvalues known by hand", "[kernel]") {
  const std::array<double, 4> uniform = {1, 1, 1, 1};
  struct Known {
    int n_particles;
    std::array<double, 4> row;
    double eigenvalue;
  };
  for (const Known& known : {Known{2, {0.825830, 0.093750, 0.057692, 0.022727}, 0.65865}, Known{3, {0.734557, 0.146528, 0.086264, 0.032651}, 0.478202},
                             Known{5, {0.646307, 0.200881, 0.112208, 0.040605}, 0.301584}}) {
    CAPTURE(known.n_particles);
    const Matrix m = matrix_of(known.n_particles, pi4, uniform);
    for (std::size_t j = 0; j < 4; ++j) CHECK_THAT(m[0][j], WithinAbs(known.row[j], 1.1e-6));
    CHECK_THAT(second_eigenvalue(m, pi4), WithinAbs(known.eigenvalue, 1e-5));
    const Matrix still = product({{0.5, 0.3, 0.15, 0.05}}, m);
    for (std::size_t j = 0; j < 4; ++j) CHECK_THAT(still[0][j], WithinAbs(pi4.weight[j], 1e-15));
  }
  // Two particles are Barker's acceptance: q_j w_j / (w_i + w_j).
  const Matrix m = matrix_of(2, pi4, skew4.weight);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      const double wi = pi4.weight[i] / skew4.weight[i], wj = pi4.weight[j] / skew4.weight[j];
      if (i != j) CHECK_THAT(m[i][j], WithinAbs(0.1 * skew4.weight[j] * wj / (wi + wj), 1e-15));
    }
  }
}

TEST_CASE("isir on four states moves as its matrix says, one that forgets q or its own weight does not", "[kernel]") {
  const int n = 1 << 19;
  for (const int n_particles : {2, 5}) {
    const Matrix m = matrix_of(n_particles, pi4, skew4.weight);
    for (int i = 0; i < 4; i += 3) {
      const auto& row = m[static_cast<std::size_t>(i)];
      CHECK(chi_squared(visits<4>(Isir(skew4, {.n_particles = n_particles}), pi4, n, 1, i, 61), row) < chi_squared_limit_3);
      const auto plain = [&](Mistake mistake) { return chi_squared(visits<4>(PlainIsir(skew4, n_particles, mistake), pi4, n / 8, 1, i, 62), row); };
      CHECK(plain(Mistake::none) < chi_squared_limit_3);
      CHECK(plain(Mistake::forgets_q) > 10.0 * chi_squared_limit_3);
      CHECK(plain(Mistake::forgets_itself) > 10.0 * chi_squared_limit_3);
    }
  }
}

TEST_CASE("isir that proposes from the target chooses evenly, one that forgets itself never stays", "[kernel]") {
  // Sixteen states of equal weight; particle j proposes state j, so the state is the index.
  constexpr std::size_t n = 16;
  Table<n> even;
  even.weight.fill(1.0);
  const ByIndex proposal{even};
  const std::vector<double> share(n, 1.0 / static_cast<double>(n));
  Worst off;
  std::vector<double> counts(n);
  for_each_chain<1>(Isir(proposal, {.n_particles = 16}), even, 1 << 18, 1, 71, all_at({0.0}), [&](const auto&, const auto& g, const auto& info) {
    for (int c = 0; c < width_v<Wide>; ++c) {
      ++counts[static_cast<std::size_t>(get(g.s.position[0], c))];
      off.add((get(info.accept_prob, c) - 15.0 / 16.0) / 1e-15);
    }
  });
  CHECK(off.value() < 1.0);
  CHECK(chi_squared(counts, share) < chi_squared_limit_15);
  CHECK(chi_squared(visits<n>(PlainIsir(proposal, 16, Mistake::forgets_itself), even, 1 << 16, 1, 0, 72), share) > 10.0 * chi_squared_limit_15);
}

TEST_CASE("imh that proposes from the target accepts always", "[kernel]") {
  const GaussianMixture<2> p({1, 2, 3}, {0, 0, 4, 0, 0, 5}, {1.0, 0.5, 2.0});
  double least = 1.0, largest_error = 0.0;
  for_each_chain<2>(Imh(p), p, 1 << 14, 3, 81, drawn_from(p, 81), [&](const auto&, const auto&, const auto& info) {
    for (int c = 0; c < width_v<Wide>; ++c) {
      least = std::min(least, get(info.accept_prob, c));
      largest_error = std::max(largest_error, std::abs(get(info.energy_error, c)));
    }
  });
  CHECK(least > 1.0 - 1e-10);
  CHECK(largest_error < 1e-10);
}

TEST_CASE("isir with two particles leaves a Gaussian for a wider one as often as quadrature says", "[kernel]") {
  const GaussianIsotropic<1> p(1.0);
  const auto accept = [&](const auto& kernel) {
    Mean probability, moved;
    for_each_chain<1>(kernel, p, 1 << 19, 1, 91, drawn_from(p, 91), [&](const auto&, const auto&, const auto& info) {
      probability.add(info.accept_prob);
      moved.add(lane::select(info.accepted, Wide(1.0), Wide(0.0)));
    });
    return std::pair(probability, moved);
  };
  const auto [wide, wide_moved] = accept(Isir(GaussianIsotropic<1>(2.0), {.n_particles = 2}));
  CHECK(std::abs(wide.z(0.359246)) < z_limit);
  CHECK(std::abs(wide_moved.z_fraction(0.359246)) < z_limit);
  CHECK(accept(Isir(p, {.n_particles = 2})).first.mean() == 0.5);
  CHECK(std::abs(accept(Isir(GaussianIsotropic<1>(1.8), {.n_particles = 2})).first.z(0.359246)) > z_broken);
}

TEST_CASE("isir and then mala keep a Gaussian's moments; a gradient from before the global move does not", "[kernel]") {
  const GaussianIsotropic<1> p(1.0);
  const auto moments = [&](const auto& kernel) {
    std::pair<Mean, Mean> m;
    for_each_chain<1>(kernel, p, 1 << 18, 12, 101, drawn_from(p, 101), [&](const auto&, const auto& g, const auto&) {
      const Wide square = g.s.position[0] * g.s.position[0];
      m.first.add(square);
      m.second.add(square * square);
    });
    return m;
  };
  const Isir isir(GaussianIsotropic<1>(2.0), {.n_particles = 10});
  const Mala mala{{.step_size = 1.0}};
  const auto right = moments(cycle(isir, mala));
  CHECK(std::abs(right.first.z(1.0, 2.0)) < z_limit);
  CHECK(std::abs(right.second.z(3.0, 96.0)) < z_limit);
  CHECK(std::abs(moments(BrokenCycle(Fault::none, isir, mala)).first.z(1.0, 2.0)) < z_limit);
  const auto stale = moments(BrokenCycle(Fault::stale_cache, isir, mala));
  CHECK_THAT(stale.first.mean(), WithinAbs(1.169, 0.02));
  CHECK_THAT(stale.second.mean(), WithinAbs(3.87, 0.1));
  CHECK(std::abs(stale.first.z(1.0, 2.0)) > z_broken);
}

TEST_CASE("a cached proposal density is dropped when the version changes; under one version for two proposals it is not", "[kernel]") {
  const Table<3> pi{{0.5, 0.3, 0.2}}, q1{{0.6, 0.2, 0.2}}, q2{{0.2, 0.2, 0.6}};
  const std::vector<double> exact = {0.5, 0.3, 0.2};
  CHECK(chi_squared(visits<3>(TwoSnapshots(q1, q2, 2), pi, 1 << 18, 14, 0, 111), exact) < chi_squared_limit_2);
  const auto stale = visits<3>(TwoSnapshots(q1, q2, 1), pi, 1 << 18, 14, 0, 112);
  CHECK(chi_squared(stale, {0.4510625, 0.3157895, 0.2331480}) < chi_squared_limit_2);
  CHECK(chi_squared(stale, exact) > 10.0 * chi_squared_limit_2);
}

TEST_CASE("a cached proposal density is dropped where a local kernel has moved the chain", "[kernel]") {
  const Table<3> pi{{0.5, 0.3, 0.2}};
  const VersionedTable<3> q{{{0.2, 0.2, 0.6}}, 1};
  const std::vector<double> exact = {0.5, 0.3, 0.2};
  CHECK(chi_squared(visits<3>(cycle(RingMove{}, Imh(q)), pi, 1 << 18, 14, 0, 121), exact) < chi_squared_limit_2);
  CHECK(chi_squared(visits<3>(cycle(RingMove{}, Isir(q, {.n_particles = 3})), pi, 1 << 18, 14, 0, 122), exact) < chi_squared_limit_2);
  CHECK(chi_squared(visits<3>(cycle(RingMove{}, prefetch<4>(Imh(q))), pi, 1 << 17, 14, 0, 123), exact) < chi_squared_limit_2);
  // An energy from before the local move, and a density of the proposal from before it.
  CHECK(chi_squared(visits<3>(cycle(RingMove{true}, Imh(q)), pi, 1 << 18, 14, 0, 124), exact) > 10.0 * chi_squared_limit_2);
  const auto stale = visits<3>(cycle(RingMove{}, BrokenImh(Fault::stale_cache, q)), pi, 1 << 18, 14, 0, 125);
  CHECK(chi_squared(stale, {0.42, 0.283385, 0.296615}) < chi_squared_limit_2);
  CHECK(chi_squared(stale, exact) > 10.0 * chi_squared_limit_2);
}
