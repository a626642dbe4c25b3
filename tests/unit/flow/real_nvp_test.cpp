// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Affine couplings: published formulas to the last digits, round trips, log-determinants, gradients, and what must be caught.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"

#include <erg/flow/check.hpp>
#include <erg/flow/linear.hpp>
#include <erg/flow/real_nvp.hpp>

using namespace erg;
using erg::test::Table;

namespace {

/// s = .3 u + .1, t = -.2 u + .5.
template <bool shift_first>
auto golden_flow() {
  const auto make_net = [](int n_in, int n_out) { return nn::Sequential(nn::Dense(n_in, n_out)); };
  using Layer = flow::Coupling<flow::Affine<flow::TanhBounded, shift_first>, decltype(make_net(1, 1))>;
  flow::Flow<flow::Chain<Layer, Layer>, flow::StandardNormal, double> f(flow::Chain(Layer(2, false, {}, make_net), Layer(2, true, {}, make_net)));
  f.restore(std::vector{.3, -.2, .1, .5, .3, -.2, .1, .5});
  return f;
}

/// Mutants of the affine transform.
struct NoLogDet : flow::Affine<> {
  template <Lane L, class P>
  L to_data(P&& p, L z, L& log_slope) const {
    const L x = flow::Affine<>::to_data(p, z, log_slope);
    log_slope = L(0.0);
    return x;
  }
};
struct OtherInverse : flow::Affine<> {
  template <Lane L, class P>
  L to_latent(P&& p, L x, L& log_slope) const {
    return flow::Affine<>::to_latent(p, x, log_slope) + L(1e-6) * x;
  }
};
struct NoScaleGradient : flow::Affine<> {
  template <flow::Way way, Lane L, class P, class Put>
  L pull_back(P&& p, L z, L g, L gl, Put&& put) const {
    const L r = flow::Affine<>::pull_back<way>(p, z, g, gl, [&](int i, L v) { put(i, i == 0 ? L(0.0) : v); });
    return r;
  }
};

template <class Transform>
auto small(Transform t, int dim = 3) {
  using Stack = decltype(flow::detail::coupling_stack<Transform, nn::Tanh>(dim, 3, t, 7));
  flow::Flow<Stack, flow::StandardNormal, double> f(flow::detail::coupling_stack<Transform, nn::Tanh>(dim, 3, t, 7));
  test::randomise(f, 0.5);
  return f;
}

}  // namespace

TEST_CASE("affine couplings give the published numbers", "[flow]") {
  const auto check = [](const auto& f, double x0, double x1, double log_det, double log_p) {
    Table z(1, 2), x(1, 2), det(1, 1), p(1, 1);
    z(0, 0) = .8;
    z(0, 1) = -1.3;
    f.to_data(z, x.view(), det.v);
    CHECK_THAT(x(0, 0), test::WithinAbs(x0, 1e-12));
    CHECK_THAT(x(0, 1), test::WithinAbs(x1, 1e-12));
    CHECK_THAT(det(0, 0), test::WithinAbs(log_det, 1e-12));
    f.log_density(x, p.v);
    if (log_p != 0.0) CHECK_THAT(p(0, 0), test::WithinAbs(log_p, 1e-12));
  };
  check(golden_flow<false>(), 1.3633376045903929, -1.850927396193479, .18703186800705035, -3.189908934416396);
  check(golden_flow<true>(), 1.1765083289512663, -1.582515682836353, .14218812370116363, 0.0);
}

TEST_CASE("sixteen couplings invert, in double to 1e-9 and in float to 1e-4", "[flow]") {
  auto f = flow::real_nvp<double, nn::Tanh, flow::TanhBounded>(5, 16, 12);
  test::randomise(f, 0.35);
  const Table z(200, 5, 3);
  Table x(200, 5), back(200, 5), there(200, 1), here(200, 1);
  f.to_data(z, x.view(), there.v);
  f.to_latent(x, back.view(), here.v);
  CHECK(test::largest_difference(z.v, back.v) < 1e-9);
  CHECK(test::largest_difference(there.v, here.v) < 1e-9);
  CHECK(test::largest(there.v) > 1.0);  // it does something

  auto single = flow::real_nvp<float, nn::Tanh, flow::TanhBounded>(5, 16, 12);
  single.restore(std::vector<float>(f.parameters().flat().begin(), f.parameters().flat().end()));
  const std::vector<float> from(z.v.begin(), z.v.end());
  std::vector<float> to(1000), again(1000), det(200), det_again(200);
  single.to_data({from.data(), 200, 5, 200}, {to.data(), 200, 5, 200}, det);
  single.to_latent({to.data(), 200, 5, 200}, {again.data(), 200, 5, 200}, det_again);
  double worst = 0.0, worst_det = 0.0, against_double = 0.0;
  for (std::size_t i = 0; i < from.size(); ++i) worst = std::max(worst, static_cast<double>(std::abs(from[i] - again[i])));
  for (std::size_t i = 0; i < 200; ++i) {
    worst_det = std::max(worst_det, static_cast<double>(std::abs(det[i] - det_again[i])));
    against_double = std::max(against_double, std::abs(static_cast<double>(det[i]) - there.v[i]));
  }
  CHECK(worst < 1e-4);
  CHECK(worst_det < 1e-3);
  CHECK(against_double < 1e-3);
}

