// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/train/chains.hpp"

#include <chrono>

namespace erg::train {

struct DeployParams {
  int n_chains = 256;       ///< in a round
  int n_filter = 20;        ///< steps of the kernel that each draw of the proposal goes through
  std::uint64_t seed = 1;
};

/// Samples of a trained energy, and what is known of them.
template <class T>
struct Deployed {
  std::vector<T> values;        ///< [n, dim], row-major: independent of each other
  int dim = 0;
  double accept = 0.0;          ///< of the proposal, mean of min(1, ratio) over the filter steps
  double largest_weight = 0.0;  ///< the largest w / mean w among the first draws, w = exp(-U + U_q)
  double not_forgotten = 0.0;   ///< (1 - 1 / largest_weight)^n_filter: share of draws that may still be the proposal's, as far as these draws saw
  double seconds = 0.0;

  int n() const { return dim == 0 ? 0 : static_cast<int>(values.size()) / dim; }
  double seconds_per_sample() const { return seconds / n(); }
};

/// New samples of an energy from a proposal that has learnt it: draws, each filtered by a few steps of a kernel.
///
///   const auto samples = train::deploy(Simd<>{}, cycle(Imh{q}, Mala{{.step_size = h}}), q, energy, 10000, {.n_filter = 20});
///
/// Draws of the proposal alone (n_filter = 0) are not samples of the energy. Independence Metropolis forgets that a chain started at the
/// proposal at rate 1 - 1 / sup w, exactly for the worst start; sup w is only seen as far as draws reach.
/// Requires  q: sample(key, first, x) and value(x, u) over blocks, normalised or not
/// Cost      a sample costs one draw and n_filter steps: seconds_per_sample
/// Source    Mengersen, Tweedie (1996), theorem 2.1
template <class Exec, class Kernel, class Q, class E, class T = typename Q::Scalar>
Deployed<T> deploy(Exec exec, Kernel kernel, const Q& q, const E& energy, int n, DeployParams p = {}) {
  erg::detail::require_count("n", n);
  erg::detail::require_count("n_filter", p.n_filter, 0);
  const auto begin = std::chrono::steady_clock::now();
  detail::ChainBank<T, E, Exec, Kernel, Fresh<Drawn<Q>>> bank(
      chains(exec, std::move(kernel), Fresh{Drawn{q}}, {.n_chains = p.n_chains, .n_steps = p.n_filter}), energy, p.seed);
  Deployed<T> out;
  out.dim = dim_of(energy);
  const int n_rounds = (n + p.n_chains - 1) / p.n_chains;
  const auto size = static_cast<std::size_t>(p.n_chains);
  std::vector<T> x(size * static_cast<std::size_t>(out.dim)), u(size), uq(size);
  std::vector<double> log_w;
  StepReport report;
  for (int round = 0; round < n_rounds; ++round) {
    const random::Key key = random::Key(p.seed).at(static_cast<std::uint64_t>(round)).purpose(random::Purpose::start);
    const BlockView<T> start{x.data(), p.n_chains, out.dim, p.n_chains};
    q.sample(key, 0, start);  // the draws that the bank starts from, to weigh them
    batch_value(energy, BlockView<const T>(start), std::span<T>(u));
    batch_value(q, BlockView<const T>(start), std::span<T>(uq));
    for (std::size_t c = 0; c < size; ++c) log_w.push_back(static_cast<double>(uq[c]) - static_cast<double>(u[c]));
    bank.draw({}, key, report);
    if (p.n_filter > 0) out.accept += report.accept_global / n_rounds;
    const auto at = bank.positions();
    for (int c = 0; c < at.n_chains && out.n() < n; ++c) {
      for (int d = 0; d < out.dim; ++d) out.values.push_back(at(c, d));
    }
  }
  double most = -std::numeric_limits<double>::infinity(), sum = 0.0;
  for (const double w : log_w) most = std::max(most, w);
  for (const double w : log_w) sum += std::exp(w - most);
  out.largest_weight = static_cast<double>(log_w.size()) / sum;
  out.not_forgotten = std::pow(1.0 - 1.0 / out.largest_weight, p.n_filter);
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return out;
}

}  // namespace erg::train
