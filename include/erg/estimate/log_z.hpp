// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The logarithm of a normalising constant, Z = integral of exp(-U), from log weights: log w = -U - log q, q a normalised density.
#pragma once

#include "erg/estimate/log_z_report.hpp"
#include "erg/estimate/psis.hpp"

namespace erg::estimate {

namespace detail {

/// Weights of draws of the target, one by one: [draw, chain] flattened chain after chain, and shaped again as a series.
struct ChainWeights {
  erg::diag::detail::Chains log_w;

  explicit ChainWeights(const erg::diag::Series& s) : log_w(erg::diag::detail::copy(s)) {
    require_log_weights(log_w.values, -infinity, of_target);
  }
  /// The mean of f(log w) over all draws.
  template <class F>
  MeanAndError mean(F&& f) const {
    erg::diag::detail::Chains v(log_w.n_draws, log_w.n_chains);
    for (std::size_t i = 0; i < v.values.size(); ++i) v.values[i] = f(log_w.values[i]);
    return mean_over_chains(erg::diag::series_of(v.values, v.n_chains));
  }
};

inline MeanAndError lower_bound(std::span<const double> log_w, double ess) {
  return {log_mean_exp(log_w), std::sqrt(std::max(0.0, 1.0 / ess - 1.0 / static_cast<double>(log_w.size())))};
}
inline void fill_lower(LogZ& z, std::span<const double> log_w) {
  require_log_weights(log_w, infinity, of_proposal);
  z.n_proposal = static_cast<long>(log_w.size());
  z.ess = kish_ess(log_w);
  z.lower = lower_bound(log_w, z.ess);
  z.pareto_k = pareto_k(log_w);
}
inline void fill_upper(LogZ& z, const ChainWeights& chains) {
  std::vector<double> inverse = chains.log_w.values;
  for (double& v : inverse) v = -v;
  const double largest = *std::max_element(inverse.begin(), inverse.end());
  z.n_target = static_cast<long>(inverse.size());
  z.upper.value = -log_mean_exp(inverse);
  if (largest == -infinity) return;
  const MeanAndError m = chains.mean([largest](double v) { return std::exp(-v - largest); });
  z.upper.standard_error = m.standard_error / m.value;
  z.pareto_k_target = pareto_k(inverse);
}
/// log of the logistic function.
inline double log_sigmoid(double x) { return x < 0.0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x)); }

}  // namespace detail

/// log Z from weights at independent draws of a proposal: the log of their mean.
///
///   log Z^ = log(1/n sum_i w_i),   s.e. = sqrt(1 / ESS - 1 / n),   ESS = (sum w)^2 / sum w^2
///
/// E Z^ = Z, so that E log Z^ <= log Z: `lower`. What the proposal never draws is missed without a trace: where it leaves out a mode
/// with share m, log Z^ is log Z + log(1 - m) with a small error of its own. Only draws of the target tell (`bridge`).
/// Shapes    log_w: [n], -infinity where the target has no density
/// Ensures   estimate is NaN and `problem` says why where pareto_k > 0.7 or cannot be told; lower stays
/// Errors    std::invalid_argument: no weights, NaN or +infinity
/// Source    Vehtari et al. (2024), section 3; Owen (2013), Monte Carlo theory, methods and examples, section 9.2
inline LogZ importance(std::span<const double> log_w) {
  LogZ z;
  z.method = "importance sampling";
  detail::fill_lower(z, log_w);
  z.estimate = z.lower.value;
  z.standard_error = z.lower.standard_error;
  refuse_by_tail(z, z.pareto_k, "the proposal's weights", "a proposal with wider tails, a defensive mixture, or draws of the target and `bridge`");
  return z;
}

/// The same with the largest weights replaced by quantiles of the Pareto law fitted to them: slightly biased, of less variance.
inline LogZ smoothed_importance(std::span<const double> log_w) {
  LogZ z = importance(log_w);
  z.method = "importance sampling, pareto smoothed";
  const Smoothed s = smooth_weights(log_w);
  const MeanAndError smoothed = detail::lower_bound(s.log_weights, kish_ess(s.log_weights));
  if (z.problem.empty()) z.estimate = smoothed.value, z.standard_error = smoothed.standard_error;
  return z;
}

/// log Z from weights at draws of the target: minus the log of the mean of 1 / w.
///
///   log Z^ = -log(1/n sum_i 1 / w_i),   w_i at states of chains that sample exp(-U) / Z
///
/// E 1 / Z^ = 1 / Z, so that log Z <= E log Z^: `upper`. It needs a proposal with thinner tails than the target's.
/// Shapes    log_w: [draw, chain], +infinity where the proposal has no density
/// Ensures   the standard error counts correlated draws as what they are worth; estimate is NaN and `problem` says why where the tail of
///           1 / w has k > 0.7
/// Errors    std::invalid_argument: no weights, NaN or -infinity
/// Source    Gelfand, Dey (1994), Bayesian model choice: asymptotics and exact calculations, section 3
inline LogZ reverse_importance(const erg::diag::Series& log_w) {
  LogZ z;
  z.method = "reverse importance sampling";
  detail::fill_upper(z, detail::ChainWeights(log_w));
  z.estimate = z.upper.value;
  z.standard_error = z.upper.standard_error;
  refuse_by_tail(z, z.pareto_k_target, "the inverse weights of the chains", "a proposal with thinner tails, or draws of it too and `bridge`");
  return z;
}

