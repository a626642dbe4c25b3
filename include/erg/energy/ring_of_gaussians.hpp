// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/energy/relative_weight.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/math/trig.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"
#include "erg/random/normal.hpp"

#include <vector>

namespace erg {

/// K equal Gaussians on a circle in the plane, normalised: the smallest target on which local moves fail to mix.
///
///   p(x) = sum_k w_k N(x; c_k, sigma^2 I),  c_k = radius (cos 2 pi k / K, sin 2 pi k / K),  U = -log p
///   dU/dx = (x - sum_k r_k c_k) / sigma^2,  r_k = w_k exp(x . c_k / sigma^2) / sum_j (the same)
///
/// As all |c_k| are equal, |x|^2 and |c_k|^2 drop out of the responsibilities r_k: two fused multiply-adds a component.
/// Requires  radius >= 0, sigma > 0, weights > 0 (any scale; none given: equal)
/// Truth     moments, mode centres and weights, log Z = 0, exact sampler
/// Cost      K exponentials and 7 K + 10 instructions for the gradient; the value adds one logarithm
/// Numerics  U carries a rounding error of about eps (|x|^2 + radius^2) / (2 sigma^2): in float keep radius / sigma below 100,
///           or use GaussianMixture, which forms the differences x - c_k
template <int K = 8>
class RingOfGaussians : public Dimension<2> {
 public:
  static_assert(K >= 1 && K <= 64, "erg: RingOfGaussians<K> is unrolled over K components, 1 <= K <= 64; for more use GaussianMixture.");

  explicit RingOfGaussians(double radius = 4.0, double sigma = 0.5, const std::vector<double>& weights = {})
      : sigma_(detail::require_positive("sigma", sigma)) {
    detail::require_not_negative("radius", radius);
    if (!weights.empty()) detail::require_size("weights", weights, K, "one a component");
    double total = 0.0;
    for (int k = 0; k < K; ++k) {
      weight_[k] = weights.empty() ? 1.0 : weights[static_cast<std::size_t>(k)];
      total += detail::require_positive(detail::indexed("weights", k), weight_[k]);
    }
    constexpr double log2_e = 1.44269504088896341;
    const double precision = 1.0 / (sigma * sigma);
    for (int k = 0; k < K; ++k) {
      weight_[k] /= total;
      const double angle = 6.28318530717958648 * k / K;
      centre_[0][k] = snap(radius, math::cos(angle));
      centre_[1][k] = snap(radius, math::sin(angle));
      slope_[0].set(k, centre_[0][k] * precision * log2_e);
      slope_[1].set(k, centre_[1][k] * precision * log2_e);
      log2_weight_.set(k, math::log2(weight_[k]));
    }
    precision_ = precision;
    half_precision_ = 0.5 * precision;
    constant_ = 0.5 * radius * radius * precision + 1.83787706640934548 + 2.0 * math::log(sigma);
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, 2> x) const {
    L weighted[2];
    const Sum<L> s = responsibilities<L, false>(x, weighted);
    return value(x, s);
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, 2> x, Point<L, 2> g) const {
    L weighted[2];
    const Sum<L> s = responsibilities<L, true>(x, weighted);
    const L u = value(x, s);
    const L scale = L(-0.693147180559945309) / s.total;  // the slopes are in base 2
    const L g0 = lane::mul_add(weighted[0], scale, x[0] * precision_.as<L>());
    const L g1 = lane::mul_add(weighted[1], scale, x[1] * precision_.as<L>());
    g[0] = g0;
    g[1] = g1;
    return u;
  }

  double sigma() const { return sigma_.value(); }
  double log_z() const { return 0.0; }
  double mean(int d) const {
    double m = 0.0;
    for (int k = 0; k < K; ++k) m += weight_[k] * centre_[d][k];
    return m;
  }
  double covariance(int i, int j) const {
    double c = i == j ? sigma() * sigma() : 0.0;
    for (int k = 0; k < K; ++k) c += weight_[k] * (centre_[i][k] - mean(i)) * (centre_[j][k] - mean(j));
    return c;
  }
  static constexpr int n_modes() { return K; }
  double mode_centre(int k, int d) const { return centre_[d][k]; }
  double mode_weight(int k) const { return weight_[k]; }

  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, 2> x) const {
    const L mode = random::categorical<L>(key.purpose(random::Purpose::choice), chain, 0, weight_, K);
    random::fill_normal<L>(key, chain, x, 2);
    for (int d = 0; d < 2; ++d) {
      L centre(0.0);
      for (int k = 0; k < K; ++k) centre = lane::select(mode == L(k), L(static_cast<scalar_t<L>>(centre_[d][k])), centre);
      x[d] = lane::mul_add(x[d], sigma_.as<L>(), centre);
    }
  }

 private:
  /// In base 2: the largest exponent, and the sum of the exponentials relative to it, in [1, K].
  template <class L>
  struct Sum {
    L largest, total;
  };

  static double snap(double radius, double direction) { return std::fabs(direction) < 1e-15 ? 0.0 : radius * direction; }

  template <class L, bool want_gradient>
  ERG_FN ERG_INLINE Sum<L> responsibilities(Point<const L, 2> x, L* weighted) const {
    const L x0 = x[0], x1 = x[1];
    L p[K];
    detail::unrolled<K>([&](int k) __attribute__((always_inline)) {
      p[k] = lane::mul_add(x0, slope_[0].template as<L>(k), lane::mul_add(x1, slope_[1].template as<L>(k), log2_weight_.template as<L>(k)));
    });
    const L largest = detail::largest_of<K>(p);
    detail::unrolled<K>([&](int k) __attribute__((always_inline)) { p[k] = detail::relative_weight(p[k] - largest); });
    if constexpr (want_gradient) {
      weighted[0] = detail::dot_of<K>(p, [&](int k) { return slope_[0].template as<L>(k); });
      weighted[1] = detail::dot_of<K>(p, [&](int k) { return slope_[1].template as<L>(k); });
    }
    return {largest, detail::sum_of<K>(p)};
  }
  template <class L>
  ERG_FN ERG_INLINE L value(Point<const L, 2> x, Sum<L> s) const {
    const L square = lane::mul_add(x[0], x[0], x[1] * x[1]);
    const L quadratic = lane::mul_add(square, half_precision_.as<L>(), constant_.as<L>());
    return lane::mul_add(s.largest, L(-0.693147180559945309), quadratic) - math::log(s.total);
  }

  double centre_[2][K];
  double weight_[K];
  detail::Parameters<K> slope_[2];  // c_k / sigma^2, in base 2
  detail::Parameters<K> log2_weight_;
  detail::Parameter sigma_, precision_, half_precision_, constant_;
};

}  // namespace erg
