// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <erg/exec/pieces.hpp>

#include <atomic>
#include <stdexcept>
#include <vector>

using erg::Pieces;

namespace {
/// A sum of numbers of many sizes, whose bits follow from the order of additions.
std::vector<float> sum_of(Pieces<float>& pieces, int n, std::size_t size) {
  std::vector<float> to(size, 0.25F);
  pieces.add(n, to, [](int first, int count, std::span<float> sum) {
    for (int i = first; i < first + count; ++i) {
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += 1.0F / static_cast<float>(1 + i + static_cast<int>(k % 7));
    }
  });
  return to;
}
}  // namespace

TEST_CASE("a sum in pieces has the same bits on any number of threads", "[exec][Threads]") {
  Pieces<float> one(1), two(2), five(5);
  for (const int n : {1, 31, 32, 33, 64, 65, 100, 128, 1000, 5000}) {
    for (const std::size_t size : {std::size_t{3}, std::size_t{300'000}}) {
      if (n > 1000 && size > 3) continue;
      const auto expected = sum_of(one, n, size);
      CHECK(sum_of(two, n, size) == expected);
      CHECK(sum_of(five, n, size) == expected);
    }
  }
}

TEST_CASE("a sum takes every point once, a batch of 64 in two pieces", "[exec]") {
  Pieces<double> pieces(3);
  for (const int n : {1, 40, 64, 65, 200, 1024, 4096}) {
    std::vector<double> count(static_cast<std::size_t>(n));
    std::atomic<int> n_pieces{0};
    pieces.add(n, count, [&](int first, int m, std::span<double> sum) {
      ++n_pieces;
      for (int i = first; i < first + m; ++i) sum[static_cast<std::size_t>(i)] += 1.0;
    });
    CHECK(count == std::vector<double>(count.size(), 1.0));
    CHECK(n_pieces <= 16);
    if (n == 64) CHECK(n_pieces == 2);
  }
}

TEST_CASE("work that is every point's own is done once each, on every thread where there is enough", "[exec][Threads]") {
  for (const int n_threads : {1, 2, 5}) {
    Pieces<float> pieces(n_threads);
    for (const int n : {1, 32, 100, 160, 1000}) {
      std::vector<int> done(static_cast<std::size_t>(n));
      std::atomic<int> n_pieces{0};
      pieces.run(n, [&](int first, int m) {
        ++n_pieces;
        for (int i = first; i < first + m; ++i) ++done[static_cast<std::size_t>(i)];
      });
      CHECK(done == std::vector<int>(done.size(), 1));
      if (n >= 160) CHECK(n_pieces >= n_threads);
    }
  }
}

TEST_CASE("there is no sum on no threads", "[exec]") {
  CHECK_THROWS_WITH(Pieces<float>(0), "the number of threads = 0 (must be >= 1)");
  CHECK_THROWS_WITH(Pieces<double>(-3), "the number of threads = -3 (must be >= 1)");
}

TEST_CASE("a part that throws leaves no trace in the next sum", "[exec]") {
  Pieces<double> pieces(2);
  std::vector<double> to(2, 0.0);
  CHECK_THROWS_AS(pieces.add(128, to,
                             [](int first, int, std::span<double> sum) {
                               sum[0] += 1.0;
                               if (first > 0) throw std::runtime_error("no");
                             }),
                  std::runtime_error);
  to.assign(2, 0.0);
  pieces.add(128, to, [](int, int m, std::span<double> sum) { sum[1] += m; });
  CHECK(to == std::vector<double>{0.0, 128.0});
}