TEST_CASE("the check of a flow accepts couplings and catches their mutants", "[flow]") {
  const Table points(6, 3, 11);
  CHECK(flow::check(small(flow::Affine<>{}), points).passed());
  CHECK(flow::check(small(flow::Affine<flow::Exp>{}), points).passed());
  CHECK(flow::check(small(flow::Affine<flow::SoftClamp, true>{}), points).passed());
  CHECK(flow::check(small(flow::Affine<flow::Sigmoid2>{}), points).passed());
  const auto fine = flow::check(small(flow::Additive{}), points);
  CHECK(fine.passed());
  CHECK(test::printed(fine).find("flow agrees with itself at 6 points") == 0);

  const auto no_log_det = flow::check(small(NoLogDet{}), points);
  CHECK((no_log_det.log_det > 1e-3 && no_log_det.jacobian > 1e-3));
  const auto other_inverse = flow::check(small(OtherInverse{}), points);
  CHECK((other_inverse.round_trip > 1e-8 && !other_inverse.passed()));
  const auto no_gradient = flow::check(small(NoScaleGradient{}), points);
  CHECK((no_gradient.parameter_gradient > 1e-3 && no_gradient.round_trip < 1e-9));
  CHECK(test::printed(no_gradient).find("flow is WRONG") == 0);
}

TEST_CASE("a coupling changes its half alone, and the Jacobian has zeros where the other half is", "[flow]") {
  const auto make_net = flow::detail::conditioner<nn::Tanh>(5);
  using Layer = flow::Coupling<flow::Affine<>, decltype(make_net(1, 1))>;
  for (const bool first_is_kept : {true, false}) {
    flow::Flow<flow::Chain<Layer>, flow::StandardNormal, double> f(flow::Chain(Layer(5, first_is_kept, {}, make_net)));
    test::randomise(f, 0.8);
    const Table z(3, 5, 4);
    for (int j = 0; j < 5; ++j) {
      Table up = z, x(3, 5), moved(3, 5);
      for (int c = 0; c < 3; ++c) up(c, j) += 0.25;
      f.to_data(z, x.view());
      f.to_data(up, moved.view());
      for (int i = 0; i < 5; ++i) {
        const bool i_kept = (i < 2) == first_is_kept, j_kept = (j < 2) == first_is_kept;
        const bool depends = i == j || (!i_kept && j_kept);
        CHECK((std::abs(moved(1, i) - x(1, i)) > 1e-12) == depends);
      }
    }
  }
}

TEST_CASE("a flow starts as the identity, and whitening carries its Jacobian", "[flow]") {
  auto f = flow::real_nvp<double>(2, 4, 8);
  const Table x(50, 2, 1, 3.0);
  Table z(50, 2), det(50, 1);
  f.to_latent(x, z.view(), det.v);
  CHECK(test::largest_difference(x.v, z.v) == 0.0);
  CHECK(test::largest(det.v) == 0.0);
  f.observe(x);
  f.to_latent(x, z.view(), det.v);
  for (int d = 0; d < 2; ++d) {
    double mean = 0.0, square = 0.0;
    for (int c = 0; c < 50; ++c) mean += z(c, d) / 50;
    for (int c = 0; c < 50; ++c) square += z(c, d) * z(c, d) / 50;
    CHECK_THAT(mean, test::WithinAbs(0.0, 1e-12));
    CHECK_THAT(square, test::WithinAbs(1.0, 1e-12));
  }
  CHECK(det(0, 0) > 1.0);  // log of two deviations of about 3
  CHECK(flow::check(f, Table(5, 2, 2)).passed());

  auto kept = flow::nice<double>(2, 4, 8);  // keeps volume but for its scales
  test::randomise(kept, 0.3);
  kept.to_latent(x, z.view(), det.v);
  CHECK(test::largest_difference(z.v, x.v) > 0.1);
  for (const double l : det.v) CHECK_THAT(l, test::WithinAbs(kept.parameters()["0.log_scale"][0] + kept.parameters()["0.log_scale"][1], 1e-12));

  kept.observe(x);  // its activation normalisation, at the latent side, sees what the couplings leave
  kept.to_latent(x, z.view(), det.v);
  CHECK_THAT(test::inner(std::vector<double>(z.v.begin(), z.v.begin() + 50), std::vector<double>(50, 1.0)), test::WithinAbs(0.0, 1e-11));
  auto correlated = flow::real_nvp<double, nn::Tanh, flow::TanhBounded, flow::FullWhitening>(2, 2, 4);
  Table y = x;
  for (int c = 0; c < 50; ++c) y(c, 1) += y(c, 0);
  correlated.observe(y);
  correlated.to_latent(y, z.view());
  double product = 0.0;
  for (int c = 0; c < 50; ++c) product += z(c, 0) * z(c, 1);
  CHECK_THAT(product, test::WithinAbs(0.0, 1e-11));

  // constants survive an update
  const auto before = std::vector<double>(f.parameters()["1.log_scale"].begin(), f.parameters()["1.log_scale"].end());
  const auto version = f.version();
  f.update([](std::span<double> theta) {
    for (double& t : theta) t += 0.1;
  });
  CHECK(f.parameters()["1.log_scale"][0] == before[0]);
  CHECK(f.version() == version + 1);
}

