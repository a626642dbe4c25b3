// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/library_energies.hpp"

using namespace erg;
using P = Pack<double>;

namespace {

struct Constant {
  static constexpr int dim = 2;
  double c = 1.25;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2>) const {
    return L(c);
  }
};

struct Infinite {
  static constexpr int dim = 2;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2>) const {
    return L(std::numeric_limits<double>::infinity());
  }
  template <Lane L>
  ERG_FN L value_and_gradient(Point<const L, 2> x, Point<L, 2> g) const {
    g[0] = g[1] = x[0] / (x[0] - x[0]);  // NaN or infinite
    return (*this)(Point<const L, 2>(x));
  }
};

/// Largest difference of value and gradient of two energies at some points, relative to 1 or the larger.
template <class A, class B>
double difference(const A& a, const B& b) {
  double worst = 0.0;
  for (int index = 0; index < 20; ++index) {
    const std::vector<P> x = test::random_point<P>(dim_of(a), index, 1.5);
    std::vector<P> g, h;
    const double u = test::value_and_gradient_at(a, x, g).reg, v = test::value_and_gradient_at(b, x, h).reg;
    worst = std::fmax(worst, detail::relative_error(u, v));
    worst = std::fmax(worst, detail::relative_error(test::value_at(a, x).reg, test::value_at(b, x).reg));
    for (std::size_t d = 0; d < x.size(); ++d) worst = std::fmax(worst, detail::relative_error(g[d].reg, h[d].reg));
  }
  return worst;
}

/// log of the integral of exp(-U) over a square.
template <class E>
double log_integral(const E& energy, double end, int n) {
  const double h = 2.0 * end / n;
  double mass = 0.0;
  for (int i = 0; i <= n; ++i) {
    for (int j = 0; j <= n; ++j) {
      const P x[2] = {P(-end + i * h), P(-end + j * h)};
      mass += std::exp(-energy(Point<const P, 2>(x)).reg) * h * h;
    }
  }
  return std::log(mass);
}

}  // namespace

TEST_CASE("dimensions propagate: static where any part is", "[energy]") {
  STATIC_REQUIRE(decltype(sum(GaussianIsotropic<>{2}, Banana<2>{}))::dim == 2);
  STATIC_REQUIRE(static_dim<decltype(sum(GaussianIsotropic<>{2}, GaussianIsotropic<>{2}))> == dynamic);
  STATIC_REQUIRE(decltype(temper(Banana<2>{}, 0.5))::dim == 2);
  STATIC_REQUIRE(decltype(mixture(component(1, GaussianIsotropic<>{2}), component(1, Banana<2>{})))::dim == 2);
  STATIC_REQUIRE(decltype(condition<1>(Banana<2>{}, {true, false}, {0, 0}))::dim == 1);
  STATIC_REQUIRE(static_dim<decltype(condition(Banana<2>{}, {true, false}, {0, 0}))> == dynamic);
  CHECK(condition(Banana<2>{}, {true, false}, {0, 0}).dim() == 1);
  CHECK(sum(GaussianIsotropic<>{3}, GaussianIsotropic<>{3}).dim() == 3);
}

