// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// What training by likelihood rests on: the gradient of log Z is a mean under the model.
#include "support/catch.hpp"
#include "support/network_checks.hpp"

#include <erg/nn/half_square.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/residual.hpp>

using namespace erg;
using namespace erg::test;

namespace {

const auto net = nn::Sequential(nn::Shape(1), nn::Residual(nn::mlp<nn::Tanh>(1, 8, 1), nn::HalfSquare(1.0)));
using OnLine = nn::NeuralEnergy<std::remove_const_t<decltype(net)>, double>;

}  // namespace

TEST_CASE("the gradient of log Z is minus the mean of dU / dtheta under the model, by quadrature on a line", "[nn]") {
  OnLine energy(net, random::Key(3));
  const int n = 1801;
  const double cell = 0.01;
  Table x(n, 1);
  for (int c = 0; c < n; ++c) x(c, 0) = cell * (c - n / 2);
  std::vector<double> u(n), p(n);
  const auto log_z = [&] {
    energy.value(x, u);
    double sum = 0.0;
    for (const double v : u) sum += cell * std::exp(-v);
    return std::log(sum);
  };
  const double at = log_z();
  for (std::size_t c = 0; c < p.size(); ++c) p[c] = -cell * std::exp(-u[c] - at);
  std::vector<double> mean(static_cast<std::size_t>(energy.n_parameters()), 0.0);
  energy.add_parameter_gradient(x, p, mean);
  const std::vector<double> theta(energy.parameters().flat().begin(), energy.parameters().flat().end());
  double largest_slope = 0.0;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    double side[2];
    for (int k = 0; k < 2; ++k) {
      auto moved = theta;
      moved[i] += k == 0 ? 1e-5 : -1e-5;
      energy.restore(moved);
      side[k] = log_z();
    }
    CHECK_THAT(mean[i], WithinAbs((side[0] - side[1]) / 2e-5, 1e-8));
    largest_slope = std::max(largest_slope, std::abs(mean[i]));
  }
  CHECK(largest_slope > 0.1);  // not by being nothing
}
