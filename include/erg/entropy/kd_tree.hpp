// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Nearest neighbours by the k-d tree of nanoflann (BSD licence), where its header is installed.
#pragma once

#include "erg/entropy/nearest.hpp"

#if __has_include(<nanoflann.hpp>)
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#endif
#include <nanoflann.hpp>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#define ERG_HAS_NANOFLANN 1
#endif

namespace erg::entropy {

#if defined(ERG_HAS_NANOFLANN)
inline constexpr bool has_kd_tree = true;

/// Nearest neighbours by a k-d tree over the references, built for one search.
///
/// Cost      m log m to build, about log m a query in few dimensions; above about 2 log10(m) - 3.5 coordinates BruteForce is faster
/// Errors    as BruteForce; leaf_size < 1
struct KdTree {
  int leaf_size = 16;

  template <class T>
  Nearest operator()(BlockView<T> x, BlockView<const std::remove_const_t<T>> y, int k, Sets sets = Sets::two) const {
    using S = std::remove_const_t<T>;
    const BlockView<const S> queries = x;
    detail::require_neighbours<S>(queries, y, k, sets);
    erg::detail::require_count("leaf_size", leaf_size);
    const Rows rows(y);
    using Metric = nanoflann::L2_Simple_Adaptor<double, Rows>;
    nanoflann::KDTreeSingleIndexAdaptor<Metric, Rows, -1, std::size_t> tree(y.dim, rows, nanoflann::KDTreeSingleIndexAdaptorParams(static_cast<std::size_t>(leaf_size)));
    tree.buildIndex();
    // One more, for the point itself, and one to see whether the last is tied.
    const int wanted = std::min(k + (sets == Sets::one ? 2 : 1), y.n_chains);
    std::vector<std::size_t> index(static_cast<std::size_t>(wanted));
    std::vector<double> squared(index.size()), at(static_cast<std::size_t>(x.dim));
    std::vector<std::pair<double, int>> candidates;
    Nearest found = detail::sized(x.n_chains, k);
    for (int i = 0; i < x.n_chains; ++i) {
      for (int d = 0; d < x.dim; ++d) at[static_cast<std::size_t>(d)] = static_cast<double>(queries(i, d));
      tree.knnSearch(at.data(), static_cast<std::size_t>(wanted), index.data(), squared.data());
      candidates.clear();
      for (const std::size_t j : index) {
        if (sets == Sets::two || static_cast<int>(j) != i) candidates.emplace_back(0.0, static_cast<int>(j));
      }
      const std::size_t last = squared.size() - 1, kth = static_cast<std::size_t>(k - 1 + (sets == Sets::one ? 1 : 0));
      if (wanted < y.n_chains && !(squared[last] > squared[kth] * (1.0 + 1e-14))) {  // a tie: which of them has the lower index?
        detail::all_candidates(y.n_chains, sets == Sets::one ? i : -1, candidates);
      }
      detail::settle<detail::Euclidean>(queries, y, i, candidates, found);
    }
    return found;
  }

 private:
  /// The references row by row, as the tree reads them.
  class Rows {
   public:
    template <class S>
    explicit Rows(BlockView<const S> y) : n_(static_cast<std::size_t>(y.n_chains)), dim_(static_cast<std::size_t>(y.dim)), values_(n_ * dim_) {
      for (int d = 0; d < y.dim; ++d) {
        for (int j = 0; j < y.n_chains; ++j) values_[static_cast<std::size_t>(j) * dim_ + static_cast<std::size_t>(d)] = static_cast<double>(y(j, d));
      }
    }
    std::size_t kdtree_get_point_count() const { return n_; }
    double kdtree_get_pt(std::size_t i, std::size_t d) const { return values_[i * dim_ + d]; }
    template <class Box>
    bool kdtree_get_bbox(Box&) const {
      return false;
    }

   private:
    std::size_t n_, dim_;
    std::vector<double> values_;
  };
};
#else
inline constexpr bool has_kd_tree = false;

struct KdTree {
  int leaf_size = 16;
  template <class T>
  Nearest operator()(BlockView<T>, BlockView<const std::remove_const_t<T>>, int, Sets = Sets::two) const {
    static_assert(!sizeof(T*), "erg: KdTree needs the header nanoflann.hpp (a library of its own): install libnanoflann-dev, or use BruteForce or Neighbours.");
    return {};
  }
};
#endif

}  // namespace erg::entropy
