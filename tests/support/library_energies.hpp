// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Every library energy, for tests that loop over all of them.
#pragma once

#include "erg/energy/energies.hpp"
#include "erg/lane/xsimd_lane.hpp"
#include "support/sanitized.hpp"

#include <string>
#include <vector>

namespace erg::test {

/// A user's energy: no gradient of its own.
struct NoGradient {
  static constexpr int dim = 2;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    return math::exp(x[0] * 0.5) - x[0] * 0.3 + math::log(1.0 + x[1] * x[1]) + 0.25 * (x[0] * x[0] + x[1] * x[1]);
  }
};

inline std::vector<double> equicorrelated(int n, double diagonal, double off) {
  std::vector<double> c(static_cast<std::size_t>(n * n), off);
  for (int i = 0; i < n; ++i) c[static_cast<std::size_t>(i * n + i)] = diagonal;
  return c;
}
inline const std::vector<double> small_design{1, 1, 1, 1, 1, 1, -0.9, 0.5, 0.1, 1.4, -0.3, 0.8};
inline const std::vector<double> small_labels{0, 1, 0, 1, 1, 0};
inline const std::vector<double> small_response{-0.4, 0.9, 0.3, 1.9, 0.1, 1.0};

/// f(name, energy) for each energy with a static dimension and for some with a run-time one.
template <class F>
void for_each_energy(F f) {
  const std::vector<double> weights{1, 2, 3}, centres{0, 0, 1, 1, -1, 2}, sigmas{1, 0.5, 2};
  f("GaussianIsotropic", GaussianIsotropic<>{9, 0.7});
  f("GaussianDiagonal", GaussianDiagonal<>{{1, 2, 3, 4, 5}, {0.5, 2, 1, 1, 3}});
  f("GaussianDense", GaussianDense<>{{1, 2, 3, 4, 5, 6}, equicorrelated(6, 2, 0.5)});
  f("GaussianMixture", GaussianMixture<>{weights, centres, sigmas});
  f("Banana", Banana<dynamic>{4, 1.5, 0.3});
  f("Funnel", Funnel<dynamic>{10, 1.0});
  f("DoubleWell", DoubleWell<dynamic>{5, 1.0});
  f("Phi4<3, 4> free", Phi4<3, 4>{0.5, 0.0});
  f("Phi4", Phi4<>{3, 3, -1.0, 0.5});
  f("BayesianLinear", BayesianLinear<>{small_design, small_response, 0.5, 2.0});
  f("BayesianLogistic", BayesianLogistic<>{small_design, small_labels, 2.0});
  if constexpr (!ERG_TEST_SANITIZED) {
    f("GaussianIsotropic<3>", GaussianIsotropic<3>{1.3});
    f("GaussianDiagonal<2>", GaussianDiagonal<2>{{1, -2}, {0.5, 2}});
    f("GaussianDense<2>", GaussianDense<2>{{1, -0.5}, {2, 0.8, 0.8, 1}});
    f("GaussianMixture<2, 3>", GaussianMixture<2, 3>{weights, centres, sigmas});
    f("RingOfGaussians<8>", RingOfGaussians<8>{});
    f("RingOfGaussians<5>", RingOfGaussians<5>{2.0, 0.8, {1, 2, 3, 4, 5}});
    f("Banana<2>", Banana<2>{1.5, 0.3});
    f("Funnel<4>", Funnel<4>{1.0});
    f("DoubleWell<1>", DoubleWell<1>{2.0});
    f("DoubleWell<3>", DoubleWell<3>{1.5, 0.7});
    f("Phi4<6>", Phi4<6>{-0.5, 0.2});
    f("BayesianLinear<2>", BayesianLinear<2>{small_design, small_response, 0.5, 2.0});
    f("BayesianLogistic<2>", BayesianLogistic<2>{small_design, small_labels, 2.0});
    f("EightSchools", EightSchools{});
    f("KidScore", KidScore{{1, 2, 3, 4, 5}, {2, 2.5, 4, 4.1, 5}});
  }
}

/// f(name, energy) for compositions of energies, a part without a gradient and parts with a run-time dimension among them.
template <class F>
void for_each_composition(F f) {
  f("sum", sum(RingOfGaussians<8>{}, GaussianIsotropic<>{2, 3.0}, NoGradient{}));
  f("sum, dynamic", sum(GaussianIsotropic<>{3, 3.0}, DoubleWell<dynamic>{3}));
  f("scale", scale(2.5, NoGradient{}));
  f("temper", temper(Banana<2>{}, 0.3));
  f("tilt", tilt(GaussianIsotropic<2>{2.0}, NoGradient{}));
  f("mixture", mixture(component(1, NoGradient{}), component(2, Banana<2>{}), component(3, GaussianIsotropic<>{2})));
  f("condition<2>", condition<2>(Funnel<4>{1.0}, {false, true, false, true}, {9, 0.5, 9, -1.5}));
  f("condition", condition(Funnel<dynamic>{4, 1.0}, {true, false, true, false}, {0.7, 9, -1.5, 9}));
  f("affine", affine(NoGradient{}, {1, -2}, {0.5, 2}));
  f("affine_matrix", affine_matrix(sum(Banana<2>{}, NoGradient{}), {1, -2}, {0.5, 0.2, -0.7, 1.1}));
  f("affine_matrix, dynamic", affine_matrix(GaussianIsotropic<>{3, 0.5}, {1, -2, 3}, {2, 1, 0, 0, 1, 1, 0.5, 0, 1}));
}

/// Standard normal coordinates times `spread`: a point for each chain, the same on every lane type up to rounding.
template <Lane L>
std::vector<L> random_point(int dim, int index, double spread = 1.0) {
  std::vector<L> x;
  for (int d = 0; d < dim; ++d) {
    alignas(64) scalar_t<L> lanes[width_v<L>];
    for (int i = 0; i < width_v<L>; ++i) {
      const auto chain = static_cast<bits_t<double>>(index * width_v<L> + i);
      lanes[i] = static_cast<scalar_t<L>>(spread * random::normal<double>(random::Key(17), chain, d));
    }
    x.push_back(lane::load<L>(lanes));
  }
  return x;
}
/// The real of chain i of a lane.
template <Lane L>
double real(const L& a, int i) {
  alignas(64) scalar_t<L> lanes[width_v<L>];
  lane::store<L>(lanes, a);
  return static_cast<double>(lanes[i]);
}

template <class E, class L>
L value_and_gradient_at(const E& energy, const std::vector<L>& x, std::vector<L>& g) {
  g.resize(x.size());
  constexpr int D = static_dim<E>;
  const int n = static_cast<int>(x.size());
  return detail::lane_value_and_gradient<E, L, D>(energy, Point<const L, D>(x.data(), n), Point<L, D>(g.data(), n));
}
template <class E, class L>
L value_at(const E& energy, const std::vector<L>& x) {
  return energy(Point<const L, static_dim<E>>(x.data(), static_cast<int>(x.size())));
}

}  // namespace erg::test
