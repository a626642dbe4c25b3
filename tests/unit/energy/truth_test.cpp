// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What energies say about themselves, against integrals of exp(-U) and against their own exact draws.
#include "support/catch.hpp"
#include "support/library_energies.hpp"
#include "support/z_test.hpp"

using namespace erg;
using P = Pack<double>;

namespace {

/// Integrals of exp(-U) times 1, x_i, x_i x_j over a box, by the trapezoidal rule: exponentially accurate for what vanishes at
/// the edges.
struct BoxIntegral {
  double mass = 0.0, mean[2] = {0.0, 0.0}, second[2][2] = {{0.0, 0.0}, {0.0, 0.0}};

  template <class E>
  BoxIntegral(const E& energy, double lo, double hi, int n) {
    constexpr int D = static_dim<E>;
    const double h = (hi - lo) / n;
    for (int i = 0; i <= n; ++i) {
      for (int j = 0; j <= (D == 2 ? n : 0); ++j) {
        const P x[2] = {P(lo + i * h), P(lo + j * h)};
        const double p = std::exp(-energy(Point<const P, D>(x)).reg) * (D == 2 ? h * h : h);
        mass += p;
        for (int a = 0; a < D; ++a) {
          mean[a] += p * x[a].reg;
          for (int b = 0; b < D; ++b) second[a][b] += p * x[a].reg * x[b].reg;
        }
      }
    }
    for (int a = 0; a < D; ++a) mean[a] /= mass;
    for (int a = 0; a < D; ++a) {
      for (int b = 0; b < D; ++b) second[a][b] = second[a][b] / mass - mean[a] * mean[b];
    }
  }
};

template <class E>
void check_truth(const char* name, const E& energy, double lo, double hi, int n, double tolerance = 1e-9) {
  constexpr int D = static_dim<E>;
  const BoxIntegral box(energy, lo, hi, n);
  INFO(name);
  CHECK_THAT(energy.log_z(), test::WithinAbs(std::log(box.mass), tolerance));
  for (int a = 0; a < D; ++a) {
    CHECK_THAT(energy.mean(a), test::WithinAbs(box.mean[a], tolerance));
    for (int b = 0; b < D; ++b) CHECK_THAT(energy.covariance(a, b), test::WithinAbs(box.second[a][b], tolerance));
  }
}

/// Stein's identities: for draws from exp(-U) / Z, E g_i = 0 and E x_i g_j = [i == j]; and the mean and covariance the energy
/// claims. Returns the largest deviation in standard errors.
template <class Sampler, class E>
double worst_deviation(const Sampler& sampler, const E& energy, int n_draws) {
  constexpr int D = static_dim<E>;
  const int n = dim_of(energy);
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> mean(size), covariance(size * size);
  for (int i = 0; i < n; ++i) {
    mean[static_cast<std::size_t>(i)] = energy.mean(i);
    for (int j = 0; j < n && n <= 4; ++j) covariance[static_cast<std::size_t>(i * n + j)] = energy.covariance(i, j);
  }
  std::vector<test::Mean> statistics;
  std::vector<P> x(size), g(size);
  for (int draw = 0; draw < n_draws; ++draw) {
    sampler.template sample<P>(random::Key(5), static_cast<bits_t<P>>(draw), Point<P, D>(x.data(), n));
    test::value_and_gradient_at(energy, x, g);
    std::vector<double> zeros;
    for (std::size_t i = 0; i < size; ++i) {
      zeros.push_back(g[i].reg);
      zeros.push_back(x[i].reg - mean[i]);
      for (std::size_t j = 0; j < size; ++j) {
        zeros.push_back(x[i].reg * g[j].reg - (i == j ? 1.0 : 0.0));
        if (n <= 4) zeros.push_back((x[i].reg - mean[i]) * (x[j].reg - mean[j]) - covariance[i * size + j]);
      }
    }
    statistics.resize(zeros.size());
    for (std::size_t k = 0; k < zeros.size(); ++k) statistics[k].add(zeros[k]);
  }
  test::Worst worst;
  for (const test::Mean& m : statistics) worst.add(m.z(0.0));
  return worst.value();
}

// About 600 statistics in all, each beyond 5 standard errors with probability 6e-7.
constexpr int n_draws = 40000;

template <class E>
void check_sampler(const char* name, const E& energy) {
  INFO(name);
  CHECK(worst_deviation(energy, energy, n_draws) < test::z_limit);
}

template <class E>
void check_rejected(const char* name, const E& broken, const E& energy) {
  INFO(name);
  CHECK(worst_deviation(broken, energy, n_draws) > test::z_broken);
}

}  // namespace

TEST_CASE("log Z and moments of energies on the line are the integrals of exp(-U)", "[energy]") {
  check_truth("isotropic", GaussianIsotropic<1>{1.7}, -20, 20, 400);
  check_truth("diagonal", GaussianDiagonal<1>{{2}, {0.6}}, -5, 9, 400);
  check_truth("mixture", GaussianMixture<1, 2>{{1, 3}, {-2, 1}, {0.5, 1}}, -12, 12, 600);
  check_truth("double well", DoubleWell<1>{4.0}, -3, 3, 600);
  check_truth("shallow double well", DoubleWell<1>{0.3}, -5, 5, 600);
  check_truth("a single site of phi^4", Phi4<1>{-1.0, 0.4}, -6, 6, 600);
}

