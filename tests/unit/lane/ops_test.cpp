// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/lanes.hpp"

#include "erg/lane/math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

using namespace erg;

namespace {

/// Numbers of every size and sign, in a multiple of every width.
template <class T>
std::vector<T> numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> xs = {T(0), -T(0), T(1), T(-1), T(2.5), T(-0.75), T(0.75), T(1.5), T(1.4999), Limits::infinity(), -Limits::infinity(),
                       Limits::quiet_NaN(), Limits::denorm_min(), -Limits::denorm_min(), Limits::min(), Limits::max()};
  std::uint64_t z = 7;
  while (xs.size() < 4096) {
    z = z * 6364136223846793005u + 1442695040888963407u;
    xs.push_back(std::bit_cast<T>(static_cast<typename lane_traits<T>::Bits>(z >> (64 - 8 * sizeof(T)))));
    xs.push_back(static_cast<T>(static_cast<double>(static_cast<std::int64_t>(z)) * 0x1p-56));
  }
  return xs;
}

template <class T>
bool same(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<typename lane_traits<T>::Bits>(a) == std::bit_cast<typename lane_traits<T>::Bits>(b);
}

/// f(a, b, c) on every lane type gives what it gives on the bare scalar, bit for bit.
template <class T, class F>
void check_against_scalar(const char* name, F f) {
  const std::vector<T> xs = numbers<T>();
  const std::size_t n = xs.size();
  test::for_each_register<T>([&](auto type) {
    using L = typename decltype(type)::type;
    constexpr std::size_t width = width_v<L>;
    alignas(64) T a[width], b[width], c[width], y[width];
    int wrong = 0;
    for (std::size_t k = 0; k < n; k += width) {
      for (std::size_t i = 0; i < width; ++i) {
        a[i] = xs[k + i];
        b[i] = xs[(5 * (k + i) + 3) % n];
        c[i] = xs[(7 * (k + i) + 1) % n];
      }
      lane::store<L>(y, f(lane::load<L>(a), lane::load<L>(b), lane::load<L>(c)));
      for (std::size_t i = 0; i < width; ++i) wrong += same(y[i], f(a[i], b[i], c[i])) ? 0 : 1;
    }
    INFO(name << " on a lane of width " << width << ": " << wrong << " of " << n << " differ");
    CHECK(wrong == 0);
  });
}

template <class T>
void check_all() {
  check_against_scalar<T>("fma", [](auto a, auto b, auto c) { return lane::fma(a, b, c); });
  check_against_scalar<T>("sqrt", [](auto a, auto, auto) { return lane::sqrt(a); });
  check_against_scalar<T>("abs", [](auto a, auto, auto) { return lane::abs(a); });
  check_against_scalar<T>("neg", [](auto a, auto, auto) { return lane_ops<decltype(a)>::neg(a); });
  check_against_scalar<T>("min", [](auto a, auto b, auto) { return lane::min(a, b); });
  check_against_scalar<T>("max", [](auto a, auto b, auto) { return lane::max(a, b); });
  check_against_scalar<T>("select", [](auto a, auto b, auto c) { return lane::select(a < b, b, c); });
  check_against_scalar<T>("copysign", [](auto a, auto b, auto) { return lane::copysign(a, b); });
  check_against_scalar<T>("round", [](auto a, auto, auto) { return lane::round(a); });
  check_against_scalar<T>("floor", [](auto a, auto, auto) { return lane::floor(a); });
  check_against_scalar<T>("is_finite", [](auto a, auto b, auto c) { return lane::select(lane::is_finite(a), b, c); });
  check_against_scalar<T>("has_bits", [](auto a, auto b, auto c) {
    using L = decltype(a);
    return lane::select(lane::has_bits<L>(lane::to_bits(a), bits_t<L>(typename lane_traits<T>::Bits(2))), b, c);
  });
  check_against_scalar<T>("select_bits", [](auto a, auto b, auto c) {
    using L = decltype(a);
    return lane::from_bits<L>(lane::select_bits<L>(a < b, lane::to_bits(b), lane::to_bits(c)));
  });
  check_against_scalar<T>("from_int", [](auto a, auto, auto) {
    using L = decltype(a);
    return lane::from_int<L>(lane::to_bits(a) & bits_t<L>(typename lane_traits<T>::Bits(0xffffff)));
  });
  check_against_scalar<T>("split exponent", [](auto a, auto b, auto) {  // the exponent of a negative number is unspecified
    const auto s = lane::split(a);
    return lane::select(a >= decltype(a)(T(0)), s.exponent, b);
  });
  check_against_scalar<T>("split mantissa", [](auto a, auto b, auto) {
    const auto s = lane::split(a);
    return lane::select(a == decltype(a)(T(0)), b, s.mantissa);
  });
  check_against_scalar<T>("scale", [](auto a, auto b, auto) {
    using L = decltype(a);
    const L span = L(static_cast<T>(2 * lane::Format<T>::bias - 2));
    const L n = lane::max(lane::min(lane::round(b), span), L(T(0)) - span);
    return lane::scale(L(T(1)) + lane::split(lane::select(lane::is_finite(a), lane::abs(a), L(T(1)))).mantissa, lane::select(b == b, n, L(T(0))));
  });
}

}  // namespace

