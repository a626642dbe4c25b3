// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Scores are standard normal under the claim: below 5 (5.7e-7 a check) for what is right, above 8 for what is broken. Fixed seeds.
#include "draws.hpp"
#include "support/catch.hpp"
#include "support/lanes.hpp"

#include <erg/lane/math/exp.hpp>

using namespace erg;
using random::Key;
using test::chi_square_score;
using test::for_each_value;

namespace {

template <class L>
typename lane_traits<scalar_t<L>>::Bits first_bits_of(L x) {
  return test::elements<L>(lane::to_bits(x))[0];
}

// One copy of each generator per lane: sanitizers take minutes over the dozens that inlining makes.
template <class L>
[[gnu::noinline]] L uniform_of(Key key, bits_t<L> chains, int index) {
  return random::uniform<L>(key, chains, index);
}
template <class L>
[[gnu::noinline]] L uniform_open_of(Key key, bits_t<L> chains, int index) {
  return random::uniform_open<L>(key, chains, index);
}
template <class L>
[[gnu::noinline]] L exponential_of(Key key, bits_t<L> chains, int index) {
  return random::exponential<L>(key, chains, index);
}

/// Counts of n draws in equal cells of [0, 1]; draw(chains, step) yields a lane of numbers.
template <class L, class Draw>
std::vector<double> cells_of(int n_cells, std::int64_t n, const Draw& draw) {
  std::vector<double> cells(static_cast<std::size_t>(n_cells));
  const auto chains = lane_ops<L>::iota(0);
  for (std::int64_t i = 0; i * width_v<L> < n; ++i) {
    for_each_value(draw(chains, static_cast<std::uint64_t>(i)), [&](double u) {
      const double cell = std::floor(u * n_cells);
      ++cells[static_cast<std::size_t>(cell < n_cells ? cell : n_cells - 1)];
    });
  }
  return cells;
}
constexpr std::int64_t n_draws = 1'000'000;

}  // namespace

TEMPLATE_TEST_CASE("uniforms keep to their bounds at the extreme bit patterns", "[random][uniform]", float, double) {
  using T = TestType;
  using Word = typename lane_traits<T>::Bits;
  constexpr bool single = sizeof(T) == 4;
  test::for_each_lane<T>([]<class L>(std::type_identity<L>) {
    const auto at = [](auto&& map, Word b) { return std::bit_cast<T>(first_bits_of<L>(map(bits_t<L>(b)))); };
    const auto half_open = [&](Word b) { return at([](bits_t<L> w) { return random::to_unit<L>(w); }, b); };
    const auto open = [&](Word b) { return at([](bits_t<L> w) { return random::to_unit_open<L>(w); }, b); };
    const auto positive = [&](Word b) { return at([](bits_t<L> w) { return random::to_unit_positive<L>(w); }, b); };
    const Word zero = 0, ones = static_cast<Word>(~zero);

    CHECK(half_open(zero) == T(0));
    CHECK(half_open(ones) == (single ? T(1 - 0x1p-24) : T(1 - 0x1p-52)));
    CHECK(open(zero) == (single ? T(0x1p-24) : T(0x1p-53)));
    CHECK(open(ones) == (single ? T(1 - 0x1p-24) : T(1 - 0x1p-53)));
    CHECK(positive(zero) == (single ? T(0x1p-32) : T(0x1p-53)));
    CHECK(positive(ones) == (single ? T(1) : T(1 - 0x1p-53)));
    // the bits that are dropped change nothing, the lowest that is kept changes the result by one step
    const int dropped = single ? 8 : 12;
    CHECK(half_open((Word(1) << dropped) - 1) == T(0));
    CHECK(half_open(Word(1) << dropped) == (single ? T(0x1p-24) : T(0x1p-52)));
    CHECK(positive(single ? Word(2) : Word(1) << 12) == (single ? T(3 * 0x1p-32) : T(3 * 0x1p-53)));
  });
}

