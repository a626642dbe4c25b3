// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What every kernel that leaves exp(-U) invariant must pass, on a mixture of three Gaussians in the plane whose every projection
// has a closed form.
#pragma once

#include <erg/energy/gaussian_mixture.hpp>

#include <array>

#include "support/chains.hpp"
#include "support/z_test.hpp"

namespace erg::test {

using Target = GaussianMixture<2, 3>;
inline Target target() { return {{0.5, 0.3, 0.2}, {0.0, 0.0, 2.0, 0.5, -1.0, 1.5}, {0.8, 0.6, 1.0}}; }

/// Positions of independent chains before and after some steps.
struct Sweep {
  std::vector<std::array<double, 2>> before, after;
};

/// n chains, n_steps steps, from exact draws of the target or from one point.
template <class Real = Wide, class K, class Start>
Sweep sweep(const K& kernel, int n, int n_steps, std::uint64_t seed, Start&& start) {
  Sweep r;
  for_each_chain<2, Real>(kernel, target(), n, n_steps, seed, start, [&](const auto& x0, const auto& g, const auto&) {
    using L = std::remove_cvref_t<decltype(x0[0])>;
    for (int c = 0; c < width_v<L>; ++c) {
      r.before.push_back({get(x0[0], c), get(x0[1], c)});
      r.after.push_back({get(g.s.position[0], c), get(g.s.position[1], c)});
    }
  });
  return r;
}
template <class Real = Wide, class K>
Sweep stationary_sweep(const K& kernel, int n, int n_steps, std::uint64_t seed) {
  const Target p = target();
  return sweep<Real>(kernel, n, n_steps, seed, drawn_from(p, seed));
}

inline double energy_at(const Target& p, const std::array<double, 2>& x) {
  const One at[2] = {x[0], x[1]};
  return p(Point<const One, 2>(at)).reg;
}
/// Functions whose means are compared.
inline std::array<double, 9> features(const Target& p, const std::array<double, 2>& x) {
  const double a = x[0], b = x[1];
  return {a, b, a * a, b * b, a * b, a * a * a, std::cos(2.0 * a + b), a < 0.7 ? 1.0 : 0.0, energy_at(p, x)};
}

/// Largest |z| of the mean change of the features over a sweep from exact draws: 0 in expectation if the target is invariant.
inline double z_invariance(const Sweep& s) {
  const Target p = target();
  std::array<Mean, 9> change;
  for (std::size_t i = 0; i < s.before.size(); ++i) {
    const auto f0 = features(p, s.before[i]), f1 = features(p, s.after[i]);
    for (std::size_t k = 0; k < f0.size(); ++k) change[k].add(f1[k] - f0[k]);
  }
  Worst worst;
  for (const auto& c : change) worst.add(c.z(0.0));
  return worst.value();
}

/// Largest |z| of antisymmetric statistics f(x0) g(x1) - g(x0) f(x1) over one step from exact draws: 0 in expectation if the
/// kernel is reversible.
inline double z_reversibility(const Sweep& s) {
  const Target p = target();
  constexpr int pairs[5][2] = {{0, 7}, {0, 5}, {1, 6}, {2, 7}, {8, 4}};
  std::array<Mean, 5> mean;
  for (std::size_t i = 0; i < s.before.size(); ++i) {
    const auto f0 = features(p, s.before[i]), f1 = features(p, s.after[i]);
    for (std::size_t k = 0; k < mean.size(); ++k) {
      const auto a = static_cast<std::size_t>(pairs[k][0]), b = static_cast<std::size_t>(pairs[k][1]);
      mean[k].add(f0[a] * f1[b] - f0[b] * f1[a]);
    }
  }
  Worst worst;
  for (const auto& m : mean) worst.add(m.z(0.0));
  return worst.value();
}

/// Largest scaled Kolmogorov-Smirnov distance of 16 projections to their exact laws; compare with ks_limit.
inline double ks_of_projections(const std::vector<std::array<double, 2>>& x) {
  const Target p = target();
  double worst = 0.0;
  for (int k = 0; k < 16; ++k) {
    const double angle = 2.0 * std::acos(0.0) * k / 16.0, c = std::cos(angle), s = std::sin(angle);
    GridKs ks(-8.0, 8.0, 4096);
    for (const auto& v : x) ks.add(c * v[0] + s * v[1]);
    worst = std::max(worst, ks.scaled([&](double v) {
      double f = 0.0;
      for (int m = 0; m < p.n_modes(); ++m) {
        f += p.mode_weight(m) * normal_cdf((v - c * p.mode_centre(m, 0) - s * p.mode_centre(m, 1)) / p.mode_sigma(m));
      }
      return f;
    }));
  }
  return worst;
}

/// Pearson's statistic (3 degrees of freedom) of quarters of the plane about the target's mean, against a count over exact draws'
/// law: the quarters' probabilities are integrals of products of normal distribution functions.
inline double chi_squared_of_quarters(const std::vector<std::array<double, 2>>& x) {
  const Target p = target();
  std::vector<double> count(4), probability(4);
  for (const auto& v : x) ++count[(v[0] > p.mean(0) ? 1u : 0u) + (v[1] > p.mean(1) ? 2u : 0u)];
  for (int m = 0; m < p.n_modes(); ++m) {
    const double right = normal_cdf((p.mode_centre(m, 0) - p.mean(0)) / p.mode_sigma(m));
    const double up = normal_cdf((p.mode_centre(m, 1) - p.mean(1)) / p.mode_sigma(m));
    const double w = p.mode_weight(m);
    probability[0] += w * (1 - right) * (1 - up);
    probability[1] += w * right * (1 - up);
    probability[2] += w * (1 - right) * up;
    probability[3] += w * right * up;
  }
  return chi_squared(count, probability);
}

/// Whether chains that all started at one point have the target's law: for kernels that might keep part of their start.
inline double z_settled(const Sweep& s) {
  const Target p = target();
  std::array<Mean, 5> mean;
  for (const auto& v : s.after) {
    const double a = v[0] - p.mean(0), b = v[1] - p.mean(1);
    const double f[5] = {a, b, a * a, b * b, a * b};
    for (std::size_t k = 0; k < 5; ++k) mean[k].add(f[k]);
  }
  const double exact[5] = {0.0, 0.0, p.covariance(0, 0), p.covariance(1, 1), p.covariance(0, 1)};
  Worst worst;
  for (std::size_t k = 0; k < 5; ++k) worst.add(mean[k].z(exact[k]));
  return worst.value();
}

/// Gandy and Scott's rank test, 15 degrees of freedom: the rank of position J of a stationary trajectory of 16, continued from J in
/// both directions by the same kernel, is uniform if the kernel is reversible and the target invariant. J is stratified.
/// Groups of a lane's chains take steps of their own numbers, so that they share nothing.
template <class L = Wide, class K>
double rank_statistic(const K& kernel, int n, std::uint64_t seed) {
  using T = LaneTile<L, 2>;
  constexpr int last = 15, w = width_v<L>;
  const Target p = target();
  const random::Key key(seed);
  std::vector<double> counts(last + 1);
  Group<T, K> begin, g;
  for (int first = 0; first < n; first += w) {
    const int j = first / w % (last + 1);
    begin.s.chains = chains_from<L>(static_cast<std::uint32_t>(first));
    drawn_from(p, seed)(begin.s.chains, begin.s.position);
    begin.begin(kernel, p, key);
    const auto f = [](const auto& x) { return x[0] + 0.3 * x[1]; };
    const L middle = f(begin.s.position);
    L less = 0.0, equal = 0.0;
    for (const bool forward : {true, false}) {
      g = begin;
      const int steps = forward ? last - j : j;
      for (int i = 1; i <= steps; ++i) {
        g.step(kernel, p, key.at(static_cast<std::uint64_t>(first / w * 64 + (forward ? i : 32 + i))));
        const L v = f(g.s.position);
        less = less + lane::select(v < middle, L(1.0), L(0.0));
        equal = equal + lane::select(v == middle, L(1.0), L(0.0));
      }
    }
    const L tie = draw_uniform(key.purpose(random::Purpose::user), begin.s.chains, 0);  // among equals, itself included
    for (int c = 0; c < w; ++c) ++counts[static_cast<std::size_t>(get(less, c) + std::floor(get(tie, c) * (get(equal, c) + 1.0)))];
  }
  return chi_squared(counts, std::vector<double>(last + 1, 1.0 / (last + 1)));
}
inline constexpr double chi_squared_limit_3 = 32.8, chi_squared_limit_15 = 57.4;  // exceeded with probability 1e-6

}  // namespace erg::test
