// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "draws.hpp"
#include "support/catch.hpp"
#include "support/lanes.hpp"

#if __has_include(<Random123/philox.h>)
#include <Random123/philox.h>
#define ERG_TEST_RANDOM123 1
#endif

using namespace erg;
using erg::test::bits_from;
using erg::test::elements;

namespace {

struct Vector {
  std::uint32_t counter[4], key[2], words[4];
};
// Random123's kat_vectors, philox4x32 10
constexpr Vector known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

/// Philox4x32-10 written plainly from section 3.3 of Salmon et al. (2011): the reference where Random123 is not installed.
template <int Rounds = 10>
std::array<std::uint32_t, 4> plain_philox(std::array<std::uint32_t, 4> c, std::uint32_t k0, std::uint32_t k1) {
  for (int round = 0; round < Rounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0], p1 = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1), static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1,
         static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

/// Another generator, for arbitrary counters and keys.
struct Mixer {
  std::uint64_t state;
  std::uint64_t operator()() {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
};

template <class L>
using ChainWords = std::array<typename lane_traits<scalar_t<L>>::Bits, width_v<L>>;

template <class L>
void check_known_answers() {
  for (const Vector& v : known) {
    for (std::size_t at = 0; at < width_v<L>; ++at) {  // the vector's chain in every place, other chains beside it
      ChainWords<L> chains;
      for (std::size_t i = 0; i < chains.size(); ++i) chains[i] = v.counter[3] ^ static_cast<std::uint32_t>(0x01000193u * (i ^ at));
      const auto w = random::philox4x32_10<L>(v.counter[0], v.counter[1], v.counter[2], bits_from<L>(chains), v.key[0], v.key[1]);
      for (std::size_t word = 0; word < 4; ++word) {
        const auto got = elements<L>(w.w[word]);
        CHECK(got[at] == v.words[word]);
        for (std::size_t i = 0; i < chains.size(); ++i) {
          const auto expected = plain_philox({v.counter[0], v.counter[1], v.counter[2], static_cast<std::uint32_t>(chains[i])}, v.key[0], v.key[1]);
          REQUIRE(got[i] == expected[word]);
        }
      }
    }
  }
}

template <class L, class Reference>
int count_differences(int n, const Reference& reference) {
  Mixer next{42};
  int wrong = 0;
  for (int trial = 0; trial < n; trial += width_v<L>) {
    const std::uint64_t a = next(), b = next(), key = next();
    const auto c0 = static_cast<std::uint32_t>(a), c1 = static_cast<std::uint32_t>(a >> 32), c2 = static_cast<std::uint32_t>(b);
    ChainWords<L> chains;
    for (auto& c : chains) c = static_cast<std::uint32_t>(next());
    const auto w = random::philox4x32_10<L>(c0, c1, c2, bits_from<L>(chains), static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
    std::array<ChainWords<L>, 4> got;
    for (std::size_t word = 0; word < 4; ++word) got[word] = elements<L>(w.w[word]);
    for (std::size_t i = 0; i < chains.size(); ++i) {
      const auto expected = reference({c0, c1, c2, static_cast<std::uint32_t>(chains[i])}, static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
      for (std::size_t word = 0; word < 4; ++word) wrong += got[word][i] != expected[word];
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("philox gives Random123's known answers in every place of every lane", "[random][philox]") {
  test::for_each_lane<float>([]<class L>(std::type_identity<L>) { check_known_answers<L>(); });
  test::for_each_lane<double>([]<class L>(std::type_identity<L>) { check_known_answers<L>(); });
}

TEST_CASE("philox equals a plain implementation at 1e5 random counters and keys, on every lane", "[random][philox]") {
  test::for_each_lane<float>([]<class L>(std::type_identity<L>) { CHECK(count_differences<L>(100000, plain_philox<>) == 0); });
  test::for_each_lane<double>([]<class L>(std::type_identity<L>) { CHECK(count_differences<L>(100000, plain_philox<>) == 0); });
}

#if defined(ERG_TEST_RANDOM123)
TEST_CASE("philox equals r123::Philox4x32 at 1e5 random counters and keys", "[random][philox]") {
  const auto r123 = [](std::array<std::uint32_t, 4> c, std::uint32_t k0, std::uint32_t k1) {
    const r123::Philox4x32::ctr_type counter = {{c[0], c[1], c[2], c[3]}};
    const r123::Philox4x32::key_type key = {{k0, k1}};
    const auto w = r123::Philox4x32()(counter, key);
    return std::array<std::uint32_t, 4>{w[0], w[1], w[2], w[3]};
  };
  CHECK(count_differences<simd_lane<float, default_arch>>(100000, r123) == 0);
  CHECK(count_differences<simd_lane<double, default_arch>>(100000, r123) == 0);
  CHECK(count_differences<float>(100000, r123) == 0);
}
#endif

TEST_CASE("nine rounds, or the same words in another order, are told from philox", "[random][philox]") {
  using L = simd_lane<float, default_arch>;
  CHECK(count_differences<L>(1000, plain_philox<9>) >= 3990);
  const auto reversed = [](std::array<std::uint32_t, 4> c, std::uint32_t k0, std::uint32_t k1) {
    const auto w = plain_philox(c, k0, k1);
    return std::array<std::uint32_t, 4>{w[3], w[2], w[1], w[0]};
  };
  CHECK(count_differences<L>(1000, reversed) >= 3990);
}
