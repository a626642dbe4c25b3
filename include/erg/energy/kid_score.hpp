// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/energy/quadrature.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"

#include <vector>

namespace erg {

/// Regression line with unknown noise, flat on the coefficients: posteriordb's kidiq-kidscore_momiq.
///
///   x = (beta_1, beta_2, log sigma);   score_i ~ N(beta_1 + beta_2 iq_i, sigma),  sigma ~ half-Cauchy(0, 2.5);  Jacobian: sigma
///   U(x) = RSS(beta) / (2 sigma^2) + (n - 1) log sigma + log(1 + sigma^2 / 6.25) + constants
///
/// Shapes    mom_iq, kid_score: [n];  x, g: [3]
/// Requires  n >= 3, data finite, mom_iq not all equal, scores not exactly on a line
/// Truth     given sigma, beta is Gaussian around least squares; what is left is one integral over log sigma: moments, log Z and
///           the mean of sigma by Gauss-Legendre, to about 1e-12
/// Cost      an exponential and 20 instructions, whatever n: the constructor reduces the data to centred sums
/// Source    Gelman, Hill (2007), Data Analysis Using Regression, section 3.1; the model of posteriordb
class KidScore : public Dimension<3> {
 public:
  KidScore(const std::vector<double>& mom_iq, const std::vector<double>& kid_score)
      : n_(detail::require_count("the size of mom_iq", static_cast<int>(mom_iq.size()), 3)) {
    detail::require_size("kid_score", kid_score, n_, "one for each mom_iq");
    double x_mean = 0.0, y_mean = 0.0, sxx = 0.0, sxy = 0.0, syy = 0.0;
    for (int k = 0; k < n_; ++k) {
      const auto i = static_cast<std::size_t>(k);
      x_mean += detail::require_finite(detail::indexed("mom_iq", k), mom_iq[i]) / n_;
      y_mean += detail::require_finite(detail::indexed("kid_score", k), kid_score[i]) / n_;
    }
    for (std::size_t i = 0; i < mom_iq.size(); ++i) {
      sxx += (mom_iq[i] - x_mean) * (mom_iq[i] - x_mean);
      sxy += (mom_iq[i] - x_mean) * (kid_score[i] - y_mean);
      syy += (kid_score[i] - y_mean) * (kid_score[i] - y_mean);
    }
    if (!(sxx > 0.0)) detail::reject("the variance of mom_iq", sxx, "must be > 0, else the slope is not identified");
    const double rss = syy - sxy * sxy / sxx;
    if (!(rss > 1e-12 * syy)) detail::reject("the residual sum of squares", rss, "must be > 0, else sigma = 0 fits perfectly");
    x_mean_ = x_mean;
    y_mean_ = y_mean;
    slope_ = sxy / sxx;
    sxx_ = sxx;
    rss_ = rss;
    count_ = n_;
    power_ = n_ - 1.0;
    constant_ = 0.918938533204672742 * n_ + math::log(3.14159265358979324 * 2.5 / 2.0);
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, 3> x) const {
    return evaluate<L>(x, [](int, L) __attribute__((always_inline)) {});
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, 3> x, Point<L, 3> g) const {
    return evaluate<L>(x, [&](int d, L slope) __attribute__((always_inline)) { g[d] = slope; });
  }

  /// (beta_1, beta_2, sigma), the parameters posteriordb reports.
  template <Lane L>
  ERG_FN void constrain(Point<const L, 3> x, Point<L, 3> out) const {
    out[0] = x[0];
    out[1] = x[1];
    out[2] = math::exp(x[2]);
  }

  double log_z() const { return std::log(average([](double) { return 1.0; }, true)); }
  double mean(int d) const {
    if (d == 2) return average([](double s) { return s; });
    return d == 1 ? slope_.value() : y_mean_.value() - slope_.value() * x_mean_.value();
  }
  double mean_sigma() const { return average([](double s) { return std::exp(s); }); }
  double covariance(int i, int j) const {
    if (i == 2 && j == 2) {
      const double m = mean(2);
      return average([m](double s) { return (s - m) * (s - m); });
    }
    if (i == 2 || j == 2) return 0.0;
    const double variance = average([](double s) { return std::exp(2.0 * s); });
    const double x = x_mean_.value(), sxx = sxx_.value();
    return variance * (i == 0 && j == 0 ? 1.0 / n_ + x * x / sxx : i == 1 && j == 1 ? 1.0 / sxx : -x / sxx);
  }

 private:
  template <class L, class Each>
  ERG_FN ERG_INLINE L evaluate(Point<const L, 3> x, Each each) const {
    const L log_sigma = x[2], precision = math::exp(L(-2.0) * log_sigma);
    const L tilt = x[1] - slope_.as<L>();
    const L level = lane::mul_add(x[1], x_mean_.as<L>(), x[0]) - y_mean_.as<L>();
    const L pull = count_.as<L>() * level, twist = sxx_.as<L>() * tilt;
    const L misfit = precision * lane::mul_add(pull, level, lane::mul_add(twist, tilt, rss_.as<L>()));
    const L ratio = L(0.16) / precision;  // sigma^2 / 6.25
    each(0, precision * pull);
    each(1, precision * lane::mul_add(pull, x_mean_.as<L>(), twist));
    each(2, (power_.as<L>() + L(2.0) - L(2.0) / (L(1.0) + ratio)) - misfit);
    return lane::mul_add(power_.as<L>(), log_sigma, lane::mul_add(L(0.5), misfit, constant_.as<L>())) + math::log1p(ratio);
  }

  /// E f(log sigma), or (total) the integral of exp(-U) f(log sigma).
  template <class F>
  double average(F f, bool total = false) const {
    // beta integrates to 2 pi sigma^2 / sqrt(n sxx)
    const auto energy = [this](double s) {
      return (n_ - 3.0) * s + 0.5 * rss_.value() * std::exp(-2.0 * s) + std::log1p(0.16 * std::exp(2.0 * s));
    };
    const double start = 0.5 * std::log(rss_.value() / n_), lowest = energy(start), step = 0.1 / std::sqrt(n_);
    const double low = detail::negligible_beyond(energy, start, -step), high = detail::negligible_beyond(energy, start, step);
    const detail::Quadrature q = detail::gauss_legendre(low, high, 64);
    const double mass = q.integral([&](double s) { return std::exp(lowest - energy(s)); });
    const double sum = q.integral([&](double s) { return std::exp(lowest - energy(s)) * f(s); });
    if (!total) return sum / mass;
    return sum * std::exp(-lowest - constant_.value()) * 6.28318530717958648 / std::sqrt(n_ * sxx_.value());
  }

  int n_;
  detail::Parameter x_mean_, y_mean_, slope_, sxx_, rss_, count_, power_, constant_;
};

}  // namespace erg
