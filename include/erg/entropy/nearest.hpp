// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/tile/block_tile.hpp"

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <utility>

namespace erg::entropy {

/// The nearest reference points of every query.
/// Shapes    distance, index: [query, k], ascending by distance, equal distances by index
struct Nearest {
  int k = 0;
  std::vector<double> distance;
  std::vector<int> index;

  int n() const { return k == 0 ? 0 : static_cast<int>(index.size()) / k; }
  double distance_of(int query, int rank) const { return distance[at(query, rank)]; }
  int index_of(int query, int rank) const { return index[at(query, rank)]; }
  std::size_t at(int query, int rank) const { return static_cast<std::size_t>(query) * static_cast<std::size_t>(k) + static_cast<std::size_t>(rank); }
};

/// Whether queries and references are one set of points: a point is then no neighbour of itself, by its index, not by its distance.
enum class Sets { one, two };

/// A search answers search(x, y, k, sets) -> Nearest for blocks of float or double. Every search gives the same answer: the nearest by
/// distances computed in double from the differences of coordinates, equal distances by index.
/// Models: AllPairs (below), BruteForce, KdTree (erg/entropy/kd_tree.hpp), Neighbours, which chooses between the last two.
template <class S, class T = double>
concept NeighbourSearch = requires(const S& s, BlockView<const T> x, int k) {
  { s(x, x, k, Sets::one) } -> std::same_as<Nearest>;
};

namespace detail {

[[noreturn, gnu::cold]] inline void reject_coordinate(const char* name, int i, int d, double v) {
  erg::detail::reject(std::string(name) + "[" + std::to_string(i) + ", " + std::to_string(d) + "]", v, "must be finite: distances to it are none");
}
/// sum_i f(v_i) in eight sums that do not wait for each other.
template <class T, class F>
auto sum_of_column(const T* v, int n, F&& f) {
  using S = decltype(f(v[0]));
  S eight[8] = {};
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int j = 0; j < 8; ++j) eight[j] += f(v[i + j]);
  }
  S sum = S(0);
  for (; i < n; ++i) sum += f(v[i]);
  for (const S s : eight) sum += s;
  return sum;
}
template <class T>
void require_coordinates(const char* name, BlockView<const T> x) {
  if (x.dim < 1 || x.data == nullptr) throw std::invalid_argument(std::string(name) + " has no coordinates (there are no distances)");
  for (int d = 0; d < x.dim; ++d) {
    // One test a column: NaN and infinity stay.
    if (sum_of_column(x.column(d), x.n_chains, [](T v) { return v - v; }) == T(0)) continue;
    for (int i = 0; i < x.n_chains; ++i) {
      if (!std::isfinite(x(i, d))) reject_coordinate(name, i, d, static_cast<double>(x(i, d)));
    }
  }
}
template <class T>
void require_neighbours(BlockView<const T> x, BlockView<const T> y, int k, Sets sets) {
  require_coordinates("x", x);
  if (sets == Sets::two) require_coordinates("y", y);
  if (x.dim != y.dim) {
    throw std::invalid_argument("x has dim = " + std::to_string(x.dim) + " and y has dim = " + std::to_string(y.dim) +
                                " (distances are within one space)");
  }
  const int most = y.n_chains - (sets == Sets::one ? 1 : 0);
  if (k < 1 || k > most) {
    throw std::invalid_argument("k = " + std::to_string(k) + " (must be at least 1 and at most the " + std::to_string(std::max(most, 0)) +
                                " points that can be neighbours)");
  }
}

/// Norms of differences, on lanes and in double.
struct Euclidean {
  template <class L>
  ERG_INLINE static L add(L sum, L difference) {
    return lane::mul_add(difference, difference, sum);
  }
  static double add_exactly(double sum, double difference) { return sum + difference * difference; }
  static double distance(double sum) { return std::sqrt(sum); }
};
struct Maximum {
  template <class L>
  ERG_INLINE static L add(L sum, L difference) {
    return lane::max(lane::abs(difference), sum);
  }
  static double add_exactly(double sum, double difference) { return std::max(sum, std::abs(difference)); }
  static double distance(double sum) { return sum; }
};

