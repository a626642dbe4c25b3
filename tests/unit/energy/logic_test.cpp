// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// AND, OR and NOT of energies, where Gaussians say what they must be; on lanes and on blocks.
#include "support/catch.hpp"

#include <erg/energy/confined.hpp>
#include <erg/energy/gaussian.hpp>
#include <erg/energy/logic.hpp>
#include <erg/energy/mixture.hpp>

using namespace erg;
using namespace erg::test;

namespace {

/// lambda (x - mu)^2 / 2 in each of two coordinates: on lanes, or on blocks as a network is.
struct Bowl {
  static constexpr int dim = 2;
  double stiffness, centre;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    const L a = x[0] - L(centre), b = x[1] - L(centre);
    return L(0.5 * stiffness) * (a * a + b * b);
  }
};
struct BlockBowl {
  Bowl bowl;
  int dim() const { return 2; }
  template <class T>
  void value_and_gradient(BlockView<const T> x, std::span<T> u, BlockView<T> g) const {
    batch_value_and_gradient(bowl, x, u, g);
  }
};

struct Points {
  std::vector<double> x, u, g;
  Points() : x(14), u(7), g(14) {
    for (std::size_t i = 0; i < 14; ++i) x[i] = 3.0 * std::sin(2.3 * static_cast<double>(i));
  }
  template <class E>
  Points& at(const E& e) {
    batch_value_and_gradient(e, BlockView<const double>{x.data(), 7, 2, 7}, std::span<double>(u), BlockView<double>{g.data(), 7, 2, 7});
    return *this;
  }
};
/// The same on lanes and on blocks, value alone and with gradient.
template <class E, class B>
void check_same(const E& lanes, const B& blocks) {
  static_assert(LaneEnergy<E, double> && !LaneEnergy<B, double> && BatchEnergy<B, double>);
  Points a, b;
  a.at(lanes), b.at(blocks);
  std::vector<double> u(7);
  batch_value(blocks, BlockView<const double>{b.x.data(), 7, 2, 7}, std::span<double>(u));
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK_THAT(a.u[i], WithinAbs(b.u[i], 1e-12));
    CHECK_THAT(u[i], WithinAbs(b.u[i], 1e-12));
  }
  for (std::size_t i = 0; i < 14; ++i) CHECK_THAT(a.g[i], WithinAbs(b.g[i], 1e-12));
}
struct Shifted {
  static constexpr int dim = 2;
  GaussianIsotropic<2> g;
  double by;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    return g(x) - L(by);
  }
};
struct Valley {
  static constexpr int dim = 5;
  double least;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 5> x) const {
    L u = L(0.0), along = L(0.0);
    for (int d = 0; d < 5; ++d) u = u + L(0.5) * x[d] * x[d], along = along + x[d] * L(0.4472135954999579);
    return u + L(0.5 * (least - 1.0)) * along * along;
  }
};
const Bowl a{2.0, -1.0}, b{3.0, 2.0};
const BlockBowl A{a}, B{b};

}  // namespace

TEST_CASE("AND of Gaussians is the Gaussian of added precisions; a shared prior counts once", "[energy]") {
  Points p, q;
  p.at(conjunction(a, scale(0.5, b)));
  const double lambda = 2.0 + 1.5, mu = (2.0 * -1.0 + 1.5 * 2.0) / lambda;
  q.at(Bowl{lambda, mu});
  for (std::size_t i = 0; i < 14; ++i) CHECK_THAT(p.g[i], WithinAbs(q.g[i], 1e-12));
  // precision 2 + 3 - 0.5
  const Bowl prior{0.5, 0.0};
  p.at(conjunction_given(prior, a, b));
  q.at(Bowl{4.5, (2.0 * -1.0 + 3.0 * 2.0) / 4.5});
  for (std::size_t i = 0; i < 14; ++i) CHECK_THAT(p.g[i], WithinAbs(q.g[i], 1e-12));
  check_same(conjunction(a, scale(0.5, b)), conjunction(A, scale(0.5, B)));
  check_same(conjunction_given(prior, a, b), conjunction_given(prior, A, B));
}