TEMPLATE_TEST_CASE("uniforms, exponentials and their open kin are the same bits on every lane", "[random][uniform]", float, double) {
  using T = TestType;
  test::for_each_lane<T>([]<class L>(std::type_identity<L>) {
    if constexpr (requires { typename L::register_type; }) return;  // what a Pack has inside
    const auto first = static_cast<typename lane_traits<T>::Bits>(1000);
    for (int i = 0; i < 12; ++i) {
      const Key key = Key(9).at(static_cast<std::uint64_t>(i));
      const auto chains = lane_ops<L>::iota(first);
      const auto u = test::elements<L>(lane::to_bits(uniform_of<L>(key, chains, i)));
      const auto o = test::elements<L>(lane::to_bits(uniform_open_of<L>(key, chains, i)));
      const auto e = test::elements<L>(lane::to_bits(exponential_of<L>(key, chains, i)));
      for (std::size_t c = 0; c < u.size(); ++c) {
        const auto chain = static_cast<typename lane_traits<T>::Bits>(first + c);
        CHECK(u[c] == std::bit_cast<typename lane_traits<T>::Bits>(uniform_of<T>(key, chain, i)));
        CHECK(o[c] == std::bit_cast<typename lane_traits<T>::Bits>(uniform_open_of<T>(key, chain, i)));
        if constexpr (lane::fuses) CHECK(e[c] == std::bit_cast<typename lane_traits<T>::Bits>(exponential_of<T>(key, chain, i)));
      }
    }
  });
}

TEMPLATE_TEST_CASE("uniforms fill 1024 cells evenly", "[random][uniform]", float, double) {
  using L = simd_lane<TestType, default_arch>;
  const auto half_open = [](auto chains, std::uint64_t i) { return uniform_of<L>(Key(21).at(i), chains, static_cast<int>(i % 5)); };
  const auto open = [](auto chains, std::uint64_t i) { return uniform_open_of<L>(Key(22).at(i), chains, 3); };
  CHECK(std::abs(chi_square_score(cells_of<L>(1024, n_draws, half_open))) < 5.0);
  CHECK(std::abs(chi_square_score(cells_of<L>(1024, n_draws, open))) < 5.0);

  const auto broken = [&](auto chains, std::uint64_t i) { return half_open(chains, i) * L(0.998); };
  CHECK(chi_square_score(cells_of<L>(1024, n_draws, broken)) > 8.0);
  // every address used twice: right on average, with twice the variance
  const auto repeated = [&](auto chains, std::uint64_t i) { return half_open(chains, i / 2); };
  CHECK(chi_square_score(cells_of<L>(1024, n_draws, repeated)) > 8.0);
}

TEMPLATE_TEST_CASE("consecutive chains, numbers, steps, streams and purposes are independent: 32 x 32 cells of pairs", "[random][uniform]", float,
                   double) {
  using L = simd_lane<TestType, default_arch>;
  const auto score = [](auto&& other) {
    std::vector<double> cells(1024);
    const auto chains = lane_ops<L>::iota(0);
    for (std::uint64_t i = 0; i < 50000; ++i) {
      const Key key = Key(23).at(2 * i);
      alignas(64) TestType a[width_v<L>], b[width_v<L>];
      lane::store(a, uniform_of<L>(key, chains, 0));
      lane::store(b, other(key, chains));
      for (int c = 0; c < width_v<L>; ++c) {
        const auto cell = static_cast<std::size_t>(a[c] * 32) * 32 + static_cast<std::size_t>(b[c] * 32);
        ++cells[cell];
      }
    }
    return chi_square_score(cells);
  };
  CHECK(std::abs(score([](Key k, auto c) { return uniform_of<L>(k, c, 1); })) < 5.0);
  CHECK(std::abs(score([](Key k, auto) { return uniform_of<L>(k, lane_ops<L>::iota(width_v<L>), 0); })) < 5.0);
  CHECK(std::abs(score([](Key k, auto c) { return uniform_of<L>(k.at(k.step() + 1), c, 0); })) < 5.0);
  CHECK(std::abs(score([](Key k, auto c) { return uniform_of<L>(k.stream(1), c, 0); })) < 5.0);
  CHECK(std::abs(score([](Key k, auto c) { return uniform_of<L>(k.purpose(random::Purpose::second), c, 0); })) < 5.0);
  CHECK(std::abs(score([](Key k, auto c) { return uniform_of<L>(Key(k.seed() + 1).at(k.step()), c, 0); })) < 5.0);
  CHECK(score([](Key k, auto c) { return uniform_of<L>(k, c, 0); }) > 8.0);  // the same number twice
}

