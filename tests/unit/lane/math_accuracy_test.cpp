// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/math_functions.hpp"
#include "support/ulp.hpp"

#include "erg/lane/xsimd_lane.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace erg;

namespace {

using FloatLane = simd_lane<float, default_arch>;
using DoubleLane = simd_lane<double, default_arch>;

template <class L, class F>
void evaluate(F f, const scalar_t<L>* x, scalar_t<L>* y) {
  lane::store<L>(y, f(lane::load<L>(x)));
}

/// The bound that this build has to keep.
template <class T>
double bound(math::MaxUlp u) {
  return (sizeof(T) == 4 ? u.in_float : u.in_double) + (lane::fuses ? 0.0 : math::MaxUlp::unfused);
}

/// f at every `stride`-th float whose value lies in [low, high], against the reference in double.
template <class F, class Reference>
test::WorstUlp sweep_floats(F f, Reference reference, double low, double high, std::uint64_t stride) {
  constexpr int width = width_v<FloatLane>;
  alignas(64) float x[width], y[width];
  test::WorstUlp worst;
  int filled = 0;
  const auto flush = [&] {
    for (int i = filled; i < width; ++i) x[i] = x[0];
    evaluate<FloatLane>(f, x, y);
    for (int i = 0; i < filled; ++i) {
      const double exact = reference(static_cast<double>(x[i]));
      if (y[i] == static_cast<float>(exact)) continue;  // within 0.5
      worst.see(test::ulp_error(y[i], exact), static_cast<double>(x[i]));
    }
    filled = 0;
  };
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += stride) {
    const float v = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (!(static_cast<double>(v) >= low && static_cast<double>(v) <= high)) continue;
    x[filled++] = v;
    if (filled == width) flush();
  }
  if (filled > 0) flush();
  return worst;
}

/// Doubles of every size, and many where functions bend.
std::vector<double> sample_doubles(int n, double low, double high) {
  std::uint64_t state = 12345;
  const auto next = [&] {  // splitmix64
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  };
  std::vector<double> xs;
  const auto add = [&](double x) {
    if (x >= low && x <= high) xs.push_back(x);
  };
  for (double x : {0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, low, high}) add(x);
  for (int i = 0; i < n; ++i) {
    add(std::bit_cast<double>(next()));
    const double u = std::ldexp(static_cast<double>(next() >> 11), -52) - 1.0;
    for (double scale : {1e-3, 1.0, 10.0, 100.0, 750.0, 1e5}) add(scale * u);
    add(1.0 + 0.1 * u);
    add(1.5 + u);
  }
  return xs;
}

template <class F, class Reference>
test::WorstUlp sweep_doubles(F f, Reference reference, double low, double high, int n) {
  constexpr int width = width_v<DoubleLane>;
  std::vector<double> xs = sample_doubles(n, low, high);
  while (xs.size() % width != 0) xs.push_back(xs[0]);
  alignas(64) double x[width], y[width];
  test::WorstUlp worst;
  for (std::size_t k = 0; k < xs.size(); k += width) {
    for (std::size_t i = 0; i < width; ++i) x[i] = xs[k + i];
    evaluate<DoubleLane>(f, x, y);
    for (int i = 0; i < width; ++i) worst.see(test::ulp_error(y[i], reference(static_cast<long double>(x[i]))), x[i]);
  }
  return worst;
}

template <class F>
constexpr bool is_slow_to_check(F) {  // its reference iterates
  return std::is_same_v<F, std::remove_const_t<decltype(math::erfinv)>> ||
         std::is_same_v<F, std::remove_const_t<decltype(math::normal_quantile)>>;
}

}  // namespace

TEST_CASE("every function keeps its maximum ULP over the floats", "[lane][math]") {
  test::for_each_unary([](const char* name, auto f, auto reference, double low, double high) {
    const auto worst = sweep_floats(f, reference, low, high, is_slow_to_check(f) ? 49999 : 997);
    INFO(name << ": " << worst.ulp << " ULP at " << worst.at);
    CHECK(worst.ulp <= bound<float>(f.max_ulp));
  });
}

TEST_CASE("every function keeps its maximum ULP over many doubles", "[lane][math]") {
  test::for_each_unary([](const char* name, auto f, auto reference, double low, double high) {
    const auto worst = sweep_doubles(f, reference, low, high, is_slow_to_check(f) ? 4000 : 20000);
    INFO(name << ": " << worst.ulp << " ULP at " << worst.at);
    CHECK(worst.ulp <= bound<double>(f.max_ulp));
  });
}

