// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Flows that learn: gradients of the losses, maximum likelihood on a law that is known, reproducibility, and what must stop.
#include "support/catch.hpp"
#include "support/flow_checks.hpp"

#include <erg/energy/gaussian_dense.hpp>
#include <erg/flow/fit.hpp>
#include <erg/flow/real_nvp.hpp>

using namespace erg;
using erg::test::Table;

namespace {

const GaussianDense<> target({1.0, -2.0}, {2.0, 1.2, 1.2, 1.0});

Table draws(int n, std::uint64_t seed = 8) {
  Table x(n, 2);
  for (int c = 0; c < n; ++c) {
    double at[2];
    target.sample<double>(random::Key(seed), static_cast<std::uint64_t>(c), Point<double>(at, 2));
    x(c, 0) = at[0];
    x(c, 1) = at[1];
  }
  return x;
}
/// E[-log target] = log 2 pi e + log |C| / 2.
const double entropy = 2.837877066409345 + 0.5 * std::log(2.0 * 1.0 - 1.2 * 1.2);

auto small_flow() {
  auto f = flow::real_nvp<double, nn::Tanh>(2, 4, 9);
  test::randomise(f, 0.4);
  return f;
}

/// The gradient of a loss(flow, gradient) along a random direction, against a difference.
template <class F, class Loss>
double gradient_error(F f, Loss&& loss) {
  std::vector<double> g(static_cast<std::size_t>(f.n_parameters())), unused(g.size());
  loss(f, std::span<double>(g));
  const std::vector<double> theta(f.parameters().flat().begin(), f.parameters().flat().end());
  double exact = 0.0;
  const auto moved = [&](double h) {
    exact = 0.0;
    f.update([&](std::span<double> t) {
      for (std::size_t i = 0; i < t.size(); ++i) {
        const double v = random::normal<double>(random::Key(77), i, 0);
        t[i] = theta[i] + h * v;
        if (!f.parameters().slices().empty()) exact += v * g[i];
      }
    });
    return loss(f, std::span<double>(unused));
  };
  const double h = 1e-5, numeric = (moved(h) - moved(-h)) / (2.0 * h);
  return std::abs(exact - numeric) / std::max(1.0, std::abs(numeric));
}

}  // namespace

TEST_CASE("gradients of the losses are derivatives of what they return", "[flow]") {
  const auto f = small_flow();
  const Table x = draws(150);
  std::vector<double> w(150);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = 1.0 / (1.0 + static_cast<double>(i));
  Pieces<double> pieces;
  const auto forward = [&](const auto& q, std::span<double> to) { return flow::forward_kl(q, x, {}, to, pieces); };
  const auto weighted = [&](const auto& q, std::span<double> to) { return flow::forward_kl(q, x, w, to, pieces); };
  const auto reverse = [&](const auto& q, std::span<double> to) { return flow::reverse_kl(q, target, random::Key(3), 150, to, pieces); };
  const auto mixed = [&](const auto& q, std::span<double> to) {
    return 0.8 * flow::forward_kl(q, x, {}, to, pieces, 0.8) + 0.2 * flow::reverse_kl(q, target, random::Key(3), 150, to, pieces, 0.2);
  };
  CHECK(gradient_error(f, forward) < 1e-6);
  CHECK(gradient_error(f, weighted) < 1e-6);
  CHECK(gradient_error(f, reverse) < 1e-6);
  CHECK(gradient_error(f, mixed) < 1e-6);
  CHECK(gradient_error(f, [&](const auto& q, std::span<double> to) {  // a mutant: the loss of one, the gradient of the other
          std::vector<double> other(to.size());
          flow::forward_kl(q, x, {}, to, pieces);
          return flow::reverse_kl(q, target, random::Key(3), 150, other, pieces);
        }) > 1e-3);
}

TEST_CASE("maximum likelihood takes couplings to a correlated Gaussian", "[flow]") {
  auto f = flow::real_nvp<double, nn::Tanh>(2, 4, 16);
  const Table x = draws(100000);
  const auto report = flow::fit(f, x, {.n_steps = 3000, .batch = 512, .learning_rate = 5e-3});
  const Table fresh = draws(20000, 9);
  Table u(20000, 1);
  f.value(fresh, u.v);
  double kl = 0.0;  // against the same points' energies under the target: the entropy's own noise cancels
  for (int c = 0; c < 20000; ++c) {
    const double at[2] = {fresh(c, 0), fresh(c, 1)};
    kl += (u(c, 0) - target(Point<const double>(at, 2))) / 20000;
  }
  INFO("KL " << kl << ", held-out " << report.held_out_nll << " against the entropy " << entropy);
  CHECK(kl < 1e-3);
  CHECK(kl > -1e-3);
  CHECK(std::abs(report.held_out_nll - entropy) < 5.0 / std::sqrt(10000.0));  // the energy has variance dim / 2 = 1
}

