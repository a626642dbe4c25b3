// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies whose Langevin chains are known in closed form, and chains of them as a training makes them.
#pragma once

#include <erg/lane/math.hpp>
#include <erg/train/chains.hpp>
#include <erg/train/sampler_kl.hpp>

namespace erg::test {

struct TwoParameters {
  std::vector<double> parameter{0.0, 0.0};

  int n_parameters() const { return 2; }
  template <class F>
  void update(F&& f) {
    f(std::span<double>(parameter));
  }
  void restore(std::span<const double> v) { parameter.assign(v.begin(), v.end()); }
  void restore(const std::vector<double>& v) { parameter = v; }
  void copy_parameters(std::span<double> to) const { std::copy(parameter.begin(), parameter.end(), to.begin()); }
};

/// U = theta (x - mu)^2 / 2, parameters (theta, mu).
struct Spring : TwoParameters {
  static constexpr int dim = 1;
  Spring(double theta, double mu) { parameter = {theta, mu}; }

  template <Lane L>
  ERG_FN L operator()(Point<const L, 1> x) const {
    return L(0.5 * parameter[0]) * (x[0] - L(parameter[1])) * (x[0] - L(parameter[1]));
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const double away = x(c, 0) - parameter[1], weight = w[static_cast<std::size_t>(c)];
      to[0] += weight * 0.5 * away * away;
      to[1] -= weight * parameter[0] * away;
      if (!u.empty()) u[static_cast<std::size_t>(c)] = 0.5 * parameter[0] * away * away;
    }
  }
};

/// U = theta_1 x^4 / 4 - theta_2 x^2 / 2.
struct QuarticWell : TwoParameters {
  static constexpr int dim = 1;
  QuarticWell() { parameter = {1.0, 1.0}; }

  template <Lane L>
  ERG_FN L operator()(Point<const L, 1> x) const {
    const L square = x[0] * x[0];
    return L(0.25 * parameter[0]) * square * square - L(0.5 * parameter[1]) * square;
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    for (int c = 0; c < x.n_chains; ++c) {
      const double square = x(c, 0) * x(c, 0), weight = w[static_cast<std::size_t>(c)];
      to[0] += weight * 0.25 * square * square;
      to[1] -= weight * 0.5 * square;
      if (!u.empty()) u[static_cast<std::size_t>(c)] = 0.25 * parameter[0] * square * square - 0.5 * parameter[1] * square;
    }
  }
};

/// The entropy of a normal law, by the moments of its points.
struct NormalEntropy {
  template <class T>
  train::NeighbourEntropyValue value_and_gradient(BlockView<const T> x, BlockView<const T>, BlockView<T> g) const {
    const int n = x.n_chains;
    double mean = 0.0, variance = 0.0;
    for (int c = 0; c < n; ++c) mean += x(c, 0) / n;
    for (int c = 0; c < n; ++c) variance += (x(c, 0) - mean) * (x(c, 0) - mean) / n;
    for (int c = 0; c < n; ++c) g(c, 0) = (x(c, 0) - mean) / (n * variance);
    return {0.5 * std::log(2.0 * 3.141592653589793 * 2.718281828459045 * variance), 0};
  }
};

/// Normal start of given mean and variance.
struct NormalStart {
  double mean, variance;
  template <class T>
  void fill(BlockView<T> x, BlockView<const T>, random::Key key) const {
    for (int c = 0; c < x.n_chains; ++c) {
      for (int d = 0; d < x.dim; ++d) {
        x(c, d) = static_cast<T>(mean + std::sqrt(variance) * random::normal<double>(key, static_cast<std::uint64_t>(c), d));
      }
    }
  }
};

/// The chains of one step of training, kept with their trail.
template <class E, class Kernel, class Start = NormalStart>
class OneDraw {
 public:
  train::StepReport report;

  OneDraw(const E& energy, Kernel kernel, Start start, int n_chains, int n_steps, int n_recorded, std::uint64_t seed = 5)
      : energy_(energy), bank_(train::chains(Simd<>{}, kernel, train::Fresh{start}, {.n_chains = n_chains, .n_steps = n_steps}).template bind<double>(energy_, seed)) {
    bank_.record(n_recorded, 0);
    bank_.draw({}, random::Key(seed).purpose(random::Purpose::start), report);
  }
  train::StepBatch<double> batch() { return {{}, bank_.positions(), random::Key(1), bank_.trail(), {}}; }
  template <class Objective>
  std::vector<double> gradient(Objective objective) {
    return gradient_of(objective, batch());
  }
  template <class Objective>
  std::vector<double> gradient_of(Objective& objective, const train::StepBatch<double>& b) {
    std::vector<double> g(static_cast<std::size_t>(energy_.n_parameters()));
    Pieces<double> pieces(1);
    objective.add_gradient(energy_, b, std::span<double>(g), pieces, report);
    return g;
  }

 private:
  E energy_;
  train::detail::ChainBank<double, E, Simd<>, Kernel, train::Fresh<Start>> bank_;
};

}  // namespace erg::test
