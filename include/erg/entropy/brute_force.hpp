// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/nearest.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "erg/nn/product.hpp"

#include <cmath>

namespace erg::entropy {
namespace detail {

/// The m smallest of a stream of values, ascending; of equal ones the earlier stay.
template <class T>
struct Best {
  T* value;
  int* index;
  int m;

  void clear() const {
    std::fill_n(value, m, lane::Format<T>::infinity);
    std::fill_n(index, m, -1);
  }
  ERG_INLINE void offer(T v, int i) const {
    if (!(v < value[m - 1])) return;
    int at = m - 1;
    for (; at > 0 && v < value[at - 1]; --at) {
      value[at] = value[at - 1];
      index[at] = index[at - 1];
    }
    value[at] = v;
    index[at] = i;
  }
};

inline constexpr int lanes_at_once = 4;
template <class L>
inline constexpr int points_at_once = lanes_at_once * width_v<L>;

/// A value that at least `rank` of the values in n groups of lanes do not exceed, from the smallest in each column of lanes: the search
/// then starts with a limit and not with a crowd. Infinity where there are too few columns to tell.
template <class L, class Get>
ERG_INLINE scalar_t<L> limit_of(int n, int rank, Get&& get) {
  using T = scalar_t<L>;
  if (2 * rank > points_at_once<L> || n < 2) return lane::Format<T>::infinity;
  L m[lanes_at_once];
  for (auto& v : m) v = L(lane::Format<T>::infinity);
  for (int g = 0; g < n; ++g) {
    L v[lanes_at_once];
    get(g, v);
    for (int j = 0; j < lanes_at_once; ++j) m[j] = lane::min(v[j], m[j]);
  }
  int n_lanes = lanes_at_once;  // no more columns than twice the rank: a looser limit, but fewer values to sort
  for (; n_lanes > 1 && n_lanes / 2 * width_v<L> >= 2 * rank; n_lanes /= 2) {
    for (int j = 0; j < n_lanes / 2; ++j) m[j] = lane::min(m[j], m[j + n_lanes / 2]);
  }
  alignas(64) T least[points_at_once<L>];
  for (int j = 0; j < n_lanes; ++j) lane::store(least + j * width_v<L>, m[j]);
  std::nth_element(least, least + rank - 1, least + n_lanes * width_v<L>);
  return std::nextafter(least[rank - 1], lane::Format<T>::infinity);
}

/// Offers n groups of values, numbered from first on, but for one of them (own; -1: none).
template <class L, class Get>
ERG_INLINE void scan(int n, int first, int own, const Best<scalar_t<L>>& best, scalar_t<L> limit, Get&& get) {
  using T = scalar_t<L>;
  limit = best.value[best.m - 1] < limit ? best.value[best.m - 1] : limit;
  L most = L(limit);
  for (int g = 0; g < n; ++g) {
    L v[lanes_at_once];
    get(g, v);
    if (!lane::any<L>(lane::min(lane::min(v[0], v[1]), lane::min(v[2], v[3])) < most)) continue;
    for (int j = 0; j < lanes_at_once; ++j) {
      if (!lane::any<L>(v[j] < most)) continue;
      alignas(64) T each[width_v<L>];
      lane::store(each, v[j]);
      const int at = first + g * points_at_once<L> + j * width_v<L>;
      for (int i = 0; i < width_v<L>; ++i) {
        if (each[i] < limit && at + i != own) {
          best.offer(each[i], at + i);
          limit = best.value[best.m - 1] < limit ? best.value[best.m - 1] : limit;
        }
      }
    }
    most = L(limit);
  }
}

/// Groups of points that the first limit is taken from.
inline constexpr int groups_of_limit = 16;

/// What a norm adds up for a query against a panel of references, a lane of them at a time; nothing is written but the best.
template <class Norm, class L, int D>
void direct(const scalar_t<L>* query, int dim, const scalar_t<L>* y, std::ptrdiff_t stride, int n_groups, int first, int own, const Best<scalar_t<L>>& best) {
  using T = scalar_t<L>;
  const int n_dim = D > 0 ? D : dim;
  L at[D > 0 ? D : 1];
  if constexpr (D > 0) {
    for (int d = 0; d < D; ++d) at[d] = L(query[d]);
  }
  const auto get = [&](int g, L (&v)[lanes_at_once]) __attribute__((always_inline)) {
    const T* from = y + g * points_at_once<L>;
    for (int j = 0; j < lanes_at_once; ++j) v[j] = L(0.0);
    for (int d = 0; d < n_dim; ++d) {
      const L q = D > 0 ? at[D > 0 ? d : 0] : L(query[d]);
      for (int j = 0; j < lanes_at_once; ++j) v[j] = Norm::add(v[j], lane::load<L>(from + d * stride + j * width_v<L>) - q);
    }
  };
  const int n = std::min(n_groups, groups_of_limit);
  const T limit = first > 0 ? lane::Format<T>::infinity : limit_of<L>(n, best.m + (own >= 0 ? 1 : 0), get);
  scan<L>(n_groups, first, own, best, limit, get);
}
template <class Norm, class L>
void direct(const scalar_t<L>* query, int dim, const scalar_t<L>* y, std::ptrdiff_t stride, int n_groups, int first, int own, const Best<scalar_t<L>>& best) {
  switch (dim) {
    case 1: return direct<Norm, L, 1>(query, dim, y, stride, n_groups, first, own, best);
    case 2: return direct<Norm, L, 2>(query, dim, y, stride, n_groups, first, own, best);
    case 3: return direct<Norm, L, 3>(query, dim, y, stride, n_groups, first, own, best);
    default: return direct<Norm, L, 0>(query, dim, y, stride, n_groups, first, own, best);
  }
}

/// The candidates of all queries, and how far the values they were chosen by may be off.
template <class T>
struct Candidates {
  Candidates(int n, int n_kept) : m(n_kept), value(static_cast<std::size_t>(n) * static_cast<std::size_t>(n_kept)), index(value.size()) {
    for (int i = 0; i < n; ++i) of(i).clear();
  }
  Best<T> of(int i) { return {value.data() + static_cast<std::ptrdiff_t>(i) * m, index.data() + static_cast<std::ptrdiff_t>(i) * m, m}; }
  int m;
  std::vector<T> value;
  std::vector<int> index;
};

/// s = |y|^2 / 2 - x.y about the mean of y: all queries x, extended by 1, staged in blocks; references y, extended by |y|^2 / 2, a panel at
/// a time, which stays in the caches against all queries.
template <class L>
class Products {
 public:
  using T = scalar_t<L>;
  static constexpr int block = 48;  ///< queries
  const int panel;                  ///< references
  const int n_blocks;

