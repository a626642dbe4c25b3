// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The energy whose amortised training is known in closed form, and a trainer that gets there.
#pragma once

#include <erg/latent/fixed_point.hpp>
#include <erg/train/latent_teacher.hpp>
#include <erg/train/revision.hpp>
#include <erg/train/trainer.hpp>

namespace erg::test {

/// U = sum_d l_d x_d^2 / 2.
template <int D>
struct Curvature {
  static constexpr int dim = D;
  std::vector<double> l = std::vector<double>(static_cast<std::size_t>(D), 1.0);

  int n_parameters() const { return D; }
  template <class F>
  void update(F&& f) {
    f(std::span<double>(l));
  }
  void restore(std::span<const double> v) { l.assign(v.begin(), v.end()); }
  void restore(const std::vector<double>& v) { l = v; }
  void copy_parameters(std::span<double> to) const { std::copy(l.begin(), l.end(), to.begin()); }
  template <Lane L>
  ERG_FN L operator()(Point<const L, D> x) const {
    L sum = 0.0;
    for (int d = 0; d < D; ++d) sum += L(0.5 * l[static_cast<std::size_t>(d)]) * x[d] * x[d];
    return sum;
  }
  template <Lane L>
  ERG_FN L value_and_gradient(Point<const L, D> x, Point<L, D> g) const {
    for (int d = 0; d < D; ++d) g[d] = L(l[static_cast<std::size_t>(d)]) * x[d];
    return (*this)(x);
  }
  void add_parameter_gradient(BlockView<const double> x, std::span<const double> w, std::span<double> to, std::span<double> u = {}) const {
    if (!u.empty()) std::fill(u.begin(), u.end(), 0.0);
    for (int d = 0; d < D; ++d) {
      const auto at = static_cast<std::size_t>(d);
      for (int c = 0; c < x.n_chains; ++c) {
        to[at] += w[static_cast<std::size_t>(c)] * 0.5 * x(c, d) * x(c, d);
        if (!u.empty()) u[static_cast<std::size_t>(c)] += 0.5 * l[at] * x(c, d) * x(c, d);
      }
    }
  }
};

/// What a run of amortised training came to.
struct FixedPoint {
  double precision = 0.0, error = 0.0;   ///< mean over the second part, and its standard error from theory
  double model_square = 0.0;             ///< mean w^2 of the model
  train::Revision revision{};            ///< at the end
  double virial = 0.0;                   ///< mean over n_looks looks in the second part
  static constexpr int n_looks = 60;
};

/// Trains l on data whose second moment is exactly 1 and averages: what erg::latent::AncestralLangevin predicts.
template <class Kernel>
FixedPoint train_curvature(const latent::AncestralLangevin& a, Kernel kernel, train::Refit refit, double start, int n_steps, double rate = 0.1) {
  const int n = 2048, n_first = n_steps / 4;
  latent::LinearGaussian<double> model(1, 1, a.sigma);
  model.set({std::sqrt(1.0 - a.sigma * a.sigma)});
  Curvature<1> energy;
  energy.l[0] = start;
  const auto decoding = a.decodes_mean ? latent::Decoding::mean : latent::Decoding::sample;
  train::Trainer t(energy, train::Data<double>({1.0, -1.0}, 1),
                   train::chains(Simd<>{}, kernel, train::Fresh{train::Ancestral{model.snapshot(), decoding}}, {.n_chains = n, .n_steps = a.n_steps}),
                   train::Watched{train::Contrastive{}, {.every = n_steps / FixedPoint::n_looks}}, nn::Sgd<double>{{.learning_rate = 0.3}},
                   train::RefitTeacher<double>(model, refit, rate), {.batch = 2, .seed = 5});
  FixedPoint f;
  for (int i = 0; i < n_first + n_steps; ++i) {
    const auto& r = t.advance();
    const bool is_look = r.revision.rms == r.revision.rms;
    if (is_look) f.revision = r.revision;
    if (i < n_first) continue;
    if (is_look) f.virial += r.revision.virial / FixedPoint::n_looks;
    f.precision += t.energy().l[0] / n_steps;
    f.model_square += t.teacher().model().w(0, 0) * t.teacher().model().w(0, 0) / n_steps;
  }
  f.error = std::sqrt(2.0 / n / n_steps) / std::fabs(a.slope());
  return f;
}

}  // namespace erg::test
