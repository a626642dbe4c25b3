// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // sanitizers bring their own operator new
#include "erg/energy/gaussian.hpp"
#include "erg/kernel/hmc.hpp"
#include "erg/kernel/imh.hpp"
#include "erg/kernel/langevin.hpp"
#include "erg/kernel/mala.hpp"
#include "erg/run/run.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

// GCC does not see that what operator new hands out is malloc's.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace {
std::atomic<long> n_allocations{0};
void* counted(std::size_t n, std::size_t alignment) {
  n_allocations.fetch_add(1, std::memory_order_relaxed);
  void* p = alignment > alignof(std::max_align_t) ? std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment) : std::malloc(n > 0 ? n : 1);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace

void* operator new(std::size_t n) { return counted(n, 0); }
void* operator new[](std::size_t n) { return counted(n, 0); }
void* operator new(std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return counted(n, static_cast<std::size_t>(a)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace erg::test {
namespace {

/// What happens between the first draw after the first launch and the last draw: many launches, no allocation.
struct Count {
  int from, to;
  long first = -1, last = -1;
  void on_draw(const Draw<double>& draw) {
    if (draw.index == from) first = n_allocations.load();
    if (draw.index == to) last = n_allocations.load();
  }
  long n() const { return last - first; }
};

struct Bowl {
  static constexpr int dim = 2;
  template <Lane L>
  ERG_FN L operator()(Point<const L, dim> x) const {
    return 0.5 * (x[0] * x[0] + 4.0 * x[1] * x[1]);
  }
};
/// |x|^2 / 2 over blocks.
struct BlockBowl {
  int n;
  int dim() const { return n; }
  void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
    for (auto& v : u) v = 0.0;
    for (int d = 0; d < x.dim; ++d) {
      for (int c = 0; c < x.n_chains; ++c) {
        g(c, d) = x(c, d);
        u[static_cast<std::size_t>(c)] += 0.5 * x(c, d) * x(c, d);
      }
    }
  }
};

template <class Exec, class Kernel, class E>
long allocations(const Exec& exec, const Kernel& kernel, const E& energy) {
  const int n = 1200;  // several launches: a launch is at most 256 steps
  Count count{300, n - 1};
  (void)run(exec, kernel, energy, {.n_chains = 300, .n_warmup = 60, .n_draws = n, .seed = 1}, count);
  REQUIRE(count.first > 0);
  return count.n();
}

}  // namespace

TEST_CASE("the counter counts", "[run]") {
  const long before = n_allocations.load();
  std::vector<double> v(3);
  CHECK(n_allocations.load() == before + 1);
}

TEST_CASE("no step after warm-up allocates, in static dimension", "[run]") {
  CHECK(allocations(Simd<>{}, Mala{{.step_size = 0.3}}, Bowl{}) == 0);
}

TEST_CASE("no step after warm-up allocates, in dynamic dimension, with a metric, a momentum and a proposal", "[run]") {
  const auto kernel = cycle(Hmc{{.step_size = 0.3, .n_leapfrog = 2}, DiagonalMetric{}},
                            cycle(Baoab{{.step_size = 0.1}}, Imh{GaussianDiagonal(std::vector<double>(7, 0.0), std::vector<double>(7, 1.0))}));
  CHECK(allocations(Simd<>{}, kernel, GaussianDiagonal(std::vector<double>(7, 0.0), std::vector<double>(7, 1.0))) == 0);
}

TEST_CASE("no step after warm-up allocates, on threads and in blocks", "[run][threads]") {
  CHECK(allocations(Threads<Simd<>>{2}, Hmc{{.step_size = 0.3, .n_leapfrog = 2}}, BlockBowl{6}) == 0);
}

}  // namespace erg::test
#endif
