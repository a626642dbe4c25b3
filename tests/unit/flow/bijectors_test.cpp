// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Bijectors other than couplings, bases other than the normal, and energies seen from the latent side.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"

#include <erg/energy/gaussian_dense.hpp>
#include <erg/energy/gaussian_mixture.hpp>
#include <erg/flow/autoregressive_flow.hpp>
#include <erg/flow/check.hpp>
#include <erg/flow/latent_pullback.hpp>
#include <erg/flow/linear.hpp>

using namespace erg;
using erg::test::Table;

namespace {

template <class Map>
auto flow_of(Map map, double scale = 0.5) {
  flow::Flow<Map, flow::StandardNormal, double> f(std::move(map));
  test::randomise(f, scale);
  return f;
}
template <class F>
void check_flow(const F& f, const Table& x) {
  const auto c = flow::check(f, x);
  INFO(c);
  CHECK(c.passed());
}
template <bool by_data>
auto autoregressive(int dim, std::vector<int> hidden) {
  return flow_of(flow::Autoregressive<flow::Affine<>, by_data, nn::Tanh>(dim, hidden));
}

/// A mutant: forgets that a coordinate waits for those before it.
struct NoWait : flow::Autoregressive<flow::Affine<>, true, nn::Tanh> {
  using Base = flow::Autoregressive<flow::Affine<>, true, nn::Tanh>;
  using Base::Base;
  template <flow::Way way, class L>
  void map(const flow::Real<L>* w, flow::Block<L> v, flow::LogDet<L> log_det, flow::Block<L> tape) const {
    if (way == flow::Way::to_latent) return Base::map<way, L>(w, v, log_det, tape);
    Base::map<way, L>(w, v, log_det, tape);
    v.put(v.n_features - 1, 0, v.get(v.n_features - 1, 0) + L(1e-5));
  }
};

}  // namespace

TEST_CASE("every bijector agrees with itself", "[flow]") {
  const Table x(6, 4, 5);
  check_flow(flow_of(flow::ActNorm(4)), x);
  check_flow(flow_of(flow::Linear(4), 0.3), x);
  check_flow(flow_of(flow::Chain(flow::Linear(4), flow::Permutation({2, 0, 3, 1}), flow::ActNorm(4), flow::Linear(4)), 0.3), x);
  check_flow(autoregressive<true>(4, {9}), x);
  check_flow(autoregressive<true>(4, {9, 6}), x);
  check_flow(autoregressive<true>(4, {2}), x);  // fewer units than degrees
  check_flow(autoregressive<false>(4, {9, 6}), x);
  check_flow(autoregressive<true>(2, {5, 5}), Table(6, 2, 5));
  CHECK(!flow::check(flow_of(NoWait(4, {9})), x).passed());
}

TEST_CASE("an autoregressive map has a triangular Jacobian", "[flow]") {
  const auto f = autoregressive<true>(5, {11, 7});
  const Table x(1, 5, 4);
  for (int j = 0; j < 5; ++j) {
    Table up = x, z(1, 5), moved(1, 5);
    up(0, j) += 0.25;
    f.to_latent(x, z.view());
    f.to_latent(up, moved.view());
    for (int i = 0; i < 5; ++i) CHECK((std::abs(moved(0, i) - z(0, i)) > 1e-12) == (i >= j));
  }
}

TEST_CASE("a masked autoregressive flow of several layers agrees with itself and starts as the identity", "[flow]") {
  auto f = flow::maf<double, nn::Tanh>(3, 3, {8, 8});
  const Table x(8, 3, 5);
  Table z(8, 3);
  f.to_latent(x, z.view());
  for (int c = 0; c < 8; ++c) {
    for (int d = 0; d < 3; ++d) CHECK(z(c, d) == x(c, 2 - d));  // but for three reversals
  }
  test::randomise(f, 0.3);
  check_flow(f, x);
}

TEST_CASE("full whitening takes the data to mean 0 and covariance 1, and carries its Jacobian", "[flow]") {
  const GaussianDense<> law({1.0, -2.0, 0.5}, {2.0, 1.2, 0.3, 1.2, 1.0, 0.1, 0.3, 0.1, 0.5});
  Table x(500, 3), z(500, 3), det(500, 1);
  for (int c = 0; c < 500; ++c) {
    double at[3];
    law.sample<double>(random::Key(2), static_cast<std::uint64_t>(c), Point<double>(at, 3));
    for (int d = 0; d < 3; ++d) x(c, d) = at[d];
  }
  flow::Flow<flow::FullWhitening, flow::StandardNormal, double> f(flow::FullWhitening(3));
  f.observe(x);
  f.to_latent(x, z.view(), det.v);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      double mean = 0.0, second = 0.0;
      for (int c = 0; c < 500; ++c) {
        mean += z(c, i) / 500;
        second += z(c, i) * z(c, j) / 500;
      }
      CHECK_THAT(mean, test::WithinAbs(0.0, 1e-12));
      CHECK_THAT(second, test::WithinAbs(i == j ? 1.0 : 0.0, 1e-12));
    }
  }
  check_flow(f, Table(5, 3, 7));
  Table flat = x;
  for (int c = 0; c < 500; ++c) flat(c, 2) = flat(c, 0) + flat(c, 1);
  ERG_CHECK_THROWS(f.observe(flat), std::invalid_argument, "the covariance of the data");
}

