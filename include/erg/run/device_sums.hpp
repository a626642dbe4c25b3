// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/tree_sum.hpp"
#include "erg/run/step_tile.hpp"

/// The sums of detail/tree_sum.hpp as launches: a thread a strand, the same order and so the same bits.
namespace erg::detail {

/// Terms of row r: acceptance of part r, of a launch.
template <class T>
struct AcceptTerms {
  const T* accept;
  std::ptrdiff_t stride;
  ERG_FN double operator()(int part, std::ptrdiff_t chain) const { return static_cast<double>(accept[part * stride + chain]); }
};
/// Coordinate r of the positions.
template <class T>
struct PositionTerms {
  EnsembleView<T> chains;
  int first = 0;
  ERG_FN double operator()(int row, std::ptrdiff_t chain) const { return static_cast<double>(chains.position(first + row)[chain]); }
};
/// Products of deviations from the mean: coordinates (r, r), or pairs (i, j <= i) counted row by row.
template <class T>
struct DeviationTerms {
  EnsembleView<T> chains;
  const double* mean;
  const int* pair;  ///< [row, 2]; null: the diagonal
  int first = 0;
  ERG_FN double operator()(int row, std::ptrdiff_t chain) const {
    const int r = first + row;
    const int i = pair == nullptr ? r : pair[2 * r], j = pair == nullptr ? r : pair[2 * r + 1];
    return (static_cast<double>(chains.position(i)[chain]) - mean[i]) * (static_cast<double>(chains.position(j)[chain]) - mean[j]);
  }
};
/// What the level above left.
struct StrandTerms {
  const double* sum;
  int width;
  ERG_FN double operator()(int row, std::ptrdiff_t s) const { return sum[row * width + s]; }
};

/// One level of the tree for some rows: sum[row, strand].
template <class Terms>
struct SumLevel {
  Terms terms;
  std::ptrdiff_t n;
  int rows, width;
  double* sum;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t n_threads) const {
    for (std::ptrdiff_t i = thread; i < static_cast<std::ptrdiff_t>(rows) * width; i += n_threads) {
      const int row = static_cast<int>(i / width);
      sum[i] = strand_sum([this, row](std::ptrdiff_t c) { return terms(row, c); }, n, i % width, width);
    }
  }
};
/// The last level of the acceptance, and the books of the launch.
template <class Terms, int parts>
struct CloseLaunch {
  Terms terms;
  std::ptrdiff_t n;
  Ledger<parts>* ledger;
  bool counts;
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t) const {
    if (thread != 0) return;
    for (int p = 0; p < parts; ++p) {
      ledger->accept[p] = strand_sum([this, p](std::ptrdiff_t c) { return terms(p, c); }, n, 0, 1);
    }
    ledger->close(counts);
  }
};

/// Runs the upper levels and hands the rest, at most 64 terms a row, to last(terms, n).
template <class Machine, class Terms, class Last>
void sum_on_device(Machine& machine, const Terms& terms, std::ptrdiff_t n, int rows, double* strands, double* necks, Last&& last) {
  const auto neck = [&](const auto& from, std::ptrdiff_t m) {
    if (m <= tree_neck) {
      last(from, m);
      return;
    }
    machine.launch(SumLevel<std::decay_t<decltype(from)>>{from, m, rows, tree_neck, necks}, static_cast<std::ptrdiff_t>(rows) * tree_neck);
    last(StrandTerms{necks, tree_neck}, tree_neck);
  };
  if (n <= tree_width) {
    neck(terms, n);
    return;
  }
  machine.launch(SumLevel<Terms>{terms, n, rows, tree_width, strands}, static_cast<std::ptrdiff_t>(rows) * tree_width);
  neck(StrandTerms{strands, tree_width}, tree_width);
}

}  // namespace erg::detail
