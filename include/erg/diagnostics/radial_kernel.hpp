// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Positive definite kernels that depend on the squared distance only: k(x, y) = phi(|x - y|^2).
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include <erg/diagnostics/draws.hpp>

namespace erg::diag {

/// phi(t) and its first two derivatives in t = |x - y|^2.
struct RadialValue {
  double value, first, second;
};

/// A radial kernel k answers k(t) -> RadialValue for t >= 0, and phi is positive definite in every dimension.
template <class K>
concept RadialKernel = requires(const K k, double t) {
  { k(t) } -> std::convertible_to<RadialValue>;
};

/// Inverse multiquadric: phi(t) = (c^2 + t)^beta. With -1 < beta < 0 its Stein discrepancy controls convergence.
///
/// Requires  c > 0, -1 < beta < 0       Errors  std::invalid_argument otherwise
/// Source    Gorham & Mackey (2017), Measuring sample quality with kernels, theorem 8
class Imq {
 public:
  explicit Imq(double c = 1, double beta = -0.5) : squared_(c * c), beta_(beta) {
    if (!(c > 0 && std::isfinite(c)))
      throw std::invalid_argument("c = " + std::to_string(c) + " (must be finite and > 0)");
    if (!(beta > -1 && beta < 0))
      throw std::invalid_argument("beta = " + std::to_string(beta) + " (must be between -1 and 0)");
  }

  RadialValue operator()(double t) const {
    const double base = squared_ + t;
    const double value = beta_ == -0.5 ? 1 / std::sqrt(base) : std::pow(base, beta_);
    return {value, beta_ * value / base, beta_ * (beta_ - 1) * value / (base * base)};
  }

 private:
  double squared_, beta_;
};

/// Gaussian: phi(t) = exp(-t / (2 h^2)), h the bandwidth (see median_bandwidth).
///
/// Requires  h > 0                      Errors  std::invalid_argument otherwise
class Rbf {
 public:
  explicit Rbf(double bandwidth = 1) : rate_(0.5 / (bandwidth * bandwidth)) {
    if (!(bandwidth > 0 && std::isfinite(bandwidth)))
      throw std::invalid_argument("bandwidth = " + std::to_string(bandwidth) + " (must be finite and > 0)");
  }

  RadialValue operator()(double t) const {
    const double value = std::exp(-rate_ * t);
    return {value, -rate_ * value, rate_ * rate_ * value};
  }

 private:
  double rate_;
};

/// Sum of Gaussians of several bandwidths: sees differences at each of these scales, where one bandwidth sees those of its own.
///
///   mmd2(x, y, RbfSum::around(median_bandwidth(x, y)))           half the median distance, the median, and twice it
///
/// Requires  at least one, each > 0     Errors  std::invalid_argument otherwise
class RbfSum {
 public:
  explicit RbfSum(const std::vector<double>& bandwidths) : parts_(bandwidths.begin(), bandwidths.end()) {
    if (parts_.empty()) throw std::invalid_argument("no bandwidths (a kernel needs one at least) give {median_bandwidth(x, y)}");
  }
  static RbfSum around(double bandwidth) { return RbfSum({0.5 * bandwidth, bandwidth, 2 * bandwidth}); }

  RadialValue operator()(double t) const {
    RadialValue sum{0, 0, 0};
    for (const Rbf& part : parts_) {
      const RadialValue r = part(t);
      sum.value += r.value, sum.first += r.first, sum.second += r.second;
    }
    return sum;
  }

 private:
  std::vector<Rbf> parts_;
};

/// The median distance between two points of the pooled sample: the usual bandwidth of Rbf.
///
/// Ensures   0 when more than half of the pairs coincide (Rbf then refuses it), NaN when a coordinate is NaN; the mean
///           of the two middle distances for an even number of pairs
/// Cost      O(n^2 dim); above 1000 pooled points only 1000 of them, evenly spaced, are used
/// Errors    std::invalid_argument for fewer than two points or different dimensions
/// Source    Gretton et al. (2012), A kernel two-sample test (its experiments)
inline double median_bandwidth(const Points& x, const Points& y) {
  detail::require_same_dim(x, y);
  const PointSet pooled = detail::stacked(x, y);
  detail::require_points(pooled, "the pooled sample", 2);
  const std::size_t used = std::min<std::size_t>(static_cast<std::size_t>(pooled.n), 1000),
                    dim = static_cast<std::size_t>(pooled.dim);
  const auto row = [&](std::size_t i) {
    return pooled.values.data() + i * static_cast<std::size_t>(pooled.n) / used * dim;
  };
  std::vector<double> distances;
  distances.reserve(used * (used - 1) / 2);
  for (std::size_t i = 1; i < used; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      distances.push_back(detail::squared_distance(row(i), row(j), pooled.dim));
      if (std::isnan(distances.back())) return detail::nan;
    }
  const std::size_t count = distances.size(), half = count / 2;
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(half);
  std::nth_element(distances.begin(), middle, distances.end());
  if (count % 2 == 1) return std::sqrt(*middle);
  return 0.5 * (std::sqrt(*middle) + std::sqrt(*std::max_element(distances.begin(), middle)));
}

/// The same for one sample.
inline double median_bandwidth(const Points& x) { return median_bandwidth(x, Points{x.data, 0, x.dim}); }

}  // namespace erg::diag
