// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "erg/energy/energies.hpp"

#include <limits>

using namespace erg;
using std::invalid_argument;

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<double> design{1, 1, 1, 0.1, 0.5, 0.9};
}  // namespace

TEST_CASE("scales must be finite and positive", "[energy]") {
  ERG_CHECK_THROWS(GaussianIsotropic<2>{-1.0}, invalid_argument, "sigma = -1 (must be finite and > 0)");
  ERG_CHECK_THROWS((GaussianIsotropic<>{2, 0.0}), invalid_argument, "sigma = 0 (must be finite and > 0)");
  ERG_CHECK_THROWS(GaussianIsotropic<2>{not_a_number}, invalid_argument, "must be finite and > 0");
  ERG_CHECK_THROWS((GaussianDiagonal<>{{0, 0}, {1, infinity}}), invalid_argument, "sd[1] = inf (must be finite and > 0)");
  ERG_CHECK_THROWS((GaussianMixture<>{{1, 1}, {0, 1}, {1, -2}}), invalid_argument, "sigmas[1] = -2");
  ERG_CHECK_THROWS((RingOfGaussians<8>{4.0, 0.0}), invalid_argument, "sigma = 0");
  ERG_CHECK_THROWS((RingOfGaussians<8>{-4.0}), invalid_argument, "radius = -4 (must be finite and >= 0)");
  ERG_CHECK_THROWS((Banana<2>{0.0}), invalid_argument, "s = 0");
  ERG_CHECK_THROWS((Banana<2>{1.0, not_a_number}), invalid_argument, "b = nan (must be finite)");
  ERG_CHECK_THROWS(Funnel<>{-3.0}, invalid_argument, "s = -3");
  ERG_CHECK_THROWS((DoubleWell<2>{0.0}), invalid_argument, "barrier = 0");
  ERG_CHECK_THROWS((DoubleWell<2>{1.0, -0.1}), invalid_argument, "coupling = -0.1 (must be finite and >= 0)");
  ERG_CHECK_THROWS((BayesianLinear<>{design, {1, 2, 3}, 0.0}), invalid_argument, "sigma = 0");
  ERG_CHECK_THROWS((BayesianLinear<>{design, {1, 2, 3}, 1.0, -1.0}), invalid_argument, "prior_sd = -1");
  ERG_CHECK_THROWS((BayesianLogistic<>{design, {1, 0, 1}, 0.0}), invalid_argument, "prior_sd = 0");
  ERG_CHECK_THROWS((EightSchools{{1, 2, 3, 4, 5, 6, 7, 8}, {1, 1, 1, 0, 1, 1, 1, 1}}), invalid_argument, "sigma[3] = 0");
}

TEST_CASE("weights must be positive", "[energy]") {
  ERG_CHECK_THROWS((GaussianMixture<>{{1, 0}, {0, 1}, {1, 1}}), invalid_argument, "weights[1] = 0 (must be finite and > 0)");
  ERG_CHECK_THROWS((RingOfGaussians<3>{1.0, 1.0, {1, -1, 1}}), invalid_argument, "weights[1] = -1");
  ERG_CHECK_THROWS(mixture(component(-1, Banana<2>{}), component(1, Banana<2>{})), invalid_argument, "weight = -1");
}

TEST_CASE("sizes must match", "[energy]") {
  ERG_CHECK_THROWS((GaussianDiagonal<>{{1, 2}, {1}}), invalid_argument, "sd has 1 entries (one a coordinate) give 2");
  ERG_CHECK_THROWS((GaussianDiagonal<3>{{1, 2}, {1, 1}}), invalid_argument, "mean has 2 entries (one a coordinate) give 3");
  ERG_CHECK_THROWS((GaussianDense<>{{1, 2}, {1, 0, 0}}), invalid_argument, "covariance has 3 entries (the square of the size of mean) give 4");
  ERG_CHECK_THROWS((GaussianMixture<2, 2>{{1, 1}, {0, 0, 1}, {1, 1}}), invalid_argument, "centres has 3 entries");
  ERG_CHECK_THROWS((GaussianMixture<2, 2>{{1, 1, 1}, {0, 0, 1, 1, 2, 2}, {1, 1, 1}}), invalid_argument, "weights has 3 entries");
  ERG_CHECK_THROWS((RingOfGaussians<8>{1.0, 1.0, {1, 2}}), invalid_argument, "weights has 2 entries (one a component) give 8");
  ERG_CHECK_THROWS((BayesianLinear<3>{design, {1, 2, 3}}), invalid_argument, "design has 6 entries");
  ERG_CHECK_THROWS((BayesianLogistic<>{{1, 2, 3, 4}, {1, 0, 1}}), invalid_argument, "design has 4 entries");
  ERG_CHECK_THROWS((EightSchools{{1, 2}, {1, 1}}), invalid_argument, "y has 2 entries (one a school) give 8");
  ERG_CHECK_THROWS((KidScore{{1, 2, 3}, {1, 2}}), invalid_argument, "kid_score has 2 entries");
  ERG_CHECK_THROWS(sum(GaussianIsotropic<>{2}, GaussianIsotropic<>{3}), invalid_argument,
                   "an energy of dimension 3 (the first part has dimension 2)");
  ERG_CHECK_THROWS(sum(Banana<2>{}, GaussianIsotropic<>{3}), invalid_argument, "an energy of dimension 3");
  ERG_CHECK_THROWS(condition(Banana<2>{}, {true}, {1, 2}), invalid_argument, "fixed has 1 entries");
  ERG_CHECK_THROWS(condition(Banana<2>{}, {true, false}, {1}), invalid_argument, "values has 1 entries");
  ERG_CHECK_THROWS(condition<2>(Banana<2>{}, {true, false}, {1, 2}), invalid_argument, "write condition<1>");
  ERG_CHECK_THROWS(affine(Banana<2>{}, {1}, {1, 2}), invalid_argument, "shift has 1 entries");
  ERG_CHECK_THROWS(affine_matrix(Banana<2>{}, {1, 2}, {1, 2}), invalid_argument, "scale has 2 entries (a square matrix) give 4");
}

