// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/bijector.hpp"
#include "erg/nn/panels.hpp"

#include <deque>
#include <span>

namespace erg::flow::detail {

/// Memory of a pass of this thread. A pass may call an energy that is itself made of flows: each depth has its own.
template <class T>
class Scratch {
 public:
  Scratch() : arena_(pool().size() > depth() ? pool()[depth()] : pool().emplace_back()) { ++depth(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { --depth(); }
  T* require(std::size_t n) { return arena_.require(n); }

 private:
  static std::deque<nn::Arena<T>>& pool() {
    static thread_local std::deque<nn::Arena<T>> arenas;  // grows at its end: what is in use stays where it is
    return arenas;
  }
  static std::size_t& depth() {
    static thread_local std::size_t n = 0;
    return n;
  }
  nn::Arena<T>& arena_;
};

/// Chains that go through a flow together, in lanes L, and the memory of their pass.
template <class L>
struct Panel {
  using T = Real<L>;
  Block<L> v, g;         // [dim, chain]: positions, derivatives by them
  LogDet<L> log_det;
  Block<L> gl, u, tape;  // [1, chain], [1, chain], [n_tape, chain]
  int first;

  /// Chains of the panel from a table of all.
  void read(const Block<L>& to, BlockView<const T> from) const { nn::read_rows(to, from, first); }
  /// The same of one number a chain; none at all are zeros.
  void read(const Block<L>& to, std::span<const T> from) const { nn::read_row(to, 0, from.empty() ? nullptr : from.data(), first); }
  void write(BlockView<T> to, const Block<L>& from) const { nn::write_rows(to, from, first); }
  void write(std::span<T> to, const Block<L>& from) const { std::copy_n(from.data, from.n_chains, to.data() + first); }
  void write(std::span<T> to, const LogDet<L>& from) const {
    for (int i = 0; i < u.n_groups; ++i) u.put(0, i, from.get(i));
    write(to, u);
  }
};

/// f(panel) for all chains.
template <class L, class F>
void for_panels(int n_chains, int dim, int n_tape, int n_parameters, F&& f) {
  Scratch<Real<L>> scratch;
  nn::for_panels<L>(n_chains, 2 * dim + 4 + n_tape, n_parameters, scratch, [&](const Block<L>& all, int first) {
    nn::RowsOf<L> rows{all};
    f(Panel<L>{rows.next(dim), rows.next(dim), {rows.next(2)}, rows.next(1), rows.next(1), rows.next(n_tape), first});
  });
}

}  // namespace erg::flow::detail
