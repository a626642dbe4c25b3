// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Moments, law and tails of many normals, a lane at a time.
#pragma once

#include "draws.hpp"

#include <algorithm>
#include <sstream>
#include <string>

namespace erg::test {

template <class T>
class NormalMoments {
 public:
  /// n draws, 64 of each chain of a lane a step; fill(key, chains, out) writes 64 lanes of them, pairs of Box-Muller together.
  template <class L, class Fill>
  void draw(std::int64_t n, std::uint64_t seed, const Fill& fill) {
    const auto chains = lane_ops<L>::iota(0);
    const double rarest = squared_radius(radii[0]);
    for (std::uint64_t step = 0; static_cast<std::int64_t>(n_) < n; ++step) {
      L z[per_chain], sum[6];
      fill(random::Key(seed).at(step), chains, z);
      for (auto& s : sum) s = 0.0;
      for (int d = 0; d < per_chain; d += 2) {  // a lane adds 64 numbers; the rest is added up in double
        const L a = z[d], b = z[d + 1], aa = a * a, bb = b * b;
        sum[0] = sum[0] + (a + b);
        sum[1] = sum[1] + (aa + bb);
        sum[2] = sum[2] + (aa * a + bb * b);
        sum[3] = sum[3] + (aa * aa + bb * bb);
        sum[4] = sum[4] + (aa * aa * a + bb * bb * b);
        sum[5] = sum[5] + (aa * aa * aa + bb * bb * bb);
        if (lane::any<L>(aa + bb > L(rarest))) [[unlikely]] {
          for_each_value(aa + bb, [&](double r2) {
            for (std::size_t i = 0; i < n_radii; ++i) beyond_[i] += r2 > squared_radius(radii[i]);
          });
        }
      }
      for (std::size_t k = 0; k < 6; ++k) for_each_value(sum[k], [&](double v) { sum_[k] += v; });
      for (int d = 0; d < per_chain; ++d) {
        alignas(64) T v[width_v<L>];
        lane::store(v, z[d]);
        for (const T x : v) {
          const auto cell = static_cast<std::int32_t>(std::floor(x * T(per_unit))) + n_cells / 2;
          ++cells_[static_cast<std::size_t>(std::clamp(cell, 0, n_cells - 1))];
        }
      }
      n_ += static_cast<double>(per_chain * width_v<L>);
    }
  }

  /// Mean of z^k less its expectation, in standard errors.
  double moment_score(int k) const {
    constexpr double expected[] = {0, 1, 0, 3, 0, 15}, variance[] = {1, 2, 15, 96, 945, 10170};
    const auto i = static_cast<std::size_t>(k - 1);
    return (sum_[i] / n_ - expected[i]) / std::sqrt(variance[i] / n_);
  }
  double worst_moment() const {
    double worst = 0.0;
    for (int k = 1; k <= 6; ++k) worst = std::max(worst, std::abs(moment_score(k)));
    return worst;
  }
  /// Numbers beyond +-x (a multiple of 1/64), against Poisson.
  double tail_score(int x) const { return poisson_score(count_beyond(x), n_ * two_tails(x)); }
  /// Pairs whose radius is beyond the i-th of `radii`.
  double radius_score(std::size_t i) const { return poisson_score(beyond_[i], n_ / 2.0 * radii[i]); }
  double worst_tail() const {
    double worst = 0.0;
    for (int x = 3; x <= 6; ++x) worst = std::max(worst, std::abs(tail_score(x)));
    for (std::size_t i = 0; i < n_radii; ++i) worst = std::max(worst, std::abs(radius_score(i)));
    return worst;
  }
  /// Chi-square over cells of width 1/64, those at the ends pooled.
  double law_score() const {
    std::vector<double> seen{0.0}, expected{0.0};
    for (int c = 0; c < n_cells; ++c) {
      seen.back() += static_cast<double>(cells_[static_cast<std::size_t>(c)]);
      expected.back() += n_ * (c + 1 < n_cells ? cdf(c + 1) - (c > 0 ? cdf(c) : 0.0) : 1.0 - cdf(c));
      const double left = n_ * (1.0 - cdf(c + 1));
      if (expected.back() > 25.0 && left > 25.0) {
        seen.push_back(0.0);
        expected.push_back(0.0);
      }
    }
    return chi_square_score(seen, expected);
  }
  /// Kolmogorov-Smirnov distance at the cells' edges, times sqrt(n).
  double ks() const {
    double below = 0.0, d = 0.0;
    for (int c = 0; c < n_cells; ++c) {
      below += static_cast<double>(cells_[static_cast<std::size_t>(c)]);
      if (c + 1 < n_cells) d = std::max(d, std::abs(below / n_ - cdf(c + 1)));
    }
    return d * std::sqrt(n_);
  }
  std::string text() const {
    std::ostringstream out;
    out << "n " << n_ << "; moments in standard errors";
    for (int k = 1; k <= 6; ++k) out << ' ' << moment_score(k);
    out << "; beyond 3, 4, 5, 6:";
    for (int x = 3; x <= 6; ++x) out << ' ' << count_beyond(x) << " (expected " << n_ * two_tails(x) << ')';
    out << "; radii:";
    for (std::size_t i = 0; i < n_radii; ++i) out << ' ' << beyond_[i] << " (expected " << n_ / 2.0 * radii[i] << ')';
    out << "; law " << law_score() << ", ks " << ks();
    return out.str();
  }

  /// P(radius beyond), multiples of 2^-31 so that the grid of float's radius has them exactly.
  static constexpr double radii[] = {0x1p-18, 0x1p-20, 0x1p-22, 127 * 0x1p-31, 0x1p-26, 0x1p-28};

 private:
  static constexpr int per_chain = 64, per_unit = 64, n_cells = 14 * per_unit;
  static constexpr std::size_t n_radii = sizeof(radii) / sizeof(radii[0]);
  static double squared_radius(double p) { return -2.0 * std::log(p); }
  static double cdf(int edge) { return 0.5 * std::erfc((n_cells / 2 - edge) / (per_unit * std::sqrt(2.0))); }
  double count_beyond(int x) const {
    double n = 0.0;
    for (int c = 0; c < n_cells; ++c) {
      if (c < n_cells / 2 - x * per_unit || c >= n_cells / 2 + x * per_unit) n += static_cast<double>(cells_[static_cast<std::size_t>(c)]);
    }
    return n;
  }

  double n_ = 0.0, sum_[6] = {}, beyond_[n_radii] = {};
  std::vector<std::int64_t> cells_ = std::vector<std::int64_t>(static_cast<std::size_t>(n_cells));
};

}  // namespace erg::test
