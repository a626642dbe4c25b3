// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Energies in the plane, trained in several ways and judged by quadrature: nothing about them is estimated from samples.
#pragma once

#include "support/picture.hpp"
#include "support/plane_target.hpp"

#include <erg/energy/gaussian.hpp>
#include <erg/energy/sum.hpp>
#include <erg/nn/neural_energy.hpp>
#include <erg/nn/schedule.hpp>
#include <erg/train/table.hpp>
#include <erg/train/trainer.hpp>

namespace example {

/// Points of a row-major table, coordinate after coordinate.
inline std::vector<float> by_columns(const std::vector<float>& rows, int dim) {
  const auto n = static_cast<int>(rows.size()) / dim;
  std::vector<float> c(rows.size());
  for (int i = 0; i < n; ++i) {
    for (int d = 0; d < dim; ++d) c[static_cast<std::size_t>(d * n + i)] = rows[static_cast<std::size_t>(i * dim + d)];
  }
  return c;
}

/// An energy as a picture and as numbers.
struct PlaneReport {
  Columns density;               ///< x, y, p
  std::vector<double> weights;   ///< of the target's modes
  double total_variation = 0.0;  ///< of the weights
  double nll = 0.0;              ///< mean -log p of held-out points
  double log_z = 0.0;

  /// Modes that have at least a quarter of their weight.
  int n_covered(const PlaneTarget& target) const {
    int n = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) n += weights[k] >= 0.25 * target.mode_weights[k];
    return n;
  }
};

/// Quadrature on a grid of 320^2 points.
template <class E>
PlaneReport look_at(const E& energy, const PlaneTarget& target, const std::vector<float>& held_out) {
  const int side = 320, n = side * side;
  const double cell = 2.0 * target.reach / side;
  std::vector<float> x(2 * static_cast<std::size_t>(n)), u(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    x[static_cast<std::size_t>(i)] = static_cast<float>(-target.reach + cell * (i / side + 0.5));
    x[static_cast<std::size_t>(n + i)] = static_cast<float>(-target.reach + cell * (i % side + 0.5));
  }
  erg::batch_value(energy, erg::BlockView<const float>{x.data(), n, 2, n}, std::span<float>(u));
  const double least = static_cast<double>(*std::min_element(u.begin(), u.end()));
  PlaneReport r;
  r.density.resize(3);
  r.weights.resize(target.mode_weights.size());
  double sum = 0.0;
  for (int i = 0; i < n; ++i) {
    const double p = std::exp(least - static_cast<double>(u[static_cast<std::size_t>(i)]));
    const double a = static_cast<double>(x[static_cast<std::size_t>(i)]), b = static_cast<double>(x[static_cast<std::size_t>(n + i)]);
    sum += p;
    r.weights[static_cast<std::size_t>(target.mode(a, b))] += p;
    if (i / side % 2 == 0 && i % 2 == 0) r.density[0].push_back(a), r.density[1].push_back(b), r.density[2].push_back(p);
  }
  r.log_z = std::log(sum * cell * cell) - least;
  for (std::size_t k = 0; k < r.weights.size(); ++k) {
    r.weights[k] /= sum;
    r.total_variation += 0.5 * std::fabs(r.weights[k] - target.mode_weights[k]);
  }
  const int m = static_cast<int>(held_out.size() / 2);
  const std::vector<float> columns = by_columns(held_out, 2);
  std::vector<float> v(static_cast<std::size_t>(m));
  erg::batch_value(energy, erg::BlockView<const float>{columns.data(), m, 2, m}, std::span<float>(v));
  for (const float e : v) r.nll += static_cast<double>(e) / m;
  r.nll += r.log_z;
  return r;
}

/// A network whose last layer is zero: a tilt that is none at first. In the plane its first layer is made sharper than usual, so that from
/// the start its features bend within the width of a mode and all over the plane: smooth features learn narrow modes slowly.
inline auto flat_network(int dim, int hidden, float sharper = 1.0F) {
  erg::nn::NeuralEnergy net(erg::nn::mlp<erg::nn::SiLU>(dim, hidden, hidden, 1), erg::random::Key(3));
  net.update([&](std::span<float> theta) {
    const auto weights = theta.first(static_cast<std::size_t>(dim * hidden)), biases = theta.subspan(weights.size(), static_cast<std::size_t>(hidden));
    for (float& w : weights) w *= sharper;
    for (float& b : biases) b *= sharper > 1.0F ? 3.0F * sharper : 1.0F;
    std::fill(theta.end() - hidden - 1, theta.end(), 0.0F);
  });
  return net;
}
/// exp(-U) = N(x; 0, deviation^2) exp(-network): the Gaussian keeps the integral finite.
inline auto tilted_gaussian(double deviation) { return erg::tilt(erg::GaussianIsotropic<2>(deviation), flat_network(2, 128, 4.0F)); }

struct PlaneTraining {
  long n_steps = 1000;
  int n_chains = 512;
  double learning_rate = 2e-3;   ///< falls to a hundredth of it
  bool table = false;            ///< a row of progress ten times
  double clip = 0.0;             ///< longest gradient; 0: as it is
  double average = 0.0;          ///< of the parameters that are judged; 0: the last
  std::uint64_t seed = 7;
  int n_threads = 1;
};

/// Positions of chains, column by column.
inline Columns columns_of(erg::BlockView<const float> x, int n) {
  Columns c(2);
  for (int i = 0; i < std::min(n, x.n_chains); ++i) {
    for (int d = 0; d < 2; ++d) c[static_cast<std::size_t>(d)].push_back(static_cast<double>(x(i, d)));
  }
  return c;
}

/// Trains the same network in one way; `negatives`, `teacher` and `objective` are the way. on_end(trainer) may look at it.
template <class Negatives, class Teacher, class Objective, class OnEnd>
PlaneReport train_plane(const PlaneTarget& target, const std::vector<float>& data, const std::vector<float>& held_out, Negatives negatives,
                        Teacher teacher, PlaneTraining p, Objective objective, OnEnd&& on_end) {
  namespace train = erg::train;
  train::Trainer trainer(
      tilted_gaussian(4.0), train::Data<float>(data, 2), std::move(negatives), std::move(objective),
      train::Scheduled(erg::nn::Adam<float>{{.learning_rate = p.learning_rate}}, erg::nn::CosineRate(p.n_steps, 0.01)), std::move(teacher),
      {.batch = p.n_chains, .clip = p.clip, .average = p.average, .seed = p.seed, .n_threads = p.n_threads});
  if (p.table) {
    trainer.run(p.n_steps, train::Table{.every = p.n_steps / 10});
  } else {
    trainer.run(p.n_steps);
  }
  on_end(trainer);
  return look_at(p.average > 0.0 ? trainer.averaged() : trainer.energy(), target, held_out);
}
template <class Negatives, class Teacher = erg::train::NoTeacher>
PlaneReport train_plane(const PlaneTarget& target, const std::vector<float>& data, const std::vector<float>& held_out, Negatives negatives,
                        Teacher teacher = {}, PlaneTraining p = {}, Columns* negatives_after = nullptr) {
  return train_plane(target, data, held_out, std::move(negatives), std::move(teacher), p, erg::train::Contrastive{}, [&](auto& trainer) {
    if (negatives_after != nullptr) *negatives_after = columns_of(trainer.negatives().positions(), 1500);
  });
}

}  // namespace example
