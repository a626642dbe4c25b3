// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What the parts of the demo share: a row of its table, and how it is filled.
#pragma once

#include "erg/diagnostics/mcse.hpp"
#include "erg/diagnostics/summary.hpp"
#include "erg/run/run.hpp"
#include "erg/run/sinks/trace.hpp"
#include "support/picture.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace demo {

inline constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct Row {
  std::string target, kernel;
  double seconds, acceptance, rhat, ess_per_second;
  double weight_error;  ///< sum |w_k - truth_k| over the modes; `none` where the target has no modes
  double moment_error;  ///< the largest error of a moment, in its standard errors
};

/// What a part of the demo brings back.
struct Part {
  std::vector<Row> rows;
  std::vector<std::string> warnings;
  std::string picture;
};

Part ring();
Part schools();
Part funnel();
Part trained();

/// An expectation that is known: its estimate comes from `values`, [draw * chain], its truth has a standard error of its own or none.
struct Moment {
  std::vector<double> values;
  double truth, truth_error = 0.0;
};

/// f(draw, chain) of all draws of all chains.
template <class Trace, class F>
std::vector<double> values(const Trace& trace, F&& f) {
  std::vector<double> v;
  v.reserve(static_cast<std::size_t>(trace.n_draws()) * static_cast<std::size_t>(trace.n_chains()));
  for (int t = 0; t < trace.n_draws(); ++t) {
    for (int c = 0; c < trace.n_chains(); ++c) v.push_back(f(t, c));
  }
  return v;
}

inline double largest_error(const std::vector<Moment>& moments, int n_chains) {
  double worst = 0.0;
  for (const auto& m : moments) {
    const erg::diag::Series s{m.values.data(), static_cast<int>(m.values.size()) / n_chains, n_chains, n_chains, 1};
    const double error = std::hypot(erg::diag::mcse_mean(s), m.truth_error);
    worst = std::fmax(worst, std::fabs(erg::diag::mean(s) - m.truth) / error);
  }
  return worst;
}

/// Says what is being done, for people who wait.
inline void announce(const std::string& what) {
  std::printf("  %s\n", what.c_str());
  std::fflush(stdout);
}

template <class Trace>
void add_row(Part& part, std::string target, std::string kernel, const erg::RunReport& report, const Trace& trace,
             const std::vector<Moment>& moments, double weight_error = none) {
  const double n_proposals = static_cast<double>(report.n_chains) * report.n_draws * report.thin;
  char text[200];
  if (report.n_divergent() > 0) {
    std::snprintf(text, sizeof text, "%s, %s: %lld divergent proposals (%.2g %% of them)", target.c_str(), kernel.c_str(),
                  static_cast<long long>(report.n_divergent()), 100.0 * static_cast<double>(report.n_divergent()) / n_proposals);
    part.warnings.push_back(text);
  }
  if (!report.stuck_chains.empty()) {
    part.warnings.push_back(target + ", " + kernel + ": " + std::to_string(report.stuck_chains.size()) + " chains never moved");
  }
  const auto summary = erg::diag::summarize(trace);
  double ess = std::numeric_limits<double>::infinity();
  for (const auto& row : summary.rows) ess = std::fmin(ess, row.ess_bulk);
  part.rows.push_back({std::move(target), std::move(kernel), report.seconds, report.mean_accept, summary.worst_rhat(),
                       ess / report.seconds, weight_error, largest_error(moments, trace.n_chains())});
}

}  // namespace demo
