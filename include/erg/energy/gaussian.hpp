// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

#include <vector>

namespace erg {

/// Gaussian around 0 with the same standard deviation in each direction, normalised.
///
///   U(x) = |x|^2 / (2 sigma^2) + (D/2) log(2 pi sigma^2),   dU/dx = x / sigma^2
///
/// Shapes    x, g: [D], D static (`GaussianIsotropic<2>{sigma}`) or dynamic (`GaussianIsotropic{dim, sigma}`)
/// Requires  sigma finite and > 0                  Truth  mean 0, covariance sigma^2 I, log Z = 0, exact sampler
/// Cost      3 instructions a coordinate
template <int D = dynamic>
class GaussianIsotropic : public Dimension<D> {
 public:
  explicit GaussianIsotropic(double sigma = 1.0)
    requires(D != dynamic)
      : GaussianIsotropic(std::true_type{}, D, sigma) {}
  explicit GaussianIsotropic(int n, double sigma = 1.0)
    requires(D == dynamic)
      : GaussianIsotropic(std::true_type{}, detail::require_count("dim", n), sigma) {}

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    const L sum = detail::accumulate<D, L>(x.size(), [&](int d, L s) __attribute__((always_inline)) { return lane::mul_add(x[d], x[d], s); });
    return lane::mul_add(sum, half_precision_.as<L>(), constant_.as<L>());
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const L sum = detail::accumulate<D, L>(x.size(), [&](int d, L s) __attribute__((always_inline)) {
      g[d] = slope(d, x[d]);
      return lane::mul_add(x[d], x[d], s);
    });
    return lane::mul_add(sum, half_precision_.as<L>(), constant_.as<L>());
  }
  /// dU/dx_d
  template <Lane L>
  ERG_FN ERG_INLINE L slope(int, L x) const {
    return precision_.as<L>() * x;
  }

  double sigma() const { return sigma_.value(); }
  double mean(int) const { return 0.0; }
  double covariance(int i, int j) const { return i == j ? sigma() * sigma() : 0.0; }
  double log_z() const { return 0.0; }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    random::fill_normal<L>(key, chain, x, x.size());
    for (int d = 0; d < x.size(); ++d) x[d] *= sigma_.as<L>();
  }

 private:
  GaussianIsotropic(std::true_type, int n, double sigma)
      : Dimension<D>(n),
        sigma_(detail::require_positive("sigma", sigma)),
        precision_(1.0 / (sigma * sigma)),
        half_precision_(0.5 / (sigma * sigma)),
        constant_(n * (0.918938533204672742 + math::log(sigma))) {}

  detail::Parameter sigma_, precision_, half_precision_, constant_;
};

GaussianIsotropic(int, double) -> GaussianIsotropic<dynamic>;
GaussianIsotropic(int) -> GaussianIsotropic<dynamic>;

/// Gaussian with independent coordinates, normalised.
///
///   U(x) = sum_d (x_d - mean_d)^2 / (2 sd_d^2) + log sd_d + (1/2) log 2 pi,   dU/dx_d = (x_d - mean_d) / sd_d^2
///
/// Shapes    mean, sd, x, g: [D]; a dynamic dimension is the size of `mean`
/// Requires  mean finite, sd finite and > 0        Truth  moments, log Z = 0, exact sampler
/// Cost      4 instructions a coordinate
template <int D = dynamic>
class GaussianDiagonal : public Dimension<D> {
 public:
  static constexpr bool on_device = true;

  GaussianDiagonal(const std::vector<double>& mean, const std::vector<double>& sd)
      : Dimension<D>(detail::require_count("the size of mean", static_cast<int>(mean.size()))),
        mean_(static_cast<int>(mean.size())),
        sd_(mean_.size()),
        precision_(mean_.size()) {
    detail::require_size("mean", mean, mean_.size(), "one a coordinate");
    detail::require_size("sd", sd, mean_.size(), "one a coordinate");
    double constant = 0.0;
    for (int d = 0; d < mean_.size(); ++d) {
      const auto i = static_cast<std::size_t>(d);
      mean_.set(d, detail::require_finite(detail::indexed("mean", d), mean[i]));
      sd_.set(d, detail::require_positive(detail::indexed("sd", d), sd[i]));
      precision_.set(d, 1.0 / (sd[i] * sd[i]));
      constant += 0.918938533204672742 + math::log(sd[i]);
    }
    constant_ = constant;
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, D> x) const {
    const L sum = detail::accumulate<D, L>(x.size(), [&](int d, L s) __attribute__((always_inline)) {
      const L off = x[d] - mean_.template as<L>(d);
      return lane::mul_add(off * precision_.template as<L>(d), off, s);
    });
    return lane::mul_add(sum, L(0.5), constant_.as<L>());
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    const L sum = detail::accumulate<D, L>(x.size(), [&](int d, L s) __attribute__((always_inline)) {
      g[d] = slope(d, x[d]);
      return lane::mul_add(g[d], x[d] - mean_.template as<L>(d), s);
    });
    return lane::mul_add(sum, L(0.5), constant_.as<L>());
  }
  /// dU/dx_d
  template <Lane L>
  ERG_FN ERG_INLINE L slope(int d, L x) const {
    return (x - mean_.template as<L>(d)) * precision_.template as<L>(d);
  }

  double mean(int d) const { return mean_[d]; }
  double covariance(int i, int j) const { return i == j ? sd_[i] * sd_[i] : 0.0; }
  double log_z() const { return 0.0; }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, D> x) const {
    random::fill_normal<L>(key, chain, x, x.size());
    for (int d = 0; d < x.size(); ++d) x[d] = lane::mul_add(x[d], sd_.template as<L>(d), mean_.template as<L>(d));
  }

 private:
  detail::Parameters<D> mean_, sd_, precision_;
  detail::Parameter constant_;
};

GaussianDiagonal(const std::vector<double>&, const std::vector<double>&) -> GaussianDiagonal<dynamic>;

}  // namespace erg
