// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Kernel Stein discrepancy: are these points draws from the density with these scores? Needs no normalising constant.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <erg/diagnostics/draws.hpp>
#include <erg/diagnostics/radial_kernel.hpp>
#include <erg/diagnostics/resample.hpp>

namespace erg::diag {
namespace detail {

inline void require_scores(const Points& x, const Points& scores, int at_least) {
  require_points(x, "x", at_least);
  require_points(scores, "scores", at_least);
  if (x.n != scores.n || x.dim != scores.dim)
    throw std::invalid_argument("scores have shape [" + std::to_string(scores.n) + ", " + std::to_string(scores.dim) +
                                "] but x has shape [" + std::to_string(x.n) + ", " + std::to_string(x.dim) +
                                "] (each point needs its own score, minus the gradient of the energy)");
}

/// u(i, j) of ksd2, on contiguous copies.
template <class K>
class SteinKernel {
 public:
  SteinKernel(const Points& x, const Points& scores, const K& kernel)
      : x_(stacked(x, Points{x.data, 0, x.dim})),
        score_(stacked(scores, Points{scores.data, 0, scores.dim})),
        kernel_(kernel) {}

  double operator()(int i, int j) const {
    const std::size_t dim = static_cast<std::size_t>(x_.dim);
    const double* a = x_.values.data() + static_cast<std::size_t>(i) * dim;
    const double* b = x_.values.data() + static_cast<std::size_t>(j) * dim;
    const double* s = score_.values.data() + static_cast<std::size_t>(i) * dim;
    const double* t = score_.values.data() + static_cast<std::size_t>(j) * dim;
    double squared = 0, scores = 0, along = 0;  // |r|^2, s.t, (t - s).r with r = a - b
    for (std::size_t d = 0; d < dim; ++d) {
      const double r = a[d] - b[d];
      squared += r * r;
      scores += s[d] * t[d];
      along += (t[d] - s[d]) * r;
    }
    const RadialValue phi = kernel_(squared);
    return scores * phi.value + 2 * phi.first * along - 2 * static_cast<double>(dim) * phi.first -
           4 * phi.second * squared;
  }

  int size() const { return x_.n; }
  double diagonal() const {
    double sum = 0;
    for (int i = 0; i < size(); ++i) sum += (*this)(i, i);
    return sum;
  }

 private:
  PointSet x_, score_;
  K kernel_;
};

}  // namespace detail

/// Squared kernel Stein discrepancy between points x and the density whose scores are given.
///
///   u(x, y) = s(x).s(y) k + s(x).grad_y k + s(y).grad_x k + tr grad_x grad_y k,    k(x, y) = phi(|x - y|^2)
///           = s.t phi + 2 phi' (t - s).r - 2 dim phi' - 4 phi'' |r|^2,             s = s(x), t = s(y), r = x - y
///   v: 1/n^2 sum_ij u(x_i, x_j);     u: 1/(n (n - 1)) sum_{i != j} u(x_i, x_j)
///
/// Shapes    x, scores: [n, dim]; scores = grad log density = minus the gradient of the energy
/// Ensures   v >= 0; u has expectation 0 when x are independent draws of the density
/// Cost      O(n^2 dim) time, O(n dim) memory; thin long runs first (points_of)
/// Numerics  a non-finite point or score gives NaN or infinity; scale the coordinates to about 1, where the default Imq
///           sees best
/// Errors    std::invalid_argument for different shapes, no point, or one point with u
/// Source    Liu, Lee & Jordan (2016), A kernelized Stein discrepancy, theorem 3.6 and equation 14; Gorham & Mackey
///           (2017) for Imq
template <RadialKernel K = Imq>
double ksd2(const Points& x, const Points& scores, const K& kernel = K(), Statistic statistic = Statistic::v) {
  detail::require_scores(x, scores, statistic == Statistic::u ? 2 : 1);
  const detail::SteinKernel<K> u(x, scores, kernel);
  const double n = x.n, off_diagonal = detail::sum_pairs(x.n, {}, u).total;
  return statistic == Statistic::u ? off_diagonal / (n * (n - 1)) : (off_diagonal + u.diagonal()) / (n * n);
}

/// Goodness of fit by ksd2 with a wild bootstrap: sums of w_i w_j u(x_i, x_j), where w starts at +-1 and changes sign
/// from one point to the next with probability flip_probability.
///
/// Requires  points in the order in which they were drawn when flip_probability < 0.5; choose it near 1 / (2 tau), tau
///           the integrated autocorrelation time, or thin by tau and keep 0.5
/// Ensures   a small p_value speaks against the points; it is never 0
/// Cost      O(n^2 (dim + n_resamples)) time, O(n (dim + n_resamples)) memory
/// Errors    as ksd2; std::invalid_argument for n < 2 or options out of range
/// Source    Chwialkowski, Strathmann & Gretton (2016), A kernel test of goodness of fit, "Wild bootstrap testing"
template <RadialKernel K = Imq>
TestResult ksd_test(const Points& x, const Points& scores, const K& kernel = K(), Statistic statistic = Statistic::v,
                    const Resampling& resampling = {}) {
  detail::require_scores(x, scores, 2);
  detail::require_resampling(resampling);
  const detail::SteinKernel<K> u(x, scores, kernel);
  const std::size_t length = static_cast<std::size_t>(x.n),
                    n_forms = 1 + static_cast<std::size_t>(resampling.n_resamples);
  std::vector<double> signs(n_forms * length, 1.0);
  detail::SplitMix64 random(resampling.seed);
  for (std::size_t k = 1; k < n_forms; ++k) {
    double sign = random.uniform() < 0.5 ? -1 : 1;
    for (std::size_t i = 0; i < length; ++i) {
      if (random.uniform() < resampling.flip_probability) sign = -sign;
      signs[k * length + i] = sign;
    }
  }
  std::vector<double> forms = detail::sum_pairs(x.n, signs, u).forms;
  const double n = x.n,
               diagonal = statistic == Statistic::v ? u.diagonal() : 0;  // w_i^2 = 1: the same in every resample
  for (double& form : forms) form = (form + diagonal) / (statistic == Statistic::v ? n * n : n * (n - 1));
  const double observed = forms.front();
  forms.erase(forms.begin());
  return detail::ranked(observed, forms);
}

}  // namespace erg::diag
