// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/cholesky.hpp"
#include "erg/energy/parameters.hpp"
#include "erg/lane/math/log.hpp"
#include "erg/lane/math/logistic.hpp"
#include "erg/lane/ops.hpp"
#include "erg/lane/point.hpp"

namespace erg {

/// Posterior of logistic regression with a Gaussian prior, as the joint density of labels and coefficients.
///
///   P(y_i = 1) = 1 / (1 + exp(-eta_i)),   eta = X beta,   beta ~ N(0, prior_sd^2 I)
///   U(beta) = sum_i [ log(1 + exp(eta_i)) - y_i eta_i ] + |beta|^2 / (2 prior_sd^2) + P log prior_sd + (P/2) log 2 pi
///   dU/dbeta = X^T (1 / (1 + exp(-eta)) - y) + beta / prior_sd^2
///
/// Shapes    design X: [n, P] column-major;  y: [n], each 0 or 1;  beta, g: [P], P static or dynamic
/// Requires  n >= 1, data finite, prior_sd finite and > 0
/// Cost      n rows of 2 P multiply-adds and an exponential; the value adds a logarithm a row
/// Numerics  log(1 + exp eta) = max(eta, 0) + log1p(exp(-|eta|)): nothing overflows
template <int P = dynamic>
class BayesianLogistic : public Dimension<P> {
 public:
  static constexpr bool on_device = true;

  BayesianLogistic(const std::vector<double>& design, const std::vector<double>& y, double prior_sd = 1.0)
      : Dimension<P>(columns(design, y)), n_rows_(static_cast<int>(y.size())), design_(static_cast<int>(design.size())), label_(n_rows_) {
    const int p = design_.size() / n_rows_;
    detail::require_positive("prior_sd", prior_sd);
    for (int i = 0; i < n_rows_; ++i) {
      const double label = y[static_cast<std::size_t>(i)];
      if (label != 0.0 && label != 1.0) detail::reject(detail::indexed("y", i), label, "must be 0 or 1");
      label_.set(i, label);
      for (int j = 0; j < p; ++j) {
        const std::size_t from = detail::at(i, j, n_rows_);
        design_.set(i * p + j, detail::require_finite(detail::indexed("design", static_cast<int>(from)), design[from]));
      }
    }
    prior_precision_ = 1.0 / (prior_sd * prior_sd);
    constant_ = p * (0.918938533204672742 + math::log(prior_sd));
  }

  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, P> x) const {
    return evaluate<L>(x, [](int, L) __attribute__((always_inline)) {});
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, P> x, Point<L, P> g) const {
    const int p = x.size();
    const L precision = prior_precision_.as<L>();
    detail::each<P>(p, [&](int j) __attribute__((always_inline)) { g[j] = precision * x[j]; });
    return evaluate<L>(x, [&](int i, L excess) __attribute__((always_inline)) {
      detail::each<P>(p, [&](int j) __attribute__((always_inline)) { g[j] = lane::mul_add(excess, design_.template as<L>(i * p + j), g[j]); });
    });
  }

  int n_rows() const { return n_rows_; }

 private:
  static int columns(const std::vector<double>& design, const std::vector<double>& y) {
    const int n = detail::require_count("the size of y", static_cast<int>(y.size()));
    const int p = detail::require_count("the number of columns of design", static_cast<int>(design.size() / y.size()));
    detail::require_size("design", design, n * (P == dynamic ? p : P), "a column of the size of y per coefficient");
    return p;
  }

  /// Calls each(i, P(y_i = 1) - y_i) for every row.
  template <class L, class Each>
  ERG_FN ERG_INLINE L evaluate(Point<const L, P> x, Each each) const {
    const int p = x.size();
    L total(0.0), square(0.0);
    for (int i = 0; i < n_rows_; ++i) {
      L eta(0.0);
      detail::each<P>(p, [&](int j) __attribute__((always_inline)) { eta = lane::mul_add(x[j], design_.template as<L>(i * p + j), eta); });
      const L y = label_.as<L>(i);
      each(i, math::sigmoid(eta) - y);  // shares its exponential with softplus
      total = total + lane::mul_add(-y, eta, math::softplus(eta));
    }
    detail::each<P>(p, [&](int j) __attribute__((always_inline)) { square = lane::mul_add(x[j], x[j], square); });
    return lane::mul_add(L(0.5) * prior_precision_.as<L>(), square, total + constant_.as<L>());
  }

  int n_rows_;
  detail::Parameters<dynamic> design_, label_;  // row after row: one row is one streak of broadcasts
  detail::Parameter prior_precision_, constant_;
};

BayesianLogistic(const std::vector<double>&, const std::vector<double>&, double) -> BayesianLogistic<dynamic>;
BayesianLogistic(const std::vector<double>&, const std::vector<double>&) -> BayesianLogistic<dynamic>;

}  // namespace erg
