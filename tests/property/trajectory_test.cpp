// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Properties that hold without chance: reversal, order and volume of the leapfrog; metrics as changes of coordinates; steps that
// depend on nothing but their key.
#include "support/catch.hpp"
#include "support/chains.hpp"
#include "support/determinant.hpp"
#include "support/energies.hpp"

#include <erg/kernel/barker.hpp>
#include <erg/kernel/langevin.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/rwm.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/kernel/view.hpp>

#include <array>

using namespace erg;
using namespace erg::test;

namespace {

using Tile2 = LaneTile<One, 2>;
using Vector = std::array<double, 2>;

struct Phase {
  Vector x, p;
  double energy;  ///< U(x) + |p|^2 / 2
};
template <class M = UnitMetric>
[[gnu::noinline]] Phase leap(const Vector& x0, const Vector& p0, double h, int n, const M& metric = {}) {
  const Valley u;
  Tile2::Position x, gx, y, p, gy;
  for (int d = 0; d < 2; ++d) x[d] = x0[static_cast<std::size_t>(d)], p[d] = p0[static_cast<std::size_t>(d)];
  value_and_gradient(u, x, gx);
  const One end = leapfrog<Tile2>(u, metric, x, gx, y, p, gy, h, n);
  return {{y[0].reg, y[1].reg}, {p[0].reg, p[1].reg}, end.reg + 0.5 * squared_norm(p).reg};
}
double hamiltonian(const Vector& x, const Vector& p) {
  const One at[2] = {x[0], x[1]};
  return Valley()(Point<const One, 2>(at)).reg + 0.5 * (p[0] * p[0] + p[1] * p[1]);
}
const Vector starts[4] = {{0.3, -0.4}, {1.2, 1.0}, {-0.9, 0.2}, {0.1, 2.0}}, momenta[4] = {{1.0, 0.2}, {-0.6, 0.7}, {0.3, -1.4}, {-0.2, -0.3}};

/// F, any matrix, as a metric: what a user's own would look like.
struct MatrixMetric {
  double f[2][2];
  template <class A, class Y, class V>
  void add(Y& y, const A& a, const V& v) const {
    using L = lane_of<Y>;
    for (int i = 0; i < 2; ++i) y[i] = y[i] + L(a) * (L(f[i][0]) * v[0] + L(f[i][1]) * v[1]);
  }
  template <class A, class Y, class V>
  void add_transposed(Y& y, const A& a, const V& v) const {
    using L = lane_of<Y>;
    for (int i = 0; i < 2; ++i) y[i] = y[i] + L(a) * (L(f[0][i]) * v[0] + L(f[1][i]) * v[1]);
  }
  template <class A, class P>
  void kick_drift(P& y, const P& x, P& p, const P& g, const A& a, const A& b) const {
    add_transposed(p, a, g);
    const P from = x;
    copy(y, from);
    add(y, b, p);
  }
};

/// U(F^-1 z): the target in the coordinates z = F x.
struct Moved {
  static constexpr int dim = 2;
  double inverse[2][2];
  explicit Moved(const double (&f)[2][2]) {
    const double det = f[0][0] * f[1][1] - f[0][1] * f[1][0];
    inverse[0][0] = f[1][1] / det, inverse[0][1] = -f[0][1] / det;
    inverse[1][0] = -f[1][0] / det, inverse[1][1] = f[0][0] / det;
  }
  template <Lane L>
  L operator()(Point<const L, 2> z) const {
    const L x[2] = {L(inverse[0][0]) * z[0] + L(inverse[0][1]) * z[1], L(inverse[1][0]) * z[0] + L(inverse[1][1]) * z[1]};
    return Valley()(Point<const L, 2>(x));
  }
};

/// The largest distance between F x and z over 30 steps of a kernel on U with the unit metric (x) and on U(F^-1 z) with the metric F.
template <class A, class B>
double distance_when_moved(const A& unit, const B& with_metric, const double (&f)[2][2]) {
  using T = LaneTile<Wide, 2>;
  const Valley u;
  const Moved moved(f);
  Group<T, A> a;
  Group<T, B> b;
  a.s.chains = b.s.chains = chains_from<Wide>(0);
  const random::Key key(501);
  fill_normal(a.s.position, key.purpose(random::Purpose::user), a.s.chains, 2);
  for (int i = 0; i < 2; ++i) b.s.position[i] = Wide(f[i][0]) * a.s.position[0] + Wide(f[i][1]) * a.s.position[1];
  a.begin(unit, u, key);
  b.begin(with_metric, moved, key);
  double worst = 0.0, path = 0.0;
  for (std::uint64_t n = 1; n <= 30; ++n) {
    const Wide before = a.s.position[0];
    a.step(unit, u, key.at(n));
    b.step(with_metric, moved, key.at(n));
    for (int c = 0; c < width_v<Wide>; ++c) {
      for (int i = 0; i < 2; ++i) {
        const double z = f[i][0] * get(a.s.position[0], c) + f[i][1] * get(a.s.position[1], c);
        worst = std::max(worst, std::abs(z - get(b.s.position[i], c)));
      }
      path += std::abs(get(a.s.position[0] - before, c));
    }
  }
  REQUIRE(path > 1.0);  // they do move
  return worst;
}

}  // namespace