  Products(BlockView<const T> x, BlockView<const T> y)
      : panel(panel_of(y.dim)), n_blocks((x.n_chains + block - 1) / block), dim_(y.dim), n_(x.n_chains), row_(panel + nn::per_line<T>),
        centre_(static_cast<std::size_t>(dim_)), length_(static_cast<std::size_t>(n_), 0.0), half_(static_cast<std::size_t>(panel)) {
    for (int d = 0; d < dim_; ++d) {
      centre_[static_cast<std::size_t>(d)] = sum_of_column(y.column(d), y.n_chains, [](T v) { return static_cast<double>(v); }) / y.n_chains;
    }
    const auto size = static_cast<std::size_t>(n_blocks) * static_cast<std::size_t>(dim_ + 1) * block;
    std::fill_n(queries_.require(size), size, T(0));
    for (int d = 0; d < dim_; ++d) {
      for (int i = 0; i < n_; ++i) {
        const double v = static_cast<double>(x(i, d)) - centre_[static_cast<std::size_t>(d)];
        query(i, d) = static_cast<T>(-v);
        length_[static_cast<std::size_t>(i)] += v * v;
      }
    }
    for (int i = 0; i < n_; ++i) query(i, dim_) = T(1);
    references_.require(static_cast<std::size_t>(row_) * static_cast<std::size_t>(dim_ + 1));
    values_.require(static_cast<std::size_t>(block) * static_cast<std::size_t>(row_));
  }