TEST_CASE("tempering by 1 and scaling by 1 change nothing", "[energy]") {
  CHECK(difference(temper(RingOfGaussians<8>{}, 1.0), RingOfGaussians<8>{}) == 0.0);
  CHECK(difference(scale(1.0, test::NoGradient{}), test::NoGradient{}) == 0.0);
}
TEST_CASE("a Gaussian tempered by beta is a Gaussian of variance sigma^2 / beta", "[energy]") {
  const auto warm = sum(temper(GaussianIsotropic<2>{1.5}, 0.25), Constant{0.0});
  const GaussianIsotropic<2> wide{3.0};
  const auto shifted = sum(wide, Constant{temper(GaussianIsotropic<2>{1.5}, 0.25)(Point<const P, 2>(std::vector<P>(2, P(0.0)).data())).reg -
                                          wide(Point<const P, 2>(std::vector<P>(2, P(0.0)).data())).reg});
  CHECK(difference(warm, shifted) < 1e-14);
}
TEST_CASE("a sum of Gaussian energies is the Gaussian of summed precisions", "[energy]") {
  const auto both = sum(GaussianIsotropic<2>{1.0}, GaussianIsotropic<>{2, 0.5});
  std::vector<P> x{P(0.3), P(-2.0)}, g;
  test::value_and_gradient_at(both, x, g);
  CHECK_THAT(g[0].reg, test::WithinRel(5.0 * 0.3, 1e-14));
  CHECK_THAT(g[1].reg, test::WithinRel(-5.0 * 2.0, 1e-14));
  CHECK(difference(sum(Banana<2>{}, RingOfGaussians<3>{}), sum(RingOfGaussians<3>{}, Banana<2>{})) < 1e-15);
}
TEST_CASE("a sum accepts many parts, a part without a gradient among them", "[energy]") {
  const auto many = sum(Banana<2>{}, test::NoGradient{}, GaussianIsotropic<2>{}, Constant{});
  const auto nested = sum(sum(Banana<2>{}, test::NoGradient{}), sum(GaussianIsotropic<2>{}, Constant{}));
  CHECK(difference(many, nested) < 1e-15);
}

TEST_CASE("log Z of a normalised density tilted by a constant c is -c", "[energy]") {
  CHECK_THAT(log_integral(tilt(GaussianIsotropic<2>{0.7}, Constant{1.25}), 8.0, 200), test::WithinAbs(-1.25, 1e-10));
}
TEST_CASE("a tilt refuses a base that is not normalised", "[energy]") {
  ERG_CHECK_THROWS(tilt(DoubleWell<2>{}, Constant{}), std::invalid_argument, "(must be 0, a normalised density)");
}

TEST_CASE("a mixture of an energy with itself is that energy", "[energy]") {
  CHECK(difference(mixture(component(0.3, Banana<2>{}), component(2.0, Banana<2>{})), Banana<2>{}) < 1e-14);
}
TEST_CASE("a mixture of Gaussian energies is the Gaussian mixture", "[energy]") {
  const auto composed = mixture(component(1, GaussianDiagonal<2>{{0, 0}, {1, 1}}), component(2, GaussianDiagonal<2>{{1, 1}, {0.5, 0.5}}),
                                component(3, GaussianDiagonal<2>{{-1, 2}, {2, 2}}));
  CHECK(difference(composed, GaussianMixture<2, 3>{{1, 2, 3}, {0, 0, 1, 1, -1, 2}, {1, 0.5, 2}}) < 1e-13);
  CHECK_THAT(composed.log_z(), test::WithinAbs(0.0, 1e-14));
  CHECK_THAT(composed.mode_weight(0), test::WithinRel(1.0 / 6.0, 1e-14));
}
TEST_CASE("log Z of a mixture of unnormalised energies is that of its masses", "[energy]") {
  const auto wells = mixture(component(1, DoubleWell<2>{2.0}), component(3, DoubleWell<2>{0.5}));
  CHECK_THAT(wells.log_z(), test::WithinAbs(log_integral(wells, 5.0, 400), 1e-9));
}
TEST_CASE("a part of infinite energy leaves a mixture to the other", "[energy]") {
  const GaussianIsotropic<2> gaussian{1.0};
  const auto shifted = sum(gaussian, Constant{std::log(2.0)});
  CHECK(difference(mixture(component(1, Infinite{}), component(1, gaussian)), shifted) < 1e-14);
  CHECK(difference(mixture(component(1, gaussian), component(1, Infinite{})), shifted) < 1e-14);
}
TEST_CASE("a mixture far from all of its parts stays finite", "[energy]") {
  const auto two = mixture(component(1, GaussianDiagonal<2>{{1e4, 0}, {0.1, 0.1}}), component(1, GaussianDiagonal<2>{{-1e4, 0}, {0.1, 0.1}}));
  std::vector<P> x{P(100.0), P(0.0)}, g;
  const double u = test::value_and_gradient_at(two, x, g).reg;
  CHECK(std::isfinite(u));
  CHECK_THAT(g[0].reg, test::WithinRel((100.0 - 1e4) / 0.01, 1e-12));  // the nearer part owns x
}
TEST_CASE("a Gaussian mixture far from all of its components stays finite in float", "[energy]") {
  using F = Pack<float>;
  const GaussianMixture<2, 2> two{{1, 1}, {1e4, 0, -1e4, 0}, {0.1, 0.1}};
  const GaussianMixture<> run_time{{1, 1}, {1e4, 0, -1e4, 0}, {0.1, 0.1}};
  std::vector<F> x{F(100.0), F(0.0)}, g;
  CHECK(std::isfinite(test::value_and_gradient_at(two, x, g).reg));
  CHECK_THAT(static_cast<double>(g[0].reg), test::WithinRel((100.0 - 1e4) / 0.01, 1e-5));
  CHECK(std::isfinite(test::value_and_gradient_at(run_time, x, g).reg));
  CHECK_THAT(static_cast<double>(g[0].reg), test::WithinRel((100.0 - 1e4) / 0.01, 1e-5));
}

