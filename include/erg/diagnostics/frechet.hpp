// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The Frechet distance of features: how far apart two samples of images are, as a classifier sees them.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include <erg/detail/covariance.hpp>
#include <erg/detail/require.hpp>
#include <erg/detail/symmetric_eigen.hpp>
#include <erg/diagnostics/draws.hpp>

namespace erg::diag {

/// Mean and covariance (over n) of points.
struct GaussianMoments {
  std::vector<double> mean, covariance;   ///< [dim], [dim, dim]
  int n = 0;
};
inline GaussianMoments gaussian_moments(const Points& x) {
  if (x.n < 2) throw std::invalid_argument("a sample of " + std::to_string(x.n) + " (a covariance needs at least two points)");
  auto moments = erg::detail::mean_and_covariance(x.n, x.dim, x, [&](int) { return 1.0 / x.n; });
  return {std::move(moments.mean), std::move(moments.covariance), x.n};
}

/// Squared Wasserstein-2 distance of two Gaussians.
///
///   |m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1^{1/2} S_2 S_1^{1/2})^{1/2})
///
/// Ensures   >= 0 up to rounding; symmetric              Cost  two eigen-decompositions and three matrix products, O(dim^3)
/// Numerics  eigenvalues below 0 count as 0              Source  Dowson, Landau (1982), eq. (4)
inline double frechet_distance(const GaussianMoments& a, const GaussianMoments& b) {
  const int n = static_cast<int>(a.mean.size());
  if (b.mean.size() != a.mean.size()) {
    throw std::invalid_argument("features of dim = " + std::to_string(b.mean.size()) + " (the others have dim = " + std::to_string(n) +
                                ") take both from one classifier");
  }
  const auto d = static_cast<std::size_t>(n);
  double distance = 0.0;
  for (std::size_t i = 0; i < d; ++i) {
    const double off = a.mean[i] - b.mean[i];
    distance += off * off + a.covariance[i * d + i] + b.covariance[i * d + i];
  }
  const auto root = erg::detail::SymmetricEigen(a.covariance, n).map([](double v) { return std::sqrt(std::max(v, 0.0)); });
  const auto times = [&](const std::vector<double>& x, const std::vector<double>& y) {
    std::vector<double> p(d * d);
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t k = 0; k < d; ++k) {
        for (std::size_t j = 0; j < d; ++j) p[i * d + j] += x[i * d + k] * y[k * d + j];
      }
    }
    return p;
  };
  const erg::detail::SymmetricEigen e(times(times(root, b.covariance), root), n);
  for (int k = 0; k < n; ++k) distance -= 2.0 * std::sqrt(std::max(e.value(k), 0.0));
  return distance;
}
/// Of two samples of features. It is "FD of that classifier", comparable only within it; FID is the one of Inception's pool3 features.
inline double frechet_distance(const Points& x, const Points& y) { return frechet_distance(gaussian_moments(x), gaussian_moments(y)); }

/// What two samples of n points of one N(m, I) have between them on average: the floor below which a distance says nothing.
///
///   (dim^2 + 5 dim) / (2 n)
inline double frechet_floor(int dim, int n) { return (static_cast<double>(dim) * dim + 5.0 * dim) / (2.0 * n); }

/// The score of class probabilities, exp(E KL(p(y | x) | p(y))): between 1 and the number of classes.
/// Shapes    p: [n, class], rows that sum to 1           Source  Salimans et al. (2016), section 4
inline double inception_score(const Points& p) {
  if (p.n < 1) throw std::invalid_argument("no predictions (a score is a mean over them)");
  std::vector<double> mean(static_cast<std::size_t>(p.dim));
  for (int i = 0; i < p.n; ++i) {
    for (int k = 0; k < p.dim; ++k) mean[static_cast<std::size_t>(k)] += p(i, k) / p.n;
  }
  double kl = 0.0;
  for (int i = 0; i < p.n; ++i) {
    for (int k = 0; k < p.dim; ++k) {
      if (p(i, k) > 0.0) kl += p(i, k) * std::log(p(i, k) / mean[static_cast<std::size_t>(k)]) / p.n;
    }
  }
  return std::exp(kl);
}
/// The score as the field reports it: mean and standard deviation over so many parts of the predictions, ten by custom.
///
/// Part k holds the rows from k n / n_splits up to the next part's first. A part has fewer predictions to average p(y) over, so the mean is
/// below the score of all.
struct InceptionScore {
  double mean = 0.0, deviation = 0.0;   ///< the deviation divides by n_splits
};
/// Requires  rows in random order: a part of one class scores 1      Errors  std::invalid_argument: n_splits < 1, fewer predictions than parts
inline InceptionScore inception_score(const Points& p, int n_splits) {
  erg::detail::require_count("n_splits", n_splits);
  if (p.n < n_splits) throw std::invalid_argument(std::to_string(p.n) + " predictions (there are " + std::to_string(n_splits) + " parts) take fewer parts");
  std::vector<double> scores;
  InceptionScore s;
  for (int k = 0; k < n_splits; ++k) {
    const auto from = static_cast<std::ptrdiff_t>(k) * p.n / n_splits, to = static_cast<std::ptrdiff_t>(k + 1) * p.n / n_splits;
    scores.push_back(inception_score(Points(p.data + from * p.row_stride, static_cast<int>(to - from), p.dim, p.row_stride, p.dim_stride)));
    s.mean += scores.back() / n_splits;
  }
  for (const double v : scores) s.deviation += (v - s.mean) * (v - s.mean) / n_splits;
  s.deviation = std::sqrt(s.deviation);
  return s;
}

}  // namespace erg::diag
