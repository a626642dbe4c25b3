// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Compiled once per instruction set, strict: the same pinned bits must come out of each program, on one real and on a register.
#include "support/catch.hpp"
#include "support/lanes.hpp"
#include "support/math_functions.hpp"

#include "erg/lane/dual.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

using namespace erg;

namespace {

/// Numbers of every size and sign, all the special ones, and many of the size that energies meet.
template <class T>
std::vector<T> inputs() {
  using Bits = typename lane_traits<T>::Bits;
  using Limits = std::numeric_limits<T>;
  std::vector<T> xs = {T(0), -T(0), T(1), T(-1), T(0.5), Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(),
                       -Limits::denorm_min(), Limits::min(), Limits::max(), Limits::lowest()};
  std::uint64_t z = 1;
  for (int i = 0; i < 3000; ++i) {
    z = z * 6364136223846793005u + 1442695040888963407u;
    xs.push_back(std::bit_cast<T>(static_cast<Bits>(z >> (64 - 8 * sizeof(T)))));
    const T u = static_cast<T>(static_cast<double>(z >> 40) * 0x1p-24);
    xs.push_back(u);
    xs.push_back((u - T(0.5)) * T(20));
    xs.push_back((u - T(0.5)) * T(1000));
  }
  return xs;
}

/// FNV-1a over the bits, every NaN counted as one.
template <class T>
std::uint64_t hash(const std::vector<T>& ys) {
  std::uint64_t h = 14695981039346656037u;
  for (T y : ys) {
    std::uint64_t b = std::isnan(y) ? 0x7ff8u : static_cast<std::uint64_t>(std::bit_cast<typename lane_traits<T>::Bits>(y));
    for (int i = 0; i < 8; ++i, b >>= 8) h = (h ^ (b & 0xff)) * 1099511628211u;
  }
  return h;
}

// To write anew after an intended change: run one program; each failure prints its line.
const std::map<std::string, std::uint64_t> pinned = {
      {"atan double", 0xb5babbb9a1595195u},
      {"atan float", 0xd20bb43302e685c4u},
      {"atan2 double", 0xc3a21d47f2b9a6adu},
      {"atan2 float", 0x19dfe6f060c5bc8u},
      {"cos double", 0x493807fa5f93c836u},
      {"cos float", 0x509b9751b6499f9u},
      {"cosh double", 0xe60282438f93caecu},
      {"cosh float", 0xd79c86ebfcc4e8f0u},
      {"digamma double", 0xfd76e0b0ec47b1bcu},
      {"digamma float", 0xce3d4bf5b4f91996u},
      {"dual double", 0x5790a58621ac2c6cu},
      {"dual float", 0x93a03f12f5e0a435u},
      {"erf double", 0x36d06de7b95d7423u},
      {"erf float", 0xd608a49f009e3b3du},
      {"erfc double", 0xe775d6de0c11d06bu},
      {"erfc float", 0x2c62b6f78c4f9931u},
      {"erfinv double", 0x5e3e3f7e008dc379u},
      {"erfinv float", 0xa1b4fe39f809d5u},
      {"exp double", 0xdba3158e641cd5deu},
      {"exp float", 0x6b5365f9f024ba54u},
      {"exp2 double", 0x944b5a4635ccd163u},
      {"exp2 float", 0x9e5fce5fa0fb1589u},
      {"expm1 double", 0xbb38e3ade8ae9189u},
      {"expm1 float", 0xd9d68280384d8ba8u},
      {"floor double", 0xb4236f081fdd3614u},
      {"floor float", 0x52e155558e5b4ceeu},
      {"lgamma double", 0x5384df37256bf074u},
      {"lgamma float", 0xc233b10647706f40u},
      {"log double", 0x97beadad307633a5u},
      {"log float", 0x371bc3ab5fcfd418u},
      {"log1p double", 0xe797f6307267e222u},
      {"log1p float", 0x6bf3ee40870b5adfu},
      {"log2 double", 0xc9bcfd869c7dfa68u},
      {"log2 float", 0xafed45e3f0f08302u},
      {"log_add_exp double", 0x22cffb0710077532u},
      {"log_add_exp float", 0x991f94136f443eadu},
      {"log_sigmoid double", 0x35881ac7756c9454u},
      {"log_sigmoid float", 0xe3ad262b82677acdu},
      {"max double", 0xed9653eaa7ed8fc1u},
      {"max float", 0xdd57ab0a0a77b38fu},
      {"normal_cdf double", 0xb08fdf4ef4d8dcdfu},
      {"normal_cdf float", 0x989258b23562319cu},
      {"normal_quantile double", 0x38b035b0758c8960u},
      {"normal_quantile float", 0x5e1adb05efc1657bu},
      {"pow double", 0xe454418ba4951d0eu},
      {"pow float", 0x3a35c2739a7c88fcu},
      {"power<7> double", 0x5d446e2dddbd6b54u},
      {"power<7> float", 0xc8df72ec6747952eu},
      {"round double", 0xcd7ec9d1cacfa653u},
      {"round float", 0xc8c43cc9c2b8af54u},
      {"sigmoid double", 0x47962c22687815fcu},
      {"sigmoid float", 0xaba42adb1159699du},
      {"sin double", 0xe64d7f3ec5f63d1eu},
      {"sin float", 0x23e86fec109367e8u},
      {"sincos double", 0x493e362a99fcb7c8u},
      {"sincos float", 0x818e5d845e52c252u},
      {"sinh double", 0x701a49b357b4d7ddu},
      {"sinh float", 0x1fbffdc8cc60955cu},
      {"softplus double", 0x2f69eb71ae5bd10au},
      {"softplus float", 0x589576e83a708437u},
      {"sqrt double", 0x5e00caf63c969289u},
      {"sqrt float", 0xadea6da380e6fb4bu},
      {"tan double", 0x33af4cea9b018f37u},
      {"tan float", 0x75231fd334535813u},
      {"tanh double", 0xb1eb8cd5c3e637dbu},
      {"tanh float", 0x6def019fc2dc00eau},
};

template <class T, class F>
void check(const std::string& name, F f) {
  const std::vector<T> xs = inputs<T>();
  std::vector<T> one(xs.size()), wide(xs.size());
  test::apply<Pack<T>>(f, xs.data(), one.data(), xs.size());
  test::apply<simd_lane<T, default_arch>>(f, xs.data(), wide.data(), xs.size());
  const std::uint64_t h = hash(one);
  const std::string key = name + (sizeof(T) == 4 ? " float" : " double");
  INFO("    {\"" << key << "\", 0x" << std::hex << h << "u},");
  CHECK(hash(wide) == h);
  const auto found = pinned.find(key);
  CHECK((found != pinned.end() && found->second == h));
}

template <class T>
void check_all() {
  test::for_each_unary([](const char* name, auto f, auto, double, double) { check<T>(name, f); });
  check<T>("digamma", math::digamma);
  check<T>("floor", math::floor);
  check<T>("round", math::round);
  check<T>("sincos", [](auto x) { return math::sincos(x).sin - math::sincos(x).cos; });
  check<T>("log_add_exp", [](auto x) { return math::log_add_exp(x, x * 0.5 + 1.0); });
  check<T>("pow", [](auto x) { return math::pow(math::abs(x), 1.7); });
  check<T>("atan2", [](auto x) { return math::atan2(x, 0.3 - x * x); });
  check<T>("power<7>", [](auto x) { return math::power<7>(x); });
  check<T>("max", [](auto x) { return math::max(x, 0.5); });
  check<T>("dual", [](auto x) {
    using D = Dual<decltype(x), 1>;
    const D d = make_dual(x);
    return (math::exp(d * -0.5) * math::sin(d) + math::softplus(d) / math::sqrt(d * d + 1.0)).tangent[0];
  });
}

}  // namespace

TEST_CASE("functions of float lanes give the pinned bits on one real and on a register", "[parity][math]") {
  REQUIRE(is_strict_build);
  check_all<float>();
}

TEST_CASE("functions of double lanes give the pinned bits on one real and on a register", "[parity][math]") {
  REQUIRE(is_strict_build);
  check_all<double>();
}