TEST_CASE("a Gaussian given some coordinates is its closed-form conditional", "[energy]") {
  const std::vector<double> covariance{2.0, 0.8, 0.3, 0.8, 1.0, -0.2, 0.3, -0.2, 1.5};
  const GaussianDense<3> joint{{1, -0.5, 2}, covariance};
  const double held = 0.7;  // coordinate 1
  const double gain0 = 0.8, gain2 = -0.2;
  const GaussianDense<2> conditional{{1 + gain0 * (held + 0.5), 2 + gain2 * (held + 0.5)},
                                     {2.0 - 0.64, 0.3 + 0.16, 0.3 + 0.16, 1.5 - 0.04}};
  const auto clamped = condition<2>(joint, {false, true, false}, {9, held, 9});
  const double marginal = 0.5 * (held + 0.5) * (held + 0.5) + 0.918938533204672742;  // -log density of x_1 at the held value
  CHECK(difference(clamped, sum(conditional, Constant{marginal})) < 1e-13);
  CHECK(difference(condition(joint, {false, true, false}, {9, held, 9}), clamped) == 0.0);
}
TEST_CASE("holding no coordinate changes nothing", "[energy]") {
  CHECK(difference(condition<2>(Banana<2>{}, {false, false}, {0, 0}), Banana<2>{}) == 0.0);
}

TEST_CASE("the identity map changes nothing", "[energy]") {
  CHECK(difference(affine(Banana<2>{}, {0, 0}, {1, 1}), Banana<2>{}) == 0.0);
  CHECK(difference(affine_matrix(Banana<2>{}, {0, 0}, {1, 0, 0, 1}), Banana<2>{}) == 0.0);
}
TEST_CASE("an affine change of variables keeps log Z", "[energy]") {
  const auto moved = affine_matrix(GaussianIsotropic<2>{1.0}, {0.5, -1}, {1.5, 0.4, -0.3, 0.8});
  CHECK_THAT(log_integral(moved, 12.0, 400), test::WithinAbs(0.0, 1e-10));
  CHECK(moved.log_z() == 0.0);
  CHECK_THAT(log_integral(affine(DoubleWell<2>{2.0}, {0.3, 0.1}, {-0.5, 2}), 8.0, 500), test::WithinAbs(DoubleWell<2>{2.0}.log_z(), 1e-9));
}
TEST_CASE("whitening a dense Gaussian by its Cholesky factor gives the standard one", "[energy]") {
  const std::vector<double> covariance{2.0, 0.8, 0.8, 1.0};
  const std::vector<double> lower = detail::cholesky("covariance", covariance, 2);
  CHECK(difference(affine_matrix(GaussianDense<2>{{1, -0.5}, covariance}, {1, -0.5}, lower), GaussianIsotropic<2>{1.0}) < 1e-13);
}
TEST_CASE("a diagonal matrix is a scale per coordinate", "[energy]") {
  CHECK(difference(affine(Banana<2>{}, {1, 2}, {0.5, -3}), affine_matrix(Banana<2>{}, {1, 2}, {0.5, 0, 0, -3})) < 1e-14);
}
