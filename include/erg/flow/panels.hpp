// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/flow/bijector.hpp"

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

/// Chains that go through a flow together, and the memory of their pass.
template <class P>
struct Panel {
  using T = Real<P>;
  Block<P> v, g;         // [dim, chain]: positions, derivatives by them
  LogDet<P> log_det;
  Block<P> gl, u, tape;  // [1, chain], [1, chain], [n_tape, chain]
  int first, n;

  /// Chains of the panel from a table of all; padding is 0.
  void read(Block<P> to, BlockView<const T> from) const {
    for (int d = 0; d < to.n_features; ++d) {
      std::copy_n(from.column(d) + first, n, to.row(d));
      std::fill(to.row(d) + n, to.row(d) + to.n_groups * width_v<P>, T(0));
    }
  }
  /// The same of one number a chain; none at all are zeros.
  void read(Block<P> to, std::span<const T> from) const {
    const int given = from.empty() ? 0 : n;
    if (given > 0) std::copy_n(from.data() + first, given, to.data);
    std::fill(to.data + given, to.data + to.n_groups * width_v<P>, T(0));
  }
  void write(BlockView<T> to, Block<P> from) const {
    for (int d = 0; d < from.n_features; ++d) std::copy_n(from.row(d), n, to.column(d) + first);
  }
  void write(std::span<T> to, Block<P> from) const { std::copy_n(from.data, n, to.data() + first); }
  void write(std::span<T> to, const LogDet<P>& from) const {
    for (int i = 0; i < u.n_groups; ++i) u.put(0, i, from.get(i));
    write(to, u);
  }
};

/// f(panel) over n_chains: 256 bytes a row, 512 where the parameters exceed a megabyte and are better read half as often.
template <class P, class F>
void for_panels(int n_chains, int dim, int n_tape, int n_parameters, F&& f) {
  using T = Real<P>;
  if (n_chains < 1) return;
  constexpr long cached = 1L << 20;
  const int most_lines = static_cast<long>(n_parameters) * static_cast<long>(sizeof(T)) > cached ? 8 : 4;
  const int n_lines = std::min((n_chains + nn::per_line<T> - 1) / nn::per_line<T>, most_lines), most = n_lines * nn::per_line<T>;
  const std::ptrdiff_t stride = (n_lines + (n_lines > 4 && n_lines % 2 == 0 ? 1 : 0)) * nn::per_line<T>;
  const int rows = 2 * dim + 4 + n_tape;
  Scratch<T> scratch;
  T* data = scratch.require(static_cast<std::size_t>(rows * stride));
  for (int first = 0; first < n_chains; first += most) {
    const int n = std::min(most, n_chains - first);
    const Block<P> all{data, stride, 0, rows, (n + width_v<P> - 1) / width_v<P>, n};
    f(Panel<P>{all.rows(0, dim), all.rows(dim, dim), {all.rows(2 * dim, 2)}, all.rows(2 * dim + 2, 1), all.rows(2 * dim + 3, 1),
               all.rows(2 * dim + 4, n_tape), first, n});
  }
}

}  // namespace erg::flow::detail
