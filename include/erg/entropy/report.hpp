// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What an estimate of an entropy, a divergence or an information says, and how it prints.
#pragma once

#include "erg/detail/columns.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

namespace erg::entropy {

/// Which way an estimate errs on average.
///
///   none         not at all, for the laws that `why` names
///   lower_bound  its expectation is never above the truth
///   upper_bound  its expectation is never below the truth
///   vanishing    to either side; goes to 0 as points are added
enum class Bias { none, lower_bound, upper_bound, vanishing };

inline const char* name_of(Bias b) {
  switch (b) {
    case Bias::none: return "none";
    case Bias::lower_bound: return "lower bound";
    case Bias::upper_bound: return "upper bound";
    default: return "vanishing";
  }
}

/// An estimate in nats with what is needed to doubt it. The standard error is that of independent points: it says nothing about bias.
struct Estimate {
  std::string method;
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();  ///< NaN where there are too few points to tell
  Bias bias = Bias::vanishing;
  std::string why;        ///< where the bias comes from
  long n = 0;             ///< points
  long n_ties = 0;        ///< points at distance 0, or below the floor, from a neighbour
  std::string warning;    ///< what speaks against it; empty where nothing does
};

namespace detail {
using erg::detail::cell;
using erg::detail::text;
[[gnu::cold]] inline void warn(Estimate& e, const std::string& sentence) { e.warning += (e.warning.empty() ? "" : "; ") + sentence; }
}  // namespace detail

/// A row per estimate, then what is wrong with them.
struct Table {
  std::vector<Estimate> rows;
};

[[gnu::cold]] inline std::ostream& operator<<(std::ostream& out, const Table& table) {
  std::size_t name = 8;
  for (const Estimate& e : table.rows) name = std::max(name, e.method.size());
  out << detail::cell("estimate", name, true) << detail::cell("nats", 11) << detail::cell("s.e.", 9) << detail::cell("points", 8) << "  bias\n";
  for (const Estimate& e : table.rows) {
    out << detail::cell(e.method, name, true) << detail::cell(detail::text("%.4f", e.value), 11)
        << detail::cell(detail::text("%.4f", e.standard_error), 9) << detail::cell(std::to_string(e.n), 8) << "  " << name_of(e.bias)
        << (e.why.empty() ? "" : ": ") << e.why << '\n';
  }
  for (const Estimate& e : table.rows) {
    if (!e.warning.empty()) out << "  " << e.method << ": " << e.warning << '\n';
  }
  return out;
}
[[gnu::cold]] inline std::ostream& operator<<(std::ostream& out, const Estimate& e) { return out << Table{{e}}; }

/// Two bounds of one number, each with its error.
struct Bracket {
  Estimate lower, upper;

  double gap() const { return upper.value - lower.value; }
  /// The gap in its standard errors: below -3 the bounds contradict each other.
  double gap_in_errors() const { return gap() / std::max(std::hypot(lower.standard_error, upper.standard_error), 1e-300); }
  /// Within z standard errors of the interval.
  bool covers(double v, double z = 0.0) const {
    return v >= lower.value - z * lower.standard_error && v <= upper.value + z * upper.standard_error;
  }
};
[[gnu::cold]] inline std::ostream& operator<<(std::ostream& out, const Bracket& b) {
  out << Table{{b.lower, b.upper}} << "  between them " << detail::text("%.4f", b.gap()) << " nats\n";
  if (b.gap_in_errors() < -3.0) {
    out << "  upper - lower = " << detail::text("%.3g", b.gap()) << ", " << detail::text("%.1f", -b.gap_in_errors())
        << " standard errors below 0 (bounds of one number cannot cross): they are of different laws, or the points were used to fit one of them\n";
  }
  return out;
}

}  // namespace erg::entropy
