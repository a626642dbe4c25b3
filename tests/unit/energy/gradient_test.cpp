// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/library_energies.hpp"

#include <sstream>

using namespace erg;

namespace {

struct CheckGradient {
  template <class E>
  void operator()(const char* name, const E& energy) const {
    const GradientCheck check = check_gradient(energy, 25, 1e-12);
    std::ostringstream text;
    text << name << ": " << check;
    INFO(text.str());
    CHECK(check.passed());
    CHECK(check.n_non_finite == 0);
  }
};

/// Lane L against one real in double: each chain of the lane sees its own point.
template <class L>
struct AgreeWithDouble {
  template <class E>
  void operator()(const char* name, const E& energy) const {
    using P = Pack<double>;
    const double eps = static_cast<double>(std::numeric_limits<scalar_t<L>>::epsilon());
    const int n = dim_of(energy);
    for (int index = 0; index < 3; ++index) {
      const std::vector<L> x = test::random_point<L>(n, index);
      std::vector<L> g;
      const L u = test::value_and_gradient_at(energy, x, g);
      const L value = test::value_at(energy, x);
      for (int i = 0; i < width_v<L>; ++i) {
        std::vector<P> at, slope;
        double size = 1.0;
        for (const L& c : x) at.push_back(P(test::real(c, i)));
        const double reference = test::value_and_gradient_at(energy, at, slope).reg;
        for (const P& s : slope) size = std::fmax(size, std::fabs(s.reg));
        size = std::fmax(size, std::fabs(reference));
        INFO(name << ", chain " << i << " of point " << index);
        // the largest terms of an energy are a few dozen times its value or slope
        CHECK(std::fabs(test::real(u, i) - reference) <= 300 * eps * size);
        CHECK(std::fabs(test::real(value, i) - reference) <= 300 * eps * size);
        for (int d = 0; d < n; ++d) {
          const auto j = static_cast<std::size_t>(d);
          CHECK(std::fabs(test::real(g[j], i) - slope[j].reg) <= 300 * eps * size);
        }
      }
    }
  }
};

struct OffByOnePercent {
  static constexpr int dim = 2;
  template <Lane L>
  L operator()(Point<const L, 2> x) const {
    return x[0] * x[0] + 0.5 * x[1] * x[1];
  }
  template <Lane L>
  L value_and_gradient(Point<const L, 2> x, Point<L, 2> g) const {
    g[0] = 2.0 * x[0];
    g[1] = 1.01 * x[1];
    return (*this)(x);
  }
};

struct WrongSlope : GaussianIsotropic<> {
  using GaussianIsotropic<>::GaussianIsotropic;
  template <Lane L>
  L slope(int d, L x) const {
    return 1.01 * GaussianIsotropic<>::slope(d, x);
  }
};

struct OtherValue {
  static constexpr int dim = 1;
  template <Lane L>
  L operator()(Point<const L, 1> x) const {
    return x[0] * x[0];
  }
  template <Lane L>
  L value_and_gradient(Point<const L, 1> x, Point<L, 1> g) const {
    g[0] = 2.0 * x[0];
    return x[0] * x[0] + 1.0;
  }
};

/// Callable in double alone: no duals.
struct DoubleOnly {
  static constexpr int dim = 1;
  Pack<double> operator()(Point<const Pack<double>, 1> x) const { return x[0] * x[0] * x[0]; }
  Pack<double> value_and_gradient(Point<const Pack<double>, 1> x, Point<Pack<double>, 1> g) const {
    g[0] = 3.0 * x[0] * x[0];
    return (*this)(x);
  }
};

struct NowhereFinite {
  static constexpr int dim = 1;
  template <Lane L>
  L operator()(Point<const L, 1> x) const {
    return math::log(-1.0 - x[0] * x[0]);
  }
};

template <class T>
std::string printed(const T& t) {
  std::ostringstream out;
  out << t;
  return out.str();
}

}  // namespace

TEST_CASE("every energy has the gradient of its value", "[energy]") { test::for_each_energy(CheckGradient{}); }
TEST_CASE("every composition of energies has the gradient of its value", "[energy]") { test::for_each_composition(CheckGradient{}); }

