// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Divergences between energy, decoder and encoder where they have closed forms: everything Gaussian, in one dimension.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"

#include <erg/energy/ring_of_gaussians.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/noisy_descent.hpp>
#include <erg/latent/geometry.hpp>
#include <erg/latent/stationarity.hpp>
#include <erg/nn/dense.hpp>
#include <erg/nn/sequential.hpp>

using namespace erg;
using namespace erg::test;

namespace {

/// q(x) = N(0, 1): W = sqrt(3/4), sigma = 1/2, with its exact posterior.
auto standard_model(double encoder_error = 0.0) {
  auto v = latent::vae<double>(nn::Sequential(nn::Dense(1, 1)), nn::Sequential(nn::Dense(1, 2)), {.sigma = 0.5});
  const double w = std::sqrt(0.75);
  // decoder: weight, bias, log sigma; encoder: weights of mu and s, their biases
  v.restore(std::vector<double>{w, 0.0, std::log(0.5), w, 0.0, encoder_error, std::log(0.5)});
  return v;
}
/// U = l x^2 / 2 as a Gaussian of another constant.
struct Quadratic {
  static constexpr int dim = 1;
  double l = 2.0;
  template <Lane L>
  ERG_FN L operator()(Point<const L, 1> x) const {
    return L(0.5 * l) * x[0] * x[0];
  }
};
/// Eight Gaussians on a ring, of log Z = -.7; and q = N(0, 4 I), the linear model around it, with an encoder whose means are off.
struct Ring {
  static constexpr int dim = 2;
  RingOfGaussians<8> ring{4.0 / 1.414, 0.5 / 1.414};
  template <Lane L>
  ERG_FN L operator()(Point<const L, 2> x) const {
    return ring(x) + L(0.7);
  }
};
auto wide_model(double encoder_error) {
  auto v = latent::vae<double>(nn::Sequential(nn::Dense(2, 2)), nn::Sequential(nn::Dense(2, 4)), {.sigma = 0.5});
  const double w = std::sqrt(3.75), log_s = std::log(0.25);
  v.restore(std::vector<double>{w, 0, 0, w, 0, 0, std::log(0.5), w / 4, 0, 0, w / 4, 0, 0, 0, 0, encoder_error, encoder_error, log_s, log_s});
  return v;
}
OwnedBlock<double> normals(int n, double scale, int dim = 1) {
  OwnedBlock<double> x(n, dim);
  fill_normal(x.view(), random::Key(3), 0);
  for (double& v : x.values) v *= scale;
  return x;
}

}  // namespace

TEST_CASE("log Z from draws of the model is the closed form, with its standard error", "[latent][geometry]") {
  const int n = 20000;
  latent::GeometryReport r;
  Pieces<double> pieces;
  latent::importance_log_z(standard_model(), Quadratic{}, random::Key(5), {.n_importance = 1, .n_draws = n}, r, pieces);
  const double error = std::sqrt((2.0 / std::sqrt(3.0) - 1.0) / n);  // E_q (p / q)^2 = l / sqrt(2 l - 1)
  CHECK_THAT(r.log_z, WithinAbs(0.5 * std::log(3.141592653589793), 5.0 * error));
  CHECK(std::abs(r.log_z - 0.5 * std::log(2.0 * 3.141592653589793)) > 8.0 * error);  // of the model
  CHECK_THAT(r.log_z_error, WithinRel(error, 0.2));
  CHECK_THAT(r.ess, WithinRel(n * std::sqrt(3.0) / 2.0, 0.05));
  CHECK_THAT(r.k_qp, WithinAbs(0.5 * (2.0 - 1.0 - std::log(2.0)), 5.0 * (error + 0.5 / std::sqrt(0.5 * n))));
}