namespace {

/// Every 61st float in [low, high], all of them where ERG_EVERY_FLOAT is set (20 s a function); outside, the function is constant,
/// infinite or NaN, which the tests of special values cover.
template <class F, class Reference>
void check_every_float(F f, Reference reference, double low, double high) {
  const auto worst = sweep_floats(f, reference, low, high, std::getenv("ERG_EVERY_FLOAT") ? 1 : 61);
  INFO(worst.ulp << " ULP at " << worst.at);
  CHECK(worst.ulp <= bound<float>(f.max_ulp));
}

}  // namespace

TEST_CASE("exp keeps its maximum ULP over a fine sweep of the floats", "[lane][math][slow]") {
  check_every_float(math::exp, [](double x) { return std::exp(x); }, -106.0, 90.0);
}
TEST_CASE("log keeps its maximum ULP over a fine sweep of the floats", "[lane][math][slow]") {
  check_every_float(math::log, [](double x) { return std::log(x); }, 0.0, test::infinity);
}
TEST_CASE("sin keeps its maximum ULP over a fine sweep of the floats", "[lane][math][slow]") {
  check_every_float(math::sin, [](double x) { return std::sin(x); }, 0.0, 1e5);
  CHECK(math::sin(-2.5f) == -math::sin(2.5f));
}
TEST_CASE("cos keeps its maximum ULP over a fine sweep of the floats", "[lane][math][slow]") {
  check_every_float(math::cos, [](double x) { return std::cos(x); }, 0.0, 1e5);
  CHECK(math::cos(-2.5f) == math::cos(2.5f));
}
TEST_CASE("tanh keeps its maximum ULP over a fine sweep of the floats", "[lane][math][slow]") {
  check_every_float(math::tanh, [](double x) { return std::tanh(x); }, -0.0, 12.0);
  CHECK(math::tanh(-2.5f) == -math::tanh(2.5f));
}

TEST_CASE("the ULP check rejects an exp with one coefficient off by 1e-5 of itself", "[lane][math]") {
  const auto broken = [](auto x) {
    using L = decltype(x);
    const auto [n, r] = math::detail::reduce_exp(lane::max(L(-104.0), lane::min(L(89.0), x)));
    return lane::scale(math::detail::polynomial(r, 1.0, 1.0, 0x1.fffffcp-2 * (1 + 1e-5), 0x1.555482p-3, 0x1.555822p-5, 0x1.12444p-7,
                                                0x1.6afadcp-10), n);
  };
  const auto worst = sweep_floats(broken, [](double x) { return std::exp(x); }, -test::infinity, test::infinity, 9973);
  CHECK(worst.ulp > bound<float>(math::exp.max_ulp));
}

TEST_CASE("pow keeps its maximum ULP, which grows with the exponent", "[lane][math]") {
  const double extra = lane::fuses ? 0.0 : math::MaxUlp::unfused;
  test::WorstUlp in_float, in_double;  // in units of the bound
  for (double y : {0.5, 2.0, 3.7, -1.3, 20.0, 100.0, -300.0, 1e-3}) {
    for (std::uint64_t bits = 0; bits <= 0x7f800000u; bits += 9973) {
      const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits)), fy = static_cast<float>(y);
      const double exact = std::pow(static_cast<double>(x), static_cast<double>(fy));
      const double exponent = std::min(std::fabs(y * std::log(static_cast<double>(x))), 1e3);
      in_float.see(test::ulp_error(math::pow(x, fy), exact) / (std::min(1.4 + exponent / 12, 9.0) + extra), static_cast<double>(x));
    }
    for (double x : sample_doubles(3000, 0.0, test::infinity)) {
      const long double exact = std::pow(static_cast<long double>(x), static_cast<long double>(y));
      const double exponent = std::min(std::fabs(y * std::log(x)), 1e3);
      in_double.see(test::ulp_error(math::pow(x, y), exact) / (std::min(1.4 + exponent / 25, 12.0) + extra), x);
    }
  }
  INFO("float at " << in_float.at << ", double at " << in_double.at);
  CHECK(in_float.ulp <= 1.0);
  CHECK(in_double.ulp <= 1.0);
}

TEST_CASE("power<N> multiplies", "[lane][math]") {
  CHECK(math::power<0>(3.0) == 1.0);
  CHECK(math::power<1>(3.0) == 3.0);
  CHECK(math::power<5>(-3.0) == -243.0);
  CHECK(math::power<-2>(4.0f) == 0.0625f);
}

