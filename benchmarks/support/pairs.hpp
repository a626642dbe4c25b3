// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Ratios that survive a noisy machine: two pieces of work are timed in turn, A B, B A, A B, ..., and only the ratio within a
// pair is used. A probe of fixed work before, between and after tells pairs during which the machine's speed changed. What a piece
// of work does to the clock (wide registers lower it) is its own doing and not a disturbance: probes are compared that follow the
// same piece, and the two of a pair by the ratio that they have in most pairs.
#pragma once

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace bench {

/// Does so many units (normals, chain-steps, ...) of work.
using Work = std::function<void(std::size_t units)>;

/// CPU time of the calling thread, or with wall the time on the wall, for work that uses more than one thread.
inline double seconds_now(bool wall = false) {
  timespec t{};
  clock_gettime(wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Median and quartiles.
struct Spread {
  double low = NAN, median = NAN, high = NAN;
};
inline Spread spread_of(std::vector<double> v) {
  if (v.empty()) return {};
  std::sort(v.begin(), v.end());
  const auto at = [&](double fraction) {
    const double place = fraction * static_cast<double>(v.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, v.size() - 1);
    return v[below] + (place - static_cast<double>(below)) * (v[above] - v[below]);
  };
  return {at(0.25), at(0.5), at(0.75)};
}

/// Seconds of a fixed amount of arithmetic that fills the vector units: slower when another thread uses them too.
/// No template and no symbol anyone could interpose; the empty asm keeps the sums from being computed at compile time.
static double probe_seconds() {
  typedef float Pack __attribute__((vector_size(64)));
  Pack a[8], m{};
  for (int j = 0; j < 16; ++j) m[j] = 0.999F;
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 16; ++j) a[i][j] = static_cast<float>(i + j);
  double best = INFINITY;
  for (int attempt = 0; attempt < 2; ++attempt) {  // the first warms the clock up and hides an interrupt
    const double start = seconds_now();
    for (int t = 0; t < 4000; ++t) {
      for (int i = 0; i < 8; ++i) a[i] = a[i] * m + m;
      asm volatile("" ::"m"(a[0][0]));
    }
    best = std::min(best, seconds_now() - start);
  }
  asm volatile("" ::"m"(a));
  return best;
}

struct PairOptions {
  double seconds_per_block = 6e-3;  // long beside an interrupt, short beside the machine's moods
  int n_pairs = 21;                 // undisturbed pairs asked for
  int n_most = 126;                 // pairs tried before giving up on a busy machine
  int n_least = 7;                  // fewer undisturbed pairs than this make no figure
  double tolerance = 0.12;          // of the probe, within a pair
  bool wall = false;
};

struct PairedTimes {
  Spread first, second;     // seconds a unit
  Spread ratio;             // second / first, pair by pair
  int n_pairs = 0, n_rejected = 0;
  bool enough = false;
};

/// Units of work that fill a block, found by doubling; the work is warm afterwards.
inline std::size_t units_for(const Work& work, const PairOptions& options) {
  std::size_t units = 1;
  for (;;) {
    const double start = seconds_now(options.wall);
    work(units);
    const double took = seconds_now(options.wall) - start;
    if (took >= 0.5 * options.seconds_per_block)
      return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(units) * options.seconds_per_block / took));
    units *= took < 0.05 * options.seconds_per_block ? 8 : 2;
  }
}

/// Times two pieces of work in alternated pairs. The ratio is second / first: how many times faster the first is.
inline PairedTimes time_in_pairs(const Work& first, const Work& second, const PairOptions& options = {}) {
  const std::size_t units_first = units_for(first, options), units_second = units_for(second, options);
  const auto time = [&](const Work& work, std::size_t units) {
    const double start = seconds_now(options.wall);
    work(units);
    return (seconds_now(options.wall) - start) / static_cast<double>(units);
  };
  struct Pair {
    double a, b, clock;  // clock: probe after b / probe after a
  };
  const auto near = [&](double x, double y) { return std::max(x, y) <= (1.0 + options.tolerance) * std::min(x, y); };
  std::vector<Pair> pairs;
  std::vector<double> clocks;
  PairedTimes result;
  double usual = NAN;
  const auto undisturbed = [&](const Pair& pair) { return near(pair.clock, usual); };
  time(second, units_second);  // so that the first probe, too, follows what it is compared with
  time(first, units_first);
  int n_tried = 0;
  bool enough = false;
  for (; n_tried < options.n_most && !enough; ++n_tried) {
    const bool in_order = n_tried % 2 == 0;
    const double before = probe_seconds();  // follows the piece that comes next
    Pair pair{};
    (in_order ? pair.a : pair.b) = in_order ? time(first, units_first) : time(second, units_second);
    const double between = probe_seconds();
    (in_order ? pair.b : pair.a) = in_order ? time(second, units_second) : time(first, units_first);
    const double after = probe_seconds();
    if (!near(before, between)) continue;
    pair.clock = in_order ? after / between : between / after;
    pairs.push_back(pair);
    clocks.push_back(pair.clock);
    usual = spread_of(clocks).median;
    enough = std::count_if(pairs.begin(), pairs.end(), undisturbed) >= options.n_pairs;
  }
  std::vector<double> a, b, ratios;
  for (const Pair& pair : pairs) {
    if (!undisturbed(pair)) continue;
    a.push_back(pair.a);
    b.push_back(pair.b);
    ratios.push_back(pair.b / pair.a);
  }
  result.first = spread_of(a);
  result.second = spread_of(b);
  result.ratio = spread_of(ratios);
  result.n_pairs = static_cast<int>(a.size());
  result.n_rejected = n_tried - result.n_pairs;
  result.enough = result.n_pairs >= options.n_least;
  return result;
}

}  // namespace bench
