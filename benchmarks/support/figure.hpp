// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// A figure: what is measured, against what, and how far it should reach. Figures are registered as Google Benchmarks, so
// --benchmark_filter chooses among them, and reported as one line each and as JSON.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/pairs.hpp"

namespace bench {

enum class Aim { at_least, at_most, publish };

/// What one figure came to. Either `unmeasured` says why not, or the numbers stand.
struct Measurement {
  std::optional<double> measured, reference_measured;  // in the figure's unit
  std::optional<double> ratio, low, high;              // median and quartiles over the undisturbed pairs
  std::optional<bool> reached;                         // where the target is more than a bound on the ratio
  int n_pairs = 0, n_rejected = 0;
  std::string unmeasured;
};

inline Measurement unmeasured(std::string why) {
  Measurement m;
  m.unmeasured = std::move(why);
  return m;
}

struct Figure {
  std::string what, reference;
  std::string unit;  // of measured: "ns a chain-step", ...
  Aim aim = Aim::publish;
  double bound = 0.0;  // on the ratio; for publish what we would like, 0 for nothing
  std::function<Measurement()> measure;
};

/// Registers a figure with Google Benchmark, in order.
void add_figure(Figure figure);

/// How many times faster `first` is than `second`. Times are divided by items_per_unit, so that they come in nanoseconds an item.
inline Measurement compare(const Work& first, const Work& second, double items_per_unit_first, double items_per_unit_second,
                           const PairOptions& options = {}) {
  const PairedTimes t = time_in_pairs(first, second, options);
  const double scale = items_per_unit_first / items_per_unit_second;
  Measurement m;
  m.n_pairs = t.n_pairs;
  m.n_rejected = t.n_rejected;
  if (!t.enough)
    return unmeasured("the machine was busy: only " + std::to_string(t.n_pairs) + " of " +
                      std::to_string(t.n_pairs + t.n_rejected) + " pairs were undisturbed");
  m.measured = 1e9 * t.first.median / items_per_unit_first;
  m.reference_measured = 1e9 * t.second.median / items_per_unit_second;
  m.ratio = scale * t.ratio.median;
  m.low = scale * t.ratio.low;
  m.high = scale * t.ratio.high;
  return m;
}
inline Measurement compare(const Work& first, const Work& second, double items_per_unit, const PairOptions& options = {}) {
  return compare(first, second, items_per_unit, items_per_unit, options);
}

/// Runs the registered figures and prints them. Options: --json FILE, --list, and all of Google Benchmark's.
int run_figures(int argc, char** argv);

}  // namespace bench