/// log Z from both: the bridge of least variance, which is Bennett's acceptance ratio.
///
///   c solves  n_q E_q s(log w - c) = n_p E_p s(c - log w),  s(t) = 1 / (1 + exp(-t));   log Z^ = c - log(n_q / n_p)
///
/// n_p counts the chains' draws as what they are worth (their ESS). Both Jensen bounds come with it: where upper - lower exceeds three
/// standard errors, `warning` says that one set of draws misses what the other has.
/// Shapes    proposal: [n] weights at independent draws of q; target: [draw, chain] weights at states of the chains
/// Ensures   s.e.^2 = Var_q s / (n_q (E_q s)^2) + mcse(s)^2 / (E_p s)^2; estimate is NaN and `problem` says why where the two sets
///           overlap in fewer than 10 draws' worth
/// Cost      some ten passes over all weights
/// Errors    std::invalid_argument as of the two alone
/// Source    Bennett (1976), Efficient estimation of free energy differences from Monte Carlo data, section III; Meng, Wong (1996),
///           Simulating ratios of normalizing constants, section 3; the error: Fruehwirth-Schnatter (2004), section 3.1
inline LogZ bridge(std::span<const double> proposal, const erg::diag::Series& target) {
  const detail::ChainWeights chains(target);
  LogZ z;
  z.method = "bridge (BAR)";
  detail::fill_lower(z, proposal);
  detail::fill_upper(z, chains);
  warn_of_gap(z);

  const std::vector<double>& p = chains.log_w.values;
  double low = detail::infinity, high = -detail::infinity;
  for (const std::span<const double> all : {proposal, std::span<const double>(p)}) {
    for (const double v : all) {
      if (std::abs(v) < detail::infinity) low = std::min(low, v), high = std::max(high, v);
    }
  }
  if (!(z.lower.value > -detail::infinity) || !(z.upper.value < detail::infinity)) {
    z.problem = "no draw of one distribution has density under the other (they do not overlap): use a proposal that covers the target, or annealed importance sampling";
    return z;
  }
  // log E_q s(log w - c) - log E_p s(c - log w): falls in c.
  std::vector<double> s;
  const auto log_mean_s = [&s](std::span<const double> log_w, double sign, double c) {
    s.clear();
    for (const double v : log_w) s.push_back(std::abs(v) < detail::infinity ? detail::log_sigmoid(sign * (v - c)) : (sign * v > 0.0 ? 0.0 : -detail::infinity));
    return log_mean_exp(s);
  };
  const double first_ess = erg::diag::ess_mean(erg::diag::series_of(p, chains.log_w.n_chains));
  const auto worth = [&](double ess) { return std::isfinite(ess) ? std::min(ess, static_cast<double>(p.size())) : static_cast<double>(p.size()); };
  const double log_ratio = std::log(static_cast<double>(proposal.size()) / worth(first_ess));  // n_q / n_p
  const auto excess = [&](double c) { return log_ratio + log_mean_s(proposal, 1.0, c) - log_mean_s(p, -1.0, c); };
  double a = low - 50.0 - std::abs(log_ratio), b = high + 50.0 + std::abs(log_ratio), fa = excess(a), fb = excess(b), c = a;
  for (int i = 0; i < 200 && b - a > 1e-13 * (1.0 + std::abs(a) + std::abs(b)); ++i) {  // regula falsi, Illinois
    c = i % 8 == 7 ? 0.5 * (a + b) : (a * fb - b * fa) / (fb - fa);
    if (!(c > a && c < b)) c = 0.5 * (a + b);
    const double f = excess(c);
    if (f == 0.0) break;
    if (f > 0.0) {
      a = c, fa = f, fb *= 0.5;
    } else {
      b = c, fb = f, fa *= 0.5;
    }
  }
  z.estimate = c - log_ratio;

  log_mean_s(proposal, 1.0, c);
  const double overlap_q = kish_ess(s);
  const MeanAndError q_error = detail::lower_bound(s, overlap_q);
  const double log_p = log_mean_s(p, -1.0, c);
  z.overlap = std::min(overlap_q, kish_ess(s));
  const MeanAndError mean_p = chains.mean([&](double v) { return std::exp((v < detail::infinity ? detail::log_sigmoid(c - v) : -detail::infinity) - log_p); });
  z.standard_error = std::hypot(q_error.standard_error, mean_p.standard_error / mean_p.value);
  refuse_by_overlap(z);
  return z;
}

}  // namespace erg::estimate
