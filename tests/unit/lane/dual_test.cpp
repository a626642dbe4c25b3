// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/math_functions.hpp"

#include "erg/lane/archetype.hpp"
#include "erg/lane/dual.hpp"
#include "erg/lane/xsimd_lane.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace erg;

namespace {

using D1 = Dual<double, 1>;
using D11 = Dual<Dual<double, 1>, 1>;

template <class F>
double derivative(F f, double x) {
  return f(make_dual(x)).tangent[0];
}
template <class F>
double second_derivative(F f, double x) {
  return f(make_dual(make_dual(x))).tangent[0].tangent[0];
}
/// Richardson's extrapolation of the central difference: error O(h^4).
template <class F>
double difference(F f, double x, double h) {
  const auto central = [&](double step) { return (f(x + step) - f(x - step)) / (2 * step); };
  return (4 * central(h / 2) - central(h)) / 3;
}

bool close(double a, double b, double tolerance) { return std::fabs(a - b) <= tolerance * std::max(1.0, std::fabs(b)); }

struct Known {
  double value, first, second;
};
/// The dual's value and two derivatives against closed forms.
template <class F, class Truth>
void check_closed_form(const char* name, F f, Truth truth, const std::vector<double>& points) {
  for (double x : points) {
    const Known k = truth(x);
    INFO(name << " at " << x);
    CHECK(close(f(make_dual(x)).value, k.value, 1e-13));
    CHECK(close(derivative(f, x), k.first, 1e-12));
    CHECK(close(second_derivative(f, x), k.second, 1e-11));
  }
}

}  // namespace

TEST_CASE("derivatives of the elementary functions are the closed forms", "[lane][dual]") {
  const std::vector<double> all = {-2.3, -0.4, 0.0, 0.3, 1.7}, positive = {0.01, 0.4, 1.0, 1.7, 40.0};
  const double c = 2 / std::sqrt(static_cast<double>(test::pi));
  check_closed_form("exp", math::exp, [](double x) { return Known{std::exp(x), std::exp(x), std::exp(x)}; }, all);
  check_closed_form("exp2", math::exp2, [](double x) { const double y = std::exp2(x), l = std::log(2.0); return Known{y, l * y, l * l * y}; }, all);
  check_closed_form("expm1", math::expm1, [](double x) { return Known{std::expm1(x), std::exp(x), std::exp(x)}; }, all);
  check_closed_form("log", math::log, [](double x) { return Known{std::log(x), 1 / x, -1 / (x * x)}; }, positive);
  check_closed_form("log2", math::log2, [](double x) { const double l = std::log(2.0); return Known{std::log2(x), 1 / (x * l), -1 / (x * x * l)}; }, positive);
  check_closed_form("log1p", math::log1p, [](double x) { return Known{std::log1p(x), 1 / (1 + x), -1 / ((1 + x) * (1 + x))}; }, positive);
  check_closed_form("sqrt", math::sqrt, [](double x) { return Known{std::sqrt(x), 0.5 / std::sqrt(x), -0.25 / (x * std::sqrt(x))}; }, positive);
  check_closed_form("square", math::square, [](double x) { return Known{x * x, 2 * x, 2}; }, all);
  check_closed_form("power<3>", math::power<3>, [](double x) { return Known{x * x * x, 3 * x * x, 6 * x}; }, all);
  check_closed_form("power<-1>", math::power<-1>, [](double x) { return Known{1 / x, -1 / (x * x), 2 / (x * x * x)}; }, {-2.3, 0.7, 3.0});
  check_closed_form("sin", math::sin, [](double x) { return Known{std::sin(x), std::cos(x), -std::sin(x)}; }, all);
  check_closed_form("cos", math::cos, [](double x) { return Known{std::cos(x), -std::sin(x), -std::cos(x)}; }, all);
  check_closed_form("tan", math::tan, [](double x) { const double t = std::tan(x), d = 1 + t * t; return Known{t, d, 2 * t * d}; }, {-0.4, 0.0, 1.2});
  check_closed_form("atan", math::atan, [](double x) { const double d = 1 / (1 + x * x); return Known{std::atan(x), d, -2 * x * d * d}; }, all);
  check_closed_form("tanh", math::tanh, [](double x) { const double t = std::tanh(x), d = 1 - t * t; return Known{t, d, -2 * t * d}; }, all);
  check_closed_form("sinh", math::sinh, [](double x) { return Known{std::sinh(x), std::cosh(x), std::sinh(x)}; }, all);
  check_closed_form("cosh", math::cosh, [](double x) { return Known{std::cosh(x), std::sinh(x), std::cosh(x)}; }, all);
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  check_closed_form("sigmoid", math::sigmoid, [&](double x) { const double s = sigmoid(x), d = s * (1 - s); return Known{s, d, d * (1 - 2 * s)}; }, all);
  check_closed_form("softplus", math::softplus, [&](double x) { const double s = sigmoid(x); return Known{std::log1p(std::exp(x)), s, s * (1 - s)}; }, all);
  check_closed_form("log_sigmoid", math::log_sigmoid, [&](double x) { const double s = sigmoid(x); return Known{std::log(s), 1 - s, -s * (1 - s)}; }, all);
  check_closed_form("erf", math::erf, [&](double x) { const double d = c * std::exp(-x * x); return Known{std::erf(x), d, -2 * x * d}; }, all);
  check_closed_form("erfc", math::erfc, [&](double x) { const double d = -c * std::exp(-x * x); return Known{std::erfc(x), d, -2 * x * d}; }, all);
  check_closed_form("normal_cdf", math::normal_cdf, [&](double x) {
    const double d = std::exp(-x * x / 2) * c / std::sqrt(8.0);
    return Known{std::erfc(-x / std::sqrt(2.0)) / 2, d, -x * d};
  }, all);
  check_closed_form("erfinv", math::erfinv, [&](double x) {
    const double y = test::erf_inverse(x), d = std::exp(y * y) / c;
    return Known{y, d, 2 * y * d * d};
  }, {-0.9, 0.0, 0.3});
  check_closed_form("normal_quantile", math::normal_quantile, [&](double p) {
    const double y = -std::sqrt(2.0) * test::erfc_inverse(2 * p), d = std::exp(y * y / 2) * std::sqrt(8.0) / c;
    return Known{y, d, y * d * d};
  }, {0.1, 0.5, 0.97});
}

