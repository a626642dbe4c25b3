// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// NICE, the testbed of training without likelihoods: its likelihood is exact, so what else trained it can be judged by it.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"

#include <erg/flow/real_nvp.hpp>

using namespace erg;
using namespace erg::test;

namespace {

auto small(int dim) {
  auto f = flow::nice<double, nn::Softplus>(dim, 4, 8);
  randomise(f, 0.3);
  return f;
}
const double log_2pi = 1.8378770664093453;

}  // namespace

TEST_CASE("NICE goes back to where it came from, and its log-determinant is that of the Jacobian and the same everywhere", "[flow]") {
  const int dim = 6, n = 5;
  const auto f = small(dim);
  Table x(n, dim, 3), z(n, dim), again(n, dim), up(n, dim), down(n, dim);
  std::vector<double> log_det(n), back(n);
  f.to_latent(x, z.view(), log_det);
  f.to_data(z, again.view(), back);
  CHECK(largest_difference(x.v, again.v) < 1e-12);
  CHECK(largest_difference(log_det, back) < 1e-12);
  for (int c = 1; c < n; ++c) CHECK_THAT(log_det[static_cast<std::size_t>(c)], WithinAbs(log_det[0], 1e-12));
  // The determinant by elimination, of differences of every column.
  std::vector<double> jacobian(dim * dim);
  for (int d = 0; d < dim; ++d) {
    Table moved = z, less = z;
    moved(0, d) += 1e-6, less(0, d) -= 1e-6;
    f.to_data(moved, up.view());
    f.to_data(less, down.view());
    for (int i = 0; i < dim; ++i) jacobian[static_cast<std::size_t>(i * dim + d)] = (up(0, i) - down(0, i)) / 2e-6;
  }
  double log_volume = 0.0;
  for (int k = 0; k < dim; ++k) {
    int best = k;
    for (int i = k + 1; i < dim; ++i) best = std::abs(jacobian[static_cast<std::size_t>(i * dim + k)]) > std::abs(jacobian[static_cast<std::size_t>(best * dim + k)]) ? i : best;
    for (int j = 0; j < dim; ++j) std::swap(jacobian[static_cast<std::size_t>(k * dim + j)], jacobian[static_cast<std::size_t>(best * dim + j)]);
    const double pivot = jacobian[static_cast<std::size_t>(k * dim + k)];
    log_volume += std::log(std::abs(pivot));
    for (int i = k + 1; i < dim; ++i) {
      const double share = jacobian[static_cast<std::size_t>(i * dim + k)] / pivot;
      for (int j = k; j < dim; ++j) jacobian[static_cast<std::size_t>(i * dim + j)] -= share * jacobian[static_cast<std::size_t>(k * dim + j)];
    }
  }
  CHECK_THAT(log_det[0], WithinAbs(log_volume, 1e-8));
  const auto single = f.as<float>();
  std::vector<float> xf(x.v.begin(), x.v.end()), zf(xf.size()), back_f(xf.size());
  single.to_latent({xf.data(), n, dim, n}, {zf.data(), n, dim, n});
  single.to_data({zf.data(), n, dim, n}, {back_f.data(), n, dim, n});
  for (std::size_t i = 0; i < xf.size(); ++i) CHECK_THAT(static_cast<double>(back_f[i]), WithinAbs(static_cast<double>(xf[i]), 1e-5));
}

TEST_CASE("without couplings NICE is a Gaussian of its scales, and the best scales are those of the data", "[flow]") {
  const int dim = 3, n = 40;
  auto f = flow::nice<double, nn::Softplus>(dim, 4, 8);  // couplings start as the identity
  Table x(n, dim, 5);
  for (int c = 0; c < n; ++c) x(c, 1) *= 3.0, x(c, 2) *= 0.2;
  std::vector<double> square(dim, 0.0), u(n);
  for (int d = 0; d < dim; ++d) {
    for (int c = 0; c < n; ++c) square[static_cast<std::size_t>(d)] += x(c, d) * x(c, d) / n;
  }
  f.update([&](std::span<double> theta) {
    for (std::size_t d = 0; d < dim; ++d) theta[d] = 0.5 * std::log(square[d]);
  });
  f.value(x, u);
  double mean = 0.0, entropy = 0.5 * dim * (log_2pi + 1.0);
  for (std::size_t d = 0; d < dim; ++d) entropy += 0.5 * std::log(square[d]);
  for (int c = 0; c < n; ++c) {
    double expected = 0.5 * dim * log_2pi;
    for (int d = 0; d < dim; ++d) expected += 0.5 * std::log(square[static_cast<std::size_t>(d)]) + 0.5 * x(c, d) * x(c, d) / square[static_cast<std::size_t>(d)];
    CHECK_THAT(u[static_cast<std::size_t>(c)], WithinAbs(expected, 1e-12));
    mean += u[static_cast<std::size_t>(c)] / n;
  }
  CHECK_THAT(mean, WithinAbs(entropy, 1e-12));
  std::vector<double> to(static_cast<std::size_t>(f.n_parameters()), 0.0);
  f.add_parameter_gradient(x, std::vector<double>(n, 1.0 / n), to);
  for (std::size_t d = 0; d < dim; ++d) CHECK(std::abs(to[d]) < 1e-12);
}

TEST_CASE("NICE integrates to one", "[flow]") {
  const auto f = small(2);
  const int side = 1200;
  const double cell = 24.0 / side;
  double sum = 0.0;
  Table x(side, 2);
  std::vector<double> u(side);
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j) x(j, 0) = -12.0 + cell * (i + 0.5), x(j, 1) = -12.0 + cell * (j + 0.5);
    f.value(x, u);
    for (const double v : u) sum += std::exp(-v) * cell * cell;
  }
  CHECK_THAT(sum, WithinAbs(1.0, 1e-5));
}

TEST_CASE("NICE of MNIST has as many parameters as the published one", "[flow]") {
  using Coupling = flow::Coupling<flow::Additive, decltype(nn::mlp<nn::Softplus>(392, 1000, 1000, 1000, 1000, 392))>;
  const Coupling one(784, true, flow::Additive{}, [](int n_in, int n_out) { return nn::mlp<nn::Softplus>(n_in, 1000, 1000, 1000, 1000, n_out); });
  CHECK(4 * one.n_parameters() + 784 == 15154352);
}
