// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Classifiers as energies: identities of log-sum-exp and softmax, and all gradients against central differences.
#include "support/catch.hpp"
#include "support/compiled_products.hpp"

#include <erg/nn/classifier_energy.hpp>
#include <erg/nn/score_matching.hpp>

using namespace erg;
using namespace erg::test;

namespace {

constexpr int dim = 3, n_classes = 4, n = 5;

auto classifier() { return nn::ClassifierEnergy<decltype(nn::mlp<nn::SiLU>(dim, 8, n_classes)), double>(nn::mlp<nn::SiLU>(dim, 8, n_classes), random::Key(3)); }
std::vector<double> points() {
  std::vector<double> x(n * dim);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = random::normal<double>(random::Key(9), std::uint64_t{0}, static_cast<int>(i));
  return x;
}
template <class X>
BlockView<X> table(std::vector<std::remove_const_t<X>>& v, int columns) {
  return {v.data(), static_cast<int>(v.size()) / columns, columns, static_cast<std::ptrdiff_t>(v.size()) / columns};
}

/// The derivative of f along each parameter, by central differences.
template <class E, class F>
std::vector<double> differences(E energy, F&& f) {
  const auto flat = energy.parameters().flat();
  const std::vector<double> theta(flat.begin(), flat.end());
  std::vector<double> d;
  const double h = 1e-6;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    std::vector<double> moved = theta;
    moved[i] = theta[i] + h;
    energy.restore(moved);
    const double up = f(energy);
    moved[i] = theta[i] - h;
    energy.restore(moved);
    d.push_back((up - f(energy)) / (2 * h));
  }
  return d;
}
double largest_error(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0.0, scale = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i])), scale = std::max(scale, std::abs(b[i]));
  return most / scale;
}

}  // namespace

TEST_CASE("a classifier's energy is minus the log-sum-exp of its logits, and its slope the softmax's mean of theirs", "[nn]") {
  const auto energy = classifier();
  std::vector<double> x = points(), u(n), g(n * dim), f(n * n_classes), p(n * n_classes);
  energy.value_and_gradient(table<const double>(x, dim), u, table<double>(g, dim));
  energy.logits(table<const double>(x, dim), table<double>(f, n_classes));
  energy.probabilities(table<const double>(x, dim), table<double>(p, n_classes));
  std::vector<double> u2(n);
  energy.value(table<const double>(x, dim), u2);
  for (int c = 0; c < n; ++c) {
    const auto i = static_cast<std::size_t>(c);
    double sum = 0.0, total = 0.0;
    for (std::size_t k = 0; k < n_classes; ++k) sum += std::exp(f[k * n + i]), total += p[k * n + i];
    CHECK_THAT(u[i], WithinAbs(-std::log(sum), 1e-12));
    CHECK(u2[i] == u[i]);
    CHECK_THAT(total, WithinAbs(1.0, 1e-12));
    for (std::size_t d = 0; d < dim; ++d) {
      const auto at = [&](double h) {
        std::vector<double> moved = x, v(n);
        moved[d * n + i] += h;
        energy.value(table<const double>(moved, dim), v);
        return v[i];
      };
      CHECK_THAT(g[d * n + i], WithinAbs((at(1e-5) - at(-1e-5)) / 2e-5, 1e-8));
    }
  }
}

TEST_CASE("logits of 500 and of -500 neither overflow nor lose the probabilities", "[nn]") {
  nn::ClassifierEnergy<nn::Dense<>, double> energy(nn::Dense<>(1, 3));
  std::vector<double> theta{0, 0, 0, 500, 499, -500};
  energy.restore(theta);
  std::vector<double> x{0.3}, u(1), g(1), p(3);
  energy.value_and_gradient(table<const double>(x, 1), u, table<double>(g, 1));
  energy.probabilities(table<const double>(x, 1), table<double>(p, 3));
  CHECK_THAT(u[0], WithinAbs(-500.0 - std::log1p(std::exp(-1.0)), 1e-10));
  CHECK_THAT(p[0], WithinAbs(1.0 / (1.0 + std::exp(-1.0)), 1e-10));
  CHECK(p[2] < 1e-300);
  theta = {0, 0, 0, -500, -500, -500};
  energy.restore(theta);
  energy.value(table<const double>(x, 1), u);
  CHECK_THAT(u[0], WithinAbs(500.0 - std::log(3.0), 1e-10));
}

TEST_CASE("what is added to all logits leaves probabilities and is taken from the energy", "[nn]") {
  nn::ClassifierEnergy<nn::Dense<>, double> a(nn::Dense<>(2, 3)), b(nn::Dense<>(2, 3));
  std::vector<double> theta{0.3, -1.0, 0.7, 0.2, -0.4, 0.9, 0.1, 0.2, -0.3}, shifted = theta;
  for (std::size_t k = 0; k < 3; ++k) shifted[2 * k] += 2.0, shifted[6 + k] += 0.5;  // h(x) = 2 x_0 + 1/2
  a.restore(theta);
  b.restore(shifted);
  std::vector<double> x{0.3, -1.2, 0.8, 2.0}, ua(2), ub(2), pa(6), pb(6);
  a.value(table<const double>(x, 2), ua);
  b.value(table<const double>(x, 2), ub);
  a.probabilities(table<const double>(x, 2), table<double>(pa, 3));
  b.probabilities(table<const double>(x, 2), table<double>(pb, 3));
  for (std::size_t c = 0; c < 2; ++c) CHECK_THAT(ua[c] - ub[c], WithinAbs(2.0 * x[c] + 0.5, 1e-12));
  for (std::size_t i = 0; i < 6; ++i) CHECK_THAT(pa[i], WithinAbs(pb[i], 1e-12));
}

