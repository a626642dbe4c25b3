// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/train/chains.hpp"

namespace erg::train {

namespace detail {
template <class T, class Q>
class DrawBank;
}

/// Negatives that are draws of a sampler over blocks, a generator or a flow, new in every step and moved by nothing.
///
///   draws(generator, 256)          with `chains(..., Fresh{Drawn{generator}}, ...)` a kernel moves them afterwards
template <class Q>
struct Draws {
  Q proposal;
  int n_chains;

  template <class T, class E>
  detail::DrawBank<T, Q> bind(const E& energy, std::uint64_t) && {
    return {std::move(*this), dim_of(energy)};
  }
};
template <class Q>
Draws<Q> draws(Q proposal, int n_chains = 256) {
  return {std::move(proposal), erg::detail::require_count("n_chains", n_chains)};
}

namespace detail {
template <class T, class Q>
class DrawBank {
 public:
  static constexpr bool has_chains = true;

  DrawBank(Draws<Q> d, int dim) : draws_(std::move(d)), values_(static_cast<std::size_t>(draws_.n_chains) * static_cast<std::size_t>(dim)), dim_(dim) {}
  void begin(BlockView<const T>, random::Key) {}
  void draw(BlockView<const T>, random::Key key, StepReport&) { draws_.proposal.sample(key, 0, BlockView<T>{values_.data(), draws_.n_chains, dim_, draws_.n_chains}); }
  BlockView<const T> positions() const { return {values_.data(), draws_.n_chains, dim_, draws_.n_chains}; }
  const Q& proposal() const { return draws_.proposal; }
  template <class N>
  void renew(const N& q) {
    if constexpr (requires { draws_.proposal = q; }) draws_.proposal = q;
  }
  void save(io::Writer&) const {}
  void load(io::Reader&) {}
  std::string text() const { return "draws of a sampler, " + std::to_string(draws_.n_chains) + " chains"; }

 private:
  Draws<Q> draws_;
  std::vector<T> values_;
  int dim_;
};
}  // namespace detail

}  // namespace erg::train
