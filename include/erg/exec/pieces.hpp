// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/crew.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace erg {

/// Sums over many points in pieces that any number of threads share: which points form a piece depends on their number alone, and the
/// pieces are added in order, so the sum has the same bits for any number of threads.
template <class T>
class Pieces {
 public:
  explicit Pieces(int n_threads = 1) : crew_(std::make_unique<Crew>(n_threads)) {}

  /// to += the sum over pieces of what part(first, n, span of T) adds, over n points. The first piece adds to `to` itself, others to
  /// copies that start at zero.   Memory  up to 15 copies of `to`; on one thread one
  template <class F>
  void add(int n, std::span<T> to, F&& part) {
    const int each = size_of_piece(n, to.size()), n_pieces = (n + each - 1) / each;
    const std::size_t size = to.size(), n_copies = static_cast<std::size_t>(std::max(crew_->n_workers() == 1 ? std::min(n_pieces, 2) - 1 : n_pieces - 1, 0));
    // Copies are zero from one call to the next: they are put back as they are taken, while in the cache.
    if (!std::exchange(is_zero_, false)) std::fill(sums_.begin(), sums_.end(), T(0));
    if (sums_.size() < size * n_copies) sums_.resize(size * n_copies, T(0));
    const auto take = [&](T* from) {
      for (std::size_t i = 0; i < size; ++i) to[i] += std::exchange(from[i], T(0));
    };
    if (crew_->n_workers() == 1) {
      for (int piece = 0; piece < n_pieces; ++piece) {
        part(piece * each, std::min(each, n - piece * each), piece == 0 ? to : std::span<T>(sums_).first(size));
        if (piece > 0) take(sums_.data());
      }
    } else {
      share_out(n, each, [&](int first, int count) {
        const int piece = first / each;
        part(first, count, piece == 0 ? to : std::span<T>(sums_).subspan(size * static_cast<std::size_t>(piece - 1), size));
      });
      for (int piece = 1; piece < n_pieces; ++piece) take(sums_.data() + size * static_cast<std::size_t>(piece - 1));
    }
    is_zero_ = true;
  }
  /// part(first, n) for pieces that are all points, at most 128 each, for work that is every point's own: more threads, smaller pieces.
  template <class F>
  void run(int n, F&& part) {
    share_out(n, whole_lanes(n, std::max((n + 127) / 128, std::min(crew_->n_workers(), (n + 31) / 32))), part);
  }

 private:
  template <class F>
  void share_out(int n, int each, F&& part) {
    const int n_pieces = (n + each - 1) / each;
    crew_->launch([&](int worker) {
      const auto [begin, end] = crew_->share(n_pieces, worker);
      for (int piece = begin; piece < end; ++piece) part(piece * each, std::min(each, n - piece * each));
    });
  }
  static int whole_lanes(int n, int n_pieces) { return std::max(1, (n + 16 * n_pieces - 1) / (16 * n_pieces)) * 16; }
  /// At most 64 points, of more than 32 at least two pieces, so that small batches have work for two threads; twice as many points where the
  /// sum exceeds a megabyte, for then each piece reads as many weights from beyond the cache. No more than 16 pieces.
  static int size_of_piece(int n, std::size_t size) {
    const int least = n > 64 ? 64 : 32, most = std::max(size * sizeof(T) > (std::size_t{1} << 20) ? 128 : least, whole_lanes(n, 16));
    return whole_lanes(n, (n + most - 1) / most);
  }

  std::unique_ptr<Crew> crew_;
  std::vector<T> sums_;
  bool is_zero_ = true;  // not so after a part that threw
};

}  // namespace erg
