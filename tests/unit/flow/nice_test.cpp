// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// NICE, the testbed of training without likelihoods: its likelihood is exact, so what else trained it can be judged by it.
#include "support/catch.hpp"
#include "support/determinant.hpp"
#include "support/flow_checks.hpp"
#include "support/z_test.hpp"

#include <erg/flow/real_nvp.hpp>
#include <erg/nn/weight_norm.hpp>

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
  // Differences of every column.
  std::vector<double> jacobian(dim * dim);
  for (int d = 0; d < dim; ++d) {
    Table moved = z, less = z;
    moved(0, d) += 1e-6, less(0, d) -= 1e-6;
    f.to_data(moved, up.view());
    f.to_data(less, down.view());
    for (int i = 0; i < dim; ++i) jacobian[static_cast<std::size_t>(i * dim + d)] = (up(0, i) - down(0, i)) / 2e-6;
  }
  CHECK_THAT(log_det[0], WithinAbs(std::log(std::abs(determinant(jacobian, dim))), 1e-8));
  double scales = 0.0;
  auto read = f;
  read.update([&](std::span<double> theta) {
    for (std::size_t d = 0; d < dim; ++d) scales += theta[d];
  });
  CHECK(std::abs(scales) > 0.1);
  CHECK_THAT(std::abs(log_det[0]), WithinAbs(std::abs(scales), 1e-12));
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

TEST_CASE("draws of NICE without couplings have the moments of its scales", "[flow][statistical]") {
  auto f = flow::nice<double, nn::Softplus>(3, 4, 8);
  const double log_scale[] = {0.5, -1.0, 0.0};
  f.update([&](std::span<double> theta) { std::copy_n(log_scale, 3, theta.begin()); });
  Table x(20000, 3);
  f.sample(random::Key(4), 0, x.view());
  const auto worst = [&](double mistake) {
    Worst w;
    for (int d = 0; d < 3; ++d) {
      const double variance = std::exp(2.0 * log_scale[d]) * mistake;
      Mean mean, square;
      for (int c = 0; c < x.n; ++c) mean.add(x(c, d)), square.add(x(c, d) * x(c, d));
      w.add(mean.z(0.0, variance)), w.add(square.z(variance, 2.0 * variance * variance));
    }
    return w.value();
  };
  CHECK(worst(1.0) < z_limit);
  CHECK(worst(1.2) > z_broken);
}

TEST_CASE("draws of NICE are of its density: the energy distance to draws by quadrature is none", "[flow][statistical]") {
  const auto f = small(2);
  // Cells by their probability, a point anywhere in its cell.
  const int side = 500, n = 200, n_batches = 40;
  const double cell = 24.0 / side;
  std::vector<double> below, u(side);
  Table row(side, 2);
  double sum = 0.0;
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j) row(j, 0) = -12.0 + cell * (i + 0.5), row(j, 1) = -12.0 + cell * (j + 0.5);
    f.value(row, u);
    for (const double v : u) below.push_back(sum += std::exp(-v));
  }
  const auto by_quadrature = [&](random::Key key, Table& y) {
    for (int c = 0; c < n; ++c) {
      const auto at = [&](int k) { return random::uniform<double>(key, static_cast<std::uint64_t>(c), k); };
      const auto i = std::upper_bound(below.begin(), below.end(), at(0) * sum) - below.begin();
      y(c, 0) = -12.0 + cell * (static_cast<double>(i / side) + at(1)), y(c, 1) = -12.0 + cell * (static_cast<double>(i % side) + at(2));
    }
  };
  const auto distances = [&](const Table& a, const Table& b) {
    double total = 0.0;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) total += std::hypot(a(i, 0) - b(j, 0), a(i, 1) - b(j, 1));
    }
    return total;
  };
  // 2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased: of mean 0 if and only if the laws are one.
  const auto z_of = [&](auto draw) {
    Mean mean;
    Table x(n, 2), y(n, 2);
    for (int i = 0; i < n_batches; ++i) {
      const random::Key key = random::Key(6).at(static_cast<std::uint64_t>(i));
      draw(key, x);
      by_quadrature(key.purpose(random::Purpose::user), y);
      mean.add(2.0 * distances(x, y) / (n * n) - (distances(x, x) + distances(y, y)) / (n * (n - 1.0)));
    }
    return std::abs(mean.z(0.0));
  };
  CHECK(z_of([&](random::Key key, Table& x) { f.sample(key, 0, x.view()); }) < z_limit);
  CHECK(z_of([&](random::Key key, Table& x) { f.sample_base(key, 0, x.view()); }) > z_broken);
  CHECK(z_of([&](random::Key key, Table& x) {
    f.sample(key, 0, x.view());
    for (double& v : x.v) v *= 1.3;
  }) > z_broken);
}

TEST_CASE("NICE of MNIST, and the energies beside it, have as many parameters as the published ones", "[flow]") {
  using Coupling = flow::Coupling<flow::Additive, decltype(nn::mlp<nn::Softplus>(392, 1000, 1000, 1000, 1000, 392))>;
  const Coupling one(784, true, flow::Additive{}, [](int n_in, int n_out) { return nn::mlp<nn::Softplus>(n_in, 1000, 1000, 1000, 1000, n_out); });
  CHECK(4 * one.n_parameters() + 784 == 15154352);
  CHECK(nn::mlp<nn::SiLU>(2, 100, 100, 1).n_parameters() == 10501);
  CHECK(nn::mlp<nn::SiLU>(784, 1000, 500, 500, 250, 250, 250, 1).n_parameters() == 1787001);
  int gains = 0;
  for (const auto& [from, to] : {std::pair{784, 1000}, std::pair{1000, 500}, std::pair{500, 500}, std::pair{500, 250}, std::pair{250, 250}, std::pair{250, 250}}) {
    nn::WeightNorm layer(nn::Dense(from, to));
    layer.resolve(nn::Shape(from));
    gains += layer.n_stored() - layer.n_parameters();
  }
  CHECK(gains == 2750);
  // Generators: the published ones normalise over batches, two numbers a hidden unit in the place of its bias; erg does not, and counts one less.
  const int toy = nn::mlp<nn::SiLU>(2, 100, 100, 2).n_parameters(), digits = nn::mlp<nn::SiLU>(100, 500, 500, 500, 784).n_parameters();
  CHECK(toy + 200 == 10802);
  CHECK(digits + 1500 == 942000 + 3000 + 784);
}
