// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/latent/geometry.hpp"
#include "erg/latent/stationarity.hpp"
#include "erg/train/objective.hpp"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <vector>

namespace erg::train {

struct GeometryLogParams {
  std::int64_t every = 100;            ///< steps from row to row
  latent::GeometryParams geometry{};   ///< of a teacher's model that has an encoder
  int n_more = 0;                      ///< steps that the kernel goes on from the negatives, to see whether they stay as they are; 0: none
  std::uint64_t seed = 1;
};

/// How an energy, its negatives and the model that starts them stood at one step.
struct GeometryLogRow {
  std::int64_t step = 0;
  double data_energy = 0.0, model_energy = 0.0;        ///< E U, before the step's update
  Revision revision;                                   ///< the last that Watched reported; NaN before there was one
  std::optional<latent::GeometryReport> geometry;      ///< of models with an encoder
  std::vector<double> kl_per_unit;                     ///< KL(pi(z_j | x) | N(0, 1)) over the held-out data, [latent]
  std::optional<latent::StationarityReport> stationarity;

  double gap() const { return data_energy - model_energy; }
  /// E U at the starts less that at the negatives: what the kernel gains.
  double gain() const { return revision.start_energy - model_energy; }
};

/// Every diagnostic of amortised training, kept every so many steps: what the kernel does to the starts (train::Revision, of a Watched
/// objective), how far data, energy and model are from each other (latent::geometry), whether longer chains would go on moving
/// (latent::stationarity).
///
///   train::GeometryLog log(trainer, held_out, {.every = 100, .n_more = 200});
///   trainer.run(2000, log);
///   std::cout << log;
/// Shapes    held_out: [point, dim], kept by the log
/// Cost      every row: latent::geometry over held_out and the negatives, n_more steps of the kernel
/// Source    Xie, Zheng, Li (2021), section 3.4
template <class Trainer, class T>
class GeometryLog {
 public:
  GeometryLog(Trainer& trainer, OwnedBlock<T> held_out, GeometryLogParams p = {}) : trainer_(&trainer), held_out_(std::move(held_out)), params_(p) {
    erg::detail::require_positive("every", static_cast<double>(p.every));
    erg::detail::require_count("n_more", p.n_more, 0);
  }

  void operator()(const StepReport& r) {
    if (r.revision.rms == r.revision.rms) revision_ = r.revision;
    if (r.step % params_.every != 0) return;
    GeometryLogRow row{r.step, r.data_energy, r.model_energy, revision_, {}, {}, {}};
    const BlockView<const T> negatives = trainer_->negatives().positions(), held_out = std::as_const(held_out_).view();
    if constexpr (requires { trainer_->teacher().model().kl_per_unit(held_out); }) {
      const auto& model = trainer_->teacher().model();
      row.geometry = latent::geometry(model, trainer_->energy(), held_out, negatives, random::Key(params_.seed).at(static_cast<std::uint64_t>(r.step)), params_.geometry);
      row.kl_per_unit = model.kl_per_unit(held_out);
    }
    if (params_.n_more > 0) {
      row.stationarity = latent::stationarity(trainer_->energy(), trainer_->negatives().kernel(), negatives, params_.n_more, params_.seed + static_cast<std::uint64_t>(r.step));
    }
    rows_.push_back(std::move(row));
  }
  const std::vector<GeometryLogRow>& rows() const { return rows_; }

  /// A line a row. K(.,.) as in latent::GeometryReport; shift: of the test of stationarity, in standard errors.
  friend std::ostream& operator<<(std::ostream& out, const GeometryLog& log) {
    char text[256];
    std::snprintf(text, sizeof text, "%7s %9s %9s %7s %7s %7s %9s %9s %9s %9s %9s %8s %5s %7s\n", "step", "gap", "gain", "drift", "noise", "virial", "K(P,Q)", "K(Pi,Q)", "K(Pi,P)",
                  "K(Q,P)", "log Z", "draws", "units", "shift");
    out << text;
    for (const auto& r : log.rows_) {
      const auto g = r.geometry.value_or(nothing());
      std::snprintf(text, sizeof text, "%7lld %9.3f %9.3f %7.4f %7.4f %7.3f %9.3f %9.3f %9.3f %9.3f %9.3f %8.1f %5d %7.1f\n", static_cast<long long>(r.step), r.gap(), r.gain(),
                    r.revision.drift, r.revision.noise, r.revision.virial, g.k_pq, g.k_piq, g.k_pip, g.k_qp, g.log_z, g.ess, g.active_units,
                    r.stationarity ? r.stationarity->largest_shift : Revision::nan);
      out << text;
    }
    return out;
  }

 private:
  static latent::GeometryReport nothing() {
    latent::GeometryReport g;
    g.k_pq = g.k_piq = g.k_pip = g.k_qp = g.log_z = g.ess = Revision::nan;
    return g;
  }

  Trainer* trainer_;
  OwnedBlock<T> held_out_;
  GeometryLogParams params_;
  Revision revision_;
  std::vector<GeometryLogRow> rows_;
};

}  // namespace erg::train
