// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/neighbours.hpp"
#include "erg/entropy/weights.hpp"
#include "erg/lane/math/gamma.hpp"

#include <numbers>

namespace erg::entropy {
namespace detail {

/// log of the volume of the ball of radius 1: pi^(D/2) / Gamma(D/2 + 1).
inline double log_ball(int dim) { return 0.5 * dim * std::log(std::numbers::pi) - math::lgamma(0.5 * dim + 1.0); }

/// The floor of distances where none is asked for: what rounding makes of the coordinates.
template <class T>
double resolution(BlockView<const T> x) {
  double largest = 0.0;
  for (int d = 0; d < x.dim; ++d) {
    for (int i = 0; i < x.n_chains; ++i) largest = std::max(largest, std::abs(static_cast<double>(x(i, d))));
  }
  return std::max(largest * static_cast<double>(std::numeric_limits<T>::epsilon()), std::numeric_limits<double>::min());
}
[[gnu::cold]] inline void warn_of_ties(Estimate& e, double floor) {
  if (e.n_ties == 0) return;
  warn(e, std::to_string(e.n_ties) + " distances are below " + text("%.3g", floor) + " (duplicates: a density of them is none): draw anew, or give a floor that is the resolution of the data");
}
/// D log e_i - log M_i of every point, M_i the weight of its k nearest, and what leaving out one of these makes of it.
class NeighbourTerms {
 public:
  NeighbourTerms(const Nearest& near, int k, int dim, double least, const std::vector<double>& weights)
      : near_(near), k_(k), dim_(dim), least_(least), weights_(weights), has_next_(near.k > k) {
    for (int i = 0; i < near.n(); ++i) {
      double mass = 0.0;
      for (int r = 0; r < k; ++r) mass += weight(i, r);
      mass_.push_back(mass);
      n_ties += near.distance_of(i, k - 1) < least;
    }
  }

  long n_ties = 0;
  bool has_next() const { return has_next_; }
  /// The distance to the k-th neighbour, or the floor.
  double reach(int i) const { return std::max(near_.distance_of(i, k_ - 1), least_); }
  double operator()(int i) const { return dim_ * std::log(reach(i)) - std::log(mass_[static_cast<std::size_t>(i)]); }
  /// f(j, change) for every neighbour j of i: without j the next one counts.
  template <class F>
  void without_one(int i, F&& f) const {
    if (!has_next_) return;
    const double next = dim_ * std::log(std::max(near_.distance_of(i, k_), least_)), now = (*this)(i), mass = mass_[static_cast<std::size_t>(i)];
    for (int r = 0; r < k_; ++r) f(static_cast<std::size_t>(near_.index_of(i, r)), next - std::log(mass - weight(i, r) + weight(i, k_)) - now);
  }

