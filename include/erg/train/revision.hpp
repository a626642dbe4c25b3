// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/latent/split.hpp"
#include "erg/train/objective.hpp"

namespace erg::train {

struct WatchParams {
  std::int64_t every = 50;         ///< steps from look to look
  bool laplacian = false;          ///< by one random direction a chain
  bool forces = false;             ///< before every step of the chains; with an objective that looks back, before those it looks through
  std::vector<int> coordinates{};  ///< those that move; empty: all. Where a ClampMetric holds some the virial is 1 over the others alone: give split.free()
};

/// An objective, and every so many steps a look at what the kernel made of the starts: StepReport::revision.
///
///   Trainer t(energy, data, chains(...), Watched{Contrastive{}, {.every = 50}}, ...);
///   t.advance().revision.virial
///
/// All is seen under the parameters that moved the chains. Where they follow exp(-U), E[x . dU/dx] = dim and E|dU/dx|^2 = E[tr d^2U]
/// (integration by parts): the virial is the cheapest proof that an energy is, or is not, a density of its negatives.
/// Revision::forces are r_t = E|dU/dx| along the chains: sqrt(h) r_t / (2 sqrt(dim)) far below 1, noise leads; far above, the chains descend.
/// Cost      every look: gradients at starts, negatives and data, and the noise of all steps; the Laplacian two gradients more, forces one
///           for each step of the kernel
template <class Objective = Contrastive>
struct Watched {
  static constexpr bool needs_negatives = Objective::needs_negatives;
  static constexpr const char* name = Objective::name;
  Objective objective{};
  WatchParams params{};

  explicit Watched(Objective o = {}, WatchParams p = {}) : objective(std::move(o)), params(std::move(p)) {
    erg::detail::require_positive("every", static_cast<double>(params.every));
  }

  int n_recorded() const
    requires requires(const Objective& o) { o.n_recorded(); }
  {
    return objective.n_recorded();
  }
  int n_references() const
    requires requires(const Objective& o) { o.n_references(); }
  {
    return objective.n_references();
  }
  bool wants_noise(random::Key key) const { return key.step() % static_cast<std::uint64_t>(params.every) == 0; }
  bool wants_path(random::Key key) const { return params.forces && wants_noise(key); }

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    objective.add_gradient(energy, batch, to, pieces, report);
    if (!wants_noise(batch.key) || batch.starts.data == nullptr) return;
    if (params.coordinates.empty()) {
      for (int d = 0; d < batch.data.dim; ++d) params.coordinates.push_back(d);
    }
    for (const int d : params.coordinates) {
      if (d < 0 || d >= batch.data.dim) erg::detail::reject("coordinates", d, "must be in [0, dim)");
    }
    Revision& r = report.revision;
    double unused = 0.0;
    look(energy, batch.starts, pieces, r.start_energy, r.start_force, unused, unused);
    look(energy, batch.negatives, pieces, unused, r.force, r.virial, r.square_force);
    look(energy, batch.data, pieces, unused, unused, r.data_virial, unused);
    if (params.forces) {
      for (const BlockView<const T> x : batch.path.empty() ? batch.trail.before : batch.path) look(energy, x, pieces, unused, r.forces.emplace_back(), unused, unused);
      r.forces.push_back(r.force);
    }
    if constexpr (requires { energy.first(); }) r.base_gap = mean_value(energy.first(), batch.data) - mean_value(energy.first(), batch.negatives);
    moves(batch, r);
    if (params.laplacian) r.laplacian = laplacian(energy, batch, pieces);
  }

