// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/energy/second_order.hpp"
#include "erg/tile/owned_block.hpp"
#include "erg/train/neighbour_entropy.hpp"
#include "erg/train/terms.hpp"

namespace erg::train {

/// Which way KL(q || model) of the sampler's law q enters the gradient that is descended.
///
///   published   + d KL / dtheta: the law of the sampler is drawn towards the model. What the paper prints and its program does
///   exact       - d KL / dtheta: the derivative of CD_k = KL(data || model) - KL(q || model), whose missing term this is
enum class KlSign { published = 1, exact = -1 };

struct SamplerKlParams {
  int n_steps = 1;          ///< last steps of the chains that are differentiated; 0: all of them
  double energy = 1.0;      ///< weight of E_q[U]
  double entropy = 1.0;     ///< weight of -H(q); 0: it is not estimated
  KlSign sign = KlSign::published;
  double scale = 1.0;       ///< of the whole term, >= 0
  int n_chains = 0;         ///< chains that take part; 0: all
  int n_references = 0;     ///< points of the replay buffer that distances are taken to; 0: the chains among themselves
};

/// The part of the contrastive divergence that its usual gradient leaves out: q depends on theta too.
///
///   C = d/dtheta' ( E_q(theta')[U_theta] - H(q(theta')) ) at theta' = theta
///
/// through the last steps x_k+1 = y_k - lambda dU/dx(y_k) of the chains, with their noise as it was:
///
///   a = dL/dx_K;  for k = K-1, ..., K-R:  C += -lambda d/dtheta (a . dU/dx(y_k));  a <- a - lambda d^2U/dx^2(y_k) a
///
/// Components that were clamped (positions to the box, gradients by clip) pass nothing on. No tape: a tangent pass over the parameter
/// gradient and one over the input gradient a step.
/// Requires  a plain Langevin kernel (Ula without a metric, NoisyDescent), n_steps <= those of the chains, a smooth activation (SiLU,
///           Softplus, Tanh): piecewise linear ones have no second derivative
/// Cost      2 to 3 parameter gradients over n_chains a step looked through; the neighbours' n^2 dim
/// Memory    n_steps positions of all chains
/// Source    Du, Li, Tenenbaum, Mordatch (2021), Improved contrastive divergence training of energy-based models, section 3.1; the sign is
///           docs/reproduce-the-papers/improved-cd.md
template <class Entropy = NeighbourEntropy>
class SamplerKl {
 public:
  static constexpr bool needs_negatives = true;
  static constexpr const char* name = "sampler KL";

  explicit SamplerKl(SamplerKlParams p = {}, Entropy e = Entropy{}) : params(p), entropy(std::move(e)) {
    erg::detail::require_count("n_steps", p.n_steps, 0);
    erg::detail::require_count("n_chains", p.n_chains, 0);
    erg::detail::require_count("n_references", p.n_references, 0);
    erg::detail::require_not_negative("energy", p.energy);
    erg::detail::require_not_negative("entropy", p.entropy);
    erg::detail::require_not_negative("scale", p.scale);
  }
  int n_recorded() const { return params.n_steps; }
  int n_references() const { return params.entropy > 0.0 ? params.n_references : 0; }

  template <class E, class T>
  void add_gradient(const E& energy, const StepBatch<T>& batch, std::span<T> to, Pieces<T>& pieces, StepReport& report) {
    const int n = params.n_chains > 0 ? std::min(params.n_chains, batch.negatives.n_chains) : batch.negatives.n_chains;
    const BlockView<const T> x = rows_of(batch.negatives, 0, n);
    std::vector<T> memory(static_cast<std::size_t>(n) * static_cast<std::size_t>(x.dim));
    const BlockView<T> slope{memory.data(), n, x.dim, n};
    report.sampler_energy = value_slope(energy, x, slope, pieces);
    if (params.entropy > 0.0) add_entropy_slope(x, batch.references, slope, report);
    const T weight = static_cast<T>(-batch.trail.law.rate * static_cast<double>(static_cast<int>(params.sign)) * params.scale);
    pieces.add(n, to, [&](int from, int count, std::span<T> sum) {
      look_back(energy, batch, from, rows_of(BlockView<const T>(slope), from, count), weight, sum);
    });
  }

  SamplerKlParams params;
  Entropy entropy;