TEST_CASE("a leapfrog trajectory runs back to its start when its momentum is flipped", "[kernel]") {
  for (int k = 0; k < 4; ++k) {
    const Phase there = leap(starts[k], momenta[k], 0.05, 200);
    const Phase back = leap(there.x, {-there.p[0], -there.p[1]}, 0.05, 200);
    for (std::size_t d = 0; d < 2; ++d) {
      CHECK_THAT(back.x[d], WithinAbs(starts[k][d], 1e-10));
      CHECK_THAT(back.p[d], WithinAbs(-momenta[k][d], 1e-10));
    }
    CHECK(std::abs(there.x[0] - starts[k][0]) > 0.01);
  }
}

TEST_CASE("the energy error of the leapfrog over a fixed time has order 2", "[kernel]") {
  const auto error = [&](int n) {
    double sum = 0.0;
    for (int k = 0; k < 4; ++k) sum += std::abs(leap(starts[k], momenta[k], 1.0 / n, n).energy - hamiltonian(starts[k], momenta[k]));
    return sum;
  };
  for (const int n : {50, 100, 200, 400}) {
    CAPTURE(n);
    CHECK_THAT(std::log2(error(n) / error(2 * n)), WithinAbs(2.0, 0.05));
  }
}

TEST_CASE("the leapfrog preserves volume, with any metric", "[kernel]") {
  const auto determinant = [&](const auto& metric, int k) {
    const double step = 1e-4;
    std::vector<double> m(16);
    for (int j = 0; j < 4; ++j) {
      double at[2][4];
      for (const int sign : {0, 1}) {
        Vector x = starts[k], p = momenta[k];
        (j < 2 ? x[static_cast<std::size_t>(j)] : p[static_cast<std::size_t>(j - 2)]) += sign == 0 ? step : -step;
        const Phase e = leap(x, p, 0.1, 10, metric);
        const double v[4] = {e.x[0], e.x[1], e.p[0], e.p[1]};
        for (int i = 0; i < 4; ++i) at[sign][i] = v[i];
      }
      for (int i = 0; i < 4; ++i) m[static_cast<std::size_t>(4 * i + j)] = (at[0][i] - at[1][i]) / (2.0 * step);
    }
    return test::determinant(m, 4);
  };
  const MatrixMetric skew{{{0.9, 0.4}, {-0.3, 1.1}}};
  for (int k = 0; k < 4; ++k) {
    CHECK_THAT(determinant(UnitMetric(), k), WithinAbs(1.0, 1e-6));
    CHECK_THAT(determinant(skew, k), WithinAbs(1.0, 1e-6));
  }
}

