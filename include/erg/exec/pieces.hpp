// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/crew.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace erg {

/// Sums over many points in pieces that any number of threads share: which points form a piece depends on their number and on the length
/// of the sum alone, and the pieces are added in order, so the sum has the same bits for any number of threads.   Requires  n_threads >= 1
template <class T>
class Pieces {
 public:
  explicit Pieces(int n_threads = 1) : crew_(std::make_unique<Crew>(n_threads)) {}

  /// to += the sum over pieces of what part(first, n, span of T) adds, over n points. The first piece adds to `to` itself, others to
  /// copies that start at zero.   Memory  up to 15 copies of `to`; on one thread one
  template <class F>
  void add(int n, std::span<T> to, F&& part) {
    const std::size_t size = to.size();
    const int n_pieces = pieces_of_sum(n, size);
    const auto n_copies = static_cast<std::size_t>(crew_->n_workers() == 1 ? std::min(n_pieces, 2) - 1 : n_pieces - 1);
    // Copies are zero from one call to the next: they are put back as they are taken, while in the cache.
    if (!std::exchange(is_zero_, false)) std::fill(sums_.begin(), sums_.end(), T(0));
    if (sums_.size() < size * n_copies) sums_.resize(size * n_copies, T(0));
    const auto take = [&](T* from) {
      for (std::size_t i = 0; i < size; ++i) to[i] += std::exchange(from[i], T(0));
    };
    const bool alone = crew_->n_workers() == 1;
    share_out(n, n_pieces, [&](int piece, int first, int count) {
      part(first, count, piece == 0 ? to : std::span<T>(sums_).subspan(alone ? 0 : size * static_cast<std::size_t>(piece - 1), size));
      if (alone && piece > 0) take(sums_.data());
    });
    for (int piece = 1; piece < n_pieces && !alone; ++piece) take(sums_.data() + size * static_cast<std::size_t>(piece - 1));
    is_zero_ = true;
  }
  /// part(first, n) for pieces of at most 128 points, for work that is every point's own: more threads, smaller pieces.
  template <class F>
  void run(int n, F&& part) {
    share_out(n, std::max((n + 127) / 128, std::min(crew_->n_workers(), (n + 31) / 32)), [&](int, int first, int count) { part(first, count); });
  }

 private:
  static constexpr int line = 16;  // points that fill a lane, or several

  /// part(piece, first, n) for pieces of whole lines that differ by one at most.
  template <class F>
  void share_out(int n, int n_pieces, F&& part) {
    if (n < 1) return;
    const int n_lines = (n + line - 1) / line;
    const auto start = [&](int piece) { return std::min(n, static_cast<int>(static_cast<long long>(n_lines) * piece / n_pieces) * line); };
    crew_->launch([&](int worker) {
      const auto [begin, end] = crew_->share(n_pieces, worker);
      for (int piece = begin; piece < end; ++piece) part(piece, start(piece), start(piece + 1) - start(piece));
    });
  }
  /// At most 64 points each, of more than 32 at least two, so that small batches have work for two threads; 128 points where the sum exceeds a
  /// megabyte, for then each piece reads as many weights from beyond the cache. No more than 16 pieces.
  static int pieces_of_sum(int n, std::size_t size) {
    if (size * sizeof(T) > (std::size_t{1} << 20)) return std::clamp((n + 127) / 128, 1, 16);
    return std::clamp((n + 63) / 64, n > 32 ? 2 : 1, 16);
  }

  std::unique_ptr<Crew> crew_;
  std::vector<T> sums_;
  bool is_zero_ = true;  // not so after a part that threw
};

}  // namespace erg