TEST_CASE("log Z and moments of energies in the plane are the integrals of exp(-U)", "[energy]") {
  check_truth("isotropic", GaussianIsotropic<2>{0.7}, -8, 8, 250);
  check_truth("dense", GaussianDense<2>{{1, -0.5}, {2, 0.8, 0.8, 1}}, -12, 12, 400);
  check_truth("ring", RingOfGaussians<8>{}, -9, 9, 400);
  check_truth("weighted ring", RingOfGaussians<5>{2.0, 0.8, {1, 2, 3, 4, 5}}, -9, 9, 300);
  check_truth("mixture", GaussianMixture<2, 3>{{1, 2, 3}, {0, 0, 1, 1, -1, 2}, {1, 0.5, 2}}, -16, 16, 400);
  check_truth("banana", Banana<2>{1.0, 0.3}, -9, 20, 700, 1e-7);
  check_truth("funnel", Funnel<2>{0.5}, -16, 16, 1500, 1e-7);
  check_truth("double well", DoubleWell<2>{1.5}, -3, 3, 300);
  check_truth("coupled double well", DoubleWell<2>{1.5, 0.8}, -3, 3, 300);
  check_truth("two free sites", Phi4<2>{0.5, 0.0}, -14, 14, 400);
  check_truth("two interacting sites", Phi4<1, 2>{-1.0, 0.5}, -5, 5, 300);
  check_truth("linear regression", BayesianLinear<2>{test::small_design, test::small_response, 0.5, 2.0}, -4, 4, 400);
}

TEST_CASE("mode weights of a coupled double well are the probabilities of its quadrants", "[energy]") {
  const DoubleWell<2> well{1.5, 0.8};
  const detail::Quadrature half = detail::gauss_legendre(0.0, 4.0, 20);
  for (int k = 0; k < 4; ++k) {
    const double quadrant = half.integral([&](double s) {
      return half.integral([&](double t) {
        const P x[2] = {P(s * well.mode_centre(k, 0)), P(t * well.mode_centre(k, 1))};
        return std::exp(-well(Point<const P, 2>(x)).reg);
      });
    });
    CHECK_THAT(well.mode_weight(k), test::WithinRel(quadrant / std::exp(well.log_z()), 1e-10));
  }
  CHECK_THAT(DoubleWell<3>{2.0}.mode_weight(5), test::WithinRel(0.125, 1e-12));
}

TEST_CASE("the transfer matrix agrees with the closed form of the free field", "[energy]") {
  const Phi4<5> free{1.5, 0.0}, almost{1.5, 1e-13};
  CHECK_THAT(almost.log_z(), test::WithinRel(free.log_z(), 1e-10));
  for (int d = 0; d < 3; ++d) CHECK_THAT(almost.covariance(1, 1 + d), test::WithinRel(free.covariance(1, 1 + d), 1e-9));
  CHECK_THAT((DoubleWell<3>{2.0, 1e-14}.log_z()), test::WithinRel(DoubleWell<3>{2.0}.log_z(), 1e-10));
}

TEST_CASE("the covariance of a free field inverts its quadratic form", "[energy]") {
  const Phi4<3, 4> free{0.7, 0.0};
  std::vector<P> x(12, P(0.0)), g;
  for (int k = 0; k < 12; ++k) {  // the gradient at a unit vector is a column of the precision
    x[static_cast<std::size_t>(k)] = P(1.0);
    test::value_and_gradient_at(free, x, g);
    for (int i = 0; i < 12; ++i) {
      double sum = 0.0;
      for (int j = 0; j < 12; ++j) sum += free.covariance(i, j) * g[static_cast<std::size_t>(j)].reg;
      CHECK_THAT(sum, test::WithinAbs(i == k ? 1.0 : 0.0, 1e-12));
    }
    x[static_cast<std::size_t>(k)] = P(0.0);
  }
}

TEST_CASE("the evidence of a linear regression is the density of its data", "[energy]") {
  // one datum: y ~ N(0, sigma^2 + prior^2 x^2)
  const BayesianLinear<1> one{{1.5}, {0.8}, 0.5, 2.0};
  const double variance = 0.25 + 4.0 * 2.25;
  CHECK_THAT(one.log_z(), test::WithinRel(-0.5 * 0.64 / variance - 0.5 * std::log(6.28318530717958648 * variance), 1e-12));
  CHECK_THAT(one.mean(0), test::WithinRel(4.0 * 1.5 * 0.8 / variance, 1e-12));
}

