// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// How well a score tells points of one law from points of others: areas under curves and error rates, with intervals.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <erg/diagnostics/moments.hpp>
#include <erg/diagnostics/special.hpp>
#include <erg/random/uniform.hpp>

namespace erg::diag {

/// A number with an interval that holds the truth with probability `level`.
struct Interval {
  double value = detail::nan, low = detail::nan, high = detail::nan;
  double standard_error = detail::nan;
  double level = 0.95;
};

/// How intervals of detection are made. Same options, same scores, same answer.
/// Requires  0 < level < 1; n_resamples >= 20
struct Detection {
  double level = 0.95;
  int n_resamples = 1000;
  std::uint64_t seed = 1;
};

namespace detail {

inline void require_detection(const Detection& o) {
  if (!(o.level > 0 && o.level < 1))
    throw std::invalid_argument("level = " + std::to_string(o.level) + " (must be between 0 and 1)");
  if (o.n_resamples < 20)
    throw std::invalid_argument("n_resamples = " + std::to_string(o.n_resamples) +
                                " (an interval of their quantiles needs at least 20)");
}
inline void require_scores_of(const char* name, std::span<const double> s) {
  if (s.empty()) throw std::invalid_argument(std::string(name) + " has no scores (there is nothing to rank)");
  for (std::size_t i = 0; i < s.size(); ++i)
    if (std::isnan(s[i]))
      throw std::invalid_argument(std::string(name) + "[" + std::to_string(i) +
                                  "] = nan (it has no rank, and would decide silently): find out which energy is not a number");
}

/// Scores of both kinds in groups of equal ones, ascending: all that rank statistics depend on.
class Ranking {
 public:
  Ranking(std::span<const double> in, std::span<const double> out) : groups_of_in_(in.size()), groups_of_out_(out.size()) {
    require_scores_of("in", in);
    require_scores_of("out", out);
    std::vector<double> all(in.begin(), in.end());
    all.insert(all.end(), out.begin(), out.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    n_groups_ = all.size();
    const auto group = [&](double s) {
      return static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), s) - all.begin());
    };
    for (std::size_t i = 0; i < in.size(); ++i) groups_of_in_[i] = group(in[i]);
    for (std::size_t i = 0; i < out.size(); ++i) groups_of_out_[i] = group(out[i]);
  }

  std::size_t n_in() const { return groups_of_in_.size(); }
  std::size_t n_out() const { return groups_of_out_.size(); }
  std::size_t group_of_in(std::size_t i) const { return groups_of_in_[i]; }
  std::size_t group_of_out(std::size_t i) const { return groups_of_out_[i]; }

  /// How many of each kind are in each group.
  struct Counts {
    std::vector<std::int64_t> in, out;
  };
  Counts counts() const {
    Counts c = none();
    for (const std::size_t g : groups_of_in_) ++c.in[g];
    for (const std::size_t g : groups_of_out_) ++c.out[g];
    return c;
  }
  /// The same of resample b: each kind drawn with replacement from itself.
  Counts resampled(std::uint64_t seed, std::uint64_t b) const {
    Counts c = none();
    const auto draw = [&](const std::vector<std::size_t>& from, std::vector<std::int64_t>& to, int stream) {
      const random::Key key = random::Key(seed).at(b).stream(stream).purpose(random::Purpose::choice);
      for (std::size_t i = 0; i < from.size(); ++i) {
        const double u = random::uniform<double>(key, static_cast<std::uint32_t>(i), 0);
        ++to[from[std::min(from.size() - 1, static_cast<std::size_t>(u * static_cast<double>(from.size())))]];
      }
    };
    draw(groups_of_in_, c.in, 0);
    draw(groups_of_out_, c.out, 1);
    return c;
  }

 private:
  Counts none() const { return {std::vector<std::int64_t>(n_groups_, 0), std::vector<std::int64_t>(n_groups_, 0)}; }
  std::vector<std::size_t> groups_of_in_, groups_of_out_;
  std::size_t n_groups_ = 0;
};

/// 2 #{in > out} + #{in = out}, an integer.
inline std::int64_t twice_wins(const Ranking::Counts& c) {
  std::int64_t below = 0, sum = 0;
  for (std::size_t g = 0; g < c.in.size(); ++g) {
    sum += c.in[g] * (2 * below + c.out[g]);
    below += c.out[g];
  }
  return sum;
}
inline double auroc_of(const Ranking::Counts& c, double n_in, double n_out) {
  return static_cast<double>(twice_wins(c)) / (2 * n_in * n_out);
}
inline double aupr_of(const Ranking::Counts& c, double n_in, double) {
  double sum = 0, in = 0, all = 0;
  for (std::size_t g = c.in.size(); g-- > 0;) {
    in += static_cast<double>(c.in[g]);
    all += static_cast<double>(c.in[g] + c.out[g]);
    if (c.in[g] > 0) sum += static_cast<double>(c.in[g]) * in / all;
  }
  return sum / n_in;
}
inline double fpr_of(const Ranking::Counts& c, double n_in, double n_out, double tpr) {
  double in = 0, out = 0;
  for (std::size_t g = c.in.size(); g-- > 0;) {
    in += static_cast<double>(c.in[g]);
    out += static_cast<double>(c.out[g]);
    if (in >= tpr * n_in - 1e-9) break;
  }
  return out / n_out;
}