/// What a norm adds up over the coordinates of x_i - y_j, in double.
template <class Norm, class T>
double difference(BlockView<const T> x, int i, BlockView<const T> y, int j) {
  double sum = 0.0;
  for (int d = 0; d < x.dim; ++d) sum = Norm::add_exactly(sum, static_cast<double>(x(i, d)) - static_cast<double>(y(j, d)));
  return sum;
}

/// Writes the k least of (what a norm adds up, index) as the nearest of query i.
template <class Norm>
void write_nearest(int i, std::vector<std::pair<double, int>>& candidates, Nearest& to) {
  std::partial_sort(candidates.begin(), candidates.begin() + to.k, candidates.end());
  for (int rank = 0; rank < to.k; ++rank) {
    const auto& c = candidates[static_cast<std::size_t>(rank)];
    to.distance[to.at(i, rank)] = Norm::distance(c.first);
    to.index[to.at(i, rank)] = c.second;
  }
}
/// Writes the k nearest of some candidates of query i, by exact distances.
template <class Norm, class T>
void settle(BlockView<const T> x, BlockView<const T> y, int i, std::vector<std::pair<double, int>>& candidates, Nearest& to) {
  for (auto& c : candidates) c.first = difference<Norm>(x, i, y, c.second);
  write_nearest<Norm>(i, candidates, to);
}

/// All references as candidates of a query, but for the point itself (own; -1: none).
inline void all_candidates(int n, int own, std::vector<std::pair<double, int>>& to) {
  to.clear();
  for (int j = 0; j < n; ++j) {
    if (j != own) to.emplace_back(0.0, j);
  }
}

/// Pairs (query, candidate), as many for each query, that are measured together, one coordinate of all after the other: those of one
/// point lie far apart, and taken point by point they are fetched from memory one by one.
template <class Norm, class T>
class PairsToSettle {
 public:
  PairsToSettle(BlockView<const T> x, BlockView<const T> y, int n_each, Nearest& to) : x_(x), y_(y), n_each_(n_each), to_(to) {}

  void add(int query, const int* candidates) {
    for (int r = 0; r < n_each_; ++r) query_.push_back(query), candidate_.push_back(candidates[r]);
    if (query_.size() >= 8192) settle_all();
  }
  void settle_all() {
    const std::size_t n = query_.size();
    sum_.assign(n, 0.0);
    for (int d = 0; d < x_.dim; ++d) {
      const T *xd = x_.column(d), *yd = y_.column(d);
      for (std::size_t p = 0; p < n; ++p) sum_[p] = Norm::add_exactly(sum_[p], static_cast<double>(xd[query_[p]]) - static_cast<double>(yd[candidate_[p]]));
    }
    for (std::size_t p = 0; p < n;) {
      const int query = query_[p];
      of_one_.clear();
      for (int r = 0; r < n_each_; ++r, ++p) of_one_.emplace_back(sum_[p], candidate_[p]);
      write_nearest<Norm>(query, of_one_, to_);
    }
    query_.clear(), candidate_.clear();
  }

 private:
  BlockView<const T> x_, y_;
  int n_each_;
  Nearest& to_;
  std::vector<int> query_, candidate_;
  std::vector<double> sum_;
  std::vector<std::pair<double, int>> of_one_;
};
inline Nearest sized(int n, int k) {
  const std::size_t size = static_cast<std::size_t>(n) * static_cast<std::size_t>(k);
  return {k, std::vector<double>(size), std::vector<int>(size)};
}

}  // namespace detail

/// Nearest neighbours by sorting the distances to all references: for a few thousand points, where a program is to stay small.
///
/// Cost      n m dim subtractions and multiply-adds in double; O(n k + m) memory
/// Errors    as BruteForce
template <class Norm = detail::Euclidean>
struct AllPairs {
  template <class T>
  Nearest operator()(BlockView<T> x, BlockView<const std::remove_const_t<T>> y, int k, Sets sets = Sets::two) const {
    using S = std::remove_const_t<T>;
    const BlockView<const S> queries = x;
    detail::require_neighbours<S>(queries, y, k, sets);
    Nearest found = detail::sized(x.n_chains, k);
    std::vector<std::pair<double, int>> candidates;
    for (int i = 0; i < x.n_chains; ++i) {
      detail::all_candidates(y.n_chains, sets == Sets::one ? i : -1, candidates);
      detail::settle<Norm>(queries, y, i, candidates, found);
    }
    return found;
  }
};

}  // namespace erg::entropy
