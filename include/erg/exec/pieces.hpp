// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/crew.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

namespace erg {

/// Sums over many points in pieces that any number of threads share: which points form a piece depends on their number alone, and the
/// pieces are added in order, so the sum has the same bits for any number of threads.
template <class T>
class Pieces {
 public:
  explicit Pieces(int n_threads = 1) : crew_(std::make_unique<Crew>(n_threads)) {}

  /// to += the sum over pieces of what part(first, n, span of T) adds, over n points.   Memory  up to 16 copies of `to`
  template <class F>
  void add(int n, std::span<T> to, F&& part) {
    const int each = size_of_piece(n), n_pieces = (n + each - 1) / each;
    const std::size_t size = to.size();
    sums_.assign(size * static_cast<std::size_t>(n_pieces), T(0));
    run(n, [&](int first, int count) {
      part(first, count, std::span<T>(sums_).subspan(size * static_cast<std::size_t>(first / each), size));
    });
    for (int piece = 0; piece < n_pieces; ++piece) {
      const T* from = sums_.data() + size * static_cast<std::size_t>(piece);
      for (std::size_t i = 0; i < size; ++i) to[i] += from[i];
    }
  }
  /// part(first, n) for each piece.
  template <class F>
  void run(int n, F&& part) {
    const int each = size_of_piece(n), n_pieces = (n + each - 1) / each;
    crew_->launch([&](int worker) {
      const auto [begin, end] = crew_->share(n_pieces, worker);
      for (int piece = begin; piece < end; ++piece) part(piece * each, std::min(each, n - piece * each));
    });
  }

 private:
  static int size_of_piece(int n) { return std::max(128, (n + 1023) / 1024 * 64); }

  std::unique_ptr<Crew> crew_;
  std::vector<T> sums_;
};

}  // namespace erg