/// Percentiles of a statistic over resamples.
template <class F>
Interval bootstrapped(const Ranking& ranking, const Detection& o, F&& statistic) {
  require_detection(o);
  const double n_in = static_cast<double>(ranking.n_in()), n_out = static_cast<double>(ranking.n_out());
  std::vector<double> all;
  for (int b = 0; b < o.n_resamples; ++b)
    all.push_back(statistic(ranking.resampled(o.seed, static_cast<std::uint64_t>(b)), n_in, n_out));
  std::sort(all.begin(), all.end());
  const double tail = 0.5 * (1 - o.level);
  return {statistic(ranking.counts(), n_in, n_out), sorted_quantile(all, tail), sorted_quantile(all, 1 - tail),
          std::sqrt(variance_of(all.data(), all.size())), o.level};
}

}  // namespace detail

/// Area under the ROC curve: the probability that a point of the law scores above a point that is none, ties half.
///
///   A = (#{in > out} + #{in = out} / 2) / (n_in n_out)
///   V = var(V_in) / n_in + var(V_out) / n_out,  V_in(i), V_out(j): the share of the other kind that i beats, that beats j
///
/// Shapes    in, out: scores, the higher the more like the law (-energy)
/// Interval  DeLong's standard error on the scale of log(A / (1 - A)), which stays within (0, 1). Where the scores separate the kinds (A is 0
///           or 1) there is no error to be had; the interval is then that of min(n_in, n_out) independent pairs without a mistake.
/// Cost      O(n log n); A is a ratio of integers, exact        Errors  std::invalid_argument: no scores, NaN among them
/// Source    DeLong, DeLong & Clarke-Pearson (1988), eqs. (3)-(5)
inline Interval auroc(std::span<const double> in, std::span<const double> out, const Detection& options = {}) {
  detail::require_detection(options);
  const detail::Ranking ranking(in, out);
  const auto c = ranking.counts();
  const double n_in = static_cast<double>(in.size()), n_out = static_cast<double>(out.size());
  Interval a;
  a.level = options.level;
  a.value = detail::auroc_of(c, n_in, n_out);
  const double tail = 0.5 * (1 - options.level);
  if (a.value == 0 || a.value == 1) {
    const double least = std::pow(tail, 1 / std::min(n_in, n_out));
    a.low = a.value == 1 ? least : 0;
    a.high = a.value == 1 ? 1 : 1 - least;
    a.standard_error = 0;
    return a;
  }
  std::vector<double> beats(c.in.size()), beaten(c.in.size()), v_in, v_out;
  double below = 0, above = n_in;
  for (std::size_t g = 0; g < c.in.size(); ++g) {
    const double here_in = static_cast<double>(c.in[g]), here_out = static_cast<double>(c.out[g]);
    above -= here_in;
    beats[g] = (below + 0.5 * here_out) / n_out;
    beaten[g] = (above + 0.5 * here_in) / n_in;
    below += here_out;
  }
  for (std::size_t i = 0; i < in.size(); ++i) v_in.push_back(beats[ranking.group_of_in(i)]);
  for (std::size_t j = 0; j < out.size(); ++j) v_out.push_back(beaten[ranking.group_of_out(j)]);
  a.standard_error = std::sqrt(detail::variance_of(v_in.data(), v_in.size()) / n_in + detail::variance_of(v_out.data(), v_out.size()) / n_out);
  const double logit = std::log(a.value / (1 - a.value)), half = detail::normal_quantile(1 - tail) * a.standard_error / (a.value * (1 - a.value));
  a.low = 1 / (1 + std::exp(half - logit));
  a.high = 1 / (1 + std::exp(-half - logit));
  return a;
}

/// Area under the precision-recall curve with points of the law as positives: the mean precision at their scores, ties together.
///
/// Interval  percentiles over resamples of each kind, drawn by address (seed, resample, point)         Note  its value without any skill is
///           n_in / (n_in + n_out), not 1/2
/// Cost      O(n log n + n n_resamples)                                     Errors  as auroc
inline Interval aupr(std::span<const double> in, std::span<const double> out, const Detection& options = {}) {
  return detail::bootstrapped(detail::Ranking(in, out), options, detail::aupr_of);
}

/// The share of points that are none of the law's that pass where 95 % of the law's do (or the given share): the threshold is the highest
/// score that at least so many of the law's points reach.
/// Interval, cost, errors  as aupr
inline Interval fpr_at_tpr(std::span<const double> in, std::span<const double> out, double tpr = 0.95, const Detection& options = {}) {
  if (!(tpr > 0 && tpr <= 1)) throw std::invalid_argument("tpr = " + std::to_string(tpr) + " (must be above 0 and at most 1)");
  return detail::bootstrapped(detail::Ranking(in, out), options, [tpr](const detail::Ranking::Counts& c, double n_in, double n_out) {
    return detail::fpr_of(c, n_in, n_out, tpr);
  });
}

/// All three of a score.
struct DetectionRow {
  std::string score;
  Interval auroc, aupr, fpr95;
};
inline DetectionRow detect(std::string score, std::span<const double> in, std::span<const double> out, const Detection& options = {}) {
  return {std::move(score), auroc(in, out, options), aupr(in, out, options), fpr_at_tpr(in, out, 0.95, options)};
}
/// A row per score.
struct DetectionTable {
  std::vector<DetectionRow> rows;
};
[[gnu::cold]] inline std::ostream& operator<<(std::ostream& to, const DetectionTable& table) {
  std::size_t width = 5;
  for (const auto& r : table.rows) width = std::max(width, r.score.size());
  to << "score" << std::string(width - 5, ' ') << "   AUROC                 AUPR                  FPR95\n";
  for (const auto& r : table.rows) {
    to << r.score << std::string(width - r.score.size(), ' ');
    for (const Interval* v : {&r.auroc, &r.aupr, &r.fpr95}) {
      char text[64];
      std::snprintf(text, sizeof text, "   %.3f [%.3f, %.3f]", v->value, v->low, v->high);
      to << text;
    }
    to << '\n';
  }
  return to;
}

}  // namespace erg::diag