TEST_CASE("OR lies between the least energy and log(n) / beta below it, without overflow", "[energy]") {
  for (const double beta : {0.1, 1.0, 100.0, 1e4}) {
    Points p, first, second, third;
    const Bowl c{1.0, 0.5};
    p.at(disjunction(beta, a, b, c)), first.at(a), second.at(b), third.at(c);
    for (std::size_t i = 0; i < 7; ++i) {
      const double least = std::min({first.u[i], second.u[i], third.u[i]});
      CHECK(p.u[i] <= least);
      CHECK(p.u[i] >= least - std::log(3.0) / beta - 1e-12);
      double weights = 0.0, slope = 0.0;
      for (const Points* part : {&first, &second, &third}) {
        const double w = std::exp(-beta * (part->u[i] - least));
        weights += w, slope += w * part->g[i];
      }
      CHECK_THAT(p.g[i], WithinAbs(slope / weights, 1e-11));
    }
  }
  check_same(disjunction(7.0, a, b), disjunction(7.0, A, B));
  check_same(disjunction(7.0, alternative(1.0, a), b), disjunction(7.0, alternative(1.0, A), b));
}

TEST_CASE("OR with log Z is the mixture with equal weights; without, parts weigh as much as their integrals", "[energy]") {
  const GaussianIsotropic<2> narrow(0.7), wide(2.0);
  Points p, q;
  p.at(disjunction(1.0, narrow, wide)), q.at(mixture(component(1.0, narrow), component(1.0, wide)));
  for (std::size_t i = 0; i < 7; ++i) CHECK_THAT(p.u[i], WithinAbs(q.u[i] - std::log(2.0), 1e-12));
  // Z three times too large, said and not said.
  const double x[2] = {0.4, -0.3};
  const Point<const double, 2> at(x);
  const Shifted big{narrow, std::log(3.0)};
  const auto said = disjunction(1.0, alternative(std::log(3.0), big), wide);
  const auto unsaid = disjunction(1.0, big, wide);
  const auto equal = disjunction(1.0, narrow, wide);
  const auto weighted = mixture(component(3.0, narrow), component(1.0, wide));
  CHECK_THAT(said(at) - equal(at), WithinAbs(0.0, 1e-12));
  CHECK_THAT(unsaid(at), WithinAbs(weighted(at) - std::log(4.0), 1e-12));
}

TEST_CASE("mixtures and multiples of energies on blocks are those on lanes", "[energy]") {
  check_same(scale(0.3, a), scale(0.3, A));
  check_same(mixture(component(1.0, a), component(2.0, b)), mixture(component(1.0, A), component(2.0, B)));
  check_same(mixture(component(1.0, a), component(2.0, b), component(0.5, a)), mixture(component(1.0, A), component(2.0, B), component(0.5, A)));
}

TEST_CASE("NOT of Gaussians is the Gaussian of the difference of precisions, and where there is none it is refused", "[energy]") {
  Points p, q;
  p.at(negation(b, a, 0.5));
  q.at(Bowl{2.0, (3.0 * 2.0 - 0.5 * 2.0 * -1.0) / 2.0});
  for (std::size_t i = 0; i < 14; ++i) CHECK_THAT(p.g[i], WithinAbs(q.g[i], 1e-12));
  check_same(negation(b, a, 0.5), negation(B, A, 0.5));
  CHECK_NOTHROW(require_confined(negation(b, a, 0.5), 20.0));
  CHECK_THROWS_WITH(require_confined(negation(b, a, 1.6), 20.0), contains("exp(-U) has no integral"));
  CHECK_THROWS_WITH(require_confined(negation(B, A, 1.6), 20.0), contains("take less of what is negated"));
  // One direction alone is enough to be lost.
  CHECK_NOTHROW(require_confined(Valley{0.05}, 10.0));
  CHECK_THROWS(require_confined(Valley{-0.05}, 10.0));
  CHECK_THROWS_WITH(negation(a, b, -1.0), contains("a = -1 (must be finite and >= 0)"));
}
