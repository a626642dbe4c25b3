// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/tile/owned_block.hpp"

#include <span>
#include <vector>

/// Latent-variable models of data: a decoder, an encoder, what training them needs and what says how good they are.
namespace erg::latent {

/// Which coordinates of a point are held, the condition, and which are free, what a model explains and kernels move.
///
///   Split(dim)                  nothing is held
///   Split::last(dim, n_held)    a point with its condition behind it: (x, c)
///   Split(held)                 one flag a coordinate: the visible pixels of an image with a hole
/// Errors    std::invalid_argument: no coordinate is free, n_held < 0
class Split {
 public:
  Split() = default;
  explicit Split(int dim) : Split(std::vector<bool>(static_cast<std::size_t>(erg::detail::require_count("dim", dim)), false)) {}
  explicit Split(std::vector<bool> held) : is_held_(std::move(held)) {
    for (int d = 0; d < dim(); ++d) (is_held(d) ? held_ : free_).push_back(d);
    if (free_.empty()) throw std::invalid_argument("all " + std::to_string(dim()) + " coordinates are held (nothing is left to explain) leave one free");
  }
  static Split last(int dim, int n_held) {
    erg::detail::require_count("dim", dim);
    if (n_held < 0 || n_held >= dim) {
      throw std::invalid_argument("n_held = " + std::to_string(n_held) + " (of " + std::to_string(dim) + " coordinates) give 0 or more, and leave one free");
    }
    std::vector<bool> held(static_cast<std::size_t>(dim), false);
    for (int d = dim - n_held; d < dim; ++d) held[static_cast<std::size_t>(d)] = true;
    return Split(std::move(held));
  }

  int dim() const { return static_cast<int>(is_held_.size()); }
  int n_free() const { return static_cast<int>(free_.size()); }
  int n_held() const { return static_cast<int>(held_.size()); }
  bool is_held(int d) const { return is_held_[static_cast<std::size_t>(d)]; }
  const std::vector<int>& free() const { return free_; }
  const std::vector<int>& held() const { return held_; }
  const std::vector<bool>& flags() const { return is_held_; }

  /// The held coordinates of x become those of `from`, again from its start where it has fewer points.
  template <class T>
  void copy_held(BlockView<const std::type_identity_t<T>> from, BlockView<T> x) const {
    for (const int d : held_) {
      for (int c = 0; c < x.n_chains; ++c) x(c, d) = from(c % from.n_chains, d);
    }
  }

 private:
  std::vector<bool> is_held_;
  std::vector<int> free_, held_;
};

namespace detail {

/// The coordinates `which` of a block, in a block of their own.
template <class T>
void gather(BlockView<const std::type_identity_t<T>> x, const std::vector<int>& which, BlockView<T> to) {
  for (std::size_t i = 0; i < which.size(); ++i) std::copy_n(x.column(which[i]), x.n_chains, to.column(static_cast<int>(i)));
}

}  // namespace detail

}  // namespace erg::latent