TEST_CASE("a kernel with metric F on the target moved by F makes the steps of the unit metric, moved by F", "[kernel]") {
  const double rotation[2][2] = {{0.8, -0.6}, {0.6, 0.8}}, any[2][2] = {{1.3, 0.5}, {-0.2, 0.7}}, diagonal[2][2] = {{1.7, 0.0}, {0.0, 0.4}},
               lower[2][2] = {{1.2, 0.0}, {-0.5, 0.8}};
  const auto check = [&](const auto& unit, const auto& make) {
    for (const auto& f : {rotation, any}) {
      const double g[2][2] = {{f[0][0], f[0][1]}, {f[1][0], f[1][1]}};
      CHECK(distance_when_moved(unit, make(MatrixMetric{{{f[0][0], f[0][1]}, {f[1][0], f[1][1]}}}), g) < 1e-12);
    }
    CHECK(distance_when_moved(unit, kernel_view<double>(make(DiagonalMetric({1.7 * 1.7, 0.4 * 0.4}))), diagonal) < 1e-12);
    CHECK(distance_when_moved(unit, kernel_view<double>(make(DenseMetric({1.44, -0.6, -0.6, 0.25 + 0.64}, 2))), lower) < 1e-12);
  };
  check(Rwm{{.step_size = 0.6}}, [](const auto& m) { return Rwm{{.step_size = 0.6}, m}; });
  check(Ula{{.step_size = 0.05, .temperature = 0.7}}, [](const auto& m) { return Ula{{.step_size = 0.05, .temperature = 0.7}, m}; });
  check(Mala{{.step_size = 0.1}}, [](const auto& m) { return Mala{{.step_size = 0.1}, m}; });
  check(Hmc{{.step_size = 0.1, .n_leapfrog = 4}}, [](const auto& m) { return Hmc{{.step_size = 0.1, .n_leapfrog = 4}, m}; });
  check(Baoab{{.step_size = 0.1}}, [](const auto& m) { return Baoab{{.step_size = 0.1}, m}; });
  check(Obabo{{.step_size = 0.1}}, [](const auto& m) { return Obabo{{.step_size = 0.1}, m}; });
}

TEST_CASE("a metric's factor is the Cholesky factor of the inverse mass", "[kernel]") {
  const DenseMetric metric({4.0, 2.0, 2.0, 10.0}, 2);
  const auto f = metric.view<double>();
  CHECK(f.f[0] == 2.0);
  CHECK(f.f[2] == 1.0);
  CHECK(f.f[3] == 3.0);
  LanePosition<One, 2> v, y;
  v[0] = 1.0, v[1] = -1.0;
  y[0] = 0.0, y[1] = 0.0;
  f.add(y, 2.0, v);  // 2 F v
  CHECK((y[0].reg == 4.0 && y[1].reg == -4.0));
  y[0] = 0.0, y[1] = 0.0;
  f.add_transposed(y, 1.0, v);  // F^T v
  CHECK((y[0].reg == 1.0 && y[1].reg == -3.0));
}

TEST_CASE("a chain depends on its number, not on its place in a lane, nor on how its steps are cut up, nor on old workspace", "[kernel]") {
  const Valley u;
  const Hmc kernel{{.step_size = 0.1, .n_leapfrog = 3, .jitter = 0.3}};
  const random::Key key(511);
  using G = Group<LaneTile<Wide, 2>, Hmc<>>;
  const auto begin = [&](std::uint32_t first) {
    G g;
    g.s.chains = chains_from<Wide>(first);
    fill_normal(g.s.position, key.purpose(random::Purpose::start), g.s.chains, 2);
    g.begin(kernel, u, key);
    return g;
  };
  G a = begin(0), b = begin(1), c = begin(0);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    a.step(kernel, u, key.at(i));
    b.step(kernel, u, key.at(i));
    G moved;  // only the state goes on
    moved.s = c.s;
    moved.x = c.x;
    for (int d = 0; d < 2; ++d) moved.w.position[d] = moved.w.momentum[d] = moved.w.gradient[d] = NAN;
    moved.step(kernel, u, key.at(i));
    c = moved;
  }
  for (int d = 0; d < 2; ++d) {
    for (int lane = 0; lane < width_v<Wide>; ++lane) {
      CHECK(get(a.s.position[d], lane) == get(c.s.position[d], lane));
      if (lane > 0) CHECK(get(a.s.position[d], lane) == get(b.s.position[d], lane - 1));
    }
  }
}
