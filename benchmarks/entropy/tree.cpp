// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "tree.hpp"

#include <cstddef>
#include <memory>

#if __has_include(<nanoflann.hpp>)
#include <nanoflann.hpp>

namespace bench {
namespace {

struct Rows {
  std::vector<float> values;
  std::size_t n, dim;
  Rows(const std::vector<float>& columns, int n_points, int n_dim)
      : values(columns.size()), n(static_cast<std::size_t>(n_points)), dim(static_cast<std::size_t>(n_dim)) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t d = 0; d < dim; ++d) values[i * dim + d] = columns[d * n + i];
    }
  }
  std::size_t kdtree_get_point_count() const { return n; }
  float kdtree_get_pt(std::size_t i, std::size_t d) const { return values[i * dim + d]; }
  template <class Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

/// The dimension is static, which is what nanoflann recommends.
template <int D>
Work searches(const std::vector<float>& x, int n, const std::vector<float>& y, int m, int dim, int k, bool build_too) {
  using Tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<float, Rows>, Rows, D, std::size_t>;
  const auto queries = std::make_shared<Rows>(x, n, dim), points = std::make_shared<Rows>(y, m, dim);
  const auto make = [points, dim] {
    auto tree = std::make_shared<Tree>(dim, *points, nanoflann::KDTreeSingleIndexAdaptorParams(16));
    tree->buildIndex();
    return tree;
  };
  const auto kept = build_too ? nullptr : make();
  return [=](std::size_t times) {
    std::vector<std::size_t> index(static_cast<std::size_t>(k));
    std::vector<float> squared(index.size());
    for (; times > 0; --times) {
      const auto tree = kept ? kept : make();
      for (std::size_t i = 0; i < queries->n; ++i) {
        tree->knnSearch(queries->values.data() + i * queries->dim, static_cast<std::size_t>(k), index.data(), squared.data());
        asm volatile("" ::"r"(index.data()) : "memory");
      }
    }
  };
}

}  // namespace

Work tree_searches(const std::vector<float>& x, int n, const std::vector<float>& y, int m, int dim, int k, bool build_too) {
  switch (dim) {
    case 2: return searches<2>(x, n, y, m, dim, k, build_too);
    case 3: return searches<3>(x, n, y, m, dim, k, build_too);
    case 4: return searches<4>(x, n, y, m, dim, k, build_too);
    case 6: return searches<6>(x, n, y, m, dim, k, build_too);
    case 8: return searches<8>(x, n, y, m, dim, k, build_too);
    case 16: return searches<16>(x, n, y, m, dim, k, build_too);
    default: return searches<-1>(x, n, y, m, dim, k, build_too);
  }
}

}  // namespace bench
#else
namespace bench {
Work tree_searches(const std::vector<float>&, int, const std::vector<float>&, int, int, int, bool) { return {}; }
}  // namespace bench
#endif
