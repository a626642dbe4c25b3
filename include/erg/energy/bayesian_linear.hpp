// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/gaussian_dense.hpp"
#include "erg/lane/math/log.hpp"

namespace erg {

/// Posterior of linear regression with known noise and a Gaussian prior, as the joint density of data and coefficients.
///
///   y ~ N(X beta, sigma^2 I),   beta ~ N(0, prior_sd^2 I)
///   U(beta) = |y - X beta|^2 / (2 sigma^2) + |beta|^2 / (2 prior_sd^2) + constants,   exp(-U) = p(y, beta)
///
/// Shapes    design X: [n, P] column-major;  y: [n];  beta, g: [P], P static or dynamic
/// Requires  n >= 1, data finite, sigma and prior_sd finite and > 0
/// Truth     posterior N(m, (X^T X / sigma^2 + I / prior_sd^2)^-1) with its moments and exact sampler; log Z = log p(y)
/// Cost      P^2 multiply-adds, whatever n: the constructor reduces the data to X^T X and X^T y, O(n P^2 + P^3)
/// Source    Bishop (2006), Pattern Recognition and Machine Learning, eqs. (3.53), (3.54), (3.86)
template <int P = dynamic>
class BayesianLinear : public Dimension<P> {
 public:
  static constexpr bool on_device = true;

  BayesianLinear(const std::vector<double>& design, const std::vector<double>& y, double sigma = 1.0, double prior_sd = 1.0)
      : BayesianLinear(reduce(design, y, sigma, prior_sd)) {}

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, P> x) const {
    return posterior_(x) - log_evidence_.template as<L>();
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, P> x, Point<L, P> g) const {
    return posterior_.value_and_gradient(x, g) - log_evidence_.template as<L>();
  }

  double mean(int d) const { return posterior_.mean(d); }
  double covariance(int i, int j) const { return posterior_.covariance(i, j); }
  double log_z() const { return log_evidence_.value(); }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, P> x) const {
    posterior_.template sample<L>(key, chain, x);
  }

 private:
  struct Reduced {
    std::vector<double> mean, precision;
    double log_evidence;
  };
  explicit BayesianLinear(const Reduced& r)
      : Dimension<P>(static_cast<int>(r.mean.size())),
        posterior_(GaussianDense<P>::from_precision(r.mean, r.precision)),
        log_evidence_(r.log_evidence) {}

  static Reduced reduce(const std::vector<double>& design, const std::vector<double>& y, double sigma, double prior_sd) {
    detail::require_positive("sigma", sigma);
    detail::require_positive("prior_sd", prior_sd);
    const int n = detail::require_count("the size of y", static_cast<int>(y.size()));
    const int p = detail::require_count("the number of columns of design", static_cast<int>(design.size() / y.size()));
    if constexpr (P != dynamic) detail::require_size("design", design, n * P, "a column of the size of y per coefficient");
    detail::require_size("design", design, n * p, "whole columns of the size of y");
    for (int i = 0; i < n; ++i) detail::require_finite(detail::indexed("y", i), y[static_cast<std::size_t>(i)]);
    for (int i = 0; i < n * p; ++i) detail::require_finite(detail::indexed("design", i), design[static_cast<std::size_t>(i)]);
    const double noise = 1.0 / (sigma * sigma), prior = 1.0 / (prior_sd * prior_sd);
    Reduced r{std::vector<double>(static_cast<std::size_t>(p)), std::vector<double>(static_cast<std::size_t>(p) * static_cast<std::size_t>(p)), 0.0};
    for (int a = 0; a < p; ++a) {
      for (int b = 0; b < p; ++b) {
        double sum = a == b ? prior : 0.0;
        for (int i = 0; i < n; ++i) sum += noise * design[detail::at(i, a, n)] * design[detail::at(i, b, n)];
        r.precision[detail::at(a, b, p)] = sum;
      }
      for (int i = 0; i < n; ++i) r.mean[static_cast<std::size_t>(a)] += noise * design[detail::at(i, a, n)] * y[static_cast<std::size_t>(i)];
    }
    const std::vector<double> lower = detail::cholesky("the posterior precision", r.precision, p);
    detail::cholesky_solve(lower, p, r.mean.data());
    double misfit = 0.0;
    for (int i = 0; i < n; ++i) {
      double off = y[static_cast<std::size_t>(i)];
      for (int a = 0; a < p; ++a) off -= design[detail::at(i, a, n)] * r.mean[static_cast<std::size_t>(a)];
      misfit += noise * off * off;
    }
    for (const double m : r.mean) misfit += prior * m * m;
    r.log_evidence = -0.5 * misfit - n * (0.918938533204672742 + math::log(sigma)) - p * math::log(prior_sd) -
                     0.5 * detail::cholesky_log_det(lower, p);
    return r;
  }

  GaussianDense<P> posterior_;
  detail::Parameter log_evidence_;
};

BayesianLinear(const std::vector<double>&, const std::vector<double>&, double, double) -> BayesianLinear<dynamic>;

}  // namespace erg