TEST_CASE("derivatives of lgamma are digamma and trigamma", "[lane][dual]") {
  const double pi = static_cast<double>(test::pi), euler = 0.57721566490153286061;
  CHECK(close(derivative(math::lgamma, 1.0), -euler, 1e-13));
  CHECK(close(derivative(math::lgamma, 0.5), -euler - 2 * std::log(2.0), 1e-13));
  CHECK(close(second_derivative(math::lgamma, 1.0), pi * pi / 6, 1e-12));
  CHECK(close(second_derivative(math::lgamma, 0.5), pi * pi / 2, 1e-12));
  CHECK(close(derivative(math::digamma, 20.0), 0.05127082293520311983, 1e-12));
}

TEST_CASE("derivatives of functions of two variables are the closed forms", "[lane][dual]") {
  const auto x = make_dual<2>(1.3, 0), y = make_dual<2>(0.4, 1);
  const auto p = math::pow(x, y);
  CHECK(close(p.tangent[0], 0.4 * std::pow(1.3, -0.6), 1e-13));
  CHECK(close(p.tangent[1], std::pow(1.3, 0.4) * std::log(1.3), 1e-13));
  CHECK(math::pow(make_dual<2>(0.0, 0), y + 2.0).tangent[1] == 0.0);
  const auto a = math::atan2(x, y);
  CHECK(close(a.tangent[0], 0.4 / (1.3 * 1.3 + 0.4 * 0.4), 1e-14));
  CHECK(close(a.tangent[1], -1.3 / (1.3 * 1.3 + 0.4 * 0.4), 1e-14));
  const auto l = math::log_add_exp(x, y);
  CHECK(close(l.tangent[0], 1 / (1 + std::exp(-0.9)), 1e-14));
  CHECK(close(l.tangent[1], 1 / (1 + std::exp(0.9)), 1e-14));
  CHECK(math::max(x, y).tangent[0] == 1.0);
  CHECK(math::max(x, y).tangent[1] == 0.0);
  CHECK(math::min(x, y).tangent[1] == 1.0);
}

TEST_CASE("every function's derivative agrees with finite differences", "[lane][dual]") {
  test::for_each_unary([](const char* name, auto f, auto, double low, double high) {
    for (double x : {-1.7, -0.6, 0.2, 0.45, 0.9, 1.6, 2.9, 4.4, 11.0}) {
      if (x - 0.05 < low || x + 0.05 > high || (std::string_view(name) == "tan" && std::fabs(std::cos(x)) < 0.2)) continue;
      INFO(name << " at " << x);
      CHECK(close(derivative(f, x), difference(f, x, 2e-3), 1e-8));
    }
  });
}