TEMPLATE_TEST_CASE("exponentials have the law they claim, the largest value included", "[random][uniform]", float, double) {
  using L = simd_lane<TestType, default_arch>;
  const auto probability = [](double rate) {
    return [rate](auto chains, std::uint64_t i) {
      return L(1.0) - math::exp(-exponential_of<L>(Key(24).at(i), chains, 2) * L(rate));  // uniform where the law is right
    };
  };
  CHECK(std::abs(chi_square_score(cells_of<L>(1024, n_draws, probability(1.0)))) < 5.0);
  CHECK(chi_square_score(cells_of<L>(1024, n_draws, probability(1.05))) > 8.0);

  double sum = 0.0, squares = 0.0, tail = 0.0;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(n_draws) / width_v<L>; ++i) {
    for_each_value(exponential_of<L>(Key(25).at(i), lane_ops<L>::iota(0), 0), [&](double e) {
      sum += e;
      squares += e * e;
      tail += e > 10.0;
    });
  }
  const double n = static_cast<double>(n_draws);
  CHECK(std::abs(sum / n - 1.0) * std::sqrt(n) < 5.0);
  CHECK(std::abs(squares / n - 2.0) * std::sqrt(n / 20.0) < 5.0);  // Var e^2 = 24 - 4
  CHECK(std::abs(test::poisson_score(tail, n * std::exp(-10.0))) < 5.0);

  const auto largest = -math::log(random::to_unit_positive<TestType>(0));
  CHECK_THAT(static_cast<double>(largest), test::WithinRel(sizeof(TestType) == 4 ? 22.180709777918249 : 36.736800569677101, 1e-6));
  CHECK(-math::log(random::to_unit_positive<TestType>(static_cast<typename lane_traits<TestType>::Bits>(-1))) >= TestType(0));
}

TEMPLATE_TEST_CASE("categorical chooses in proportion to the weights, never one of weight zero", "[random][uniform]", float, double) {
  using L = simd_lane<TestType, default_arch>;
  const auto counts_of = [](const std::vector<TestType>& w, int first) {
    std::vector<double> counts(w.size());
    for (std::uint64_t i = 0; i < 1'000'000 / width_v<L>; ++i) {
      const L k = random::categorical<L>(Key(26).at(i), lane_ops<L>::iota(0), first, w.data(), static_cast<int>(w.size()));
      for_each_value(k, [&](double v) { ++counts.at(static_cast<std::size_t>(v)); });
    }
    return counts;
  };
  const std::vector<TestType> weights{0, 1, 3, 0, 0, 2.5, 0.01f, 7, 0};
  const auto counts = counts_of(weights, 0);
  double total = 0.0, n = 0.0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    total += static_cast<double>(weights[k]);
    n += counts[k];
  }
  std::vector<double> seen, expected, wrong;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (weights[k] == TestType(0)) {
      CHECK(counts[k] == 0.0);
    } else {
      seen.push_back(counts[k]);
      expected.push_back(n * static_cast<double>(weights[k]) / total);
      wrong.push_back(n * (static_cast<double>(weights[k]) + 0.05) / (total + 0.25));
    }
  }
  CHECK(std::abs(chi_square_score(seen, expected)) < 5.0);
  CHECK(chi_square_score(seen, wrong) > 8.0);

  CHECK(counts_of({5}, 1)[0] == n);                 // a single category, whatever its weight
  CHECK(counts_of({0, 0, 2, 0}, 1)[2] == n);        // one that counts, among others
  CHECK(counts_of(std::vector<TestType>(50, 1), 1).size() == 50);
}

TEST_CASE("categorical with equal weights is floor(n u), at every draw", "[random][uniform]") {
  const float weight[4] = {1, 1, 1, 1};
  for (std::uint32_t chain = 0; chain < 100000; ++chain) {
    const float u = random::uniform<float>(Key(27), chain, 0);
    REQUIRE(random::categorical<float>(Key(27), chain, 0, weight, 4) == std::floor(4 * u));
  }
}

TEST_CASE("shared numbers come from a chain that no chain has", "[random][uniform]") {
  const Key key = Key(28).at(4).purpose(random::Purpose::choice);
  CHECK(random::shared_uniform(key, 3) == random::uniform<double>(key, random::all_chains, 3));
  CHECK(random::shared_uniform(key, 3) != random::shared_uniform(key, 2));
}
