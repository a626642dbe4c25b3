// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/cholesky.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

#include <algorithm>

namespace erg {

/// Gaussian with any covariance C, normalised.
///
///   U(x) = (x - mean)^T P (x - mean) / 2 + (1/2) log |2 pi C|,   P = C^-1,   dU/dx = P (x - mean)
///
/// Shapes    mean: [D];  covariance, precision: [D, D], column-major (symmetric, so row-major is the same); D static or dynamic
/// Requires  mean finite; covariance (or precision) symmetric and positive definite
/// Truth     moments, log Z = 0, exact sampler
/// Cost      D^2 multiply-adds, four rows at a time; construction O(D^3) on the host
template <int D = dynamic>
class GaussianDense : public Dimension<D> {
 public:
  static constexpr bool on_device = true;

  GaussianDense(const std::vector<double>& mean, const std::vector<double>& covariance)
      : GaussianDense(mean, covariance, factor("covariance", mean, covariance)) {}

  /// The same from P = C^-1.
  static GaussianDense from_precision(const std::vector<double>& mean, const std::vector<double>& precision) {
    const int n = static_cast<int>(mean.size());
    const std::vector<double> covariance = detail::cholesky_inverse(factor("precision", mean, precision), n);
    return GaussianDense(mean, covariance, detail::cholesky("covariance", covariance, n), precision);
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    return evaluate<L>(x, [](int, L) __attribute__((always_inline)) {});
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    return evaluate<L>(x, [&](int d, L slope) __attribute__((always_inline)) { g[d] = slope; });
  }

  double mean(int d) const { return mean_[d]; }
  double precision(int i, int j) const { return precision_[j * mean_.size() + i]; }
  double covariance(int i, int j) const {
    double c = 0.0;
    for (int k = 0; k <= std::min(i, j); ++k) c += factor_[k * mean_.size() + i] * factor_[k * mean_.size() + j];
    return c;
  }
  double log_z() const { return 0.0; }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    const int n = x.size();
    random::fill_normal<L>(key, chain, x, n);
    for (int i = n - 1; i >= 0; --i) {  // from the last row up, as row i reads normals 0 .. i
      L sum = mean_.template as<L>(i);
      for (int k = 0; k <= i; ++k) sum = lane::mul_add(x[k], factor_.template as<L>(k * n + i), sum);
      x[i] = sum;
    }
  }

 private:
  static std::vector<double> factor(const char* name, const std::vector<double>& mean, const std::vector<double>& matrix) {
    const int n = detail::require_count("the size of mean", static_cast<int>(mean.size()));
    if constexpr (D != dynamic) detail::require_size("mean", mean, D, "one a coordinate");
    detail::require_size(name, matrix, n * n, "the square of the size of mean");
    return detail::cholesky(name, matrix, n);
  }
  GaussianDense(const std::vector<double>& mean, const std::vector<double>&, const std::vector<double>& lower)
      : GaussianDense(mean, {}, lower, detail::cholesky_inverse(lower, static_cast<int>(mean.size()))) {}
  GaussianDense(const std::vector<double>& mean, const std::vector<double>&, const std::vector<double>& lower,
                const std::vector<double>& precision)
      : Dimension<D>(static_cast<int>(mean.size())),
        mean_(static_cast<int>(mean.size())),
        precision_(static_cast<int>(precision.size())),
        factor_(static_cast<int>(lower.size())) {
    const int n = mean_.size();
    for (int d = 0; d < n; ++d) mean_.set(d, detail::require_finite(detail::indexed("mean", d), mean[static_cast<std::size_t>(d)]));
    for (int i = 0; i < n * n; ++i) precision_.set(i, precision[static_cast<std::size_t>(i)]);
    for (int i = 0; i < n * n; ++i) factor_.set(i, lower[static_cast<std::size_t>(i)]);
    constant_ = 0.918938533204672742 * n + 0.5 * detail::cholesky_log_det(lower, n);
  }

  /// Calls each(i, .) with the entries of P (x - mean), four rows at a time, which share the differences.
  template <class L, class Each>
  ERG_FN ERG_INLINE L evaluate(Point<const L, D> x, Each each) const {
    const int n = x.size();
    L total(0.0);
    const auto rows = [&]<int count>(std::integral_constant<int, count>, int first) __attribute__((always_inline)) {
      L sums[count];
      detail::unrolled<count>([&](int r) __attribute__((always_inline)) { sums[r] = L(0.0); });
      detail::each<D>(n, [&](int j) __attribute__((always_inline)) {
        const L off = x[j] - mean_.template as<L>(j);
        detail::unrolled<count>([&](int r) __attribute__((always_inline)) {
          sums[r] = lane::mul_add(off, precision_.template as<L>(j * n + first + r), sums[r]);
        });
      });
      detail::unrolled<count>([&](int r) __attribute__((always_inline)) {
        total = lane::mul_add(sums[r], x[first + r] - mean_.template as<L>(first + r), total);
        each(first + r, sums[r]);
      });
    };
    if constexpr (D != dynamic && D <= 4) {
      rows(std::integral_constant<int, D>{}, 0);
    } else {
      int i = 0;
      for (; i + 4 <= n; i += 4) rows(std::integral_constant<int, 4>{}, i);
      for (; i < n; ++i) rows(std::integral_constant<int, 1>{}, i);
    }
    return lane::mul_add(total, L(0.5), constant_.as<L>());
  }

  detail::Parameters<D> mean_;
  detail::Parameters<detail::static_product(D, D)> precision_, factor_;
  detail::Parameter constant_;
};

GaussianDense(const std::vector<double>&, const std::vector<double>&) -> GaussianDense<dynamic>;

}  // namespace erg
