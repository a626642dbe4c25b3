// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Distributions in the plane that energies are trained on: mixtures with unequal weights, whose density is known everywhere.
#pragma once

#include <erg/energy/gaussian_mixture.hpp>
#include <erg/random/uniform.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace example {

/// A mixture of Gaussians in the plane whose components belong to groups ("modes") of known weight.
class PlaneTarget {
 public:
  PlaneTarget(std::string title, double half_width, std::vector<double> weights, std::vector<double> centres, std::vector<double> sigmas,
              std::vector<int> groups)
      : name(std::move(title)), reach(half_width), mixture_(weights, centres, sigmas), centres_(std::move(centres)), groups_(std::move(groups)) {
    double total = 0.0;
    for (const double w : weights) total += w;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const auto g = static_cast<std::size_t>(groups_[k]);
      if (g >= mode_weights.size()) mode_weights.resize(g + 1);
      mode_weights[g] += weights[k] / total;
    }
  }

  std::string name;
  double reach;                       ///< everything that matters is in [-reach, reach]^2
  std::vector<double> mode_weights;   ///< of the groups

  int n_modes() const { return static_cast<int>(mode_weights.size()); }
  double energy(double x, double y) const {
    const double at[] = {x, y};
    return mixture_(erg::Point<const double, 2>(at));
  }
  /// The group of the nearest centre.
  int mode(double x, double y) const {
    std::size_t best = 0;
    double least = INFINITY;
    for (std::size_t k = 0; k < groups_.size(); ++k) {
      const double dx = x - centres_[2 * k], dy = y - centres_[2 * k + 1];
      if (dx * dx + dy * dy < least) least = dx * dx + dy * dy, best = k;
    }
    return groups_[best];
  }
  /// n points, row-major, and the mean of their energy: the entropy of the target up to its sampling error.
  std::vector<float> draw(int n, std::uint64_t seed) const {
    std::vector<float> points;
    for (int i = 0; i < n; ++i) {
      double at[2];
      mixture_.sample<double>(erg::random::Key(seed), static_cast<std::uint64_t>(i), erg::Point<double, 2>(at, 2));
      points.push_back(static_cast<float>(at[0])), points.push_back(static_cast<float>(at[1]));
    }
    return points;
  }
  double mean_energy(const std::vector<float>& points) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < points.size(); i += 2) sum += energy(static_cast<double>(points[i]), static_cast<double>(points[i + 1]));
    return sum / (static_cast<double>(points.size()) / 2.0);
  }

 private:
  erg::GaussianMixture<2> mixture_;
  std::vector<double> centres_;
  std::vector<int> groups_;
};

/// Four Gaussians at the corners of a square, of weights .1 .2 .3 .4.
inline PlaneTarget four_gaussians() {
  return {"four Gaussians", 7.0, {0.1, 0.2, 0.3, 0.4}, {-4, -4, 4, -4, -4, 4, 4, 4}, {0.5, 0.5, 0.5, 0.5}, {0, 1, 2, 3}};
}
/// Eight on a ring, of weights in proportion to 1 .. 8.
inline PlaneTarget eight_gaussians() {
  std::vector<double> weights, centres, sigmas;
  std::vector<int> groups;
  for (int k = 0; k < 8; ++k) {
    const double angle = 6.283185307179586 * k / 8;
    weights.push_back(k + 1.0), sigmas.push_back(0.4), groups.push_back(k);
    centres.push_back(4.0 * std::cos(angle)), centres.push_back(4.0 * std::sin(angle));
  }
  return {"eight Gaussians", 6.5, weights, centres, sigmas, groups};
}
/// Twenty-five on a ring, of equal weight, six deviations apart.
inline PlaneTarget ring_of_25() {
  std::vector<double> weights, centres, sigmas;
  std::vector<int> groups;
  for (int k = 0; k < 25; ++k) {
    const double angle = 6.283185307179586 * k / 25;
    weights.push_back(1.0), sigmas.push_back(0.2), groups.push_back(k);
    centres.push_back(5.0 * std::cos(angle)), centres.push_back(5.0 * std::sin(angle));
  }
  return {"ring of 25 Gaussians", 6.5, weights, centres, sigmas, groups};
}
/// Two half moons, the upper with 4/5 of the mass.
inline PlaneTarget two_moons() {
  std::vector<double> weights, centres, sigmas;
  std::vector<int> groups;
  const int n = 40;
  for (int k = 0; k < 2 * n; ++k) {
    const bool upper = k < n;
    const double angle = 3.141592653589793 * (k % n + 0.5) / n;
    weights.push_back(upper ? 0.8 : 0.2), sigmas.push_back(0.3), groups.push_back(upper ? 0 : 1);
    centres.push_back((upper ? -1.0 : 1.0) + 2.5 * (upper ? std::cos(angle) : -std::cos(angle)));
    centres.push_back((upper ? -0.6 : 0.6) + 2.5 * (upper ? std::sin(angle) : -std::sin(angle)));
  }
  return {"two moons", 5.5, weights, centres, sigmas, groups};
}
/// Four rings in one another, of weights .1 .2 .3 .4 outwards.
inline PlaneTarget four_rings() {
  std::vector<double> weights, centres, sigmas;
  std::vector<int> groups;
  for (int ring = 0; ring < 4; ++ring) {
    const int n = 16 * (ring + 1);
    for (int k = 0; k < n; ++k) {
      const double angle = 6.283185307179586 * k / n;
      weights.push_back(0.1 * (ring + 1) / n), sigmas.push_back(0.15), groups.push_back(ring);
      centres.push_back((ring + 1) * std::cos(angle)), centres.push_back((ring + 1) * std::sin(angle));
    }
  }
  return {"four rings", 5.5, weights, centres, sigmas, groups};
}

}  // namespace example