  /// Stages the panel of references from `first` on; its groups of lanes. Values beyond its end will be infinite.
  int take_references(BlockView<const T> y, int first) {
    const int here = std::min(panel, y.n_chains - first), n_groups = (here + points_at_once<L> - 1) / points_at_once<L>;
    T* r = references_.data();
    std::fill(half_.begin(), half_.end(), 0.0);
    for (int d = 0; d < dim_; ++d) {
      const T* from = y.column(d) + first;
      const double c = centre_[static_cast<std::size_t>(d)];
      for (int j = 0; j < here; ++j) {
        const double v = static_cast<double>(from[j]) - c;
        r[d * row_ + j] = static_cast<T>(v);
        half_[static_cast<std::size_t>(j)] += 0.5 * v * v;
      }
      std::fill(r + d * row_ + here, r + (d + 1) * row_, T(0));
    }
    longest_ = std::max(longest_, *std::max_element(half_.begin(), half_.begin() + here));
    for (int j = 0; j < n_groups * points_at_once<L>; ++j) {
      r[dim_ * row_ + j] = j < here ? static_cast<T>(half_[static_cast<std::size_t>(j)]) : lane::Format<T>::infinity;
    }
    return n_groups;
  }
  /// The values of block b against the panel; how many queries it has.
  int multiply(int b, int n_groups) {
    const int n_here = std::min(block, n_ - b * block);
    nn::product<L>({queries_.data() + static_cast<std::ptrdiff_t>(b) * (dim_ + 1) * block, 1, block}, n_here, dim_ + 1, references_.data(), row_,
                   values_.data(), row_, n_groups * lanes_at_once, nullptr);
    return n_here;
  }
  const T* of(int i) const { return values_.data() + i * row_; }

  /// What two sums of dim + 1 products of rounded numbers are off by, half an epsilon an operation, for references that may be among the
  /// nearest of query i: none that is longer than the query and its last candidate are together.
  double slack(int i, double s_last) const {
    const double length_x = std::sqrt(length_[static_cast<std::size_t>(i)]);
    const double far = length_x + std::sqrt(std::max(0.0, 2.0 * s_last + length_x * length_x)), length_y = std::min(far, std::sqrt(2.0 * longest_));
    return 1.1 * (dim_ + 6) * static_cast<double>(std::numeric_limits<T>::epsilon()) * (0.5 * length_y * length_y + length_x * length_y);
  }

 private:
  static int panel_of(int dim) {
    const int cached = 786432 / (static_cast<int>(sizeof(T)) * (dim + 1));
    return std::clamp(cached / points_at_once<L>, 1, std::max(1, 512 / points_at_once<L>)) * points_at_once<L>;
  }
  T& query(int i, int d) { return queries_.data()[(static_cast<std::ptrdiff_t>(i / block) * (dim_ + 1) + d) * block + i % block]; }

  int dim_, n_;
  std::ptrdiff_t row_;  // an odd number of lines: the rows of a column do not fall on each other in the cache
  nn::Arena<T> queries_, references_, values_;
  std::vector<double> centre_, length_, half_;
  double longest_ = 0.0;
};

}  // namespace detail

/// Nearest neighbours by looking at every pair, a register of references at a time.
///
/// Up to four coordinates, and with the norm Maximum: differences, in registers, nothing written but the best. Above: the matrix product
/// of nn::product on |y|^2 / 2 - x.y about the mean of y, a panel of references that stays in the caches against all queries.
/// Exact: one candidate too many is kept (of products four), all are measured again in double; where the last candidate is not beyond the k-th by
/// more than rounding can explain, the query is done again in double.
/// Shapes    x: [query, dim], y: [reference, dim] column-major        Requires  1 <= k <= number of references (less one with Sets::one)
/// Cost      n m (dim + 1) multiply-adds, or n m dim subtractions and as many multiply-adds; O(n k + m dim) memory
/// Errors    std::invalid_argument: k out of range, coordinates not finite, different dimensions
template <class Norm = detail::Euclidean>
struct BruteForce {
  template <class T>
  Nearest operator()(BlockView<T> x, BlockView<const std::remove_const_t<T>> y, int k, Sets sets = Sets::two) const {
    using S = std::remove_const_t<T>;
    return search<S>(x, y, k, sets);
  }

