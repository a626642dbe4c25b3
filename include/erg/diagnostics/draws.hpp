// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What the diagnostics of a whole run look at: draws of shape [draw, chain, dim], and a plain table of points [n, dim].
#pragma once

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <erg/detail/require.hpp>
#include <erg/diagnostics/series.hpp>

namespace erg::diag {

/// Draws are anything that hands out one Series per coordinate.
///   draws.n_draws(), draws.n_chains(), draws.dim()     int
///   draws.series(d)                                    Series of coordinate d, 0 <= d < dim(), of that shape
/// Optional: draws.name(d), convertible to std::string. Models: erg::Trace, DrawsView.
template <class D>
concept Draws = requires(const D& draws, int d) {
  { draws.n_draws() } -> std::convertible_to<int>;
  { draws.n_chains() } -> std::convertible_to<int>;
  { draws.dim() } -> std::convertible_to<int>;
  { draws.series(d) } -> std::convertible_to<Series>;
};

/// Draws in an array of the caller's, in any layout given by three strides; owns nothing.
class DrawsView {
 public:
  /// Row-major [draw, chain, dim]: what NumPy calls C order.
  /// Errors    std::invalid_argument when a size is negative
  DrawsView(const double* data, int n_draws, int n_chains, int dim)
      : DrawsView(data, n_draws, n_chains, dim, static_cast<std::ptrdiff_t>(n_chains) * dim, dim, 1) {}

  DrawsView(const double* data, int n_draws, int n_chains, int dim, std::ptrdiff_t draw_stride,
            std::ptrdiff_t chain_stride, std::ptrdiff_t dim_stride)
      : data_(data),
        n_draws_(n_draws),
        n_chains_(n_chains),
        dim_(dim),
        draw_stride_(draw_stride),
        chain_stride_(chain_stride),
        dim_stride_(dim_stride) {
    if (n_draws < 0 || n_chains < 0 || dim < 0)
      throw std::invalid_argument("draws of shape [" + std::to_string(n_draws) + ", " + std::to_string(n_chains) +
                                  ", " + std::to_string(dim) + "] (no size may be negative)");
  }

  int n_draws() const { return n_draws_; }
  int n_chains() const { return n_chains_; }
  int dim() const { return dim_; }
  Series series(int d) const { return {data_ + d * dim_stride_, n_draws_, n_chains_, draw_stride_, chain_stride_}; }

 private:
  const double* data_;
  int n_draws_, n_chains_, dim_;
  std::ptrdiff_t draw_stride_, chain_stride_, dim_stride_;
};

/// A view of n points of dimension dim, shape [n, dim]; owns nothing. Rows are contiguous unless strides say otherwise.
struct Points {
  const double* data = nullptr;
  int n = 0;
  int dim = 1;
  std::ptrdiff_t row_stride = 1;
  std::ptrdiff_t dim_stride = 1;

  Points() = default;
  Points(const double* values, int rows, int columns) : Points(values, rows, columns, columns, 1) {}
  Points(const double* values, int rows, int columns, std::ptrdiff_t row, std::ptrdiff_t column)
      : data(values), n(rows), dim(columns), row_stride(row), dim_stride(column) {}

  double operator()(int i, int d) const { return data[i * row_stride + d * dim_stride]; }
};

/// Points that own their values, shape [n, dim], row-major.
struct PointSet {
  std::vector<double> values;
  int n = 0;
  int dim = 1;

  operator Points() const { return {values.data(), n, dim}; }  // NOLINT: a set is a view of itself
};

/// All chains of a run as one set of points: every `thin`-th draw, draw by draw, within a draw chain by chain.
///
/// Requires  thin >= 1        Cost  O(n dim)
/// Errors    std::invalid_argument when thin < 1, or there are 2^31 points
template <Draws D>
PointSet points_of(const D& draws, int thin = 1) {
  if (thin < 1)
    throw std::invalid_argument("thin = " + std::to_string(thin) + " (must be at least 1, which keeps every draw)");
  const int n_chains = draws.n_chains(), dim = draws.dim();
  const int kept = draws.n_draws() / thin + (draws.n_draws() % thin > 0 ? 1 : 0);
  PointSet out{std::vector<double>(static_cast<std::size_t>(kept) * static_cast<std::size_t>(n_chains) *
                                   static_cast<std::size_t>(dim)),
               erg::detail::require_product("number of points", kept, n_chains), dim};
  for (int d = 0; d < dim; ++d) {
    const Series s = draws.series(d);
    std::size_t at = static_cast<std::size_t>(d);
    for (int i = 0; i < draws.n_draws(); i += thin)
      for (int c = 0; c < n_chains; ++c, at += static_cast<std::size_t>(dim)) out.values[at] = s(i, c);
  }
  return out;
}

namespace detail {

inline void require_points(const Points& x, const char* name, int at_least) {
  if (x.n < at_least)
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(x.n) + " points (at least " +
                                std::to_string(at_least) + " are needed)");
  if (x.dim < 1)
    throw std::invalid_argument(std::string(name) + " has dim = " + std::to_string(x.dim) + " (must be at least 1)");
  if (x.data == nullptr)
    throw std::invalid_argument(std::string(name) + " is a null pointer (there is nothing to read)");
}

inline void require_same_dim(const Points& x, const Points& y) {
  if (x.dim != y.dim)
    throw std::invalid_argument("x has dim = " + std::to_string(x.dim) + " but y has dim = " + std::to_string(y.dim) +
                                " (two samples can be compared only in the same space)");
}

/// The rows of one table after those of another, contiguous.
inline PointSet stacked(const Points& x, const Points& y) {
  PointSet out{{}, x.n + y.n, x.dim};
  out.values.reserve(static_cast<std::size_t>(out.n) * static_cast<std::size_t>(out.dim));
  for (const Points* part : {&x, &y})
    for (int i = 0; i < part->n; ++i)
      for (int d = 0; d < part->dim; ++d) out.values.push_back((*part)(i, d));
  return out;
}

inline double squared_distance(const double* a, const double* b, int dim) {
  double sum = 0;
  for (int d = 0; d < dim; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

}  // namespace detail
}  // namespace erg::diag
