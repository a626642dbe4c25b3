// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What Threads<Inner> stands on.
#include "erg/exec/crew.hpp"
#include "support/catch.hpp"

#include <numeric>
#include <stdexcept>
#include <string>

namespace erg::test {

TEST_CASE("a launch runs once on every worker, and is over when it returns", "[exec][threads]") {
  for (const int n : {1, 2, 3, 7}) {
    Crew crew(n);
    std::vector<int> runs(static_cast<std::size_t>(n));  // one element a worker, no atomics: the launch must order them
    for (int i = 0; i < 500; ++i) {
      crew.launch([&](int worker) { ++runs[static_cast<std::size_t>(worker)]; });
      CHECK(std::accumulate(runs.begin(), runs.end(), 0) == (i + 1) * n);
    }
  }
}

TEST_CASE("workers that have slept wake for the next launch", "[exec][threads]") {
  Crew crew(3);
  int sum = 0;
  std::vector<int> share(3);
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    crew.launch([&](int worker) { share[static_cast<std::size_t>(worker)] = worker + 1; });
    sum += std::accumulate(share.begin(), share.end(), 0);
  }
  CHECK(sum == 18);
}

TEST_CASE("a slow worker is waited for", "[exec][threads]") {
  Crew crew(2);
  bool done = false;
  crew.launch([&](int worker) {
    if (worker == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      done = true;
    }
  });
  CHECK(done);
}

TEST_CASE("shares cover all items once, in order, and differ by one at most", "[exec]") {
  for (const int workers : {1, 2, 3, 5}) {
    const Crew crew(workers);
    for (const int n : {0, 1, 2, 7, 1000}) {
      int next = 0;
      for (int w = 0; w < workers; ++w) {
        const auto [begin, end] = crew.share(n, w);
        CHECK(begin == next);
        CHECK(end - begin >= n / workers);
        CHECK(end - begin <= n / workers + 1);
        next = end;
      }
      CHECK(next == n);
    }
  }
}

TEST_CASE("the exception of the lowest worker reaches the caller, and the crew works on", "[exec][threads]") {
  Crew crew(4);
  const auto throwing = [](int from) {
    return [from](int worker) {
      if (worker >= from) throw std::runtime_error("worker " + std::to_string(worker));
    };
  };
  CHECK_THROWS_WITH(crew.launch(throwing(2)), "worker 2");
  CHECK_THROWS_WITH(crew.launch(throwing(0)), "worker 0");
  std::vector<int> ran(4);
  CHECK_NOTHROW(crew.launch([&](int worker) { ran[static_cast<std::size_t>(worker)] = 1; }));  // worker 3's is not left over
  CHECK(ran == std::vector<int>{1, 1, 1, 1});
  CHECK_THROWS_WITH(crew.launch(throwing(3)), "worker 3");
}

}  // namespace erg::test