 private:
  template <class T>
  static Nearest search(BlockView<const T> x, BlockView<const T> y, int k, Sets sets) {
    using L = simd_lane<T, default_arch>;
    detail::require_neighbours(x, y, k, sets);
    const bool is_direct = !std::is_same_v<Norm, detail::Euclidean> || y.dim <= 4;
    const int n_others = y.n_chains - (sets == Sets::one ? 1 : 0), m = std::min(k + (is_direct ? 1 : 4), n_others);
    detail::Candidates<T> all(x.n_chains, m);
    std::vector<double> slack;
    if (is_direct) {
      by_differences<L>(x, y, sets, all, slack);
    } else if constexpr (std::is_same_v<Norm, detail::Euclidean>) {
      by_products<L>(x, y, sets, all, slack);
    }
    Nearest found = detail::sized(x.n_chains, k);
    detail::PairsToSettle<Norm, T> pairs(x, y, m, found);
    std::vector<std::pair<double, int>> every;
    for (int i = 0; i < x.n_chains; ++i) {
      const auto best = all.of(i);
      const double kth = static_cast<double>(best.value[k - 1]), last = static_cast<double>(best.value[m - 1]);
      if (best.index[m - 1] >= 0 && (m == n_others || last - kth > slack[static_cast<std::size_t>(i)])) {
        pairs.add(i, best.index);
        continue;
      }
      detail::all_candidates(y.n_chains, sets == Sets::one ? i : -1, every);
      detail::settle<Norm>(x, y, i, every, found);
    }
    pairs.settle_all();
    return found;
  }

  template <class L, class T = scalar_t<L>>
  static void by_differences(BlockView<const T> x, BlockView<const T> y, Sets sets, detail::Candidates<T>& all, std::vector<double>& slack) {
    constexpr int at_once = detail::points_at_once<L>;
    const int n_groups = (y.n_chains + at_once - 1) / at_once;
    const std::ptrdiff_t stride = n_groups * at_once;
    nn::Arena<T> arena;
    T* staged = arena.require(static_cast<std::size_t>(stride * y.dim));
    for (int d = 0; d < y.dim; ++d) {
      std::copy_n(y.column(d), y.n_chains, staged + d * stride);
      std::fill(staged + d * stride + y.n_chains, staged + (d + 1) * stride, lane::Format<T>::infinity);
    }
    std::vector<T> query(static_cast<std::size_t>(x.dim));
    const int panel = std::max(1, 24576 / (static_cast<int>(sizeof(T)) * y.dim * at_once));  // groups that stay in the first-level cache
    for (int g = 0; g < n_groups; g += panel) {
      for (int i = 0; i < x.n_chains; ++i) {
        for (int d = 0; d < x.dim; ++d) query[static_cast<std::size_t>(d)] = x(i, d);
        detail::direct<Norm, L>(query.data(), x.dim, staged + g * at_once, stride, std::min(panel, n_groups - g), g * at_once, sets == Sets::one ? i : -1, all.of(i));
      }
    }
    for (int i = 0; i < x.n_chains; ++i) {
      slack.push_back(2.0 * (x.dim + 3) * static_cast<double>(std::numeric_limits<T>::epsilon()) * static_cast<double>(all.of(i).value[all.m - 1]));
    }
  }

  /// s = |y|^2 / 2 - x.y in panels of references by blocks of queries.
  template <class L, class T = scalar_t<L>>
  static void by_products(BlockView<const T> x, BlockView<const T> y, Sets sets, detail::Candidates<T>& all, std::vector<double>& slack) {
    detail::Products<L> products(x, y);
    for (int first = 0; first < y.n_chains; first += products.panel) {
      const int n_groups = products.take_references(y, first);
      for (int b = 0; b < products.n_blocks; ++b) {
        const int n_here = products.multiply(b, n_groups);
        for (int i = 0; i < n_here; ++i) {
          const T* from = products.of(i);
          const auto get = [&](int g, L (&v)[detail::lanes_at_once]) __attribute__((always_inline)) {
            for (int j = 0; j < detail::lanes_at_once; ++j) v[j] = lane::load<L>(from + (g * detail::lanes_at_once + j) * width_v<L>);
          };
          const int query = b * detail::Products<L>::block + i, own = sets == Sets::one ? query : -1;
          const auto best = all.of(query);
          const T limit = first > 0 ? lane::Format<T>::infinity : detail::limit_of<L>(n_groups, best.m + (own >= 0 ? 1 : 0), get);
          detail::scan<L>(n_groups, first, own, best, limit, get);
        }
      }
    }
    for (int i = 0; i < x.n_chains; ++i) slack.push_back(products.slack(i, static_cast<double>(all.of(i).value[all.m - 1])));
  }
};

}  // namespace erg::entropy