 private:
  double weight(int i, int r) const { return weights_[static_cast<std::size_t>(near_.index_of(i, r))]; }
  const Nearest& near_;
  int k_, dim_;
  double least_;
  const std::vector<double>& weights_;
  bool has_next_;
  std::vector<double> mass_;
};
[[gnu::cold]] inline void warn_of_dimension(Estimate& e, int dim) {
  if (dim > 8) warn(e, "dim = " + std::to_string(dim) + " (above 8 the bias exceeds the error bar at any affordable number of points): take it for a trend");
}

}  // namespace detail

/// Differential entropy from distances to the k-th neighbours, with its gradient by the positions.
///
///   H = psi(n) - psi(k) + log V_D + (D / n) sum_i log e_i                e_i: distance of x_i to its k-th neighbour
///   dH/dx_i = (D / n) [ (x_i - x_nn(i)) / e_i^2 + sum_{j: nn(j) = i} (x_i - x_j) / e_j^2 ]
///   weighted: H = sum_i w_i (log V_D + D log e_i - log M_i + log(1 - w_i)) + log k - psi(k) + psi(n) - log(n - 1),
///             M_i the weight of the k neighbours; the same number where weights are equal
///   against references y_1 .. y_m: -E_p log q = psi(m + 1) - psi(k) + log V_D + mean_i D log e_i
///             weighted: sum_i w_i (log V_D + D log e_i - log M_i) + log k - psi(k) + psi(m + 1) - log m
///
/// Shapes    x: [point, dim] column-major, float or double (sums in double); gradient as x; weights: [point], positive
/// Requires  1 <= k < n; independent points: thin chains first
/// Error     jackknife, exact from the k + 1 nearest: each point left out once. Not below the true one in expectation (Efron & Stein)
/// Bias      vanishing, of order (k/n)^(2/D): smooth laws of few dimensions lose little (Gaussian, n = 1000, k = 3: -0.015 for D = 2, -0.08
///           for 5, +0.11 for 10, +1.2 for 20), a sharp boundary adds (uniform cube: +0.03, +0.47, +1.8)
/// Gradient  a sum over few neighbours: its variance is finite only for k D > 2, and in one or two dimensions it grows with n unless k does:
///           take k_for_gradient(n, dim). Where the sets are two, only x moves, which shrinks the gradient (18 % at D = 5, k = 3, m = 1000).
/// Ties      distances below the floor count as the floor, in the gradient too: near points part, duplicates stay; they are reported
/// Cost      the search, and n k D
/// Errors    std::invalid_argument: k out of range, weights not positive, coordinates not finite
/// Source    Kozachenko & Leonenko (1987); Kraskov, Stoegbauer & Grassberger (2004), eq. (20); Beirlant et al. (1997), section 3.5
template <class Search = Neighbours>
struct Knn {
  int k = 3;
  double floor = 0.0;  ///< 0: what rounding makes of the largest coordinate
  Search search{};
  bool both_sides = true;  ///< a point that is somebody's neighbour is moved for that too; else neighbours stand still (published so)

  /// k for gradients in training: sqrt(n) in one and two dimensions.
  static int k_for_gradient(int n, int dim) { return dim <= 2 ? std::max(3, static_cast<int>(std::sqrt(static_cast<double>(n)))) : 3; }

  template <class T>
  Estimate operator()(BlockView<T> x, Gradient<T> gradient = {}, std::span<const double> weights = {}) const {
    const BlockView<const std::remove_const_t<T>> points = x;
    return of(points, neighbours(points), gradient, weights);
  }

  /// Cross entropy of x against references that do not move: an upper bound of the entropy as m grows, the entropy where both have one law.
  template <class T>
  Estimate against(BlockView<T> x, BlockView<const std::remove_const_t<T>> references, Gradient<T> gradient = {}, std::span<const double> weights = {},
                   std::span<const double> reference_weights = {}) const {
    const BlockView<const std::remove_const_t<T>> points = x;
    return of(points, references, neighbours(points, references), gradient, weights, reference_weights);
  }

  /// H less dim times the mean log distance, of n_others + 1 points among themselves or of any against n_others references. Both are one
  /// formula: psi(n_others + 1) - psi(k) + log V_D.
  double constant(int dim, int n_others) const {
    return math::digamma(n_others + 1.0) - math::digamma(static_cast<double>(k)) + detail::log_ball(dim);
  }

  /// The k + 1 nearest, or as many as there are.
  template <class S>
  Nearest neighbours(BlockView<const S> x) const {
    detail::require_neighbours(x, x, k, Sets::one);
    return search(x, x, std::min(k + 1, x.n_chains - 1), Sets::one);
  }
  template <class S>
  Nearest neighbours(BlockView<const S> x, BlockView<const S> references) const {
    detail::require_neighbours(x, references, k, Sets::two);
    return search(x, references, std::min(k + 1, references.n_chains), Sets::two);
  }