TEST_CASE("a flow has any normalised energy with a sampler for its base", "[flow]") {
  const GaussianMixture<> mixture({0.3, 0.7}, {-2.0, 0.0, 1.0, 1.0}, {0.5, 0.8});
  auto f = flow::with_base(flow::maf<double, nn::Tanh>(2, 2, {6}), mixture);
  Table x(40, 2), log_p(40, 1), again(40, 1);
  f.sample_with_log_density(random::Key(3), 0, x.view(), log_p.v);
  for (int c = 0; c < 40; ++c) {  // the identity still
    const double at[] = {x(c, 0), x(c, 1)};
    CHECK_THAT(log_p(c, 0), test::WithinAbs(-mixture(Point<const double>(at, 2)), 1e-12));
  }
  test::randomise(f, 0.3);
  f.sample_with_log_density(random::Key(3), 0, x.view(), log_p.v);
  f.log_density(x, again.v);
  CHECK(test::largest_difference(log_p.v, again.v) < 1e-11);
  check_flow(f, Table(6, 2, 8));
  ERG_CHECK_THROWS((flow::Flow<flow::ActNorm, GaussianMixture<>, double>(flow::ActNorm(3), mixture)), std::invalid_argument, "a base of dim = 2");
}

TEST_CASE("from the latent side a flow's own energy is that of its base, and any energy has its gradient", "[flow]") {
  auto f = flow::maf<double, nn::Tanh>(2, 2, {6});
  test::randomise(f, 0.3);
  const Table z(9, 2, 3);
  Table w(9, 1), g(9, 2), u(9, 1), slope(9, 2);
  const flow::LatentPullback own(f.snapshot(), f.snapshot());
  static_assert(BatchValue<decltype(own), double> && BatchGradient<decltype(own), double>);
  own.value_and_gradient(z, w.v, g.view());
  for (int c = 0; c < 9; ++c) {
    CHECK_THAT(w(c, 0), test::WithinAbs(1.8378770664093453 + 0.5 * (z(c, 0) * z(c, 0) + z(c, 1) * z(c, 1)), 1e-11));
    CHECK_THAT(g(c, 1), test::WithinAbs(z(c, 1), 1e-11));
  }
  const flow::LatentPullback pulled(f.snapshot(), GaussianDense<>({1.0, -2.0}, {2.0, 1.2, 1.2, 1.0}));
  pulled.value_and_gradient(z, w.v, g.view());
  pulled.gradient(z, slope.view());
  CHECK(test::largest_difference(g.v, slope.v) == 0.0);
  for (int d = 0; d < 2; ++d) {
    Table up = z, down = z, u_down(9, 1);
    for (int c = 0; c < 9; ++c) {
      up(c, d) += 1e-5;
      down(c, d) -= 1e-5;
    }
    pulled.value(up, u.v);
    pulled.value(down, u_down.v);
    for (int c = 0; c < 9; ++c) CHECK_THAT(g(c, d), test::WithinAbs((u(c, 0) - u_down(c, 0)) / 2e-5, 1e-8));
  }
  ERG_CHECK_THROWS(flow::LatentPullback(f.snapshot(), GaussianDense<>({1.0}, {2.0})), std::invalid_argument, "an energy of dim = 1");
  // half the derivatives are half, with the parameters' and without
  std::vector<double> whole(static_cast<std::size_t>(f.n_parameters())), half(whole.size());
  Table g_half(9, 2), g_alone(9, 2);
  f.pull_back(pulled.energy(), z, std::span<double>{}, g.view(), whole);
  f.pull_back(pulled.energy(), z, std::span<double>{}, g_half.view(), half, 0.5);
  f.pull_back(pulled.energy(), z, std::span<double>{}, g_alone.view(), {}, 0.5);
  CHECK(g_half.v == g_alone.v);
  for (int c = 0; c < 9; ++c) CHECK_THAT(g_half(c, 0), test::WithinAbs(0.5 * g(c, 0), 1e-14));
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK_THAT(half[i], test::WithinAbs(0.5 * whole[i], 1e-12));
}

TEST_CASE("a rule for the start of weights leaves a flow's constants alone", "[flow]") {
  auto f = flow::maf<double, nn::Tanh>(2, 1, {4});
  nn::initialise(f, random::Key(4), [](auto... a) { nn::initialise_normal(a..., 0.5); });
  const auto is = [&](std::string name, double start) {
    for (const double v : f.parameters()[name]) CHECK((v == start));
  };
  is("1.log_scale", 0.0);
  is("1.shift", 0.0);
  CHECK(f.parameters().flat()[0] != 0.0);
}

TEST_CASE("data that a flow refuses leave it as it was", "[flow]") {
  auto f = flow::maf<double, nn::Tanh>(2, 1, {4});
  Table x(20, 2, 5);
  for (int c = 0; c < 20; ++c) x(c, 1) = 3.0;
  const std::vector<double> before(f.parameters().flat().begin(), f.parameters().flat().end());
  const auto version = f.version();
  ERG_CHECK_THROWS(f.observe(x), std::invalid_argument, "the deviation of coordinate[1] = 0");
  CHECK(std::vector<double>(f.parameters().flat().begin(), f.parameters().flat().end()) == before);
  CHECK(f.version() == version);
}

TEST_CASE("permutations are permutations", "[flow]") {
  ERG_CHECK_THROWS(flow::Permutation({0, 2, 2}), std::invalid_argument, "order[2] = 2 (a permutation has each of 0 .. n - 1 once)");
  ERG_CHECK_THROWS(flow::Permutation({0, 3, 1}), std::invalid_argument, "order[1] = 3");
  const Table x(3, 5, 1);
  Table z(3, 5), back(3, 5);
  const auto f = flow_of(flow::Permutation::random(5, random::Key(9)));
  f.to_latent(x, z.view());
  f.to_data(z, back.view());
  CHECK(x.v == back.v);
  CHECK(x.v != z.v);
}
