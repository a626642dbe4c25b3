// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/entropy/brute_force.hpp"
#include "erg/entropy/gaussian_sums.hpp"
#include "erg/entropy/weights.hpp"
#include "erg/lane/math/gamma.hpp"

namespace erg::entropy {
namespace detail {

/// The points of one variable, ready to be counted about one of them by the maximum norm.
class Counter {
  using L = simd_lane<double, default_arch>;

 public:
  struct Count {
    double n, weight;
  };

  Counter(BlockView<const double> x, const std::vector<double>& weights)
      : n_(x.n_chains), dim_(x.dim), n_lanes_(static_cast<int>(EightSums::padded(x.n_chains)) / width_v<L>), stride_(n_lanes_ * width_v<L>) {
    double* to = memory_.require(static_cast<std::size_t>(stride_) * static_cast<std::size_t>(dim_ + 1));
    for (int d = 0; d < dim_; ++d) {
      std::copy_n(x.column(d), n_, to + d * stride_);
      std::fill(to + d * stride_ + n_, to + (d + 1) * stride_, lane::Format<double>::infinity);
    }
    std::copy(weights.begin(), weights.end(), to + dim_ * stride_);
    std::fill(to + dim_ * stride_ + n_, to + (dim_ + 1) * stride_, 0.0);
  }

  /// Points nearer to point i than radius, or at distance 0 where it is 0, itself among them, and their weight.
  Count about(int i, double radius) const {
    const double* x = memory_.data();
    const L limit = L(radius > 0.0 ? radius : lane::Format<double>::smallest_normal);
    EightSums n, weight;
    for (int first = 0; first < n_lanes_; first += EightSums::n_lanes) {
      for (int j = 0; j < EightSums::n_lanes; ++j) {
        const int g = first + j;
        L v = L(0.0);
        for (int d = 0; d < dim_; ++d) v = Maximum::add(v, lane::load<L>(x + d * stride_ + g * width_v<L>) - L(x[d * stride_ + i]));
        const auto inside = v < limit;
        n.add(j, lane::select(inside, L(1.0), L(0.0)));
        weight.add(j, lane::select(inside, lane::load<L>(x + dim_ * stride_ + g * width_v<L>), L(0.0)));
      }
    }
    return {n.total(), weight.total()};
  }

 private:
  int n_, dim_, n_lanes_;
  std::ptrdiff_t stride_;
  nn::Arena<double> memory_;
};

/// Points [first, first + step, ...] of two variables, side by side.
template <class T>
std::vector<double> side_by_side(BlockView<const T> x, BlockView<const T> y, int first, int step, int n) {
  std::vector<double> to;
  to.reserve(static_cast<std::size_t>(n) * static_cast<std::size_t>(x.dim + y.dim));
  for (const auto* part : {&x, &y}) {
    for (int d = 0; d < part->dim; ++d) {
      for (int i = 0; i < n; ++i) to.push_back(static_cast<double>((*part)(first + i * step, d)));
    }
  }
  return to;
}

struct Information {
  double value = 0.0;
  long n_ties = 0;
};
inline Information information(const std::vector<double>& joint, int n, int dim_x, int dim_y, int k, const std::vector<double>& w) {
  const BlockView<const double> both{joint.data(), n, dim_x + dim_y, n}, x{joint.data(), n, dim_x, n}, y{joint.data() + static_cast<std::ptrdiff_t>(n) * dim_x, n, dim_y, n};
  const Nearest near = BruteForce<Maximum>{}(both, both, k, Sets::one);
  const Counter of_x(x, w), of_y(y, w), of_both(both, w);
  Information out;
  for (int i = 0; i < n; ++i) {
    const double radius = near.distance_of(i, k - 1), own = w[static_cast<std::size_t>(i)];
    const auto a = of_x.about(i, radius), b = of_y.about(i, radius);  // themselves among them: n_x + 1, n_y + 1
    double term, mass = 0.0, n_near = k;
    if (radius > 0.0) {
      for (int r = 0; r < k; ++r) mass += w[static_cast<std::size_t>(near.index_of(i, r))];
      term = math::digamma(n_near) + math::digamma(static_cast<double>(n)) - math::digamma(a.n) - math::digamma(b.n);
    } else {
      ++out.n_ties;
      const auto c = of_both.about(i, 0.0);
      n_near = c.n - 1.0;
      mass = c.weight - own;
      term = math::digamma(n_near) + std::log(static_cast<double>(n)) - std::log(a.n) - std::log(b.n);
    }
    // Weights as they differ from equal ones.
    term += std::log(mass * n / n_near) - std::log(a.weight * n / a.n) - std::log(b.weight * n / b.n);
    out.value += own * term;
  }
  return out;
}

}  // namespace detail

/// Mutual information of two variables from pairs (x_i, y_i), by numbers of neighbours.
///
///   I = psi(k) + psi(n) - mean_i [ psi(n_x(i) + 1) + psi(n_y(i) + 1) ]
///
/// n_x(i): the points with |x_j - x_i| below the distance of pair i to its k-th neighbour; all norms are the largest difference of a coordinate.
/// Shapes    x: [pair, dim_x], y: [pair, dim_y] column-major; weights: [pair], positive
/// Requires  independent pairs, coordinates of comparable spread (the estimate, unlike I, depends on the scale of one against the other
///           coordinates of a variable)
/// Ties      where the k-th neighbour is at distance 0 the pairs and points there are counted instead (log instead of psi): values that
///           repeat, of one variable or both, are handled, and counted in n_ties
/// Weights   a count becomes the weight of what is counted; equal ones leave the estimate as it is
/// Error     from 10 interleaved subsets, whose variance is 10 times that of all (no subsets below 20 (k + 1) pairs)
/// Bias      vanishing: 0 for independent variables, towards 0 where they depend strongly; above about log n nothing can be seen
/// Cost      n^2 (dim_x + dim_y)
/// Errors    std::invalid_argument: k out of range, numbers of points that differ, coordinates not finite
/// Source    Kraskov, Stoegbauer & Grassberger (2004), Estimating mutual information, eq. (8); ties: Gao, Kannan, Oh & Viswanath (2017), algorithm 1;
///           error: Holmes & Nemenman (2019)
struct Ksg {
  int k = 3;