TEST_CASE("run-time loops give a SIMD register of floats what they give one double", "[energy]") {
  const AgreeWithDouble<simd_lane<float, default_arch>> check;
  check("dense", GaussianDense<>{{1, 2, 3, 4, 5, 6}, test::equicorrelated(6, 2, 0.5)});
  check("lattice", Phi4<>{3, 3, -1.0, 0.5});
  check("sum", sum(GaussianIsotropic<>{3, 3.0}, DoubleWell<dynamic>{3}));
}
#if !ERG_TEST_SANITIZED
TEST_CASE("every energy is the same on a SIMD register of floats as on one double", "[energy]") {
  test::for_each_energy(AgreeWithDouble<simd_lane<float, default_arch>>{});
  test::for_each_composition(AgreeWithDouble<simd_lane<float, default_arch>>{});
}
TEST_CASE("an energy is the same on one float and on a SIMD register of doubles", "[energy]") {
  const auto check = [](const char* name, const auto& energy) {
    AgreeWithDouble<Pack<float>>{}(name, energy);
    AgreeWithDouble<simd_lane<double, default_arch>>{}(name, energy);
  };
  check("ring", RingOfGaussians<8>{});
  check("mixture", GaussianMixture<2, 2>{{1, 2}, {0, 0, 1, 1}, {1, 2}});
  check("schools", EightSchools{});
  check("logistic", BayesianLogistic<2>{test::small_design, test::small_labels, 2.0});
  check("sum", sum(Banana<2>{}, GaussianIsotropic<>{2, 3.0}, test::NoGradient{}));
}
TEST_CASE("an energy is evaluated on bare float and double too", "[energy]") {
  AgreeWithDouble<float>{}("ring", RingOfGaussians<8>{});
  AgreeWithDouble<double>{}("ring", RingOfGaussians<8>{});
  AgreeWithDouble<double>{}("mixture", GaussianMixture<2, 2>{{1, 2}, {0, 0, 1, 1}, {1, 2}});
}
#endif

TEST_CASE("check_gradient finds an error of one percent and says where", "[energy]") {
  const GradientCheck check = check_gradient(OffByOnePercent{}, {{0.5, 3.0}, {0.5, 0.0}});
  CHECK_FALSE(check.passed());
  CHECK(check.used_duals);
  CHECK(check.worst_point == 0);
  CHECK(check.worst_coordinate == 1);
  CHECK_THAT(check.max_error, test::WithinRel(0.03 / 3.03, 1e-9));
  CHECK_THAT(printed(check), test::contains("gradient is WRONG") && test::contains("coordinate 1 of point 0: written 3.03, should be 3"));
}
TEST_CASE("check_gradient finds a wrong slope next to a right gradient", "[energy]") {
  const GradientCheck check = check_gradient(WrongSlope{2});
  CHECK_FALSE(check.passed());
  CHECK_THAT(check.written, test::WithinRel(1.01 * check.reference, 1e-12));
}
TEST_CASE("check_gradient compares the value of both ways", "[energy]") {
  CHECK_FALSE(check_gradient(OtherValue{}).passed());
  CHECK(check_gradient(OtherValue{}).max_error == 0.0);
}
TEST_CASE("check_gradient falls back on differences where an energy takes no duals", "[energy]") {
  const GradientCheck check = check_gradient(DoubleOnly{});
  CHECK(check.passed());
  CHECK_FALSE(check.used_duals);
}
TEST_CASE("check_gradient does not pass where it compared nothing", "[energy]") {
  const GradientCheck check = check_gradient(NowhereFinite{});
  CHECK(check.n_non_finite == 20);
  CHECK_FALSE(check.passed());
  CHECK_THAT(printed(check), test::contains("finite at none of them"));
}
TEST_CASE("check_gradient refuses no points and points of another dimension", "[energy]") {
  ERG_CHECK_THROWS(check_gradient(OtherValue{}, std::vector<std::vector<double>>{}), std::invalid_argument, "no points");
  ERG_CHECK_THROWS(check_gradient(OtherValue{}, {{1.0, 2.0}}), std::invalid_argument, "points[0] has 2 entries");
}
