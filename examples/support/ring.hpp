// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// Eight equal Gaussians on a ring, and one network trained on them with negatives of several kinds.
#pragma once

#include "support/picture.hpp"
#include "support/plane_ebm.hpp"

#include <erg/kernel/ula.hpp>
#include <erg/latent/geometry.hpp>
#include <erg/train/geometry_log.hpp>
#include <erg/train/latent_teacher.hpp>
#include <erg/train/revision.hpp>

#include <chrono>
#include <sstream>

namespace example {

/// Radius 1, deviation .15, equal weights.
inline PlaneTarget ring() {
  std::vector<double> centres;
  std::vector<int> groups;
  for (int k = 0; k < 8; ++k) {
    const double angle = 6.283185307179586 * k / 8;
    centres.push_back(std::cos(angle)), centres.push_back(std::sin(angle)), groups.push_back(k);
  }
  return {"ring of eight Gaussians", 2.2, std::vector<double>(8, 1.0), centres, std::vector<double>(8, 0.15), groups};
}

/// exp(-U) = N(x; 0, 1.5^2) exp(-f): f the network 2-128-128-1.
inline auto ring_energy() { return erg::tilt(erg::GaussianIsotropic<2>(1.5), flat_network(2, 128, 8.0F)); }
inline auto ring_decoder() { return erg::nn::mlp<erg::nn::SiLU>(2, 128, 128, 2); }
inline auto ring_encoder() { return erg::nn::mlp<erg::nn::SiLU>(2, 128, 128, 4); }

struct RingRow {
  const char* name;
  double kl = 0.0;             ///< KL(data | p), in nats, by the grid
  double variation = 0.0;      ///< total variation of the weights of modes
  int n_modes = 0;             ///< with at least half of their weight among the negatives
  double chi_squared = 0.0;    ///< of the negatives' modes against equal ones
  double seconds = 0.0;
  erg::train::Revision first{}, last{};   ///< at a tenth of the training, and at its end
  PlaneReport report{};
  erg::latent::GeometryReport geometry{};   ///< where the teacher's model has an encoder
  std::string log{};                        ///< all diagnostics, four times on the way
  Columns starts{}, negatives{};
};

struct RingPlan {
  long n_steps = 1500;
  int n_chains = 256, n_langevin = 30;
  std::uint64_t seed = 7;
};

/// Trains the energy once; `start` and `teacher` are the way.
template <class Start, class Teacher, class Kernel = erg::Ula<>>
RingRow train_ring(const char* name, const RingPlan& p, Start start, Teacher teacher, Kernel kernel = Kernel{{.step_size = 0.004}}) {
  namespace train = erg::train;
  const PlaneTarget target = ring();
  const auto data = target.draw(20000, 2 * p.seed), held_out = target.draw(20000, 2 * p.seed + 1);
  const auto begin = std::chrono::steady_clock::now();
  train::Trainer t(ring_energy(), train::Data<float>(data, 2),
                   train::chains(erg::Threads<>{2}, std::move(kernel), train::Fresh{std::move(start)}, {.n_chains = p.n_chains, .n_steps = p.n_langevin}),
                   train::Watched{train::Contrastive{}, {.every = std::max(1L, p.n_steps / 10)}},
                   train::Scheduled(erg::nn::Adam<float>{{.learning_rate = 2e-3}}, erg::nn::CosineRate(p.n_steps, 0.01)), std::move(teacher),
                   {.batch = p.n_chains, .seed = p.seed, .n_threads = 2});
  RingRow row{.name = name};
  erg::OwnedBlock<float> points(2000, 2);
  for (int i = 0; i < points.n; ++i) points(i, 0) = held_out[static_cast<std::size_t>(2 * i)], points(i, 1) = held_out[static_cast<std::size_t>(2 * i + 1)];
  // [log]
  train::GeometryLog log(t, points, {.every = p.n_steps / 4, .geometry = {.n_importance = 64, .n_draws = 4000}, .n_more = 10 * p.n_langevin});
  // [log]
  for (long i = 0; i < p.n_steps; ++i) {
    const auto& r = t.advance();
    log(r);
    if (r.revision.rms != r.revision.rms) continue;
    if (i <= p.n_steps / 10) row.first = r.revision;
    row.last = r.revision;
  }
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::ostringstream text;
  text << log;
  row.log = text.str();
  row.report = look_at(t.energy(), target, held_out);
  row.kl = row.report.nll - target.mean_energy(held_out);
  row.variation = row.report.total_variation;
  // negatives of many more steps' worth of starts, under the trained energy
  std::vector<double> counts(8, 0.0);
  row.starts.resize(2), row.negatives.resize(2);
  const auto add = [&](const auto& x, Columns& to) {
    for (int c = 0; c < x.n_chains; ++c) {
      for (int d = 0; d < 2; ++d) to[static_cast<std::size_t>(d)].push_back(static_cast<double>(x(c, d)));
    }
  };
  double n = 0.0;
  for (int draw = 0; n < 8000.0; ++draw) {
    train::StepReport unused;
    t.negatives().draw(erg::BlockView<const float>{data.data(), 1, 2, 1}, erg::random::Key(1000 + p.seed).at(static_cast<std::uint64_t>(draw)).purpose(erg::random::Purpose::start), unused);
    const auto x = t.negatives().positions();
    for (int c = 0; c < x.n_chains; ++c, ++n) ++counts[static_cast<std::size_t>(target.mode(static_cast<double>(x(c, 0)), static_cast<double>(x(c, 1))))];
    if (draw < 6) add(t.negatives().starts(), row.starts), add(x, row.negatives);
  }
  if constexpr (requires { t.teacher().model().encoder(); }) {
    const auto columns = by_columns(held_out, 2);
    const auto n_points = static_cast<int>(held_out.size() / 2);
    row.geometry = erg::latent::geometry(t.teacher().model(), t.energy(), erg::BlockView<const float>{columns.data(), n_points, 2, n_points}, t.negatives().positions(),
                                         erg::random::Key(p.seed), {.n_importance = 64, .n_draws = 20000});
  }
  for (const double c : counts) {
    row.n_modes += c > n / 16.0;
    row.chi_squared += (c - n / 8.0) * (c - n / 8.0) / (n / 8.0);
  }
  return row;
}

}  // namespace example
