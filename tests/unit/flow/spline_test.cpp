// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Rational-quadratic splines: published knots and values to the last digits, smoothness, inverses, and single precision at its limits.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"
#include "support/sanitized.hpp"

#include <erg/flow/check.hpp>
#include <erg/flow/spline_flow.hpp>

using namespace erg;
using erg::test::Table;
using erg::test::WithinAbs;

namespace {

/// One spline with its parameters, as a function of one number.
template <int K>
struct Curve {
  flow::RationalQuadratic<K> f;
  std::vector<double> p;

  template <class L = double>
  std::pair<L, L> up(L z) const {
    L log_slope;
    const L x = f.to_data([&](int i) { return L(static_cast<scalar_t<L>>(p[static_cast<std::size_t>(i)])); }, z, log_slope);
    return {x, log_slope};
  }
  template <class L = double>
  std::pair<L, L> down(L x) const {
    L log_slope;
    const L z = f.to_latent([&](int i) { return L(static_cast<scalar_t<L>>(p[static_cast<std::size_t>(i)])); }, x, log_slope);
    return {z, log_slope};
  }
};
const Curve<4> golden{{.bound = 3.0, .least = 1e-3, .slope_offset = 0.0}, {.1, -.2, .3, 0, -.1, .4, 0, .2, .2, -.3, .5}};
const double knots_x[] = {-3, -1.448639318396420, -.297807967939368, 1.595699830923524, 3};
const double knots_y[] = {-3, -1.823096481338585, .113397055816114, 1.413445572513156, 3};
const double slopes[] = {1, .799138869381592, .555355244468527, .975076984180107, 1};

template <int K>
Curve<K> random_curve(std::uint64_t seed, double scale) {
  Curve<K> c;
  for (int i = 0; i < c.f.n_parameters; ++i) c.p.push_back(scale * random::normal<double>(random::Key(seed), static_cast<std::uint64_t>(i), 0));
  return c;
}

/// A mutant.
struct OtherSlope : flow::RationalQuadratic<5> {
  template <Lane L, class P>
  L to_data(P&& p, L z, L& log_slope) const {
    const L x = flow::RationalQuadratic<5>::to_data(p, z, log_slope);
    log_slope = log_slope * L(1.0 + 1e-5);
    return x;
  }
};

}  // namespace

TEST_CASE("a spline gives the published knots, values and log-slopes", "[flow]") {
  for (int k = 0; k < 5; ++k) {
    const auto [y, log_slope] = golden.up(knots_x[k]);
    CHECK_THAT(y, WithinAbs(knots_y[k], 1e-12));
    CHECK_THAT(std::exp(log_slope), WithinAbs(slopes[k], 1e-12));
    CHECK_THAT(golden.down(knots_y[k]).first, WithinAbs(knots_x[k], 1e-12));
  }
  const double at[][3] = {{-2.5, -2.573510823231466, -.291095032412070},
                          {-.4, .039243951897884, -.098106866406226},
                          {.7, .702876704980198, -.415774831131587},
                          {2.9, 2.897366522053749, .050486698625613},
                          {4, 4, 0}};
  for (const auto& [x, y, log_slope] : at) {
    CHECK_THAT(golden.up(x).first, WithinAbs(y, 1e-12));
    CHECK_THAT(golden.up(x).second, WithinAbs(log_slope, 1e-12));
    CHECK_THAT(golden.down(y).first, WithinAbs(x, 1e-12));
    CHECK_THAT(golden.down(y).second, WithinAbs(log_slope, 1e-12));
  }
}

TEST_CASE("a spline with parameters 0 is the identity", "[flow]") {
  const Curve<8> c{{}, std::vector<double>(23)};
  for (double z = -7.0; z < 7.0; z += 0.01) {
    CHECK_THAT(c.up(z).first, WithinAbs(z, 1e-12));
    CHECK_THAT(c.up(z).second, WithinAbs(0.0, 1e-12));
  }
  const Curve<8> coarse{{.bound = 2.0, .least = 0.05}, std::vector<double>(23)};  // whatever the least width and slope
  for (double z = -3.0; z < 3.0; z += 0.01) {
    CHECK_THAT(coarse.up(z).first, WithinAbs(z, 1e-12));
    CHECK_THAT(coarse.up(z).second, WithinAbs(0.0, 1e-12));
  }
  ERG_CHECK_THROWS((flow::RationalQuadratic<8>{.bound = -1.0}), std::invalid_argument, "RationalQuadratic::bound = -1");
  ERG_CHECK_THROWS((flow::RationalQuadratic<8>{.least = 0.0}), std::invalid_argument, "RationalQuadratic::least = 0");
  ERG_CHECK_THROWS((flow::RationalQuadratic<8>{.least = 0.125}), std::invalid_argument, "RationalQuadratic::least = 0.125 (must be < 1 / K");
  Curve<8> plain = c;
  plain.f.slope_offset = 0.0;
  CHECK_THAT(plain.up(0.0).second, WithinAbs(std::log(std::log(2.0) + 1e-3), 1e-12));  // slope 0.694 at a knot
}