  template <class T, class U>
  Estimate operator()(BlockView<T> x, BlockView<U> y, std::span<const double> weights = {}) const {
    using S = std::remove_const_t<T>;
    static_assert(std::is_same_v<S, std::remove_const_t<U>>, "erg: both variables of a mutual information are float, or both double.");
    const BlockView<const S> a = x, b = y;
    const int n = a.n_chains;
    if (b.n_chains != n) {
      throw std::invalid_argument("x has " + std::to_string(n) + " points and y has " + std::to_string(b.n_chains) + " (they come in pairs) give as many");
    }
    detail::require_neighbours(a, a, k, Sets::one);
    detail::require_coordinates("y", b);
    const auto w = detail::normalised(weights, n);
    Estimate e;
    e.method = "KSG mutual information, k = " + std::to_string(k);
    e.why = "0 where independent, towards 0 where strongly dependent";
    e.n = n;
    const auto all = detail::information(detail::side_by_side(a, b, 0, 1, n), n, a.dim, b.dim, k, w);
    e.value = all.value;
    e.n_ties = all.n_ties;
    constexpr int n_parts = 10;
    const int n_part = n / n_parts;
    if (n_part >= 2 * (k + 1)) {
      std::vector<double> parts;
      for (int p = 0; p < n_parts; ++p) {
        std::vector<double> w_part;
        for (int i = 0; i < n_part; ++i) w_part.push_back(w[static_cast<std::size_t>(p + i * n_parts)]);
        parts.push_back(detail::information(detail::side_by_side(a, b, p, n_parts, n_part), n_part, a.dim, b.dim, k, detail::normalised(w_part, n_part)).value);
      }
      e.standard_error = std::sqrt(detail::squares_about_mean(parts) / (n_parts - 1.0) / n_parts);
    }
    if (e.n_ties > 0) detail::warn(e, std::to_string(e.n_ties) + " pairs coincide with " + std::to_string(k) + " others: values repeat, and are counted");
    if (e.value > 0.6 * std::log(static_cast<double>(n))) {
      detail::warn(e, "the value is near log n = " + detail::text("%.2f", std::log(static_cast<double>(n))) + " (more cannot be seen with n pairs): the truth may be far above");
    }
    if (!weights.empty()) detail::warn_of_weights(e, w);
    return e;
  }
};

}  // namespace erg::entropy
