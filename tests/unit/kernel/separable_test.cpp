// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "erg/energy/gaussian.hpp"
#include "support/protocol.hpp"
#include "support/sanitized.hpp"

using namespace erg;
using namespace erg::test;

#if !ERG_TEST_SANITIZED

namespace {

/// An energy without its slope: what it was before it could be taken apart.
template <class E>
struct Whole {
  static constexpr int dim = E::dim;
  E energy;
  template <Lane L>
  L operator()(Point<const L, dim> x) const {
    return energy(x);
  }
  template <Lane L>
  L value_and_gradient(Point<const L, dim> x, Point<L, dim> g) const {
    return energy.value_and_gradient(x, g);
  }
};
/// Its slope is that of another coordinate.
struct Shifted : GaussianDiagonal<11> {
  using GaussianDiagonal<11>::GaussianDiagonal;
  template <Lane L>
  L slope(int d, L x) const {
    return GaussianDiagonal<11>::slope(d == 10 ? 0 : d + 1, x);
  }
};

template <class T, class K, class E>
std::vector<double> positions(const K& kernel, const E& energy) {
  const random::Key key(611);
  auto g = placed<T>(kernel, energy, key);
  std::vector<double> x;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    g.step(kernel, energy, key.at(i));
    for (int d = 0; d < g.s.position.size(); ++d) x.push_back(get(g.s.position[d], 0));
  }
  return x;
}

std::vector<double> numbers(double first, double step) {
  std::vector<double> v;
  for (int d = 0; d < 11; ++d) v.push_back(first + step * d);
  return v;
}

}  // namespace

// 11 coordinates: two slices of four and three of one.
TEST_CASE("a trajectory taken coordinate by coordinate is the trajectory, bit for bit", "[kernel]") {
  using E = GaussianDiagonal<11>;
  static_assert(SeparableEnergy<E, Wide> && !SeparableEnergy<Whole<E>, Wide>);
  const E energy(numbers(-1.0, 0.3), numbers(0.5, 0.2));
  const Whole<E> whole{energy};
  const HmcParams params{.step_size = 0.3, .n_leapfrog = 5};
  const Hmc unit{params};
  CHECK(positions<LaneTile<Wide, 11>>(unit, energy) == positions<LaneTile<Wide, 11>>(unit, whole));
  Hmc<DiagonalMetric> diagonal{params, DiagonalMetric(numbers(0.2, 0.4))};
  const auto view = kernel_view<double>(diagonal);
  CHECK(positions<LaneTile<Wide, 11>>(view, energy) == positions<LaneTile<Wide, 11>>(view, whole));
  CHECK(positions<LaneTile<Wide, 11>>(view, energy) != positions<LaneTile<Wide, 11>>(unit, energy));
  CHECK(positions<LaneTile<Wide, 11>>(unit, Shifted(numbers(-1.0, 0.3), numbers(0.5, 0.2))) != positions<LaneTile<Wide, 11>>(unit, whole));
}

#endif
