// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// An energy evaluated a block of chains at a time (GEMM) runs through the same kernels as one evaluated on lanes.
#include "support/batch_gaussian.hpp"
#include "support/catch.hpp"
#include "support/z_test.hpp"

#include <erg/kernel/mala.hpp>
#include <erg/run/run.hpp>
#include <erg/run/sinks/trace.hpp>

#include <cstring>
#include <limits>

using namespace erg;
using test::BatchGaussian;
using test::LaneGaussian;

namespace {

/// Three coordinates, four rows: not square, so that a transposed matrix does not compile its way through.
struct Law {
  Eigen::MatrixXd a{4, 3};
  Eigen::VectorXd m{3};
  Law() {
    a << 1.2, 0.3, -0.4, 0.0, 0.9, 0.5, -0.6, 0.2, 1.1, 0.3, -0.7, 0.4;
    m << 1.0, -2.0, 0.5;
  }
  Eigen::MatrixXd covariance() const { return (a.transpose() * a).inverse(); }
};
BatchGaussian<double> batch() { return {Law().a, Law().m}; }
LaneGaussian lanes() { return {Law().a, Law().m}; }

Hmc<> hmc() { return Hmc{{.step_size = 0.5, .n_leapfrog = 3}}; }
Mala<> mala() { return Mala{{.step_size = 0.5}}; }
auto both() { return cycle(mala(), hmc()); }

constexpr int n_chains = 600;  // two blocks and a part of a third
Plan plan_of(int n_draws) {
  Plan plan;
  plan.n_chains = n_chains;
  plan.n_warmup = 40;
  plan.n_draws = n_draws;
  plan.seed = 5;
  plan.adapt = false;
  return plan;
}
template <class Exec, class Kernel, class E>
Trace<double> run_of(Exec exec, Kernel kernel, const E& energy, const Plan& plan, RunReport* report = nullptr) {
  Trace<double> trace;
  const RunReport r = run(exec, kernel, energy, plan, trace);
  if (report != nullptr) *report = r;
  return trace;
}

/// Largest |z| of mean, variances, covariances and energy against the exact law, each chain's average one independent value.
double worst_score(const Trace<double>& trace) {
  const Law law;
  const Eigen::MatrixXd cov = law.covariance();
  test::Worst worst;
  for (int i = 0; i < 3; ++i) {
    test::Mean mean, product[3], energy;
    for (int c = 0; c < trace.n_chains(); ++c) {
      double m = 0.0, p[3] = {}, e = 0.0;
      for (int t = 0; t < trace.n_draws(); ++t) {
        const double x = trace(t, c, i) - law.m[i];
        m += x;
        e += trace.energy(t, c);
        for (int j = 0; j < 3; ++j) p[j] += x * (trace(t, c, j) - law.m[j]);
      }
      mean.add(m / trace.n_draws());
      energy.add(e / trace.n_draws());
      for (int j = 0; j < 3; ++j) product[j].add(p[j] / trace.n_draws());
    }
    worst.add(mean.z(0.0));
    worst.add(energy.z(1.5));  // dim / 2
    for (int j = 0; j < 3; ++j) worst.add(product[j].z(cov(i, j)));
  }
  return worst.value();
}
double largest_difference(const Trace<double>& a, const Trace<double>& b, int n_draws) {
  double worst = 0.0;
  for (int t = 0; t < n_draws; ++t) {
    for (int c = 0; c < n_chains; ++c) {
      for (int d = 0; d < 3; ++d) worst = std::max(worst, std::abs(a(t, c, d) - b(t, c, d)));
    }
  }
  return worst;
}
bool same_chain(const Trace<double>& a, const Trace<double>& b, int c) {
  bool same = true;
  for (int t = 0; t < a.n_draws(); ++t) {
    for (int d = 0; d < 3; ++d) same = same && a(t, c, d) == b(t, c, d);
    same = same && a.energy(t, c) == b.energy(t, c);
  }
  return same;
}

/// What a batch energy must not be: chains feel the mean of their block.
struct Leaky : BatchGaussian<double> {
  using BatchGaussian<double>::BatchGaussian;
  void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
    BatchGaussian<double>::value_and_gradient(x, u, g);
    double mean = 0.0;
    for (int c = 0; c < x.n_chains; ++c) mean += x(c, 0) / x.n_chains;
    for (int c = 0; c < x.n_chains; ++c) u[static_cast<std::size_t>(c)] += 1e-3 * mean;
  }
};
/// A tenth too steep.
struct TooSteep : BatchGaussian<double> {
  using BatchGaussian<double>::BatchGaussian;
  void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
    BatchGaussian<double>::value_and_gradient(x, u, g);
    for (double& v : u) v *= 1.1;
  }
};

}  // namespace

TEST_CASE("a batch energy is an energy of blocks and of nothing else", "[energy][batch]") {
  static_assert(BatchEnergy<BatchGaussian<double>, double> && !LaneEnergy<BatchGaussian<double>, simd_lane<double, default_arch>>);
  static_assert(!BatchEnergy<BatchGaussian<double>, float>);
  static_assert(std::is_same_v<tile_for<Simd<>, double, BatchGaussian<double>>, BlockTile<simd_lane<double, default_arch>>>);
  CHECK(dim_of(batch()) == 3);
}

