// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Amortised training of a Gaussian ends where its closed form says, and conditional sampling with held coordinates is exact.
#include "support/catch.hpp"
#include "support/curvature.hpp"
#include "support/z_test.hpp"

#include <erg/energy/gaussian_dense.hpp>
#include <erg/kernel/clamp.hpp>
#include <erg/kernel/hmc.hpp>
#include <erg/kernel/mala.hpp>
#include <erg/kernel/ula.hpp>
#include <erg/run/sampler.hpp>

using namespace erg;
using namespace erg::test;

namespace {
constexpr int n_steps = 1200;
const double sigma = std::sqrt(0.05);
Ula<> ula(double h, double temperature = 1.0) { return Ula<>{{.step_size = h, .temperature = temperature}}; }
FixedPoint trained(const latent::AncestralLangevin& a) { return train_curvature(a, ula(a.step_size, a.temperature), train::Refit::inferred, a.precision() + 0.05, n_steps); }
double z_of(const FixedPoint& f, double precision) { return (f.precision - precision) / f.error; }
/// The standing check: the virial of the negatives is l times their second moment, which training keeps at 1. In standard errors; .008: what l and w^2
/// wander, by which the second moment does from step to step.
double z_of_virial(const FixedPoint& f, double expected) {
  return (f.virial - expected) / std::sqrt((expected * expected * 2.0 / 2048 + 0.008 * 0.008) / FixedPoint::n_looks);
}
}  // namespace

TEST_CASE("decoding the mean, training ends at a precision too low by what the decoder blurs", "[statistical][fixed-point]") {
  const latent::AncestralLangevin a{1.0, sigma, 0.04, 20, 1.0, true};
  const auto f = trained(a);
  CHECK(std::abs(z_of(f, 0.968988)) < z_limit);
  CHECK(std::abs(z_of(f, 1.010205)) > z_broken);  // it is not where decoding samples ends
  CHECK(std::abs(z_of_virial(f, 0.968988)) < z_limit);
}

TEST_CASE("decoding samples, training ends at maximum likelihood up to the bias of the kernel; with MALA at it", "[statistical][fixed-point]") {
  const latent::AncestralLangevin a{1.0, sigma, 0.04, 20, 1.0, false};
  const auto f = trained(a);
  CHECK(std::abs(z_of(f, 1.010205)) < z_limit);
  CHECK(std::abs(z_of(f, 0.968988)) > z_broken);
  const auto exact = train_curvature(a, Mala<>{{.step_size = 0.04}}, train::Refit::inferred, 1.05, n_steps);
  CHECK(std::abs(z_of(exact, 1.0)) < z_limit);
  CHECK(std::abs(z_of_virial(f, 1.010205)) < z_limit);
  CHECK(std::abs(z_of_virial(exact, 1.0)) < z_limit);
}

TEST_CASE("without noise the energy is a displacement that sharpens: its precision is negative", "[statistical][fixed-point]") {
  const auto f = trained({1.0, sigma, 0.04, 20, 0.0, true});
  CHECK(std::abs(z_of(f, -0.064158)) < z_limit);
  CHECK(f.precision < -z_broken * f.error);
  CHECK(std::abs(z_of_virial(f, -0.064158)) < z_limit);
  CHECK(std::abs(z_of_virial(f, 1.0)) > z_broken);  // so it is no density
  const auto nothing = trained({1.0, sigma, 0.04, 20, 0.0, false});
  CHECK(std::abs(z_of(nothing, 0.0)) < z_limit);  // and decoding samples it learns nothing at all
  CHECK(std::abs(z_of_virial(nothing, 0.0)) < z_limit);
}

