// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What an estimate of log Z says, and how it prints.
#pragma once

#include "erg/detail/columns.hpp"
#include "erg/estimate/chain_mean.hpp"
#include "erg/estimate/psis.hpp"

#include <cstdio>
#include <ostream>

namespace erg::estimate {

/// An estimate of log Z with what is needed to doubt it.
///
/// lower and upper are bounds in expectation (Jensen): E lower <= log Z <= E upper. lower comes from draws of the proposal, upper from
/// draws of the target; each is NaN where there were none. lower is biased towards small values, so a log likelihood that subtracts it,
/// mean(-U) - log Z, flatters the model; the one that subtracts upper does not.
struct LogZ {
  std::string method;
  double estimate = detail::nan;       ///< NaN where `problem` says why
  double standard_error = detail::nan;
  MeanAndError lower, upper;
  double ess = detail::nan;              ///< of the proposal's draws under the target
  double pareto_k = detail::nan;         ///< tail of the weights at the proposal's draws
  double pareto_k_target = detail::nan;  ///< tail of the inverse weights at the target's draws
  double overlap = detail::nan;          ///< of a bridge: draws in the region that both share, the smaller of two
  long n_proposal = 0, n_target = 0;     ///< draws of each
  std::string problem;                   ///< why there is no estimate; empty where there is
  std::string warning;                   ///< what speaks against it; empty where nothing does

  double gap() const { return upper.value - lower.value; }
  /// The gap in its standard errors. NaN with one bound only.
  double gap_in_errors() const { return gap() / std::max(std::hypot(lower.standard_error, upper.standard_error), 1e-12); }
};

namespace detail {
using erg::detail::cell;
using erg::detail::text;
}  // namespace detail

/// No estimate where the tail of the weights is too heavy for an average, or there are too few to tell.
[[gnu::cold]] inline void refuse_by_tail(LogZ& z, double k, const std::string& whose, const std::string& remedy) {
  if (k <= max_pareto_k) return;
  z.problem = std::isnan(k) ? "too few of " + whose + " (their tail cannot be judged from fewer than 21 that differ from 0): draw more"
                            : "pareto_k = " + detail::text("%.2f", k) + " > 0.7 (a few of " + whose +
                                  " carry the whole estimate, and what they miss leaves no trace): use " + remedy;
  z.estimate = z.standard_error = detail::nan;
}
/// No estimate where the draws of the two distributions hardly meet.
[[gnu::cold]] inline void refuse_by_overlap(LogZ& z) {
  if (z.overlap >= 10.0) return;
  z.problem = "proposal and target overlap in " + detail::text("%.1f", z.overlap) +
              " draws' worth (fewer than 10 tell nothing): use a closer proposal, more draws, or annealed importance sampling";
  z.estimate = z.standard_error = detail::nan;
}
/// What the two bounds say about each other: a gap, or that one of them is too loose to say anything.
[[gnu::cold]] inline void warn_of_gap(LogZ& z) {
  const bool loose_below = z.pareto_k > max_pareto_k, loose_above = z.pareto_k_target > max_pareto_k;
  if (loose_below || loose_above) {
    z.warning = std::string(loose_below ? loose_above ? "both bounds are" : "the lower bound is" : "the upper bound is") + " loose (pareto_k = " +
                detail::text("%.2f", loose_below ? z.pareto_k : z.pareto_k_target) + " > 0.7, the error beside it is too small): the gap says nothing";
  } else if (z.gap_in_errors() > 3.0) {
    z.warning = "upper - lower = " + detail::text("%.3g", z.gap()) + ", " + detail::text("%.1f", z.gap_in_errors()) +
                " standard errors (bounds of one number agree): the proposal misses a region where chains are, or the chains one of the proposal's";
  }
}

/// A row per estimate, then what is wrong with them.
struct LogZTable {
  std::vector<LogZ> rows;
};

[[gnu::cold]] inline std::ostream& operator<<(std::ostream& out, const LogZTable& table) {
  std::size_t name = 6;
  for (const LogZ& z : table.rows) name = std::max(name, z.method.size());
  const auto bound = [](const MeanAndError& b) {
    return std::isnan(b.value) ? std::string("-") : detail::text("%.4f", b.value) + " (" + detail::text("%.4f", b.standard_error) + ")";
  };
  out << detail::cell("method", name, true) << detail::cell("log Z", 12) << detail::cell("s.e.", 9) << detail::cell("lower (s.e.)", 20)
      << detail::cell("upper (s.e.)", 20) << detail::cell("ess", 9) << detail::cell("k-hat", 12) << detail::cell("draws", 15) << '\n';
  for (const LogZ& z : table.rows) {
    std::string draws = z.n_proposal > 0 ? std::to_string(z.n_proposal) : "";
    if (z.n_target > 0) draws += (draws.empty() ? "" : "+") + std::to_string(z.n_target);
    std::string k = z.n_proposal > 0 ? detail::text("%.2f", z.pareto_k) : "";
    if (z.n_target > 0) k += (k.empty() ? "" : "+") + detail::text("%.2f", z.pareto_k_target);
    out << detail::cell(z.method, name, true) << detail::cell(detail::text("%.4f", z.estimate), 12)
        << detail::cell(detail::text("%.4f", z.standard_error), 9) << detail::cell(bound(z.lower), 20) << detail::cell(bound(z.upper), 20)
        << detail::cell(detail::text("%.0f", z.ess), 9) << detail::cell(k, 12) << detail::cell(draws, 15) << '\n';
  }
  for (const LogZ& z : table.rows) {
    if (!z.problem.empty()) out << "  " << z.method << ", no estimate: " << z.problem << '\n';
    if (!z.warning.empty()) out << "  " << z.method << ": " << z.warning << '\n';
  }
  return out;
}
[[gnu::cold]] inline std::ostream& operator<<(std::ostream& out, const LogZ& z) { return out << LogZTable{{z}}; }

}  // namespace erg::estimate