TEST_CASE("moments of kidscore follow from its own energy", "[energy]") {
  const KidScore kid{{1, 2, 3, 4, 5}, {2, 2.5, 4, 4.1, 5}};
  // beta given sigma is Gaussian; integrate it numerically instead, around the least-squares line
  double mass = 0.0, log_sigma = 0.0, slope2 = 0.0;
  const double level = kid.mean(0), slope = kid.mean(1);
  for (double s = -4.0; s < 10.0; s += 0.05) {
    for (double u = -7.0; u <= 7.0; u += 0.25) {
      for (double v = -7.0; v <= 7.0; v += 0.25) {  // in units of the conditional standard deviations
        const double b = std::exp(s) / std::sqrt(10.0) * v, a = std::exp(s) / std::sqrt(5.0) * u - 3.0 * b;
        const P x[3] = {P(level + a), P(slope + b), P(s)};
        const double p = std::exp(-kid(Point<const P, 3>(x)).reg + 2.0 * s);
        mass += p;
        log_sigma += p * s;
        slope2 += p * b * b;
      }
    }
  }
  CHECK_THAT(kid.mean(2), test::WithinAbs(log_sigma / mass, 1e-6));
  CHECK_THAT(kid.covariance(1, 1), test::WithinRel(slope2 / mass, 1e-5));
  CHECK_THAT(kid.log_z(), test::WithinAbs(std::log(mass * 0.05 * 0.25 * 0.25 / std::sqrt(50.0)), 1e-6));
}

TEST_CASE("exact samplers draw from exp(-U) and have the moments claimed", "[energy]") {
  check_sampler("isotropic", GaussianIsotropic<3>{1.3});
  check_sampler("diagonal", GaussianDiagonal<>{{1, 2, 3}, {0.5, 2, 1}});
  check_sampler("dense", GaussianDense<>{{1, 2, 3, 4, 5}, test::equicorrelated(5, 2, 0.5)});
  check_sampler("ring", RingOfGaussians<8>{});
  check_sampler("weighted ring", RingOfGaussians<5>{2.0, 0.8, {1, 2, 3, 4, 5}});
  check_sampler("mixture", GaussianMixture<>{{1, 2, 3}, {0, 0, 1, 1, -1, 2}, {1, 0.5, 2}});
  check_sampler("banana", Banana<dynamic>{4, 1.5, 0.3});
  check_sampler("funnel", Funnel<4>{1.0});
  check_sampler("double well", DoubleWell<2>{2.0});
  check_sampler("shallow double well", DoubleWell<2>{0.3});
  check_sampler("flat double well", DoubleWell<1>{1e-8});
  check_sampler("free field", Phi4<3, 4>{0.5, 0.0});
  check_sampler("linear regression", BayesianLinear<>{test::small_design, test::small_response, 0.5, 2.0});
}

TEST_CASE("samplers that are slightly wrong are rejected", "[energy]") {
  check_rejected("sigma off by 5 %", GaussianIsotropic<3>{1.3 * 1.05}, GaussianIsotropic<3>{1.3});
  check_rejected("mean off by 0.06 sd", GaussianDiagonal<>{{1, 2.12}, {0.5, 2}}, GaussianDiagonal<>{{1, 2}, {0.5, 2}});
  check_rejected("correlation lost", GaussianDense<>{{0, 0}, {1, 0, 0, 1}}, GaussianDense<>{{0, 0}, {1, 0.1, 0.1, 1}});
  check_rejected("weights equal", RingOfGaussians<3>{}, RingOfGaussians<3>{4.0, 0.5, {1, 1, 1.2}});
  check_rejected("weights wrong", GaussianMixture<>{{1, 1}, {0, 0}, {1, 2}}, GaussianMixture<>{{1, 1.3}, {0, 0}, {1, 2}});
  check_rejected("less bent", Banana<2>{1.5, 0.28}, Banana<2>{1.5, 0.3});
  check_rejected("narrower", Funnel<4>{0.94}, Funnel<4>{1.0});
  check_rejected("lower barrier", DoubleWell<2>{1.7}, DoubleWell<2>{2.0});
  check_rejected("lower low barrier", DoubleWell<2>{0.25}, DoubleWell<2>{0.3});
  check_rejected("heavier field", Phi4<3, 4>{0.65, 0.0}, Phi4<3, 4>{0.5, 0.0});
}

TEST_CASE("a sampler is a function of the chain alone, whatever the lane", "[energy]") {
  using L = simd_lane<float, default_arch>;
  const GaussianMixture<2, 3> mixture{{1, 2, 3}, {0, 0, 1, 1, -1, 2}, {1, 0.5, 2}};
  L wide[2];
  mixture.sample<L>(random::Key(3), lane_ops<L>::iota(7), Point<L, 2>(wide));
  for (int i = 0; i < width_v<L>; ++i) {
    Pack<float> one[2];
    mixture.sample<Pack<float>>(random::Key(3), static_cast<std::uint32_t>(7 + i), Point<Pack<float>, 2>(one));
    for (int d = 0; d < 2; ++d) CHECK_THAT(test::real(wide[d], i), test::WithinAbs(static_cast<double>(one[d].reg), 1e-5));
  }
}