TEST_CASE("regression on the known latent throws away the variance of the chains' noise", "[statistical][fixed-point]") {
  const latent::AncestralLangevin a{1.0, sigma, 0.01, 20, 1.0, true, true};
  const auto f = train_curvature(a, ula(0.01), train::Refit::known, 0.05, 4 * n_steps);
  CHECK_THAT(f.model_square, WithinAbs(0.8, 0.02));   // 1 - h T
  CHECK(std::abs(z_of(f, a.precision())) < z_limit);
  // where that noise alone exceeds the data, nothing of the model is left
  const latent::AncestralLangevin more{1.0, sigma, 0.09, 20, 1.0, true, true};
  const auto died = train_curvature(more, ula(0.09), train::Refit::known, more.precision() + 0.05, n_steps);
  CHECK(died.model_square < 0.01);
  CHECK(std::abs(z_of(died, more.precision())) < z_limit);
  CHECK(std::abs(z_of(died, 0.0)) > z_broken);
  const auto inferred = train_curvature(a, ula(0.01), train::Refit::inferred, 0.8, n_steps);
  CHECK(inferred.model_square > 0.9);  // inference keeps it
}

TEST_CASE("before the regression latents move by Langevin steps of their own posterior", "[statistical][latent]") {
  // All is linear: x = alpha w z + noise of variance v after the chains, and z' = r z + (1 - r) m x + s xi after k steps of the latents, where each
  // step keeps 1 - (h / 2) c of the way to the posterior's mean m x, c = 1 + w^2 / sigma^2. The loss before the update is that of x - w z'.
  const double w = 0.8, noise = 0.4, h_x = 0.1, h = 0.05;
  const int n = 40000, n_x = 3, k = 4;
  latent::GaussianDecoder<decltype(nn::Sequential(nn::Dense(1, 1))), double> decoder(nn::Sequential(nn::Dense(1, 1)), {.sigma = noise});
  decoder.restore(std::vector<double>{w, 0.0, std::log(noise)});
  train::Trainer t(Curvature<1>{}, train::Data<double>({1.0, -1.0}, 1),
                   train::chains(Simd<>{}, ula(h_x), train::Fresh{train::Ancestral{decoder.snapshot(), latent::Decoding::mean}}, {.n_chains = n, .n_steps = n_x}), train::Contrastive{},
                   nn::Sgd<double>{{.learning_rate = 0.1}}, train::RegressionTeacher(decoder, {}, {.n_steps = k, .step_size = h}), {.batch = 2});
  const double measured = t.advance().teacher_loss;
  const auto z_of_step = [&](double drift, double diffusion) {
    const double kept = 1.0 - 0.5 * h_x, alpha = std::pow(kept, n_x), v = h_x * (1.0 - alpha * alpha) / (1.0 - kept * kept);
    const double c = 1.0 + w * w / (noise * noise), m = w / (noise * noise) / c, step = 1.0 - drift * c, r = std::pow(step, k);
    const double s2 = diffusion * (1.0 - r * r) / (1.0 - step * step), of_x = 1.0 - w * m * (1.0 - r), of_z = of_x * alpha * w - w * r;
    const double residual = of_z * of_z + of_x * of_x * v + w * w * s2, scale = 0.5 / (noise * noise);
    return std::abs(measured - scale * residual - 0.5 * std::log(6.283185307179586 * noise * noise)) / (scale * residual * std::sqrt(2.0 / n));
  };
  CHECK(z_of_step(0.5 * h, h) < z_limit);
  CHECK(z_of_step(h, h) > z_broken);
  CHECK(z_of_step(0.5 * h, 0.0) > z_broken);
  CHECK(z_of_step(1e-9, 0.0) > z_broken);  // latents that stay
}

