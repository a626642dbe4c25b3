// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/points.hpp"

#include <erg/entropy/stein.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::entropy;

namespace {

/// Mean squared error of scores of N(0, I) at other points, over the mean square of the scores.
double relative_error(const SteinScore& s, const Cloud<double>& x) {
  Cloud<double> g(x.n, x.dim);
  s.score(x.view(), g.view());
  double error = 0.0, size = 0.0;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    error += (g.values[i] + x.values[i]) * (g.values[i] + x.values[i]);
    size += x.values[i] * x.values[i];
  }
  return error / size;
}

}  // namespace

TEST_CASE("the scores of two points with all eigenfunctions are what they are by hand", "[entropy]") {
  // x = -1, 1, h = 1, k = exp(-2) off the diagonal. B_1 = (x_2 - x_1) k = 2 k, B_2 = -2 k. K B = (1 - k) B for this antisymmetric vector, so
  // c = B / (1 - k)^2 and s(x_m) = B_m / (1 - k).
  const Cloud<double> x(1, {{-1}, {1}});
  const SteinScore s = SpectralStein{.bandwidth = 1.0, .n_eigen = 2}(x.view());
  Cloud<double> g(2, 1);
  s.score(x.view(), g.view());
  const double k = std::exp(-2.0), expected = 2 * k / (1 - k);
  CHECK_THAT(g(0, 0), WithinAbs(expected, 1e-12));
  CHECK_THAT(g(1, 0), WithinAbs(-expected, 1e-12));
  s.entropy_gradient(x.view(), g.view());
  CHECK_THAT(g(0, 0), WithinAbs(-expected / 2, 1e-12));
  // A ridge of 2 n adds 4: s = B (1 - k) / (1 - k + 4)^2... at the points K c = (1 - k) / (5 - k)^2 B.
  SpectralStein{.bandwidth = 1.0, .n_eigen = 2, .ridge = 2.0}(x.view()).score(x.view(), g.view());
  CHECK_THAT(g(0, 0), WithinAbs(2 * k * (1 - k) / ((5 - k) * (5 - k)), 1e-12));
}

TEST_CASE("scores of normal draws point to the middle, at points that were not used", "[entropy]") {
  const auto x = normal_cloud<double>(250, 2, 1), fresh = normal_cloud<double>(500, 2, 2);
  const SteinScore few = SpectralStein{}(x.view()), ridge = SpectralStein{.share = 1.0, .ridge = 0.01}(x.view());
  CHECK(relative_error(few, fresh) < 0.15);
  CHECK(relative_error(ridge, fresh) < 0.3);
  // Fisher information 2, less the squared error.
  const Estimate i = few.information(fresh.view());
  CHECK(i.bias == Bias::lower_bound);
  CHECK(std::abs(i.value - 2 * (1 - relative_error(few, fresh))) < 5 * i.standard_error);
  CHECK(i.value > 1.5);
  // What held-out points say chooses the number of eigenfunctions: too many follow the noise.
  const SteinScore many = SpectralStein{.n_eigen = 120}(x.view());
  CHECK(many.information(fresh.view()).value < i.value);
  ERG_CHECK_THROWS(few.information(normal_cloud<double>(4, 3, 1).view()), std::invalid_argument, "points of 3 coordinates");
  ERG_CHECK_THROWS(few.score(x.view(), {}), std::invalid_argument, "scores of shape [0, 0] (the points have [250, 2])");
  Cloud<double> small(100, 2);
  ERG_CHECK_THROWS(few.entropy_gradient(x.view(), small.view()), std::invalid_argument, "scores of shape [100, 2]");
  ERG_CHECK_THROWS(few.information(BlockView<const double>{x.values.data(), 0, 2, 250}), std::invalid_argument, "number of points = 0");
  ERG_CHECK_THROWS(SpectralStein{.share = 0.0}(x.view()), std::invalid_argument, "share = 0 (must be above 0");
}
