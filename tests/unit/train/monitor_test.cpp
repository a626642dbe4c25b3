// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What is looked at in long runs: diversity of points in closed form, and chains whose law is known at every step.
#include "support/catch.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/kernel/noisy_descent.hpp>
#include <erg/train/monitor.hpp>

using namespace erg;
using namespace erg::test;

TEST_CASE("diversity is the deviation of coordinates, the distance of points, the share at the walls", "[train]") {
  // Four corners of a rectangle of sides 2 and 6.
  const std::vector<double> x{0.0, 2.0, 2.0, 0.0, 0.0, 0.0, 6.0, 6.0};
  const BlockView<const double> corners{x.data(), 4, 2, 4};
  const auto d = train::diversity(corners, 0.0, 2.0);
  CHECK_THAT(d.deviation, WithinRel(0.5 * (1.0 + 3.0), 1e-14));
  CHECK_THAT(d.distance, WithinRel((2.0 + 6.0 + std::sqrt(40.0)) / 3.0, 1e-14));
  CHECK(d.saturated == 1.0);
  CHECK(train::diversity(corners, -1.0, 7.0).saturated == 0.0);
  const std::vector<double> same(8, 3.0);
  CHECK(train::diversity(BlockView<const double>{same.data(), 4, 2, 4}).distance == 0.0);
}

TEST_CASE("a long run has the law of its chains at every step that is looked at", "[train][statistical]") {
  // U = |x|^2 / 2, rate 0.1, noise of variance 0.2: v_t = a^2t v_0 + 0.2 (1 - a^2t) / (1 - a^2), a = 0.9.
  const int n = 4000;
  const double log_two_pi = std::log(6.283185307179586);  // U is normalised
  std::vector<double> x(2 * n);
  for (int c = 0; c < n; ++c) {
    for (int d = 0; d < 2; ++d) x[static_cast<std::size_t>(d * n + c)] = 3.0 * random::normal<double>(random::Key(8), static_cast<std::uint64_t>(c), d);
  }
  const auto run = [&](double noise) {
    return train::long_run<double>(Simd{}, NoisyDescent{{.step_size = 0.1, .noise = noise}}, GaussianIsotropic<2>(1.0), BlockView<const double>{x.data(), n, 2, n},
                                   {.at = {1, 5, 60}});
  };
  const auto look_at = [&](std::vector<std::int64_t> at) {
    return train::long_run<double>(Simd{}, NoisyDescent{{.step_size = 0.1}}, GaussianIsotropic<2>(1.0), BlockView<const double>{x.data(), 8, 2, n}, {.at = std::move(at)});
  };
  ERG_CHECK_THROWS(look_at({10, 5}), std::invalid_argument, "at has 5 after 10 (chains do not go back)");
  CHECK(look_at({0, 0, 2}).size() == 3);
  const auto rows = run(std::sqrt(0.2)), broken = run(std::sqrt(0.25));
  for (std::size_t i = 0; i < 3; ++i) {
    const double shrunk = std::pow(0.81, static_cast<double>(rows[i].step)), v = 9.0 * shrunk + 0.2 * (1.0 - shrunk) / 0.19;
    // The energy is v / 2 times a chi-square of two degrees, whose deviation is its mean.
    CHECK(std::abs(rows[i].energy - log_two_pi - v) < z_limit * v / std::sqrt(n));
    CHECK(std::abs(rows[i].energy_deviation - v) < z_limit * v * std::sqrt(2.0 / n));
    CHECK_THAT(rows[i].diversity.deviation, WithinRel(std::sqrt(v), z_limit / std::sqrt(4.0 * n)));
  }
  CHECK(std::abs(broken[2].energy - log_two_pi - 0.2 / 0.19) > z_broken * (0.2 / 0.19) / std::sqrt(n));
}