  /// The entropy from neighbours() of the same points.
  template <class S>
  Estimate of(BlockView<const S> points, const Nearest& near, BlockView<S> gradient, std::span<const double> weights) const {
    const int n = points.n_chains, dim = points.dim;
    erg::detail::require_not_negative("floor", floor);
    const auto w = detail::normalised(weights, n);
    detail::clear_gradient(gradient, n, dim);

    Estimate e;
    e.method = name("kNN entropy");
    e.why = "of order (k/n)^(2/dim), more at sharp boundaries";
    e.n = n;
    const double least = floor > 0.0 ? floor : detail::resolution(points);
    const double offset = constant(dim, n - 1) + std::log(static_cast<double>(k)) - std::log(n - 1.0);
    const detail::NeighbourTerms terms(near, k, dim, least, w);
    e.n_ties = terms.n_ties;
    std::vector<double> term(w.size()), without(w.size(), 0.0), moved(gradient.data == nullptr ? 0 : w.size() * static_cast<std::size_t>(dim));
    double value = 0.0;
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i);
      term[at] = terms(i) + std::log1p(-w[at]);
      value += w[at] * term[at];
      terms.without_one(i, [&](std::size_t j, double change) { without[j] += w[at] * change; });
      if (moved.empty()) continue;
      const int other = near.index_of(i, k - 1);
      const double reach = terms.reach(i), scale = w[at] * dim / (reach * reach);
      for (int d = 0; d < dim; ++d) {
        const double pull = scale * (static_cast<double>(points(i, d)) - static_cast<double>(points(other, d)));
        const std::size_t column = static_cast<std::size_t>(d) * w.size();
        moved[column + at] += pull;
        if (both_sides) moved[column + static_cast<std::size_t>(other)] -= pull;
      }
    }
    e.value = value + offset;
    if (terms.has_next()) {
      for (std::size_t j = 0; j < w.size(); ++j) without[j] = (value + without[j] - w[j] * term[j]) / (1.0 - w[j]) - w[j];
      e.standard_error = detail::jackknife_error(without);
    }
    if (!moved.empty()) detail::write_gradient(gradient, moved);
    detail::warn_of_ties(e, least);
    detail::warn_of_dimension(e, dim);
    if (!weights.empty()) detail::warn_of_weights(e, w);
    return e;
  }

  /// The cross entropy from neighbours() of the same points and references.
  template <class S>
  Estimate of(BlockView<const S> points, BlockView<const S> references, const Nearest& near, BlockView<S> gradient, std::span<const double> weights = {},
              std::span<const double> reference_weights = {}) const {
    const int n = points.n_chains, m = references.n_chains, dim = points.dim;
    erg::detail::require_not_negative("floor", floor);
    const auto w = detail::normalised(weights, n), w_references = detail::normalised(reference_weights, m);
    detail::clear_gradient(gradient, n, dim);
    Estimate e;
    e.method = name("kNN cross entropy");
    e.why = "of order (k/m)^(2/dim); its gradient is too small";
    e.n = n;
    const double least = floor > 0.0 ? floor : std::max(detail::resolution(points), detail::resolution(references));
    const detail::NeighbourTerms terms(near, k, dim, least, w_references);
    e.n_ties = terms.n_ties;
    std::vector<double> term(w.size()), without(w_references.size(), 0.0);
    double value = 0.0;
    for (int i = 0; i < n; ++i) {
      const std::size_t at = static_cast<std::size_t>(i);
      term[at] = terms(i);
      value += w[at] * term[at];
      terms.without_one(i, [&](std::size_t j, double change) { without[j] += w[at] * change; });
      if (gradient.data == nullptr) continue;
      const double reach = terms.reach(i), scale = w[at] * dim / (reach * reach);
      for (int d = 0; d < dim; ++d) {
        gradient(i, d) = static_cast<S>(scale * (static_cast<double>(points(i, d)) - static_cast<double>(references(near.index_of(i, k - 1), d))));
      }
    }
    e.value = value + constant(dim, m) + std::log(static_cast<double>(k)) - std::log(static_cast<double>(m));
    if (n > 1 && terms.has_next()) {
      for (std::size_t j = 0; j < without.size(); ++j) without[j] += std::log1p(-w_references[j]);  // the others' shares of the weight
      e.standard_error = std::hypot(detail::error_of_mean(term, w, value), detail::jackknife_error(without));
    }
    detail::warn_of_ties(e, least);
    detail::warn_of_dimension(e, dim);
    if (!weights.empty()) detail::warn_of_weights(e, w);
    if (!reference_weights.empty()) detail::warn_of_weights(e, w_references);
    return e;
  }

 private:
  std::string name(const char* what) const { return std::string(what) + ", k = " + std::to_string(k); }
};

