// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/lane/math/exp.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"

#include <vector>

namespace erg {

/// The eight schools in the non-centred parameterisation, as the joint density of data and unconstrained parameters.
///
///   x = (theta_trans_1..8, mu, log tau);   theta_j = mu + tau theta_trans_j
///   y_j ~ N(theta_j, sigma_j),  theta_trans_j ~ N(0, 1),  mu ~ N(0, 5),  tau ~ half-Cauchy(0, 5);  Jacobian of the logarithm: tau
///   U(x) = sum_j [ ((theta_j - y_j) / sigma_j)^2 + theta_trans_j^2 ] / 2 + mu^2 / 50 + log(1 + tau^2 / 25) - log tau + constants
///
/// Shapes    x, g: [10]
/// Requires  y finite, sigma finite and > 0, eight of each; the default is Rubin's data
/// Truth     reference draws in posteriordb (eight_schools-eight_schools_noncentered); `constrain` gives their parameters
/// Source    Rubin (1981), Estimation in parallel randomized experiments; Gelman et al. (2013), Bayesian Data Analysis, section 5.5
class EightSchools : public Dimension<10> {
 public:
  EightSchools() : EightSchools({28, 8, -3, 7, -1, 1, 18, 12}, {15, 10, 16, 11, 9, 11, 10, 18}) {}
  EightSchools(const std::vector<double>& y, const std::vector<double>& sigma) {
    detail::require_size("y", y, n_schools, "one a school");
    detail::require_size("sigma", sigma, n_schools, "one a school");
    double constant = 9 * 0.918938533204672742 + math::log(5.0) + math::log(3.14159265358979324 * 5.0 / 2.0);
    for (int j = 0; j < n_schools; ++j) {
      const auto i = static_cast<std::size_t>(j);
      y_.set(j, detail::require_finite(detail::indexed("y", j), y[i]));
      precision_.set(j, 1.0 / (detail::require_positive(detail::indexed("sigma", j), sigma[i]) * sigma[i]));
      constant += 0.918938533204672742 + math::log(sigma[i]);
    }
    constant_ = constant;
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, 10> x) const {
    return evaluate<L>(x, [](int, L) __attribute__((always_inline)) {});
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, 10> x, Point<L, 10> g) const {
    return evaluate<L>(x, [&](int d, L slope) __attribute__((always_inline)) { g[d] = slope; });
  }

  /// (theta_1..8, mu, tau), the parameters posteriordb reports.
  template <Lane L>
  ERG_FN void constrain(Point<const L, 10> x, Point<L, 10> out) const {
    const L mu = x[8], tau = math::exp(x[9]);
    for (int j = 0; j < n_schools; ++j) out[j] = lane::mul_add(tau, x[j], mu);
    out[8] = mu;
    out[9] = tau;
  }

 private:
  static constexpr int n_schools = 8;

  template <class L, class Each>
  ERG_FN ERG_INLINE L evaluate(Point<const L, 10> x, Each each) const {
    const L mu = x[8], log_tau = x[9], tau = math::exp(log_tau);
    L sum(0.0), pull(0.0), stretch(0.0);
    detail::unrolled<n_schools>([&](int j) __attribute__((always_inline)) {
      const L t = x[j];
      const L off = lane::mul_add(tau, t, mu) - y_.as<L>(j);
      const L slope = off * precision_.as<L>(j);
      sum = lane::mul_add(slope, off, lane::mul_add(t, t, sum));
      pull = pull + slope;
      stretch = lane::mul_add(slope, t, stretch);
      each(j, lane::mul_add(tau, slope, t));
    });
    each(8, lane::mul_add(mu, L(0.04), pull));
    const L ratio = tau * tau * L(0.04);
    // 2 ratio / (1 + ratio) - 1, finite where ratio overflows
    each(9, lane::mul_add(tau, stretch, L(1.0) - L(2.0) / (L(1.0) + ratio)));
    const L prior = math::log1p(ratio) - log_tau;
    return lane::mul_add(L(0.5), lane::mul_add(mu * mu, L(0.04), sum), prior + constant_.as<L>());
  }

  detail::Parameters<n_schools> y_, precision_;
  detail::Parameter constant_;
};

}  // namespace erg
