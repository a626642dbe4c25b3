// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/exec/policies.hpp"
#include "erg/train/concepts.hpp"

#include <memory>
#include <vector>

namespace erg::train {

/// Adds parameter gradients of many chains, in pieces of fixed size that any number of threads share: the same sum for any number.
template <class T>
class GradientSum {
 public:
  static constexpr int chains_per_piece = 128;

  explicit GradientSum(int n_workers) : crew_(std::make_unique<Crew>(n_workers)) {}

  /// to += sum_c w_c dU(x_c)/dtheta; u <- U(x).
  template <class E>
  void add(const E& energy, BlockView<const T> x, std::span<const T> w, std::span<T> to, std::span<T> u) {
    const int n_pieces = (x.n_chains + chains_per_piece - 1) / chains_per_piece;
    const std::size_t size = to.size();
    sums_.assign(size * static_cast<std::size_t>(n_pieces), T(0));
    crew_->launch([&](int worker) {
      const auto [begin, end] = crew_->share(n_pieces, worker);
      for (int piece = begin; piece < end; ++piece) {
        const int first = piece * chains_per_piece, n = std::min(chains_per_piece, x.n_chains - first);
        const auto at = static_cast<std::size_t>(first), count = static_cast<std::size_t>(n);
        energy.add_parameter_gradient(BlockView<const T>{x.data + first, n, x.dim, x.stride}, w.subspan(at, count),
                                      std::span<T>(sums_).subspan(size * static_cast<std::size_t>(piece), size), u.subspan(at, count));
      }
    });
    for (int piece = 0; piece < n_pieces; ++piece) {
      const T* from = sums_.data() + size * static_cast<std::size_t>(piece);
      for (std::size_t i = 0; i < size; ++i) to[i] += from[i];
    }
  }

 private:
  std::unique_ptr<Crew> crew_;
  std::vector<T> sums_;
};

/// What one step of training saw.
struct StepReport {
  std::int64_t step = 0;          ///< 0, 1, ...
  double data_energy = 0.0;       ///< mean U over the data batch
  double model_energy = 0.0;      ///< mean U over the negatives; the difference is the gap that training closes
  double gradient_norm = 0.0;     ///< before clipping
  double mean_accept = 0.0;       ///< of the kernel in this step, over all parts
  double teacher_loss = 0.0;      ///< what the amortiser learns by, NaN where there is none
  std::int64_t n_non_finite = 0;  ///< negatives whose energy is not finite: left out of the gradient

  double gap() const { return data_energy - model_energy; }
};

/// The contrastive term.
///
///   dL/dtheta = E_data[dU/dtheta] - E_model[dU/dtheta] + regularize d/dtheta (E_data[U^2] + E_model[U^2])
/// Source    Hinton (2002), eq. (5); the second term: Du, Mordatch (2019), section 3.3
struct Contrastive {
  double energy_l2 = 0.0;    ///< >= 0: keeps U near 0, which fixes its free constant

  /// Adds the gradient to `to`; fills the report's energies.
  template <class E, class T>
  void add_gradient(const E& energy, BlockView<const T> data, BlockView<const T> negatives, std::span<T> to, GradientSum<T>& sum,
                    StepReport& report) {
    report.data_energy = one_side(energy, data, T(1), to, sum, report);
    const std::int64_t before = report.n_non_finite;
    report.model_energy = one_side(energy, negatives, T(-1), to, sum, report);
    if (before > 0) report.n_non_finite = before;  // of the data: the trainer stops
  }

 private:
  template <class E, class T>
  double one_side(const E& energy, BlockView<const T> x, T sign, std::span<T> to, GradientSum<T>& sum, StepReport& report) {
    const auto n = static_cast<std::size_t>(x.n_chains);
    struct Owner;
    T* memory = detail::thread_numbers<T, Owner>(2 * n);
    const std::span<T> w(memory, n), u(memory + n, n);
    std::size_t n_finite = n;
    if (energy_l2 > 0.0) batch_value(energy, x, u);
    for (std::size_t c = 0; c < n; ++c) {
      w[c] = sign / static_cast<T>(n);
      if (energy_l2 > 0.0) w[c] += static_cast<T>(2.0 * energy_l2) * u[c] / static_cast<T>(n);
    }
    sum.add(energy, x, std::span<const T>(w), to, u);
    double mean = 0.0;
    for (const T v : u) {
      if (std::isfinite(v)) mean += static_cast<double>(v);
      else --n_finite;
    }
    report.n_non_finite += static_cast<std::int64_t>(n - n_finite);
    return n_finite > 0 ? mean / static_cast<double>(n_finite) : std::numeric_limits<double>::quiet_NaN();
  }
};

}  // namespace erg::train
