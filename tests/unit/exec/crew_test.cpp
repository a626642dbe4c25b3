// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What Threads<Inner> stands on.
#include "erg/exec/crew.hpp"
#include "erg/exec/policies.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

#include <numeric>
#include <stdexcept>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

TEST_CASE("a crew is of one worker at least", "[exec]") {
  CHECK_THROWS_WITH(Crew(0), "the number of threads = 0 (must be >= 1)");
  CHECK_THROWS_WITH(Crew(-1), "the number of threads = -1 (must be >= 1)");
  CHECK_NOTHROW(Crew(Threads<>{0}.n_workers()));  // 0 threads of a policy are all of the machine's
}

#if !ERG_TEST_SANITIZED  // sanitizers need address space of their own
TEST_CASE("where the machine starts no more threads, those there are go home and the caller hears of it", "[exec][threads]") {
  // In a process of its own: its address space has room for the stacks of a few threads.
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit few{std::size_t{1} << 29, std::size_t{1} << 29};
    int outcome = 1;
    ::setrlimit(RLIMIT_AS, &few);
    try {
      const Crew crew(2000);
    } catch (const std::system_error&) {
      outcome = 0;
    } catch (...) {
      outcome = 2;
    }
    ::_exit(outcome);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}
#endif

}  // namespace erg::test