 private:
  /// weight / n dU/dx, and the mean of U.
  template <class E, class T>
  double value_slope(const E& energy, BlockView<const T> x, BlockView<T> slope, Pieces<T>& pieces) const {
    std::vector<T> u(static_cast<std::size_t>(x.n_chains));
    pieces.run(x.n_chains, [&](int from, int count) {
      const BlockView<T> g = rows_of(slope, from, count);
      batch_value_and_gradient(energy, rows_of(x, from, count), std::span<T>(u).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(count)), g);
      const T w = static_cast<T>(params.energy / x.n_chains);
      for (int d = 0; d < g.dim; ++d) {
        for (int c = 0; c < count; ++c) g(c, d) *= w;
      }
    });
    double mean = 0.0;
    for (const T v : u) mean += static_cast<double>(v);
    return mean / x.n_chains;
  }
  template <class T>
  void add_entropy_slope(BlockView<const T> x, BlockView<const T> references, BlockView<T> slope, StepReport& report) const {
    std::vector<T> memory(static_cast<std::size_t>(x.n_chains) * static_cast<std::size_t>(x.dim));
    const BlockView<T> g{memory.data(), x.n_chains, x.dim, x.n_chains};
    const bool has_references = params.n_references > 0;
    if (has_references && references.data == nullptr) return;  // the buffer is still empty
    const auto h = entropy.value_and_gradient(x, has_references ? references : BlockView<const T>{}, g);
    report.sampler_entropy = h.value;
    report.n_floored += h.n_floored;
    const T w = static_cast<T>(params.entropy);
    for (int d = 0; d < g.dim; ++d) {
      for (int c = 0; c < g.n_chains; ++c) slope(c, d) -= w * g(c, d);
    }
  }
  /// Chains [from, from + slope.n_chains).
  template <class E, class T>
  void look_back(const E& energy, const StepBatch<T>& batch, int from, BlockView<const T> slope, T weight, std::span<T> to) const {
    const Trail<T>& trail = batch.trail;
    const LangevinLaw& law = trail.law;
    const int n = slope.n_chains, dim = slope.dim, n_back = params.n_steps > 0 ? params.n_steps : trail.n();
    const auto size = static_cast<std::size_t>(n) * static_cast<std::size_t>(dim);
    std::vector<T> a(size), passed(size), at(size), other(size), weights(static_cast<std::size_t>(n), weight);
    const auto sheet = [&](std::vector<T>& v) { return BlockView<T>{v.data(), n, dim, n}; };
    const auto fixed = [&](const std::vector<T>& v) { return BlockView<const T>{v.data(), n, dim, n}; };
    const auto each = [&](auto&& f) {
      for (int d = 0; d < dim; ++d) {
        for (int c = 0; c < n; ++c) f(c, d);
      }
    };
    each([&](int c, int d) { sheet(a)(c, d) = slope(c, d); });
    BlockView<const T> after = rows_of(batch.negatives, from, n);
    for (int back = 1; back <= n_back; ++back) {
      const auto step = static_cast<std::size_t>(trail.n() - back);
      const BlockView<const T> before = rows_of(trail.before[step], from, n);
      gradient_point(before, trail.keys[step], law, from, sheet(at));
      each([&](int c, int d) {
        T& v = sheet(a)(c, d);
        if (static_cast<double>(after(c, d)) <= law.low || static_cast<double>(after(c, d)) >= law.high) v = T(0);
        sheet(passed)(c, d) = v;
      });
      if (std::isfinite(law.clip)) {
        std::vector<T> u(static_cast<std::size_t>(n));
        batch_value_and_gradient(energy, fixed(at), std::span<T>(u), sheet(other));
        each([&](int c, int d) {
          if (!(std::fabs(static_cast<double>(sheet(other)(c, d))) < law.clip)) sheet(passed)(c, d) = T(0);
        });
      }
      erg::add_mixed_gradient(energy, fixed(at), fixed(passed), std::span<const T>(weights), to);
      if (back == n_back) break;
      batch_hessian_product(energy, fixed(at), fixed(passed), sheet(other));
      each([&](int c, int d) { sheet(a)(c, d) -= static_cast<T>(law.rate) * sheet(other)(c, d); });
      after = before;
    }
  }
  /// Where a step took its gradient: the noise is that of its key.
  template <class T>
  static void gradient_point(BlockView<const T> before, random::Key key, const LangevinLaw& law, int from, BlockView<T> at) {
    for (int d = 0; d < before.dim; ++d) std::copy_n(before.column(d), before.n_chains, at.column(d));
    if (law.order == NoiseOrder::last) return;
    OwnedBlock<T> noise(before.n_chains, before.dim);
    fill_normal(noise.view(), key, static_cast<std::uint32_t>(from));
    for (int d = 0; d < before.dim; ++d) {
      for (int c = 0; c < before.n_chains; ++c) at(c, d) += static_cast<T>(law.noise) * noise.view()(c, d);
    }
  }
};
SamplerKl(SamplerKlParams) -> SamplerKl<NeighbourEntropy>;
template <class Entropy>
SamplerKl(SamplerKlParams, Entropy) -> SamplerKl<Entropy>;

}  // namespace erg::train