TEST_CASE("where data, energy and model are one law all divergences are its entropy, or zero", "[latent][geometry]") {
  const int n = 20000;
  const auto x = normals(n, 1.0), other = normals(n, 1.0);
  const double entropy = 0.5 * std::log(2.0 * 3.141592653589793 * 2.718281828459045), error = std::sqrt(0.5 / n);
  const auto r = latent::geometry(standard_model(), Quadratic{1.0}, x.view(), other.view(), random::Key(5), {.n_importance = 4, .n_draws = n});
  CHECK_THAT(r.data_nll, WithinAbs(entropy, 5.0 * error));
  CHECK_THAT(r.k_pip, WithinAbs(entropy, 5.0 * error));
  CHECK_THAT(r.k_piq, WithinAbs(entropy, 10.0 * error));
  CHECK_THAT(r.k_pq, WithinAbs(entropy, 10.0 * error));
  CHECK_THAT(r.k_qp, WithinAbs(0.0, 1e-9));            // exact weights: no variance at all
  CHECK_THAT(r.ess, WithinRel(static_cast<double>(n), 1e-9));
  CHECK(r.active_units == 1);
}

TEST_CASE("an encoder that is off shows in the posterior gap and nowhere else", "[latent][geometry]") {
  const int n = 20000;
  const auto x = normals(n, 1.0);
  const auto r = latent::geometry(standard_model(0.5), Quadratic{1.0}, x.view(), x.view(), random::Key(5), {.n_importance = 256, .n_draws = 2000});
  CHECK_THAT(r.posterior_gap, WithinAbs(0.5 * 0.25 / 0.25, 0.05));  // (mu - mu')^2 / (2 var), var = 1/4
  CHECK_THAT(r.log_z, WithinAbs(0.5 * std::log(2.0 * 3.141592653589793), 5.0 * r.log_z_error));
}

TEST_CASE("of eight Gaussians log Z and both divergences are those of a grid, and an encoder that is off gives too little by few samples", "[latent][geometry]") {
  double k_qp = 0.0, mean_u = 0.0, square_u = 0.0, square_k = 0.0;  // over q
  const int side = 500;
  const double cell = 20.0 / side;
  for (int i = 0; i < side * side; ++i) {
    const Pack<double> at[2] = {-10.0 + cell * (i / side + 0.5), -10.0 + cell * (i % side + 0.5)};
    const double r2 = at[0].reg * at[0].reg + at[1].reg * at[1].reg, log_q = -r2 / 8.0 - std::log(8.0 * 3.141592653589793), q = cell * cell * std::exp(log_q);
    const double u = Ring{}(Point<const Pack<double>, 2>(at)).reg;
    mean_u += q * u, square_u += q * u * u, k_qp += q * (u + log_q), square_k += q * (u + log_q) * (u + log_q);
  }
  const int n = 20000;
  const auto data = normals(n, 2.0, 2);
  const auto look = [&](double encoder_error, int n_importance) {
    return latent::geometry(wide_model(encoder_error), Ring{}, data.view(), data.view(), random::Key(6), {.n_importance = n_importance, .n_draws = n});
  };
  const auto r = look(0.0, 1), one = look(0.3, 1), many = look(0.3, 16);
  CHECK(std::abs(r.log_z + 0.7) < 3.0 * r.log_z_error);
  CHECK_THAT(r.k_qp_error, WithinRel(std::sqrt((square_k - k_qp * k_qp) / n), 0.05));
  CHECK_THAT(r.k_pip_error, WithinRel(std::sqrt((square_u - mean_u * mean_u) / n), 0.05));
  CHECK(std::abs(r.k_qp - (k_qp - 0.7)) < 3.0 * (std::sqrt((square_k - k_qp * k_qp) / n) + r.log_z_error));
  CHECK(std::abs(r.k_pip - (mean_u - 0.7)) < 3.0 * (std::sqrt((square_u - mean_u * mean_u) / n) + r.log_z_error));
  CHECK(std::abs(r.k_qp - k_qp) > 8.0 * (std::sqrt((square_k - k_qp * k_qp) / n) + r.log_z_error));  // as if Z were 1
  CHECK(one.k_qp < many.k_qp - 0.1);  // log q from below
  CHECK(many.k_qp < r.k_qp + 0.01);
}