TEST_CASE("samples come with their density, and are the same in any number of pieces", "[flow]") {
  auto f = flow::real_nvp<double>(3, 4, 9);
  test::randomise(f, 0.4);
  Table x(150, 3), p(150, 1), q(150, 1), part(70, 3);
  f.sample_with_log_density(random::Key(5), 0, x.view(), p.v);
  f.log_density(x, q.v);
  CHECK(test::largest_difference(p.v, q.v) < 1e-12);
  f.sample(random::Key(5), 64, part.view());
  for (int c = 0; c < 70; ++c) CHECK(part(c, 2) == x(64 + c, 2));
  const auto snapshot = f.snapshot();
  f.update([](std::span<double> theta) { theta[0] += 1.0; });
  CHECK(snapshot.version() + 1 == f.version());
  snapshot.value(x, q.v);
  CHECK(test::largest_difference(p.v, q.v) > 0.0);
  for (int c = 0; c < 150; ++c) CHECK(std::abs(p(c, 0) + q(c, 0)) < 1e-12);
}

TEST_CASE("in single precision the density of a draw is the density at it", "[flow]") {
  auto f = flow::real_nvp<float>(6, 8, 32, 32);
  test::randomise(f, 0.15);
  std::vector<float> x(6 * 1000), p(1000), q(1000);
  f.sample_with_log_density(random::Key(5), 0, {x.data(), 1000, 6, 1000}, p);
  f.log_density({x.data(), 1000, 6, 1000}, q);
  double worst = 0.0;
  for (std::size_t i = 0; i < 1000; ++i) worst = std::max(worst, static_cast<double>(std::abs(p[i] - q[i])));
  CHECK(worst < 1e-4);
  CHECK(worst > 0.0);
}

TEST_CASE("a flow that cannot be inverted somewhere says where", "[flow]") {
  auto f = flow::real_nvp<double, nn::ReLU, flow::Exp>(2, 2, 4);
  test::randomise(f, 0.3);
  Table points(5, 2, 3);
  points(3, 0) = 1e5;
  points(3, 1) = -1e5;
  const auto c = flow::check(f, points);
  CHECK(c.n_non_finite == 1);
  CHECK(!c.passed());
  CHECK(test::printed(c).find("NOT invertible at 1 points, the first is number 3") != std::string::npos);
}

TEST_CASE("misuse of flows is a sentence", "[flow]") {
  auto f = flow::real_nvp<double>(2, 2, 4);
  Table x(3, 3), u(3, 1);
  ERG_CHECK_THROWS(f.value(x, u.v), std::invalid_argument, "points of 3 coordinates (the flow has dim = 2)");
  ERG_CHECK_THROWS(flow::real_nvp<double>(1, 2, 4), std::invalid_argument, "the dim of a coupling = 1");
  ERG_CHECK_THROWS(f.restore(std::vector<double>(3)), std::invalid_argument, "3 parameters (the flow has");
  Table flat(4, 2);
  ERG_CHECK_THROWS(f.observe(flat), std::invalid_argument, "a constant coordinate has no density");
  Table bad(4, 2, 1);
  bad(2, 1) = std::nan("");
  ERG_CHECK_THROWS(f.observe(bad), std::invalid_argument, "data must be finite");
  ERG_CHECK_THROWS(flow::Chain(flow::Whitening(2), flow::Whitening(3)), std::invalid_argument, "a flow keeps the dimension");
}