TEST_CASE("the verbs give the same bits on every lane over float", "[lane]") { check_all<float>(); }
TEST_CASE("the verbs give the same bits on every lane over double", "[lane]") { check_all<double>(); }

TEST_CASE("fma rounds once, on every lane", "[lane]") {
  test::for_each_register<float>([](auto type) {
    using L = typename decltype(type)::type;
    const L x = L(1.0f + 0x1p-23f);
    const L r = lane::fma(x, x, -(x * x));
    CHECK(lane::all<L>(r != L(0.0f)));
  });
}

TEST_CASE("split is exact for every kind of positive number", "[lane]") {
  for (float x : numbers<float>()) {
    if (!(x > 0.0f) || std::isinf(x)) continue;
    const auto s = lane::split(x);
    REQUIRE((s.mantissa >= 0.75f && s.mantissa < 1.5f));
    REQUIRE(std::ldexp(s.mantissa, static_cast<int>(s.exponent)) == x);
  }
}

TEST_CASE("scale rounds once where the result is subnormal", "[lane]") {
  for (int n = -155; n < -120; ++n) CHECK(lane::scale(1.2345678f, static_cast<float>(n)) == std::ldexp(1.2345678f, n));
  for (int n = -1080; n < -1015; ++n) CHECK(lane::scale(1.2345678, static_cast<double>(n)) == std::ldexp(1.2345678, n));
  CHECK(std::isinf(lane::scale(1.5f, 130.0f)));
}

TEST_CASE("masks are counted, and all and any agree with the count", "[lane]") {
  test::for_each_register<float>([](auto type) {
    using L = typename decltype(type)::type;
    constexpr int width = width_v<L>;
    alignas(64) float x[width];
    for (int i = 0; i < width; ++i) x[i] = static_cast<float>(i);
    const L v = lane::load<L>(x);
    CHECK(lane::count<L>(v < L(1.0f)) == 1);
    CHECK(lane::any<L>(v < L(1.0f)));
    CHECK(lane::all<L>(v < L(1.0f)) == (width == 1));
    CHECK_FALSE(lane::any<L>(v < L(0.0f)));
  });
}

TEST_CASE("functions of bare scalars and registers are those of packs", "[lane][math]") {
  alignas(64) float x[64], y[64];
  for (int i = 0; i < 64; ++i) x[i] = 0.1f * static_cast<float>(i) - 3.0f;
  const auto f = [](auto v) { return math::log_add_exp(math::sincos(v).sin, 0.5); };
  test::for_each_register<float>([&](auto type) {
    test::apply<typename decltype(type)::type>(f, x, y, 64);
    for (int i = 0; i < 64; ++i) REQUIRE(y[i] == f(Pack<float>(x[i])).reg);
  });
}

TEST_CASE("a literal beside a Pack takes the precision of the Pack", "[lane]") {
  const Pack<float> x = 1.0;
  CHECK((x * 0.1).reg == 1.0f * 0.1f);
  CHECK((0.1 + x).reg == 0.1f + 1.0f);
}