TEST_CASE("of a model given a condition there is no log Z, and the rest of the geometry is that of pairs", "[latent][geometry][conditional]") {
  // x given c: the condition is the second coordinate
  const auto split = latent::Split::last(2, 1);
  const auto v = latent::vae<double>(nn::Sequential(nn::Dense(2, 1)), nn::Sequential(nn::Dense(2, 2)), {.sigma = 0.5}, random::Key(1), split);
  const auto x = normals(200, 1.0, 2);
  const auto r = latent::geometry(v, Ring{}, x.view(), x.view(), random::Key(5), {.n_importance = 4, .n_draws = 50});
  CHECK(std::isnan(r.log_z));
  CHECK(std::isnan(r.k_qp));
  CHECK(std::isnan(r.k_pip));
  Pieces<double> pieces;
  CHECK(r.k_piq == v.elbo(x.view(), random::Key(5).stream(1), pieces).negative_elbo());
}

TEST_CASE("interpolations go from end to end in equal steps of the latent", "[latent]") {
  const auto v = standard_model();
  OwnedBlock<double> x(5, 1);
  const double a[] = {-1.0}, b[] = {3.0};
  latent::interpolate(v, a, b, x.view());
  for (int c = 0; c < 5; ++c) CHECK_THAT(x.view()(c, 0), WithinAbs(std::sqrt(0.75) * (-1.0 + c), 1e-12));
}

TEST_CASE("more steps change nothing about exact samples, and show on samples that chains left too early", "[latent][geometry]") {
  const auto exact = normals(2000, std::sqrt(0.5)), narrow = normals(2000, 0.5);
  const auto look = [](const OwnedBlock<double>& x) { return latent::stationarity(Quadratic{}, Mala{{.step_size = 0.3}}, x.view(), 20, 1); };
  const auto r = look(exact), broken = look(narrow);
  CHECK(!r.shows());
  CHECK_THAT(r.energy_after, WithinAbs(0.5, 5.0 * std::sqrt(0.5 / 2000)));
  CHECK(broken.shows());
  CHECK(broken.mmd2 > 10.0 * std::abs(r.mmd2));
}

namespace {
/// -x: every step downhill is the same.
struct Slope {
  static constexpr int dim = 1;
  void value_and_gradient(BlockView<const double> x, std::span<double> u, BlockView<double> g) const {
    for (int c = 0; c < x.n_chains; ++c) g(c, 0) = -1.0, u[static_cast<std::size_t>(c)] = -x(c, 0);
  }
};
}  // namespace

TEST_CASE("a shift that all chains share shows, and so does what is not finite", "[latent][geometry]") {
  OwnedBlock<double> x(4, 1);
  for (int c = 0; c < 4; ++c) x.view()(c, 0) = c;
  const NoisyDescent<> downhill({.step_size = 0.25, .noise = 0.0});
  const auto r = latent::stationarity(Slope{}, downhill, std::as_const(x).view(), 4, 1);
  CHECK(r.largest_shift == std::numeric_limits<double>::infinity());
  CHECK(r.energy_error == 0.0);
  CHECK(r.shows());
  latent::StationarityReport only_shift;
  CHECK(!only_shift.shows());
  only_shift.largest_shift = r.largest_shift;
  CHECK(only_shift.shows());
  const auto lost = latent::stationarity(Slope{}, NoisyDescent<>({.step_size = 1e308, .noise = 0.0}), std::as_const(x).view(), 4, 1);
  CHECK(std::isnan(lost.mmd2));
  CHECK(lost.shows());
  for (double latent::StationarityReport::* v : {&latent::StationarityReport::energy_after, &latent::StationarityReport::energy_error, &latent::StationarityReport::largest_shift}) {
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      latent::StationarityReport broken;
      broken.*v = bad;
      CHECK(broken.shows());
    }
  }
  ERG_CHECK_THROWS(latent::stationarity(Slope{}, downhill, std::as_const(x).view(), 0, 1), std::invalid_argument, "n_steps = 0 (must be >= 1)");
  const OwnedBlock<double> one(1, 1);
  ERG_CHECK_THROWS(latent::stationarity(Slope{}, downhill, one.view(), 1, 1), std::invalid_argument, "number of points = 1 (must be >= 2)");
}
