// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/config.hpp"
#include "erg/run/sink.hpp"

#include <cstdint>

namespace erg::detail {

/// Adds x to a running mean m and a sum s of squared deviations; returns x - m as it was. `inverse` is 1 / (numbers with this one).
///
///   delta = x - m;  m <- m + delta / n;  s <- s + delta (x - m)                     Source  Welford (1962), eqs. (I)-(II)
ERG_FN ERG_INLINE double add_to_moments(double x, double inverse, double& m, double& s) {
  const double before = x - m;
  m += before * inverse;
  s += before * (x - m);
  return before;
}

/// Where a sink adds up draws at present: mean and sum of squared deviations of every coordinate of every chain, [dim, chain].
///
/// A sink that needs nothing else of a draw has `window()` and `Control advance(int n)`, which says that n draws were added to it, and
/// `bool adds_up_moments() const`. Then, on a GPU, the draws are added up where they are and none is copied to the host.
struct MomentsWindow {
  double* mean = nullptr;  ///< null: draws are counted only
  double* sum = nullptr;
  int n_chains = 0, dim = 0;
  int count = 0;           ///< draws in it
  int left = 0;            ///< draws until it is full, >= 1
};

template <class S>
concept adds_up_moments = requires(S& s) {
  s.window();
  s.advance(1);
  s.adds_up_moments();
};
/// A sink that looks at no position or energy of a draw: `static constexpr bool reads_draws = false`.
template <class S>
concept reads_no_draws = requires { requires !std::remove_cvref_t<S>::reads_draws; };

/// Adds n draws from [draw, column, chain] to a window: a thread a coordinate and chain. Run by a GPU's threads.
template <class T>
struct AddToMoments {
  const T* draws;
  std::ptrdiff_t stride;
  int n_columns, n;
  MomentsWindow window;  ///< in the memory of the device
  ERG_FN void operator()(std::ptrdiff_t thread, std::ptrdiff_t n_threads) const {
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(window.dim) * window.n_chains;
    for (std::ptrdiff_t i = thread; i < size; i += n_threads) {
      const T* x = draws + i / window.n_chains * stride + i % window.n_chains;
      double mean = window.mean[i], sum = window.sum[i];
      for (int k = 0; k < n; ++k, x += n_columns * stride) {
        add_to_moments(static_cast<double>(*x), 1.0 / (window.count + k + 1), mean, sum);
      }
      window.mean[i] = mean;
      window.sum[i] = sum;
    }
  }
};

}  // namespace erg::detail