TEST_CASE("there must be data, and they must be finite", "[energy]") {
  ERG_CHECK_THROWS((GaussianDiagonal<>{{}, {}}), invalid_argument, "the size of mean = 0 (must be >= 1)");
  ERG_CHECK_THROWS((GaussianMixture<>{{}, {}, {}}), invalid_argument, "weights is empty");
  ERG_CHECK_THROWS((GaussianIsotropic<>{0}), invalid_argument, "dim = 0 (must be >= 1)");
  ERG_CHECK_THROWS((Funnel<dynamic>{1}), invalid_argument, "dim = 1 (must be >= 2)");
  ERG_CHECK_THROWS((BayesianLinear<>{{}, {}}), invalid_argument, "the size of y = 0");
  ERG_CHECK_THROWS((BayesianLogistic<>{{}, {}}), invalid_argument, "the size of y = 0");
  ERG_CHECK_THROWS((BayesianLinear<>{design, {1, not_a_number, 3}}), invalid_argument, "y[1] = nan (must be finite)");
  ERG_CHECK_THROWS((BayesianLogistic<>{{1, 1, 1, 0, infinity, 2}, {1, 0, 1}}), invalid_argument, "design[4] = inf");
  ERG_CHECK_THROWS((BayesianLogistic<>{design, {1, 0, 2}}), invalid_argument, "y[2] = 2 (must be 0 or 1)");
  ERG_CHECK_THROWS((KidScore{{1, 2}, {1, 2}}), invalid_argument, "the size of mom_iq = 2 (must be >= 3)");
  ERG_CHECK_THROWS((KidScore{{2, 2, 2}, {1, 2, 3}}), invalid_argument, "the slope is not identified");
  ERG_CHECK_THROWS((KidScore{{1, 2, 3}, {1, 2, 3}}), invalid_argument, "sigma = 0 fits perfectly");
  ERG_CHECK_THROWS(condition(Banana<2>{}, {true, true}, {1, 2}), invalid_argument, "the number of free coordinates = 0");
  ERG_CHECK_THROWS(condition(Banana<2>{}, {true, false}, {not_a_number, 2}), invalid_argument, "values[0] = nan");
}

TEST_CASE("matrices must be symmetric and positive definite, or invertible", "[energy]") {
  ERG_CHECK_THROWS((GaussianDense<>{{0, 0}, {1, 2, 2, 1}}), invalid_argument, "(must be positive definite)");
  ERG_CHECK_THROWS((GaussianDense<>{{0, 0}, {1, 0.5, 0.2, 1}}), invalid_argument, "(must be finite and symmetric)");
  ERG_CHECK_THROWS(GaussianDense<>::from_precision({0, 0}, {1, 2, 2, 1}), invalid_argument, "precision has pivot -3 in row 1");
  ERG_CHECK_THROWS(affine(Banana<2>{}, {0, 0}, {1, 0}), invalid_argument, "(must be invertible)");
  ERG_CHECK_THROWS(affine_matrix(Banana<2>{}, {0, 0}, {1, 2, 2, 4}), invalid_argument, "(must be invertible)");
}

TEST_CASE("a truth that no formula gives is refused", "[energy]") {
  const Phi4<2, 2> interacting{1.0, 0.5};
  ERG_CHECK_THROWS(interacting.log_z(), invalid_argument, "log_z with coupling = 0.5 (has no closed form in two dimensions");
  ERG_CHECK_THROWS(interacting.covariance(0, 0), invalid_argument, "has no closed form in two dimensions");
  ERG_CHECK_THROWS((Phi4<4>{0.0, 0.0}), invalid_argument, "mass2 = 0 (must be > 0 where coupling = 0");
  ERG_CHECK_THROWS((Phi4<4>{-1.0, -0.5}), invalid_argument, "coupling = -0.5");
  Pack<double> x[2];
  ERG_CHECK_THROWS((DoubleWell<2>{1.0, 0.5}.sample<Pack<double>>(random::Key(1), 0, Point<Pack<double>, 2>(x))), invalid_argument,
                   "an exact sampler exists only for coupling = 0");
  ERG_CHECK_THROWS(temper(Banana<2>{}, -1.0), invalid_argument, "beta = -1 (must be finite and >= 0)");
}