TEST_CASE("a wrong derivative rule fails the comparison with finite differences", "[lane][dual]") {
  const auto wrong = [](auto x) {  // the sign of the chain rule flipped
    if constexpr (is_dual_v<decltype(x)>) {
      return x.chain(math::exp(x.value), -math::exp(x.value));
    } else {
      return math::exp(x);
    }
  };
  CHECK_FALSE(close(derivative(wrong, 0.3), difference(wrong, 0.3, 2e-3), 1e-8));
}

TEST_CASE("arithmetic with constants and literals differentiates", "[lane][dual]") {
  const auto f = [](auto x) { return (2.0 * x - 1.0) / (3.0 - x) + x / 4.0 + 5 / x + (1.0 + x) * (x - 0.5f); };
  const auto g = [&](double x) { return f(x); };
  CHECK(close(derivative(f, 1.3), difference(g, 1.3, 1e-3), 1e-9));
  const D1 x = make_dual(1.3);
  CHECK((x * 0.0).tangent[0] == 0.0);
  D1 sum = 0.0;
  sum += x;
  sum *= x;
  sum -= 1.0;
  sum /= x;
  CHECK(close(sum.tangent[0], 1 + 1 / (1.3 * 1.3), 1e-14));
  CHECK((-x).tangent[0] == -1.0);
  CHECK(close(lane::fma(x, x, x).tangent[0], 2 * 1.3 + 1, 1e-15));
}

TEST_CASE("comparisons are those of the values and select takes the tangent along", "[lane][dual]") {
  const D1 a = make_dual(1.0), b = 2.0;
  static_assert(std::is_same_v<decltype(a < b), bool>);
  CHECK(a < b);
  CHECK(b > a);
  CHECK(a <= a);
  CHECK(a >= a);
  CHECK(a == D1(1.0));
  CHECK(a != b);
  CHECK(lane::select(a < b, a, b).tangent[0] == 1.0);
  CHECK(lane::select(b < a, a, b).tangent[0] == 0.0);
  CHECK(math::abs(make_dual(-3.0)).tangent[0] == -1.0);
  CHECK(math::abs(make_dual(3.0)).tangent[0] == 1.0);
  CHECK(math::is_finite(a));
  CHECK(math::floor(make_dual(1.5)).tangent[0] == 0.0);
}

TEST_CASE("mixed second derivatives come from duals of duals", "[lane][dual]") {
  // f = exp(x y) / (1 + y^2) at (0.3, 0.7): d2 f / dx dy = exp(xy) ((1 + x y) (1 + y^2) - 2 y^2) / (1 + y^2)^2
  using Inner = Dual<double, 1>;
  const D11 x = make_dual<1>(Inner(0.3)), y = make_dual(0.7);
  const D11 fx = math::exp(x * y) / (1.0 + y * y);
  const double q = 1 + 0.7 * 0.7;
  CHECK(close(fx.tangent[0].tangent[0], std::exp(0.21) * ((1 + 0.21) * q - 2 * 0.49) / (q * q), 1e-13));
}

TEST_CASE("a dual over a register differentiates every lane", "[lane][dual]") {
  using L = simd_lane<float, default_arch>;
  constexpr int width = width_v<L>;
  alignas(64) float x[width], y[width];
  for (int i = 0; i < width; ++i) x[i] = 0.1f * static_cast<float>(i + 1);
  const auto f = [](auto v) { return math::exp(v * -0.5) * math::sin(v); };
  lane::store<L>(y, f(make_dual(lane::load<L>(x))).tangent[0]);
  for (int i = 0; i < width; ++i) {
    const double v = static_cast<double>(x[i]);
    CHECK(close(static_cast<double>(y[i]), std::exp(-0.5 * v) * (std::cos(v) - 0.5 * std::sin(v)), 1e-6));
  }
}

TEST_CASE("the archetype lane computes what double does", "[lane][archetype]") {
  test::for_each_unary([](const char* name, auto f, auto, double low, double high) {
    for (double x : {-0.7, 0.3, 0.9, 5.0}) {
      if (x < low || x > high) continue;
      INFO(name << " at " << x);
      CHECK(close(f(Archetype(x)).as_double(), f(x), 1e-15));
      CHECK(close(f(make_dual(Archetype(x))).tangent[0].as_double(), derivative(f, x), 1e-14));
    }
  });
  CHECK(math::pow(Archetype(2.0), 3.0).as_double() == 8.0);
  CHECK(math::atan2(Archetype(0.0), 3.0).as_double() == 0.0);
}
