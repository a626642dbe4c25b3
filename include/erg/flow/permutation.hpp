// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/bijector.hpp"
#include "erg/random/shuffle.hpp"

#include <numeric>
#include <vector>

namespace erg::flow {

/// Coordinates in another order: x_i = z_order[i], log_det = 0. It has no parameters; the order is part of the flow's type of map.
/// Errors    std::invalid_argument: numbers that are no permutation of 0 .. n - 1
class Permutation {
 public:
  explicit Permutation(std::vector<int> order) : order_(std::move(order)) {
    const int n = erg::detail::require_count("the dim of a permutation", static_cast<int>(order_.size()));
    std::vector<bool> seen(order_.size());
    for (int i = 0; i < n; ++i) {
      const int o = order_[static_cast<std::size_t>(i)];
      if (o < 0 || o >= n || seen[static_cast<std::size_t>(o)]) {
        erg::detail::reject(erg::detail::indexed("order", i), o, "a permutation has each of 0 .. n - 1 once");
      }
      seen[static_cast<std::size_t>(o)] = true;
    }
  }
  static Permutation reversal(int dim) {
    std::vector<int> order(static_cast<std::size_t>(erg::detail::require_count("dim", dim)));
    for (int i = 0; i < dim; ++i) order[static_cast<std::size_t>(i)] = dim - 1 - i;
    return Permutation(std::move(order));
  }
  static Permutation random(int dim, random::Key key) {
    std::vector<int> order(static_cast<std::size_t>(erg::detail::require_count("dim", dim)));
    std::iota(order.begin(), order.end(), 0);
    erg::random::shuffle(order, key);
    return Permutation(std::move(order));
  }

  int dim() const { return static_cast<int>(order_.size()); }
  int n_parameters() const { return 0; }
  int n_tape() const { return dim(); }
  void describe(nn::ParameterList&) const {}

  template <Way way, class L>
  void map(const Real<L>*, Block<L> v, LogDet<L>, Block<L> tape) const {
    move<way>(v, tape);
  }
  template <Way way, class L>
  void back(const Real<L>*, Block<L> v, Block<L> g, Block<const L>, Block<L> tape, Gradient<L>) const {
    constexpr Way other = way == Way::to_data ? Way::to_latent : Way::to_data;
    move<other>(v, tape);
    move<other>(g, tape);
  }

 private:
  template <Way way, class L>
  void move(Block<L> v, Block<L> kept) const {
    const auto n = static_cast<std::size_t>(v.n_groups * width_v<nn::base_lane<L>>);
    for (int p = 0; p < nn::n_planes<L>; ++p) {  // tangents move with their values
      for (int i = 0; i < dim(); ++i) std::copy_n(v.row(i, p), n, kept.row(i, p));
      for (int i = 0; i < dim(); ++i) {
        const int o = order_[static_cast<std::size_t>(i)];
        std::copy_n(kept.row(way == Way::to_data ? o : i, p), n, v.row(way == Way::to_data ? i : o, p));
      }
    }
  }

  std::vector<int> order_;
};

}  // namespace erg::flow
