// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The entropy of points by their neighbours: what holds for any points, exactly.
#include "support/catch.hpp"

#include <erg/random/normal.hpp>
#include <erg/train/neighbour_entropy.hpp>

using namespace erg;
using namespace erg::test;
using namespace erg::train;

namespace {

struct Cloud {
  int n, dim;
  std::vector<double> x, g;
  Cloud(int n_points, int dimension, std::uint64_t seed = 1) : n(n_points), dim(dimension), x(static_cast<std::size_t>(n * dim)), g(x.size()) {
    for (int i = 0; i < n; ++i) {
      for (int d = 0; d < dim; ++d) at(i, d) = random::normal<double>(random::Key(seed), static_cast<std::uint64_t>(i), d);
    }
  }
  double& at(int i, int d) { return x[static_cast<std::size_t>(i + d * n)]; }
  double slope(int i, int d) const { return g[static_cast<std::size_t>(i + d * n)]; }
  BlockView<const double> view() const { return {x.data(), n, dim, n}; }
  double entropy(const NeighbourEntropy& h, BlockView<const double> y = {}) { return h.value_and_gradient(view(), y, BlockView<double>{g.data(), n, dim, n}).value; }
};

}  // namespace

TEST_CASE("the entropy of points moves with shifts by nothing and with scales by dim log c", "[train][entropy]") {
  const NeighbourEntropy h{{.k = 3}};
  Cloud a(60, 4), b = a;
  for (double& v : b.x) v = 3.0 * v + 7.0;
  CHECK_THAT(b.entropy(h), WithinAbs(a.entropy(h) + 4.0 * std::log(3.0), 1e-10));
}

TEST_CASE("its gradient sums to nothing, turns nothing and grows with all distances by dim", "[train][entropy]") {
  Cloud a(50, 3);
  a.entropy(NeighbourEntropy{{.k = 2}});
  double radial = 0.0;
  for (int d = 0; d < 3; ++d) {
    double sum = 0.0, turn = 0.0;
    for (int i = 0; i < a.n; ++i) {
      sum += a.slope(i, d);
      turn += a.at(i, d) * a.slope(i, (d + 1) % 3) - a.at(i, (d + 1) % 3) * a.slope(i, d);
      radial += a.at(i, d) * a.slope(i, d);
    }
    CHECK_THAT(sum, WithinAbs(0.0, 1e-11));
    CHECK_THAT(turn, WithinAbs(0.0, 1e-11));
  }
  CHECK_THAT(radial, WithinAbs(3.0, 1e-11));
  // One-sided: neighbours stand still, and the sum is no longer zero.
  a.entropy(NeighbourEntropy{{.k = 2, .both_sides = false}});
  double sum = 0.0;
  for (int i = 0; i < a.n; ++i) sum += a.slope(i, 0);
  CHECK(std::abs(sum) > 1e-3);
}

TEST_CASE("its gradient is the slope of its value, among themselves and against references", "[train][entropy]") {
  Cloud a(40, 2), y(70, 2, 9);
  for (const bool has_references : {false, true}) {
    const NeighbourEntropy h{{.k = 3}};
    const auto references = has_references ? y.view() : BlockView<const double>{};
    a.entropy(h, references);
    const std::vector<double> g = a.g;
    int n_right = 0;
    for (std::size_t i = 0; i < a.x.size(); ++i) {
      Cloud up = a, down = a;
      up.x[i] += 1e-6, down.x[i] -= 1e-6;
      const double slope = (up.entropy(h, references) - down.entropy(h, references)) / 2e-6;
      n_right += std::abs(slope - g[i]) < 1e-6 * (1.0 + std::abs(g[i]));
    }
    CHECK(n_right >= 79);  // neighbours change places within the step at most once
  }
}

TEST_CASE("the mean over pairs of normal points is the known one: constants, volume and digamma are right", "[train][entropy][statistical]") {
  // N = 2, k = 1: E[H] = 1 + log V_D + D (log 2 + psi(D/2) / 2)
  const auto mean = [](int dim, double& error) {
    const NeighbourEntropy h{{.k = 1}};
    double sum = 0.0, squares = 0.0;
    const int n = 20000;
    for (int i = 0; i < n; ++i) {
      Cloud pair(2, dim, static_cast<std::uint64_t>(100 + i));
      const double v = pair.entropy(h);
      sum += v, squares += v * v;
    }
    error = std::sqrt((squares / n - sum / n * (sum / n)) / n);
    return sum / n;
  };
  double error = 0.0;
  const double one = mean(1, error);
  CHECK(std::abs(one - 1.404539) < 5.0 * error);
  CHECK(std::abs(one - 1.418939 - 0.1) > 5.0 * error);  // an error of a tenth would be seen
  const double two = mean(2, error);
  CHECK(std::abs(two - 2.953817) < 5.0 * error);
}

TEST_CASE("duplicates count at the floor and are reported; too few points are refused", "[train][entropy]") {
  Cloud a(5, 2);
  for (int d = 0; d < 2; ++d) a.at(1, d) = a.at(0, d);
  const auto out = NeighbourEntropy{{.k = 1, .floor = 1e-3}}.value_and_gradient(a.view(), BlockView<const double>{}, BlockView<double>{a.g.data(), 5, 2, 5});
  CHECK(out.n_floored == 2);
  CHECK(std::isfinite(out.value));
  CHECK_THROWS_WITH(a.entropy(NeighbourEntropy{{.k = 5}}), contains("k = 5 (there are 4 points that could be a neighbour)"));
}