TEST_CASE("a spline rises, is once differentiable at its knots, and has an inverse", "[flow]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto c = random_curve<8>(seed, 1.5);
    double before = -6.0;
    for (double z = -5.999; z < 6.0; z += 0.001) {
      const auto [x, log_slope] = c.up(z);
      CHECK(x > before);
      before = x;
      const auto [back, same] = c.down(x);
      CHECK(std::abs(back - z) < 1e-11);
      CHECK(std::abs(same - log_slope) < 1e-9);
    }
    // slopes left and right of each knot, found as where the bins of its own definition end
    double total = 0.0, x = -5.0;
    for (int j = 0; j < 8; ++j) total += std::exp(c.p[static_cast<std::size_t>(j)]);
    for (int j = 0; j < 8; ++j) {
      const double eps = 1e-13;
      CHECK(std::abs(std::exp(c.up(x - eps).second) - std::exp(c.up(x + eps).second)) < 1e-10 * 1000.0 * std::exp(c.up(x).second));
      x += 10.0 * (1e-3 + (1.0 - 8e-3) * std::exp(c.p[static_cast<std::size_t>(j)]) / total);
    }
  }
}

TEST_CASE("a spline in single precision makes no NaN at any parameters, and its inverse is one up to rounding", "[flow]") {
  using L = simd_lane<float, default_arch>;
  constexpr int width = width_v<L>;
  const flow::RationalQuadratic<8> f;
  const auto worst = [&](double most, int n, double& slope_error) {
    double error = 0.0;
    long n_nan = 0;
    if (ERG_TEST_SANITIZED) n /= 200;  // nothing here owns memory
    for (int i = 0; i < n / width; ++i) {
      const auto number = lane_ops<L>::iota(static_cast<std::uint32_t>(i * width));
      const L spread = L(most) * random::uniform<L>(random::Key(5), number, 100);
      L p[23];
      for (int k = 0; k < 23; ++k) p[k] = spread * random::normal<L>(random::Key(5), number, k);
      const L z = L(12.0) * (random::uniform<L>(random::Key(5), number, 101) - L(0.5));
      const auto at = [&](int k) { return p[k]; };
      L there, here, again;
      const L x = f.to_data(at, z, there), back = f.to_latent(at, x, here), x2 = f.to_data(at, back, again);
      for (int c = 0; c < width; ++c) {
        const auto get = [&](const L& v) {
          alignas(64) float r[width];
          lane::store(r, v);
          return static_cast<double>(r[c]);
        };
        if (!std::isfinite(get(back) + get(there) + get(here))) ++n_nan;
        error = std::max(error, std::min(std::abs(get(back) - get(z)), std::abs(get(x2) - get(x))));
        slope_error = std::max(slope_error, std::abs(get(there) - get(here)));
      }
    }
    CHECK(n_nan == 0);
    return error;
  };
  double slope = 0.0;
  const double wild = worst(12.0, 10000000, slope);
  slope = 0.0;
  const double usual = worst(1.0, 200000, slope);
  INFO("wild " << wild << ", usual " << usual << ", log-slope " << slope);
  CHECK(wild < 1e-2);  // parameters of 12 deviations: slopes from 1e-3 to 40 in bins of 0.01
  CHECK(usual < 1e-5);
  CHECK(slope < 1e-3);
}

TEST_CASE("the check of a flow accepts spline couplings and catches a slope that is not theirs", "[flow]") {
  auto f = flow::spline<double, nn::Tanh, 5>(3, 4, 7);
  test::randomise(f, 0.2);
  const Table x(30, 3, 3, 1.5);
  const auto fine = flow::check(f, x);
  INFO(fine);
  CHECK(fine.passed());
  f.observe(x);
  CHECK(flow::check(f, x).passed());

  auto g = flow::detail::coupling_flow<double, nn::Tanh>(3, 4, OtherSlope{}, 7);
  test::randomise(g, 0.2);
  CHECK(!flow::check(g, x).passed());
}