TEST_CASE("atan2 covers the plane", "[lane][math]") {
  test::WorstUlp in_float, in_double;
  for (double y : {0.0, -0.0, 0.5, -1.3, 100.0, 1e-30, -test::infinity, test::infinity}) {
    for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 99991) {
      const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits)), fy = static_cast<float>(y);
      const double quotient = std::fabs(static_cast<double>(fy)) / std::fabs(static_cast<double>(x));
      if (quotient < 1e-37 && quotient > 0.0) continue;
      in_float.see(test::ulp_error(math::atan2(fy, x), std::atan2(static_cast<double>(fy), static_cast<double>(x))), static_cast<double>(x));
    }
    for (double x : sample_doubles(2000, -test::infinity, test::infinity)) {
      const long double quotient = std::fabs(static_cast<long double>(y)) / std::fabs(static_cast<long double>(x));
      if (quotient < 1e-307L && quotient > 0) continue;
      in_double.see(test::ulp_error(math::atan2(y, x), std::atan2(static_cast<long double>(y), static_cast<long double>(x))), x);
    }
  }
  INFO("float at " << in_float.at << ", double at " << in_double.at);
  CHECK(in_float.ulp <= 1.8);
  CHECK(in_double.ulp <= 2.0);
}

TEST_CASE("log_add_exp errs by at most 2 ULP of its largest number", "[lane][math]") {
  double worst_float = 0.0, worst_double = 0.0;
  for (double a : sample_doubles(300, -1e4, 1e4)) {
    for (double gap : {0.0, 1e-3, 0.3, 1.0, 5.0, 30.0, 200.0, -0.7, -3.0, -60.0}) {
      const auto exact = [](auto p, auto q) { return std::max(p, q) + std::log1p(std::exp(-std::fabs(p - q))); };
      const float fa = static_cast<float>(a), fb = static_cast<float>(a + gap);
      const double r = exact(static_cast<double>(fa), static_cast<double>(fb));
      const double size = std::max({std::fabs(r), std::fabs(static_cast<double>(fa)), std::fabs(static_cast<double>(fb))});
      worst_float = std::max(worst_float, std::fabs(static_cast<double>(math::log_add_exp(fa, fb)) - r) / std::ldexp(1.0, std::ilogb(size) - 23));
      const double b = a + gap;
      const long double rd = exact(static_cast<long double>(a), static_cast<long double>(b));
      const double size_d = std::max({std::fabs(static_cast<double>(rd)), std::fabs(a), std::fabs(b)});
      worst_double = std::max(worst_double, static_cast<double>(std::fabs(static_cast<long double>(math::log_add_exp(a, b)) - rd)) /
                                                std::ldexp(1.0, std::ilogb(size_d) - 52));
    }
  }
  CHECK(worst_float <= 2.0);
  CHECK(worst_double <= 2.0);
}

TEST_CASE("digamma errs by at most 8 ULP of max(1, |digamma|) in float, 16 in double", "[lane][math]") {
  double worst_float = 0.0, worst_double = 0.0;
  for (double x : sample_doubles(3000, 1e-30, 1e6)) {
    const long double exact = test::digamma_reference(static_cast<long double>(x));
    const double unit = std::ldexp(1.0, std::ilogb(std::max(1.0, std::fabs(static_cast<double>(exact)))));
    worst_double = std::max(worst_double, static_cast<double>(std::fabs(static_cast<long double>(math::digamma(x)) - exact)) / (unit * 0x1p-52));
    const float fx = static_cast<float>(x);
    const double exact_f = static_cast<double>(test::digamma_reference(static_cast<long double>(fx)));
    worst_float = std::max(worst_float, std::fabs(static_cast<double>(math::digamma(fx)) - exact_f) / (unit * 0x1p-23));
  }
  CHECK(worst_float <= 8.0);
  CHECK(worst_double <= 16.0);
}

TEST_CASE("sin and cos stay finite and within [-1, 1] far outside their domain", "[lane][math]") {
  for (std::uint64_t bits = 0; bits < 0x7f800000u; bits += 9973) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const auto [s, c] = math::sincos(x);
    REQUIRE((s >= -1.0f && s <= 1.0f && c >= -1.0f && c <= 1.0f));
  }
}

TEST_CASE("the table of docs/numerics.md states the bounds that are tested", "[lane][math]") {
  std::ifstream page(ERG_TESTS_DIR "/../docs/numerics.md");
  REQUIRE(page);
  std::stringstream text;
  text << page.rdbuf();
  const std::string table = text.str();
  test::for_each_unary([&](const char* name, auto f, auto, double, double) {
    std::ostringstream row;
    row << "| `" << name << "` | " << f.max_ulp.in_float << " | " << f.max_ulp.in_double << " |";
    INFO(row.str());
    CHECK(table.find(row.str()) != std::string::npos);
  });
}
