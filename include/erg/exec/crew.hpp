// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace erg {

/// Threads that wait for work between launches. The caller is worker 0.
///
/// launch(f) runs f(worker) once on each worker and returns when all are done. An exception of any worker is rethrown, that of
/// the lowest worker if there are several. Not reentrant.
/// Errors    std::invalid_argument: fewer workers than one; std::system_error: the machine starts no more threads
class Crew {
 public:
  explicit Crew(int n_workers) : errors_(static_cast<std::size_t>(detail::require_count("the number of threads", n_workers))) {
    threads_.reserve(errors_.size() - 1);
    try {
      for (int w = 1; w < n_workers; ++w) threads_.emplace_back([this, w] { serve(w); });
    } catch (...) {
      dismiss();  // a thread that is destroyed before it was joined ends the program
      throw;
    }
  }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { dismiss(); }

  int n_workers() const { return static_cast<int>(errors_.size()); }
  static int hardware_threads() {
    const unsigned n = std::thread::hardware_concurrency();
    return n == 0 ? 1 : static_cast<int>(n);
  }

  template <class F>
  void launch(F&& f) {
    if (n_workers() == 1) {
      f(0);
      return;
    }
    job_ = [](void* data, int worker) { (*static_cast<std::remove_reference_t<F>*>(data))(worker); };
    data_ = const_cast<void*>(static_cast<const void*>(std::addressof(f)));
    pending_.store(n_workers() - 1, std::memory_order_relaxed);
    ticket_.fetch_add(1, std::memory_order_release);
    ticket_.notify_all();
    work(0);
    for (int spins = 0; int left = pending_.load(std::memory_order_acquire); ++spins) {
      if (spins > spin_limit) pending_.wait(left, std::memory_order_acquire);
    }
    std::exception_ptr first;
    for (auto& error : errors_) {
      if (error && !first) first = error;
      error = nullptr;  // the next launch starts clean
    }
    if (first) std::rethrow_exception(first);
  }

  /// Worker w's share [begin, end) of n items: contiguous, so that its chains stay in its cache.
  struct Share {
    int begin, end;
  };
  Share share(int n, int worker) const {
    const auto part = [&](int w) { return static_cast<int>(static_cast<long long>(n) * w / n_workers()); };
    return {part(worker), part(worker + 1)};
  }

 private:
  static constexpr int spin_limit = 4096;  // a launch follows the last within microseconds in warm-up: do not sleep at once

  void work(int worker) {
    try {
      job_(data_, worker);
    } catch (...) {
      errors_[static_cast<std::size_t>(worker)] = std::current_exception();
    }
  }
  void dismiss() {
    stop_.store(true, std::memory_order_relaxed);
    ticket_.fetch_add(1, std::memory_order_release);
    ticket_.notify_all();
    for (auto& t : threads_) t.join();
  }
  void serve(int worker) {
    std::uint32_t seen = 0;
    for (;;) {
      for (int spins = 0; ticket_.load(std::memory_order_acquire) == seen; ++spins) {
        if (spins > spin_limit) ticket_.wait(seen, std::memory_order_acquire);
      }
      ++seen;
      if (stop_.load(std::memory_order_relaxed)) return;
      work(worker);
      if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
    }
  }

  std::vector<std::exception_ptr> errors_;
  void (*job_)(void*, int) = nullptr;
  void* data_ = nullptr;
  std::atomic<std::uint32_t> ticket_{0};
  std::atomic<int> pending_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace erg