TEST_CASE("parameter gradients of energy, cross-entropy, conditional entropy and slope equal central differences", "[nn]") {
  const auto energy = classifier();
  std::vector<double> x = points();
  const auto at = table<const double>(x, dim);
  const std::vector<int> labels{0, 3, 1, 2, 3};
  const auto none = [&] { return std::vector<double>(static_cast<std::size_t>(energy.n_parameters()), 0.0); };

  auto g = none();
  const std::vector<double> w{0.3, -1.0, 0.5, 2.0, 0.1};
  energy.add_parameter_gradient(at, w, g);
  CHECK(largest_error(g, differences(energy, [&](const auto& e) {
          std::vector<double> u(n);
          e.value(at, u);
          double sum = 0.0;
          for (std::size_t c = 0; c < n; ++c) sum += w[c] * u[c];
          return sum;
        })) < 1e-7);

  g = none();
  const double ce = energy.add_cross_entropy_gradient(at, labels, 0.7, g);
  const auto cross_entropy = [&](const auto& e) {
    std::vector<double> p(n * n_classes);
    e.probabilities(at, table<double>(p, n_classes));
    double sum = 0.0;
    for (std::size_t c = 0; c < n; ++c) sum -= std::log(p[static_cast<std::size_t>(labels[c]) * n + c]) / n;
    return sum;
  };
  CHECK_THAT(ce, WithinAbs(cross_entropy(energy), 1e-12));
  CHECK(largest_error(g, differences(energy, [&](const auto& e) { return 0.7 * cross_entropy(e); })) < 1e-7);
  double biases = 0.0;  // the last layer's: dCE/dlogits sums to zero over classes
  for (int k = 0; k < n_classes; ++k) biases += g[g.size() - 1 - static_cast<std::size_t>(k)];
  CHECK(std::abs(biases) < 1e-14);

  g = none();
  const double h = energy.add_conditional_entropy_gradient(at, 1.3, g);
  const auto entropy = [&](const auto& e) {
    std::vector<double> p(n * n_classes);
    e.probabilities(at, table<double>(p, n_classes));
    double sum = 0.0;
    for (const double v : p) sum -= v * std::log(v) / n;
    return sum;
  };
  CHECK_THAT(h, WithinAbs(entropy(energy), 1e-12));
  CHECK(largest_error(g, differences(energy, [&](const auto& e) { return 1.3 * entropy(e); })) < 1e-6);

  g = none();
  std::vector<double> v = x, seed(w);
  for (double& a : v) a = 1.0 - a * a;
  energy.tangent_parameter_gradient(at, table<const double>(v, dim), table<const double>(seed, 1), g);
  CHECK(largest_error(g, differences(energy, [&](const auto& e) {
          std::vector<double> slope(n * dim);
          e.gradient(at, table<double>(slope, dim));
          double sum = 0.0;
          for (std::size_t i = 0; i < slope.size(); ++i) sum += w[i % n] * v[i] * slope[i];
          return sum;
        })) < 1e-7);
}

TEST_CASE("passes along a direction are those of the energy, not of the logits beside it", "[nn]") {
  const auto energy = classifier();
  std::vector<double> x = points(), v = x, w{0.3, -1.0, 0.5, 2.0, 0.1}, du(n), hv(n * dim), g(n * dim), up(n * dim), down(n * dim);
  for (double& a : v) a = 1.0 - a * a;
  const auto at = table<const double>(x, dim), along = table<const double>(v, dim);
  energy.tangent(at, along, table<const double>(w, 1), table<double>(du, 1), table<double>(hv, dim));
  energy.gradient(at, table<double>(g, dim));
  std::vector<double> ahead = x, behind = x;
  for (std::size_t i = 0; i < x.size(); ++i) ahead[i] += 1e-5 * v[i], behind[i] -= 1e-5 * v[i];
  energy.gradient(table<const double>(ahead, dim), table<double>(up, dim));
  energy.gradient(table<const double>(behind, dim), table<double>(down, dim));
  for (std::size_t c = 0; c < n; ++c) {
    double slope = 0.0;
    for (std::size_t d = 0; d < dim; ++d) {
      slope += g[d * n + c] * v[d * n + c];
      CHECK_THAT(hv[d * n + c], WithinAbs(w[c] * (up[d * n + c] - down[d * n + c]) / 2e-5, 1e-8));
    }
    CHECK_THAT(du[c], WithinAbs(slope, 1e-12));
  }

  std::vector<double> to(static_cast<std::size_t>(energy.n_parameters())), unused(to.size());
  nn::score_matching(energy, at, std::span<double>(to));
  CHECK(largest_error(to, differences(energy, [&](const auto& e) { return nn::score_matching(e, at, std::span<double>(unused)); })) < 1e-6);
}

TEST_CASE("a label that is no class is refused", "[nn]") {
  const auto energy = classifier();
  std::vector<double> x = points(), g(static_cast<std::size_t>(energy.n_parameters()));
  const std::vector<int> labels{0, 1, 4, 0, 0};
  CHECK_THROWS_WITH(energy.add_cross_entropy_gradient(table<const double>(x, dim), labels, 1.0, g), contains("label 2 is 4 (there are 4 classes"));
}