TEST_CASE("values and gradients of a batch energy are those of its lane form and of differences", "[energy][batch]") {
  using L = simd_lane<double, default_arch>;
  const auto energy = batch();
  const auto reference = lanes();
  BlockPosition<L> x, g, shifted, unused;
  const int n_groups = 5;
  x.resize(n_groups, 3);
  g.resize(n_groups, 3);
  shifted.resize(n_groups, 3);
  unused.resize(n_groups, 3);
  random::Key key(3);
  BlockChains<L> chains{0, n_groups};
  fill_normal(x, key, chains, 3);
  const Column<L> u = value_and_gradient(energy, x, g);
  for (int i = 0; i < n_groups; ++i) {
    LanePosition<L, dynamic> at, slope;
    at.resize(3);
    slope.resize(3);
    for (int d = 0; d < 3; ++d) at[d] = x.group(i)[d];
    const L expected = value_and_gradient(reference, at, slope);
    CHECK(lane::all<L>(lane::abs(u.group[i] - expected) < L(1e-13) * (L(1.0) + lane::abs(expected))));
    for (int d = 0; d < 3; ++d) CHECK(lane::all<L>(lane::abs(g.group(i)[d] - slope[d]) < L(1e-13)));
  }
  for (int d = 0; d < 3; ++d) {
    Column<L> side[2];
    for (int s = 0; s < 2; ++s) {
      copy(shifted, x);
      for (int i = 0; i < n_groups; ++i) shifted.group(i)[d] = x.group(i)[d] + L(s == 0 ? 1e-5 : -1e-5);
      side[s] = value_and_gradient(energy, shifted, unused);
    }
    for (int i = 0; i < n_groups; ++i) {
      CHECK(lane::all<L>(lane::abs((side[0].group[i] - side[1].group[i]) * L(5e4) - g.group(i)[d]) < L(1e-8)));
    }
  }
}

TEST_CASE("hmc, mala and a cycle sample a batch energy's law, on Simd and on Threads", "[energy][batch]") {
  RunReport report;
  CHECK(worst_score(run_of(Simd<>{}, hmc(), batch(), plan_of(60), &report)) < test::z_limit);
  CHECK(report.mean_accept > 0.7);
  CHECK(report.n_divergent() == 0);
  CHECK(worst_score(run_of(Threads<>{2}, mala(), batch(), plan_of(60))) < test::z_limit);
  const auto simd = run_of(Simd<>{}, both(), batch(), plan_of(60));
  CHECK(worst_score(simd) < test::z_limit);
  // the lane form of the same energy with the same seed: the same chains up to rounding, until a decision is a close call
  const auto lane = run_of(Simd<>{}, both(), lanes(), plan_of(60));
  CHECK(worst_score(lane) < test::z_limit);
  CHECK(largest_difference(simd, lane, 60) < 1e-9);

  const TooSteep steep(Law().a, Law().m);
  CHECK(worst_score(run_of(Simd<>{}, hmc(), steep, plan_of(60))) > test::z_broken);
}

TEST_CASE("a batch energy gives the same bits on any number of threads", "[energy][batch]") {
  const auto one = run_of(Threads<>{1}, both(), batch(), plan_of(30));
  for (const int n_threads : {2, 3, 7}) {  // blocks of other sizes
    const auto more = run_of(Threads<>{n_threads}, both(), batch(), plan_of(30));
    bool same = true;
    for (int c = 0; c < n_chains; ++c) same = same && same_chain(one, more, c);
    CHECK(same);
  }
}

TEST_CASE("chains of a batch energy do not feel their neighbours, bit for bit", "[energy][batch]") {
  const auto with_neighbours_at = [](double where, const auto& energy) {
    Plan plan = plan_of(20);
    plan.n_warmup = 0;
    plan.start.assign(3 * n_chains, where);
    for (const int c : {0, 77, 255, 256, 599}) {
      for (int d = 0; d < 3; ++d) plan.start[static_cast<std::size_t>(c + d * n_chains)] = 0.25 * d;
    }
    return run_of(Simd<>{}, both(), energy, plan);
  };
  const auto a = with_neighbours_at(0.5, batch()), b = with_neighbours_at(-3.0, batch());
  for (const int c : {0, 77, 255, 256, 599}) CHECK(same_chain(a, b, c));
  CHECK_FALSE(same_chain(a, b, 1));
  const Leaky leaky(Law().a, Law().m);
  const auto c0 = with_neighbours_at(0.5, leaky), c1 = with_neighbours_at(-3.0, leaky);
  CHECK_FALSE(same_chain(c0, c1, 77));
}

TEST_CASE("a neighbour whose energy is not finite leaves a chain of a batch energy alone", "[energy][batch]") {
  using L = simd_lane<double, default_arch>;
  BlockPosition<L> x, g, g2;
  for (auto* p : {&x, &g, &g2}) p->resize(4, 3);
  fill_normal(x, random::Key(8), BlockChains<L>{0, 4}, 3);
  const Column<L> u = value_and_gradient(batch(), x, g);
  auto view = x.view();
  for (int c = 0; c < view.n_chains; ++c) {
    if (c % 3 != 1) view(c, c % 3) = c % 2 == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  const Column<L> u2 = value_and_gradient(batch(), x, g2);
  const auto* before = reinterpret_cast<const double*>(u.group);
  const auto* after = reinterpret_cast<const double*>(u2.group);
  for (int c = 0; c < view.n_chains; ++c) {
    if (c % 3 == 1) {
      CHECK(before[c] == after[c]);
      for (int d = 0; d < 3; ++d) CHECK(g.view()(c, d) == g2.view()(c, d));
    } else {
      CHECK(after[c] == std::numeric_limits<double>::infinity());
    }
  }
}
