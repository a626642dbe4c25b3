// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/lanes.hpp"
#include "support/math_functions.hpp"
#include "support/ulp.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace erg;

namespace {

template <class T>
struct Special {
  T x, y;
};

template <class T>
bool same(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

/// f(x) is y exactly, the sign of zero included, on every lane over T.
template <class T, class F>
void check_specials(const char* name, F f, const std::vector<Special<T>>& table) {
  test::for_each_pack<T>([&](auto type) {
    using L = typename decltype(type)::type;
    for (const auto& [x, y] : table) {
      T got;
      test::apply<L>(f, &x, &got, 1);
      INFO(name << "(" << x << ") = " << got << ", not " << y << " on a lane of width " << width_v<L>);
      CHECK(same(got, y));
    }
  });
}

template <class T>
void check_all() {
  using Limits = std::numeric_limits<T>;
  const T inf = Limits::infinity(), nan = Limits::quiet_NaN(), tiny = Limits::denorm_min(), low = Limits::lowest();
  const T half_pi = static_cast<T>(test::pi / 2);
  check_specials<T>("sqrt", math::sqrt, {{0, 0}, {-T(0), -T(0)}, {inf, inf}, {-1, nan}, {nan, nan}});
  check_specials<T>("exp", math::exp, {{0, 1}, {-T(0), 1}, {inf, inf}, {-inf, 0}, {nan, nan}, {Limits::max(), inf}, {low, 0}, {tiny, 1}});
  check_specials<T>("exp2", math::exp2, {{0, 1}, {-T(0), 1}, {10, 1024}, {-3, T(0.125)}, {inf, inf}, {-inf, 0}, {nan, nan},
                                         {Limits::min_exponent - Limits::digits, tiny}, {Limits::max(), inf}});
  check_specials<T>("expm1", math::expm1, {{0, 0}, {-T(0), -T(0)}, {inf, inf}, {-inf, -1}, {nan, nan}});
  check_specials<T>("log", math::log, {{0, -inf}, {-T(0), -inf}, {1, 0}, {inf, inf}, {-inf, nan}, {-tiny, nan}, {nan, nan}});
  check_specials<T>("log2", math::log2, {{0, -inf}, {1, 0}, {8, 3}, {T(0.25), -2}, {inf, inf}, {-1, nan}, {nan, nan},
                                         {tiny, Limits::min_exponent - Limits::digits}});
  check_specials<T>("log1p", math::log1p, {{0, 0}, {-T(0), -T(0)}, {-1, -inf}, {inf, inf}, {-2, nan}, {-inf, nan}, {nan, nan}, {tiny, tiny}});
  check_specials<T>("sin", math::sin, {{0, 0}, {-T(0), -T(0)}, {inf, nan}, {-inf, nan}, {nan, nan}, {tiny, tiny}});
  check_specials<T>("cos", math::cos, {{0, 1}, {-T(0), 1}, {inf, nan}, {-inf, nan}, {nan, nan}});
  check_specials<T>("tan", math::tan, {{0, 0}, {-T(0), -T(0)}, {inf, nan}, {nan, nan}});
  check_specials<T>("atan", math::atan, {{0, 0}, {-T(0), -T(0)}, {inf, half_pi}, {-inf, -half_pi}, {nan, nan}});
  check_specials<T>("sinh", math::sinh, {{0, 0}, {-T(0), -T(0)}, {inf, inf}, {-inf, -inf}, {nan, nan}, {low, -inf}});
  check_specials<T>("cosh", math::cosh, {{0, 1}, {-T(0), 1}, {inf, inf}, {-inf, inf}, {nan, nan}, {low, inf}});
  check_specials<T>("tanh", math::tanh, {{0, 0}, {-T(0), -T(0)}, {inf, 1}, {-inf, -1}, {nan, nan}, {30, 1}, {-Limits::max(), -1}});
  check_specials<T>("sigmoid", math::sigmoid, {{0, T(0.5)}, {-T(0), T(0.5)}, {inf, 1}, {-inf, 0}, {nan, nan}});
  check_specials<T>("softplus", math::softplus, {{inf, inf}, {-inf, 0}, {nan, nan}, {1000, 1000}});
  check_specials<T>("log_sigmoid", math::log_sigmoid, {{inf, 0}, {-inf, -inf}, {nan, nan}, {-1000, -1000}});
  check_specials<T>("erf", math::erf, {{0, 0}, {-T(0), -T(0)}, {inf, 1}, {-inf, -1}, {nan, nan}});
  check_specials<T>("erfc", math::erfc, {{0, 1}, {inf, 0}, {-inf, 2}, {nan, nan}});
  check_specials<T>("normal_cdf", math::normal_cdf, {{0, T(0.5)}, {inf, 1}, {-inf, 0}, {nan, nan}});
  check_specials<T>("erfinv", math::erfinv, {{0, 0}, {-T(0), -T(0)}, {1, inf}, {-1, -inf}, {T(1.5), nan}, {-inf, nan}, {nan, nan}});
  check_specials<T>("normal_quantile", math::normal_quantile, {{T(0.5), 0}, {0, -inf}, {1, inf}, {-T(0.1), nan}, {T(1.1), nan}, {nan, nan}});
  check_specials<T>("lgamma", math::lgamma, {{0, inf}, {-T(0), inf}, {1, 0}, {2, 0}, {inf, inf}, {-1, nan}, {T(-2.5), nan}, {-inf, nan}, {nan, nan}});
  check_specials<T>("digamma", math::digamma, {{0, -inf}, {inf, inf}, {-1, nan}, {nan, nan}});
  check_specials<T>("floor", math::floor, {{T(1.5), 1}, {T(-1.5), -2}, {-T(0), -T(0)}, {T(0.3), 0}, {inf, inf}, {-inf, -inf}, {nan, nan},
                                           {T(1e30), T(1e30)}, {T(-0.3), -1}, {-7, -7}});
  check_specials<T>("round", math::round, {{T(1.5), 2}, {T(2.5), 2}, {T(-0.3), -T(0)}, {-T(0), -T(0)}, {inf, inf}, {nan, nan}, {T(1e30), T(1e30)}});
  check_specials<T>("abs", math::abs, {{T(-1.5), T(1.5)}, {-T(0), 0}, {-inf, inf}, {nan, nan}});
}

/// f(a, b) on every lane over T.
template <class T, class F>
void check_pairs(const char* name, F f, const std::vector<std::vector<T>>& table) {
  test::for_each_pack<T>([&](auto type) {
    using L = typename decltype(type)::type;
    for (const auto& row : table) {
      T got;
      const T b = row[1];
      test::apply<L>([&](L a) { return f(a, L(b)); }, &row[0], &got, 1);
      INFO(name << "(" << row[0] << ", " << row[1] << ") = " << got << ", not " << row[2] << " on a lane of width " << width_v<L>);
      CHECK(same(got, row[2]));
    }
  });
}

template <class T>
void check_all_pairs() {
  using Limits = std::numeric_limits<T>;
  const T inf = Limits::infinity(), nan = Limits::quiet_NaN(), log2 = static_cast<T>(0.693147180559945309417L);
  check_pairs<T>("min", math::min, {{1, 2, 1}, {2, 1, 1}, {nan, 1, 1}, {1, nan, nan}, {-inf, 1, -inf}});
  check_pairs<T>("max", math::max, {{1, 2, 2}, {2, 1, 2}, {nan, 1, 1}, {1, nan, nan}, {inf, 1, inf}});
  check_pairs<T>("log_add_exp", math::log_add_exp, {{0, 0, log2}, {-inf, -inf, -inf}, {inf, inf, inf}, {-inf, 3, 3}, {3, -inf, 3}, {inf, 0, inf},
                                                    {-inf, inf, inf}, {nan, 0, nan}, {0, nan, nan}, {1000, 0, 1000}});
  check_pairs<T>("pow", math::pow, {{0, 2, 0}, {0, -1, inf}, {0, 0, 1}, {nan, 0, 1}, {1, nan, 1}, {1, inf, 1}, {inf, 2, inf}, {inf, -2, 0}, {2, inf, inf},
                                    {T(0.5), inf, 0}, {2, -inf, 0}, {-2, 3, nan}, {nan, 1, nan}, {2, nan, nan}, {2, 10, 1024}, {4, T(-0.5), T(0.5)}});
  for (const T y : {T(0), -T(0), T(1), T(-1), inf, -inf, nan}) {
    for (const T x : {T(0), -T(0), T(1), T(-1), inf, -inf, nan}) {
      T got;
      test::apply<Pack<T>>([&](Pack<T> a) { return math::atan2(a, Pack<T>(x)); }, &y, &got, 1);
      const T want = static_cast<T>(std::atan2(static_cast<long double>(y), static_cast<long double>(x)));
      INFO("atan2(" << y << ", " << x << ") = " << got << ", not " << want);
      CHECK((std::signbit(got) == std::signbit(want) || std::isnan(want)));
      CHECK(test::ulp_error(got, want) <= 2.0);
    }
  }
}

}  // namespace

TEST_CASE("zeros, infinities, NaN and subnormals give what the contracts say on every lane over float", "[lane][math]") {
  check_all<float>();
  check_all_pairs<float>();
}

TEST_CASE("zeros, infinities, NaN and subnormals give what the contracts say on every lane over double", "[lane][math]") {
  check_all<double>();
  check_all_pairs<double>();
}

TEST_CASE("is_finite is false for infinities and NaN only", "[lane][math]") {
  CHECK(math::is_finite(std::numeric_limits<float>::max()));
  CHECK(math::is_finite(-0.0));
  CHECK_FALSE(math::is_finite(test::infinity));
  CHECK_FALSE(math::is_finite(std::numeric_limits<double>::quiet_NaN()));
}