 private:
  template <class E, class T>
  void look(const E& energy, BlockView<const T> x, Pieces<T>& pieces, double& mean, double& force, double& virial, double& square_force) {
    const auto n = static_cast<std::size_t>(x.n_chains);
    std::vector<T> u(n);
    OwnedBlock<T> g(x.n_chains, x.dim);
    gradients(energy, x, std::span<T>(u), g.view(), pieces);
    mean = force = virial = square_force = 0.0;
    for (int c = 0; c < x.n_chains; ++c) {
      double square = 0.0;
      for (const int d : params.coordinates) {
        const double v = static_cast<double>(g.view()(c, d));
        square += v * v;
        virial += v * static_cast<double>(x(c, d));
      }
      force += std::sqrt(square), square_force += square, mean += static_cast<double>(u[static_cast<std::size_t>(c)]);
    }
    const double share = 1.0 / static_cast<double>(n);
    mean *= share, force *= share, square_force *= share;
    virial *= share / static_cast<double>(params.coordinates.size());
  }
  template <class E, class T>
  static double mean_value(const E& energy, BlockView<const T> x) {
    std::vector<T> u(static_cast<std::size_t>(x.n_chains));
    batch_value(energy, x, std::span<T>(u));
    double sum = 0.0;
    for (const T v : u) sum += static_cast<double>(v);
    return sum / x.n_chains;
  }
  template <class E, class T>
  static void gradients(const E& energy, BlockView<const T> x, std::span<T> u, BlockView<T> g, Pieces<T>& pieces) {
    pieces.run(x.n_chains, [&](int first, int n) {
      batch_value_and_gradient(energy, rows_of(x, first, n), u.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)),
                               rows_of(g, first, n));
    });
  }
  template <class T>
  void moves(const StepBatch<T>& batch, Revision& r) const {
    const int n = batch.negatives.n_chains;
    double all = 0.0, drift = 0.0, noise = 0.0;
    for (const int d : params.coordinates) {
      for (int c = 0; c < n; ++c) {
        const double moved = static_cast<double>(batch.negatives(c, d)) - static_cast<double>(batch.starts(c, d));
        const double by_noise = batch.noise.data == nullptr ? Revision::nan : static_cast<double>(batch.noise(c, d));
        all += moved * moved, noise += by_noise * by_noise, drift += (moved - by_noise) * (moved - by_noise);
      }
    }
    const double share = 1.0 / (static_cast<double>(n) * static_cast<double>(params.coordinates.size()));
    r.rms = std::sqrt(share * all), r.drift = std::sqrt(share * drift), r.noise = std::sqrt(share * noise);
  }
  /// v . (dU(x + e v) - dU(x - e v)) / (2 e), v of random signs.
  template <class E, class T>
  double laplacian(const E& energy, const StepBatch<T>& batch, Pieces<T>& pieces) const {
    const BlockView<const T> x = batch.negatives;
    OwnedBlock<T> v(x.n_chains, x.dim), at(x.n_chains, x.dim), ahead(x.n_chains, x.dim), behind(x.n_chains, x.dim);
    fill_normal(v.view(), batch.key.purpose(random::Purpose::jitter), 0);
    std::vector<T> u(static_cast<std::size_t>(x.n_chains));
    const T e = sizeof(T) == 4 ? T(1e-2) : T(1e-4);
    const auto step = [&](T by, BlockView<T> g) {
      for (int d = 0; d < x.dim; ++d) {
        for (int c = 0; c < x.n_chains; ++c) at.view()(c, d) = x(c, d) + (moves_at(d) ? (v.view()(c, d) < T(0) ? -by : by) : T(0));
      }
      gradients(energy, BlockView<const T>(at.view()), std::span<T>(u), g, pieces);
    };
    step(e, ahead.view());
    step(-e, behind.view());
    double sum = 0.0;
    for (const int d : params.coordinates) {
      for (int c = 0; c < x.n_chains; ++c) {
        const double change = static_cast<double>(ahead.view()(c, d)) - static_cast<double>(behind.view()(c, d));
        sum += v.view()(c, d) < T(0) ? -change : change;
      }
    }
    return sum / (2.0 * static_cast<double>(e) * x.n_chains);
  }
  bool moves_at(int d) const { return std::find(params.coordinates.begin(), params.coordinates.end(), d) != params.coordinates.end(); }
};

}  // namespace erg::train
