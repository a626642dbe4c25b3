// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/run/run.hpp"
#include "erg/run/sinks/trace.hpp"
#include "parity/steps.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace erg::test {
namespace {

std::vector<std::uint64_t> hash_draws(const Trace<double>& trace, int n_chains) {
  std::vector<std::uint64_t> h(static_cast<std::size_t>(n_chains), fnv_start);
  for (int i = 0; i < trace.n_draws(); ++i) {
    for (int c = 0; c < n_chains; ++c) {
      for (int d = 0; d < trace.dim(); ++d) h[static_cast<std::size_t>(c)] = fnv(h[static_cast<std::size_t>(c)], trace(i, c, d));
    }
  }
  return h;
}
auto kernel() { return cycle(repeat<2>(Rwm{{.step_size = 0.5}}), Hmc{{.step_size = 0.25, .n_leapfrog = 2}, DiagonalMetric{}}); }
using Kernel = decltype(kernel());
const Rough<dynamic> energy(5);

struct Stop {  // as a kill would: at a draw, by an exception
  static constexpr bool is_stateless = true;
  int at;
  void on_draw(const Draw<double>& draw) const {
    if (draw.index == at) throw std::runtime_error("interrupted");
  }
};

template <class Exec>
std::vector<std::uint64_t> hash_run(const Exec& exec, const Plan& plan, int n_chains = n_parity_chains) {
  Trace<double> trace;
  const auto report = run(exec, kernel(), energy, plan, trace);
  CHECK(report.profile == "strict");
  return hash_draws(trace, n_chains);
}

}  // namespace

TEST_CASE("a run gives the same bits on one lane, wide lanes, two and three threads, with any padding, and as steps by hand", "[parity]") {
  const Plan plan{.n_chains = n_parity_chains, .n_draws = n_parity_steps, .seed = parity_seed};
  const auto by_hand = hash_steps<LaneTile<Pack<double>, dynamic>>(
      cycle(repeat<2>(Rwm{{.step_size = 0.5}}), Hmc{{.step_size = 0.25, .n_leapfrog = 2}, DiagonalMetric(std::vector<double>(5, 1.0))}), energy);
  CHECK(hash_run(Serial{}, plan) == by_hand);
  CHECK(hash_run(Simd<>{}, plan) == by_hand);
  CHECK(hash_run(Threads<Simd<>>{2}, plan) == by_hand);
  CHECK(hash_run(Threads<Simd<>>{3}, plan) == by_hand);

  Plan more = plan, fewer = plan;
  more.n_chains = 100;
  fewer.n_chains = 3;
  CHECK(hash_run(Simd<>{}, more) == by_hand);
  CHECK(hash_run(Simd<>{}, fewer, 3) == std::vector<std::uint64_t>(by_hand.begin(), by_hand.begin() + 3));
}

TEST_CASE("a run with adaptation gives the pinned bits everywhere, and after resume on another policy", "[parity]") {
  const Plan plan{.n_chains = n_parity_chains, .n_warmup = 200, .n_draws = 300, .thin = 2, .seed = parity_seed};
  const auto serial = hash_run(Serial{}, plan);
  CHECK(combined(serial) == 0x725ebcce657e6f95u);
  CHECK(hash_run(Simd<>{}, plan) == serial);
  CHECK(hash_run(Threads<Simd<>>{2}, plan) == serial);

  const TemporaryFolder folder;
  const Checkpoint checkpoint{folder / "run", 100};
  Trace<double> trace;
  CHECK_THROWS(run(Threads<Simd<>>{2}, kernel(), energy, plan, trace, Stop{140}, checkpoint));
  CHECK_THROWS(run(Serial{}, kernel(), energy, plan, trace, Stop{220}, checkpoint));
  const auto report = run(Threads<Simd<>>{2}, kernel(), energy, plan, trace, Stop{-1}, checkpoint);
  CHECK(report.resumed);
  CHECK(hash_draws(trace, n_parity_chains) == serial);
}

}  // namespace erg::test
