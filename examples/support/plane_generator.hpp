// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies in the plane with a generator in the place of chains: at which temperature they are read, and which modes the generator draws.
#pragma once

#include "support/plane_ebm.hpp"

#include <erg/generator/generators.hpp>
#include <erg/train/train.hpp>

#include <algorithm>
#include <chrono>

namespace example {

/// Eight narrow Gaussians on a ring, of equal weight: entropy 2.832 nats, 2.838 less what they overlap.
inline PlaneTarget eight_equal_gaussians() {
  std::vector<double> centres;
  std::vector<int> groups;
  for (int k = 0; k < 8; ++k) {
    centres.push_back(2.828427 * std::cos(0.785398 * k)), centres.push_back(2.828427 * std::sin(0.785398 * k));
    groups.push_back(k);
  }
  return {"eight Gaussians", 6.0, std::vector<double>(8, 1.0), centres, std::vector<double>(8, 0.353553), groups};
}

/// U / temperature.
template <class E>
struct Tempered {
  static constexpr int dim = 2;
  const E& energy;
  double temperature;
  void value_and_gradient(erg::BlockView<const float> x, std::span<float> u, erg::BlockView<float> g) const {
    energy.value_and_gradient(x, u, g);
    const float scale = static_cast<float>(1.0 / temperature);
    for (float& v : u) v *= scale;
    for (int d = 0; d < 2; ++d) {
      for (int c = 0; c < x.n_chains; ++c) g(c, d) *= scale;
    }
  }
};
template <class E>
Tempered(const E&, double) -> Tempered<E>;

/// A generator whose first layer is sharper than usual, so that it tells modes apart from the start.
inline auto plane_sampler(int n_latent = 4) {
  erg::generator::Generator g(erg::nn::mlp<erg::nn::SiLU>(n_latent, 100, 100, 2), {.start = 0.1, .least = 0.01, .most = 0.3}, erg::random::Key(5));
  g.update([&](std::span<float> theta) {
    for (float& w : theta.first(static_cast<std::size_t>(100 * n_latent + 100))) w *= 4.0F;
  });
  return g;
}

/// The same energy by maximum likelihood, its normalising constant by quadrature on side^2 points in every step: what training without it is held
/// against.
class Quadrature {
 public:
  static constexpr bool needs_negatives = false;
  static constexpr const char* name = "likelihood by quadrature";
  explicit Quadrature(double reach, int side = 120) : reach_(reach), side_(side) {}

  template <class E, class T>
  void add_gradient(const E& energy, const erg::train::StepBatch<T>& batch, std::span<T> to, erg::Pieces<T>& pieces, erg::train::StepReport& report) {
    const int side = side_, n = side * side;
    const auto count = static_cast<std::size_t>(n);
    std::vector<T> x(2 * count), u(count), w(count);
    for (int i = 0; i < n; ++i) {
      x[static_cast<std::size_t>(i)] = static_cast<T>(reach_ * (2.0 * (i / side + 0.5) / side - 1.0));
      x[static_cast<std::size_t>(n + i)] = static_cast<T>(reach_ * (2.0 * (i % side + 0.5) / side - 1.0));
    }
    const erg::BlockView<const T> at{x.data(), n, 2, n};
    erg::batch_value(energy, at, std::span<T>(u));
    const T least = *std::min_element(u.begin(), u.end());
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(w[i] = std::exp(least - u[i]));
    for (T& v : w) v *= static_cast<T>(-1.0 / sum);
    const double cell = 2.0 * reach_ / side;
    report.data_energy = erg::train::detail::add_mean_gradient(energy, batch.data, 1.0, 0.0, to, pieces);
    report.objective = report.data_energy + std::log(sum * cell * cell) - static_cast<double>(least);
    energy.add_parameter_gradient(at, std::span<const T>(w), to);
  }

 private:
  double reach_;
  int side_;
};
inline PlaneReport train_by_quadrature(const PlaneTarget& target, const std::vector<float>& data, const std::vector<float>& held_out, long n_steps, int side = 120) {
  namespace train = erg::train;
  train::Trainer t(erg::tilt(erg::GaussianIsotropic<2>(4.0), flat_network(2, 128, 2.0F)), train::Data<float>(data, 2), train::NoNegatives{}, Quadrature(target.reach, side),
                   train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 2e-3}}, erg::nn::CosineRate(n_steps, 0.02)), train::NoTeacher{}, {.batch = 256});
  t.run(n_steps);
  return look_at(t.energy(), target, held_out);
}

/// Draws of a generator, column by column, and the share of them that is nearest to each mode.
struct PlaneDraws {
  std::vector<float> x;
  std::vector<double> share;
  int n = 4000;

  template <class G>
  PlaneDraws(const G& g, const PlaneTarget& target) : x(2 * 4000), share(static_cast<std::size_t>(target.n_modes()), 0.0) {
    g.sample(erg::random::Key(77), 0, {x.data(), n, 2, n});
    for (std::size_t c = 0; c < 4000; ++c) share[static_cast<std::size_t>(target.mode(static_cast<double>(x[c]), static_cast<double>(x[4000 + c])))] += 1.0 / n;
  }
  double least() const { return *std::min_element(share.begin(), share.end()); }
  double most() const { return *std::max_element(share.begin(), share.end()); }
  Columns columns(int first = 1500) const { return columns_of({x.data(), n, 2, n}, first); }
};

}  // namespace example
