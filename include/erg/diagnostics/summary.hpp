// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// One table for a whole run: where each coordinate is, how well that is known, and whether the chains agree.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <erg/diagnostics/draws.hpp>
#include <erg/diagnostics/ess.hpp>
#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/rank.hpp>
#include <erg/diagnostics/rhat.hpp>

namespace erg::diag {

/// One quantity of a run. mcse is the standard error of the mean; q5, q50 and q95 are type 7 quantiles.
struct SummaryRow {
  std::string name;
  double mean, mcse, sd, q5, q50, q95, ess_bulk, ess_tail, rhat;
};

/// From where on a summary warns.
/// Source    Vehtari et al. (2021), section 4: R-hat below 1.01, ESS above 400 in all
struct SummaryLimits {
  double max_rhat = 1.01;
  double min_ess = 400;
};

/// The table and what is wrong with it; printing it prints both.
struct Summary {
  std::vector<SummaryRow> rows;
  int n_draws = 0;
  int n_chains = 0;
  SummaryLimits limits;

  double worst_rhat() const;                  ///< NaN when any row has none
  double least_ess() const;                   ///< of bulk and tail; NaN when any row has none
  std::vector<std::string> warnings() const;  ///< one sentence per kind of trouble; empty when all is well
};

namespace detail {

/// "a, b, c and 4 more": no more than six names.
[[gnu::cold]] inline std::string listed(const std::vector<std::string>& names) {
  std::string text;
  const std::size_t shown = std::min<std::size_t>(names.size(), 6);
  for (std::size_t i = 0; i < shown; ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

[[gnu::cold]] inline std::string formatted(const char* format, double v) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, v);
  return buffer;
}

[[gnu::cold]] inline SummaryRow summarize_series(std::string name, const Series& s) {
  const Chains x = copy(s);
  const Chains z = normal_scores(split(x));
  const std::size_t n = x.values.size();
  const bool sortable = !has_nan(x.values);
  const std::vector<double> sorted = sortable ? ascending(x.values) : x.values;
  const auto quantile_at = [&](double p) { return sortable ? sorted_quantile(sorted, p) : nan; };
  const double sd = std::sqrt(variance_of(x.values.data(), n));
  const double low = ess_quantile_of(x, sorted, 0.05), high = ess_quantile_of(x, sorted, 0.95);
  return {std::move(name),
          mean_of(x.values.data(), n),
          sd / std::sqrt(ess_of(split(x))),
          sd,
          quantile_at(0.05),
          quantile_at(0.5),
          quantile_at(0.95),
          ess_of(z),
          std::isnan(low) || low < high ? low : high,
          worse(rhat_of(z), rhat_of(normal_scores(split(folded(x, quantile_at(0.5))))))};
}

}  // namespace detail

inline double Summary::worst_rhat() const {
  double worst = rows.empty() ? detail::nan : rows[0].rhat;
  for (const SummaryRow& row : rows) worst = std::isnan(worst) ? worst : detail::worse(row.rhat, worst);
  return worst;
}

inline double Summary::least_ess() const {
  double least = rows.empty() ? detail::nan : rows[0].ess_bulk;
  for (const SummaryRow& row : rows)
    for (const double ess : {row.ess_bulk, row.ess_tail}) least = std::isnan(least) || least < ess ? least : ess;
  return least;
}

[[gnu::cold]] inline std::vector<std::string> Summary::warnings() const {
  std::vector<std::string> disagree, few, undefined, out;
  for (const SummaryRow& row : rows) {
    if (std::isnan(row.rhat) || std::isnan(row.ess_bulk) || std::isnan(row.ess_tail) || !std::isfinite(row.mean))
      undefined.push_back(row.name);
    if (row.rhat > limits.max_rhat) disagree.push_back(row.name);
    if (row.ess_bulk < limits.min_ess || row.ess_tail < limits.min_ess) few.push_back(row.name);
  }
  const auto count = [&](const std::vector<std::string>& names) {
    return std::to_string(names.size()) + " of " + std::to_string(rows.size()) +
           (rows.size() == 1 ? " quantity" : " quantities");
  };
  if (!disagree.empty())
    out.push_back(count(disagree) + " with rhat > " + detail::formatted("%g", limits.max_rhat) +
                  " (the chains disagree): " + detail::listed(disagree) + "; run longer or reparametrise");
  if (!few.empty())
    out.push_back(count(few) + " with ess_bulk or ess_tail < " + detail::formatted("%g", limits.min_ess) +
                  " (the errors are not reliable): " + detail::listed(few) + "; draw more or mix faster");
  if (!undefined.empty())
    out.push_back(count(undefined) + " without a defined rhat or ess (a non-finite or constant value, or " +
                  std::to_string(n_draws) + " draws too few): " + detail::listed(undefined) + "; look at the trace");
  return out;
}

/// Summary of every coordinate of a run, over all draws of all chains.
///
/// Shapes    draws: [draw, chain, dim], any model of Draws; rows are called draws.name(d), or x[d]
/// Ensures   equals the functions of the same names in rhat.hpp, ess.hpp, mcse.hpp and moments.hpp
/// Cost      O(S log S) per coordinate, S = n_draws n_chains
/// Errors    std::invalid_argument for no draws or no chains; a type that is no Draws is a sentence at compile time
/// Source    Vehtari et al. (2021), Rank-normalization, folding, and localization: an improved R-hat
template <class D>
Summary summarize(const D& draws, SummaryLimits limits = {}) {
  static_assert(
      Draws<D>,
      "erg: summarize needs draws with n_draws(), n_chains(), dim() and series(d), all const, series(d) giving an "
      "erg::diag::Series; pass an erg::Trace, or wrap an array in erg::diag::DrawsView");
  if constexpr (Draws<D>) {
    Summary out{{}, draws.n_draws(), draws.n_chains(), limits};
    detail::require_shape(out.n_draws, out.n_chains);
    for (int d = 0; d < draws.dim(); ++d) {
      std::string name;
      if constexpr (requires { std::string(draws.name(d)); })
        name = std::string(draws.name(d));
      else
        name = "x[" + std::to_string(d) + "]";
      out.rows.push_back(detail::summarize_series(std::move(name), draws.series(d)));
    }
    return out;
  } else {
    return {};
  }
}

/// An aligned table, then one line per warning. Four significant digits; ess to one, rhat to 1/1000.
[[gnu::cold]] inline std::ostream& operator<<(std::ostream& stream, const Summary& summary) {
  constexpr std::size_t n_columns = 10;
  std::vector<std::vector<std::string>> cells = {
      {"", "mean", "mcse", "sd", "q5", "q50", "q95", "ess_bulk", "ess_tail", "rhat"}};
  for (const SummaryRow& r : summary.rows) {
    cells.push_back({r.name});
    for (const double v : {r.mean, r.mcse, r.sd, r.q5, r.q50, r.q95})
      cells.back().push_back(detail::formatted("%.4g", v));
    for (const double v : {r.ess_bulk, r.ess_tail}) cells.back().push_back(detail::formatted("%.0f", v));
    cells.back().push_back(detail::formatted("%.3f", r.rhat));
  }
  std::vector<std::size_t> width(n_columns, 0);
  for (const auto& line : cells)
    for (std::size_t c = 0; c < n_columns; ++c) width[c] = std::max(width[c], line[c].size());
  stream << summary.n_chains << (summary.n_chains == 1 ? " chain of " : " chains of ") << summary.n_draws << " draws\n";
  for (const auto& line : cells) {
    stream << line[0] << std::string(width[0] - line[0].size(), ' ');
    for (std::size_t c = 1; c < n_columns; ++c)
      stream << "  " << std::string(width[c] - line[c].size(), ' ') << line[c];
    stream << '\n';
  }
  for (const std::string& warning : summary.warnings()) stream << "warning: " << warning << '\n';
  return stream;
}

}  // namespace erg::diag