TEST_CASE("a fit is the same for one thread and two, and for two runs", "[flow]") {
  const Table x = draws(2000);
  const auto fitted = [&](int n_threads) {
    auto f = flow::real_nvp<double, nn::Tanh>(2, 4, 8);
    flow::fit(f, x, {.n_steps = 40, .batch = 700, .every = 10, .seed = 4, .n_threads = n_threads});
    return std::vector<double>(f.parameters().flat().begin(), f.parameters().flat().end());
  };
  const auto one = fitted(1);
  CHECK(one == fitted(2));
  CHECK(one == fitted(1));
}

TEST_CASE("a fit keeps the parameters that were best on held-out points, and stops when asked or when nothing improves", "[flow]") {
  const Table few = draws(40);
  auto f = flow::real_nvp<double, nn::Tanh>(2, 6, 32);
  std::vector<double> seen;
  const auto report = flow::fit(f, few, {.n_steps = 2000, .batch = 32, .learning_rate = 5e-3, .held_out = 0.4, .every = 20, .patience = 5},
                                [&](const flow::FitProgress& p) { seen.push_back(p.held_out_nll); });
  CHECK(report.stopped_early);
  CHECK(report.n_steps < 2000);
  CHECK(report.held_out_nll <= *std::min_element(seen.begin(), seen.end()));
  CHECK(report.train_nll < seen.back());  // it had overfitted by then
  auto g = flow::real_nvp<double, nn::Tanh>(2, 2, 8);
  CHECK(flow::fit(g, few, {.every = 7}, [](const flow::FitProgress&) { return Control::stop; }).n_steps == 7);
}

TEST_CASE("a fit refuses what it cannot use", "[flow]") {
  auto f = flow::real_nvp<double>(2, 2, 4);
  Table x = draws(50);
  ERG_CHECK_THROWS(flow::fit(f, Table(50, 3, 1)), std::invalid_argument, "points of 3 coordinates (the flow has dim = 2)");
  ERG_CHECK_THROWS(flow::fit(f, x, {.batch = 0}), std::invalid_argument, "batch = 0");
  std::vector<double> gradient(static_cast<std::size_t>(f.n_parameters()));
  Pieces<double> pieces(1);
  ERG_CHECK_THROWS(flow::forward_kl(f, x, std::vector<double>(49), gradient, pieces), std::invalid_argument, "w has 49 entries (one for each point, or none) give 50");
  ERG_CHECK_THROWS(flow::fit(f, x, {.held_out = 1.0}), std::invalid_argument, "held_out = 1");
  x(17, 1) = std::nan("");
  ERG_CHECK_THROWS(flow::fit(f, x), std::invalid_argument, "coordinate 1 of point 17 = nan (data must be finite)");
  // a training that diverges says so and leaves the last good parameters
  auto wild = flow::real_nvp<float, nn::SiLU, flow::Exp>(2, 4, 8);
  const Table good = draws(100);
  const std::vector<float> data(good.v.begin(), good.v.end());
  ERG_CHECK_THROWS(flow::fit(wild, {data.data(), 100, 2, 100}, {.learning_rate = 1e4, .clip = 0.0}), std::runtime_error, "stopped being finite in step");
  for (const float v : wild.parameters().flat()) CHECK(std::isfinite(v));
}

TEST_CASE("a fit that fails leaves the parameters of the last step whose likelihood and gradient were finite", "[flow]") {
  auto f = flow::nice<double>(2, 2, 4);
  test::randomise(f, 0.1);
  const std::vector<double> start(f.parameters().flat().begin(), f.parameters().flat().end());
  Table narrow = draws(50);
  for (double& v : narrow.v) v *= 0.01;
  // the first step is good and takes the log-scales to -1e6: the second has no likelihood
  ERG_CHECK_THROWS(flow::fit(f, narrow, {.learning_rate = 1e6, .held_out = 0.0, .observe = false}), std::runtime_error,
                   "the likelihood stopped being finite in step 1 (the flow has its last good parameters)");
  CHECK(std::vector<double>(f.parameters().flat().begin(), f.parameters().flat().end()) == start);
}
