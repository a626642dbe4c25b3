// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/random/normal.hpp"
#include "erg/tile/block_tile.hpp"

#include <span>
#include <vector>

/// Latent-variable models of data: a decoder, an encoder, what training them needs and what says how good they are.
namespace erg::latent {

/// Which coordinates of a point are held, the condition, and which are free, what a model explains and kernels move.
///
///   Split(dim)                  nothing is held
///   Split::last(dim, n_held)    a point with its condition behind it: (x, c)
///   Split(held)                 one flag a coordinate: the visible pixels of an image with a hole
/// Errors    std::invalid_argument: no coordinate is free
class Split {
 public:
  Split() = default;
  explicit Split(int dim) : Split(std::vector<bool>(static_cast<std::size_t>(erg::detail::require_count("dim", dim)), false)) {}
  explicit Split(std::vector<bool> held) : is_held_(std::move(held)) {
    for (int d = 0; d < dim(); ++d) (is_held(d) ? held_ : free_).push_back(d);
    if (free_.empty()) throw std::invalid_argument("all " + std::to_string(dim()) + " coordinates are held (nothing is left to explain) leave one free");
  }
  static Split last(int dim, int n_held) {
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

/// Points first .. of a block.
template <class T>
BlockView<T> part_of(BlockView<T> x, int first, int n) {
  return {x.data + first, n, x.dim, x.stride};
}
/// The coordinates `which` of a block, in a block of their own.
template <class T>
void gather(BlockView<const std::type_identity_t<T>> x, const std::vector<int>& which, BlockView<T> to) {
  for (std::size_t i = 0; i < which.size(); ++i) std::copy_n(x.column(which[i]), x.n_chains, to.column(static_cast<int>(i)));
}
/// A block with memory of its own, [n, dim].
template <class T>
struct OwnedBlock {
  std::vector<T> values;
  int n = 0, dim = 0;
  OwnedBlock() = default;
  OwnedBlock(int points, int coordinates)
      : values(static_cast<std::size_t>(points) * static_cast<std::size_t>(coordinates)), n(points), dim(coordinates) {}
  BlockView<T> view() { return {values.data(), n, dim, n}; }
  BlockView<const T> view() const { return {values.data(), n, dim, n}; }
  std::span<const T> all() const { return values; }
};

}  // namespace detail

/// z(c, d) ~ N(0, 1), a function of the key and of first + c, d alone.
template <class T>
void fill_normal(random::Key key, std::uint32_t first, BlockView<T> z) {
  using L = simd_lane<T, default_arch>;
  static thread_local std::vector<L> column;
  column.resize(static_cast<std::size_t>(z.dim) + 4);
  for (int c = 0; c < z.n_chains; c += width_v<L>) {
    const int n = std::min(width_v<L>, z.n_chains - c);
    random::fill_normal<L>(key, BlockChains<L>{first + static_cast<std::uint32_t>(c), 1}.group(0).id, column.data(), z.dim);
    for (int d = 0; d < z.dim; ++d) {
      alignas(64) T drawn[static_cast<std::size_t>(width_v<L>)];
      lane::store(drawn, column[static_cast<std::size_t>(d)]);
      std::copy_n(drawn, n, z.column(d) + c);
    }
  }
}

}  // namespace erg::latent
