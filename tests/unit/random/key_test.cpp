// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The address of a random number, (step, stream, purpose, block, chain), is the 128-bit counter of Philox, a bijection: two
// numbers share bits if and only if they share an address. So no overlap means: the map to the counter is injective.
#include "draws.hpp"
#include "support/catch.hpp"

#include <erg/run/plan.hpp>

#include <set>

using namespace erg;
using random::Key;
using random::Purpose;

namespace {

struct Site {
  std::uint64_t step;
  std::uint32_t stream, purpose, block, chain;
  auto operator<=>(const Site&) const = default;
};
using Counter = std::array<std::uint32_t, 4>;

Counter counter_of(const Site& s) {
  const Key key = Key(1).at(s.step).stream(static_cast<int>(s.stream)).purpose(static_cast<Purpose>(s.purpose));
  return {key.c0(), key.c1(s.block), key.c2(), s.chain};
}
/// The layout as documented, read backwards: where this undoes counter_of, no two sites share a counter.
Site site_of(const Counter& c) {
  return {c[0] | (std::uint64_t{c[2] >> 16} << 32), c[2] & 0xffffu, c[1] >> 28, c[1] & 0x0fffffffu, c[3]};
}

const std::uint64_t steps[] = {0, 1, 2, 0x7fffffff, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000001, 0x123456789abc, random::max_steps - 2, random::max_steps - 1};
const std::uint32_t streams[] = {0, 1, 2, 255, 256, 0x7fff, 0x8000, 0xfffe, 0xffff};
const std::uint32_t purposes[] = {0, 1, 2, 3, 4, 5, 6, 7, 14, 15};
const std::uint32_t blocks[] = {0, 1, 2, 3, 0xffff, 0x10000, 0x7ffffff, 0x8000000, 0xffffffe, 0xfffffff};
const std::uint32_t chains[] = {0, 1, 15, 16, 0x7fffffff, 0x80000000, 0xfffffffe, random::all_chains};

}  // namespace

TEST_CASE("the counter is laid out as documented", "[random][key]") {
  const Key key = Key(0x0123456789abcdefu).at(0x0000a1b2c3d4e5f6u).stream(0x1234).purpose(Purpose::jitter);
  CHECK(key.k0() == 0x89abcdefu);
  CHECK(key.k1() == 0x01234567u);
  CHECK(key.c0() == 0xc3d4e5f6u);
  CHECK(key.c1(0x0abcdefu) == 0x30abcdefu);
  CHECK(key.c2() == 0xa1b21234u);
  CHECK(key.stream(1).stream(2).c2() == 0xa1b21237u);

  const auto chain = lane_ops<double>::iota(77);
  const auto w = random::words<double>(key, chain, 9);
  const auto expected = random::philox4x32_10<double>(0xc3d4e5f6u, 0x30000009u, 0xa1b21234u, 77, 0x89abcdefu, 0x01234567u);
  for (std::size_t i = 0; i < 4; ++i) CHECK(w.w[i] == expected.w[i]);
}

TEST_CASE("number i of a purpose is word i of float, words 2 i and 2 i + 1 of double, four words a block", "[random][key]") {
  const Key key = Key(5).at(3).stream(2).purpose(Purpose::user);
  for (int i = 0; i < 40; ++i) {
    const auto n = static_cast<std::uint32_t>(i);
    CHECK(random::bits<float>(key, 8u, i) == random::words<float>(key, 8u, n / 4).w[n % 4]);
    const auto w = random::words<double>(key, 8u, n / 2);
    CHECK(random::bits<double>(key, 8u, i) == (w.w[2 * (n % 2)] | (w.w[2 * (n % 2) + 1] << 32)));
  }
}

TEST_CASE("an address is read back from its counter, at every limit of every part", "[random][key]") {
  std::set<Counter> seen;
  std::size_t n = 0;
  for (const auto step : steps) {
    for (const auto stream : streams) {
      for (const auto purpose : purposes) {
        for (const auto block : blocks) {
          for (const auto chain : chains) {
            const Site site{step, stream, purpose, block, chain};
            const Counter c = counter_of(site);
            if (site_of(c) != site) FAIL("step " << step << " stream " << stream << " purpose " << purpose << " block " << block);
            seen.insert(c);
            ++n;
          }
        }
      }
    }
  }
  CHECK(seen.size() == n);
}

TEST_CASE("an address is read back from its counter, at random", "[random][key]") {
  for (std::uint64_t i = 0; i < 200000; ++i) {
    const auto w = random::philox4x32_10<float>(static_cast<std::uint32_t>(i), 1, 2, 3, 4, 5);
    const auto v = random::philox4x32_10<float>(static_cast<std::uint32_t>(i), 2, 2, 3, 4, 5);
    const Site site{((std::uint64_t{w.w[0]} << 32) | w.w[1]) % random::max_steps, w.w[2] & 0xffffu, w.w[3] & 0xfu, v.w[0] & 0xfffffffu, v.w[1]};
    REQUIRE(site_of(counter_of(site)) == site);
  }
}

TEST_CASE("no two addresses share a counter, exhaustively on a small box", "[random][key]") {
  std::set<Counter> seen;
  std::size_t n = 0;
  for (std::uint64_t step = 0; step < 6; ++step)
    for (std::uint32_t stream = 0; stream < 6; ++stream)
      for (std::uint32_t purpose = 0; purpose < 16; ++purpose)
        for (std::uint32_t block = 0; block < 6; ++block)
          for (std::uint32_t chain = 0; chain < 6; ++chain, ++n) seen.insert(counter_of({step, stream, purpose, block, chain}));
  CHECK(seen.size() == n);
}

TEST_CASE("a layout whose streams run into the steps is caught by the same check", "[random][key]") {
  const auto broken = [](const Site& s) {
    return Counter{static_cast<std::uint32_t>(s.step), (s.purpose << 28) | s.block, (static_cast<std::uint32_t>(s.step >> 32) << 15) + s.stream, s.chain};
  };
  int wrong = 0;
  for (const auto step : steps)
    for (const auto stream : streams) wrong += site_of(broken({step, stream, 0, 0, 0})) != Site{step, stream, 0, 0, 0};
  CHECK(wrong > 0);
  CHECK(broken({0, 0x8000, 0, 0, 0}) == broken({0x100000000, 0, 0, 0, 0}));
}

TEST_CASE("a plan beyond the addresses there are is refused", "[random][key]") {
  Plan plan;
  plan.n_chains = 2;
  plan.n_draws = 0x7fffffff;
  plan.thin = 0x20000;
  CHECK_NOTHROW(plan.validate(3));
  plan.thin = 0x20001;
  ERG_CHECK_THROWS(plan.validate(3), std::invalid_argument, "n_draws * thin + n_warmup = 281477124063231 (random numbers have addresses for 2^48 steps)");
  plan.thin = 1;
  CHECK_NOTHROW(plan.validate(random::max_dim));
  ERG_CHECK_THROWS(plan.validate(random::max_dim + 1), std::invalid_argument, "(a step has addresses for 2^29 numbers per chain)");
}