/// Kullback-Leibler divergence of the law of x from that of y, from draws of both.
///
///   D(p || q) = (D / n) sum_i log(v_i / e_i) + psi(m + 1) - psi(n)        e_i, v_i: distance of x_i to its k-th neighbour in x, in y
///
/// The difference of Knn{k}.against(x, y) and Knn{k}(x): one number k for both, so that constants and part of the bias cancel.
/// Shapes    x: [n, dim], y: [m, dim]; the gradient is by x; weights: [n], y_weights: [m]        Ensures  may be negative where the laws are close
/// Error     both jackknives together, each point of x left out of both sums
/// Ties      as Knn: distances below the floor count as the floor, and are reported
/// Source    Wang, Kulkarni & Verdu (2009), Divergence estimation for multidimensional densities via k-nearest-neighbor distances, eq. (5)
template <class T, class Search = Neighbours>
Estimate knn_divergence(BlockView<T> x, BlockView<const std::remove_const_t<T>> y, const Knn<Search>& knn = {}, Gradient<T> gradient = {},
                        std::span<const double> weights = {}, std::span<const double> y_weights = {}) {
  using S = std::remove_const_t<T>;
  const BlockView<const S> points = x;
  const int n = x.n_chains, m = y.n_chains, dim = x.dim, k = knn.k;
  std::vector<S> own(gradient.data == nullptr ? 0 : static_cast<std::size_t>(n) * static_cast<std::size_t>(dim));
  const BlockView<S> of_entropy = own.empty() ? BlockView<S>{} : BlockView<S>{own.data(), n, dim, n};
  const Nearest a = knn.neighbours(points), b = knn.neighbours(points, y);
  const Estimate cross = knn.of(points, y, b, gradient, weights, y_weights), entropy = knn.of(points, a, of_entropy, weights);
  for (int d = 0; d < of_entropy.dim; ++d) {
    for (int i = 0; i < n; ++i) gradient(i, d) -= of_entropy(i, d);
  }
  Estimate e;
  e.method = "kNN divergence, k = " + std::to_string(k);
  e.value = cross.value - entropy.value;
  e.why = "of order (k/n)^(1/dim), part of it cancels";
  e.n = n;
  e.n_ties = cross.n_ties + entropy.n_ties;
  e.warning = entropy.warning.empty() ? cross.warning : entropy.warning;
  const double least = knn.floor > 0.0 ? knn.floor : std::max(detail::resolution(points), detail::resolution(y));
  const auto w = detail::normalised(weights, n), w_y = detail::normalised(y_weights, m);
  const detail::NeighbourTerms in_x(a, k, dim, least, w), in_y(b, k, dim, least, w_y);
  if (!in_x.has_next() || !in_y.has_next()) return e;
  std::vector<double> no_x(w.size(), 0.0), no_y(w_y.size(), 0.0);
  double value = 0.0;
  for (int i = 0; i < n; ++i) {
    const std::size_t at = static_cast<std::size_t>(i);
    const double t = in_y(i) - in_x(i) - std::log1p(-w[at]);
    value += w[at] * t;
    no_x[at] -= w[at] * t;
    in_x.without_one(i, [&](std::size_t j, double change) { no_x[j] -= w[at] * change; });
    in_y.without_one(i, [&](std::size_t j, double change) { no_y[j] += w[at] * change; });
  }
  for (std::size_t j = 0; j < no_x.size(); ++j) no_x[j] = (value + no_x[j]) / (1.0 - w[j]) + w[j];
  for (std::size_t j = 0; j < no_y.size(); ++j) no_y[j] += std::log1p(-w_y[j]);
  e.standard_error = std::hypot(detail::jackknife_error(no_x), detail::jackknife_error(no_y));
  return e;
}

}  // namespace erg::entropy