TEST_CASE("directions of several dimensions obey the law of one each", "[statistical][fixed-point]") {
  // Data of second moment diag(4, 1); a rank-two model.
  latent::LinearGaussian<double> model(2, 2, sigma);
  model.set({std::sqrt(3.95), 0.0, 0.0, std::sqrt(0.95)});
  Curvature<2> energy;
  energy.l = {0.25, 1.0};
  train::Trainer t(energy, train::Data<double>({2.0, 1.0, -2.0, 1.0, 2.0, -1.0, -2.0, -1.0}, 2),
                   train::chains(Simd<>{}, ula(0.04), train::Fresh{train::Ancestral{model.snapshot()}}, {.n_chains = 2048, .n_steps = 20}), train::Contrastive{},
                   nn::Sgd<double>{{.learning_rate = 0.02}}, train::RefitTeacher<double>(model, train::Refit::inferred, 0.1), {.batch = 4});
  double mean[2] = {0.0, 0.0};
  for (int i = 0; i < 600 + n_steps; ++i) {
    t.advance();
    for (std::size_t d = 0; d < 2 && i >= 600; ++d) mean[d] += t.energy().l[d] / n_steps;
  }
  const double variance[] = {4.0, 1.0};
  for (int d = 0; d < 2; ++d) {
    const latent::AncestralLangevin a{variance[d], sigma, 0.04, 20, 1.0, true};
    const double error = variance[d] * std::sqrt(2.0 / 2048 / n_steps) / std::fabs(a.slope());
    const double on_the_way = d == 0 ? 0.0 : 0.004;  // from the start, at this rate, along the direction that pulls less
    CHECK(std::abs(mean[d] - a.precision()) < z_limit * error + on_the_way);
    CHECK(std::abs(mean[d] - 1.0 / variance[d]) > z_broken * error + on_the_way);  // it is not maximum likelihood
  }
}

TEST_CASE("a hole is filled with its exact conditional law, whatever the kernel", "[statistical][conditional]") {
  // AR(1), rho = .9, in 8 dimensions; coordinates 2 and 3 are the hole.
  const int dim = 8, n = 4000;
  std::vector<double> covariance;
  for (int i = 0; i < dim; ++i) {
    for (int j = 0; j < dim; ++j) covariance.push_back(std::pow(0.9, std::abs(i - j)));
  }
  const GaussianDense<> energy(std::vector<double>(dim, 0.0), covariance);
  std::vector<bool> held(dim, true);
  held[2] = held[3] = false;
  const std::vector<double> visible{0.3, 1.0, 0.0, 0.0, -0.5, 0.2, 0.1, -1.0};
  // given its neighbours x_1 and x_4 a Markov chain: the precision of the hole is that of the joint, [[a, b], [b, a]]
  const double s = 1.0 / (1.0 - 0.81), a = s * 1.81, b = -s * 0.9, pull2 = s * 0.9 * visible[1], pull3 = s * 0.9 * visible[4];
  const double det = a * a - b * b, mean2 = (a * pull2 - b * pull3) / det, variance = a / det, cov = -b / det;
  const auto check = [&](auto kernel, bool is_right) {
    Plan plan;
    plan.n_chains = n, plan.n_warmup = 0, plan.n_draws = 1, plan.adapt = false, plan.seed = 11;
    plan.start = visible;
    Sampler<double, Simd<>, decltype(kernel), GaussianDense<>> sampler(Simd<>{}, kernel, energy, plan);
    sampler.start();
    sampler.sample(400, false, [](const auto&) { return Control::proceed; });
    Mean m2, square, cross;
    auto& x = sampler.chains();
    bool stayed = true;
    for (int c = 0; c < n; ++c) {
      m2.add(x(c, 2));
      square.add((x(c, 2) - mean2) * (x(c, 2) - mean2));
      cross.add((x(c, 2) - mean2) * (x(c, 3) - (a * pull3 - b * pull2) / det));
      stayed = stayed && x(c, 1) == visible[1] && x(c, 7) == visible[7];
    }
    Worst worst;
    worst.add(m2.z(mean2, variance)), worst.add(square.z(variance, 2.0 * variance * variance)), worst.add(cross.z(cov));
    CHECK(stayed == is_right);
    if (is_right) {
      CHECK(worst.value() < z_limit);
    } else {
      CHECK(worst.value() > z_broken);
    }
  };
  check(Mala{{.step_size = 0.15}, ClampMetric(held)}, true);
  check(Hmc{{.step_size = 0.25, .n_leapfrog = 4}, ClampMetric(held)}, true);
  check(Mala{{.step_size = 0.15}}, false);  // nothing held: another law
}
