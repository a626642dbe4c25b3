// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/sum.hpp"
#include "erg/train/objective.hpp"

namespace erg::train {

namespace detail {
/// to += sum_c seed_c d/dtheta (v_c . dU/dx_c), v and seed held fixed, for energies that have it or that are sums of such and others.
template <class E, class T>
void add_slope_gradient(const E& energy, BlockView<const T> x, BlockView<const T> v, BlockView<const T> seed, std::span<T> to) {
  if constexpr (requires { energy.tangent_parameter_gradient(x, v, seed, to); }) {
    energy.tangent_parameter_gradient(x, v, seed, to);
  } else if constexpr (requires { energy.first(), energy.second(); }) {
    const auto n = static_cast<std::size_t>(erg::detail::n_parameters_of(energy.first()));
    const auto add = [&](const auto& part, std::span<T> share) {
      using Part = std::remove_cvref_t<decltype(part)>;
      if constexpr (erg::detail::has_parameters<Part>) add_slope_gradient<Part, T>(part, x, v, seed, share);
    };
    add(energy.first(), to.first(n));
    add(energy.second(), to.subspan(n));
  } else {
    static_assert(sizeof(E) == 0, "erg: this energy has no derivative of its slope by the parameters. It needs tangent_parameter_gradient(x, v, seed, to), "
                                  "as neural energies have.");
  }
}
}  // namespace detail

/// Points where the slope of the energy is penalised.
enum class PenaltyAt { data, negatives, both };

/// A penalty on the slope of the energy, zero-centred.
///
///   weight/2 E|dU/dx|^2,   its gradient weight E[d/dtheta (v . dU/dx)] at v = dU/dx, by the tangent pass: exact, no second derivation
///
/// halved = false: without the 1/2.
/// Cost      a gradient and a pass with tangents, about three parameter gradients; in train::Terms right after Contrastive, on the data of a
///           neural energy, 5/3 of one more than without, and 2/3 where the network is piecewise linear
/// Source    Mescheder, Geiger, Nowozin (2018), Which training methods for GANs do actually converge?, eq. (9)
struct GradientPenalty {
  static constexpr bool needs_negatives = false;
  static constexpr const char* name = "slope penalty";
  double weight = 0.1;
  PenaltyAt at = PenaltyAt::data;
  bool halved = true;
  double last = 0.0;   ///< the mean of |dU/dx|^2 at its last evaluation

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    last = 0.0;
    if (at != PenaltyAt::data && batch.negatives.data == nullptr) {
      throw std::invalid_argument("a slope penalty at the negatives (the training has none) take PenaltyAt::data, or chains");
    }
    if (at != PenaltyAt::negatives) add(energy, batch.data, to, pieces);
    if (at != PenaltyAt::data) add(energy, batch.negatives, to, pieces);
    report.penalty = (halved ? 0.5 : 1.0) * weight * last;
  }
  bool shares_pass_with(const Contrastive& contrastive) const { return at == PenaltyAt::data && contrastive.energy_l2 == 0.0; }
  /// Both terms in one pass over the data, of energies that have it.
  template <class E, class T>
    requires requires(const E& e, BlockView<const T> x, std::span<T> v) { e.penalised_parameter_gradient(x, T(1), T(1), v, v, v); }
  void add_gradient_with(const Contrastive&, const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    const BlockView<const T> x = batch.data;
    const auto n = static_cast<std::size_t>(x.n_chains);
    struct Owner;
    T* memory = erg::detail::thread_numbers<T, Owner>(2 * n);
    const std::span<T> u(memory, n), squares(memory + n, n);
    const T each = static_cast<T>(1.0 / x.n_chains), penalty = static_cast<T>((halved ? 1.0 : 2.0) * weight / x.n_chains);
    const detail::MeanGradient<T> negatives{batch.negatives, -1.0, 0.0, detail::mean_gradient_memory<T, 1>(batch.negatives.n_chains)};
    const auto of_data = [&](int first, int count, std::span<T> sum) {
      const auto from = static_cast<std::size_t>(first), m = static_cast<std::size_t>(count);
      energy.penalised_parameter_gradient({x.data + first, count, x.dim, x.stride}, each, penalty, sum, u.subspan(from, m), squares.subspan(from, m));
    };
    detail::add_both(x.n_chains, of_data, batch.negatives.n_chains,
                     [&](int first, int count, std::span<T> sum) { negatives.add(energy, first, count, sum); }, to, pieces);
    last = 0.0;
    double mean = 0.0;
    for (std::size_t c = 0; c < n; ++c) mean += static_cast<double>(u[c]), last += static_cast<double>(squares[c]) / x.n_chains;
    report.penalty = (halved ? 0.5 : 1.0) * weight * last;
    report.data_energy = mean / x.n_chains;
    report.model_energy = negatives.mean();
  }

 private:
  template <class E, class T>
  void add(const E& energy, BlockView<const T> x, std::span<T> to, Pieces<T>& pieces) {
    std::vector<double> squares(static_cast<std::size_t>(x.n_chains), 0.0);
    pieces.add(x.n_chains, to, [&](int first, int n, std::span<T> sum) {
      const BlockView<const T> part{x.data + first, n, x.dim, x.stride};
      nn::detail::Sheet<T> slope(n, x.dim), seed(n, 1), u(n, 1);
      std::fill(seed.values.begin(), seed.values.end(), static_cast<T>((halved ? 1.0 : 2.0) * weight / x.n_chains));
      batch_value_and_gradient(energy, part, std::span<T>(u.values), slope.view());
      for (int c = 0; c < n; ++c) {
        for (int d = 0; d < x.dim; ++d) squares[static_cast<std::size_t>(first + c)] += static_cast<double>(slope.view()(c, d)) * static_cast<double>(slope.view()(c, d));
      }
      detail::add_slope_gradient<E, T>(energy, part, slope.constant(), seed.constant(), sum);
    });
    for (const double v : squares) last += v / x.n_chains;
  }
};

}  // namespace erg::train
