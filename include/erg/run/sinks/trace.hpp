// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/diagnostics/series.hpp"
#include "erg/io/archive.hpp"
#include "erg/run/sink.hpp"

#include <vector>

namespace erg {

/// Keeps every draw, [draw, dim, chain], as T. What `diag::summarize` reads.
///
/// Memory    n_draws * dim * n_chains * sizeof(T), reserved at the start of the run; energies come on top
template <class T = double>
class Trace {
 public:
  void on_begin(const RunInfo& info) {
    n_chains_ = info.n_chains;
    dim_ = info.dim;
    n_draws_ = 0;
    data_.clear();
    converted_.clear();  // of the run before, which may have been as long
    data_.reserve(static_cast<std::size_t>(info.n_draws) * per_draw());
  }
  template <class S>
  void on_draw(const Draw<S>& draw) {
    for (int d = 0; d < dim_; ++d) {
      for (int c = 0; c < n_chains_; ++c) data_.push_back(static_cast<T>(draw(c, d)));
    }
    for (int c = 0; c < n_chains_; ++c) data_.push_back(static_cast<T>(draw.energy(c)));
    ++n_draws_;
  }

  int n_draws() const { return n_draws_; }
  int n_chains() const { return n_chains_; }
  int dim() const { return dim_; }
  T operator()(int draw, int chain, int d) const { return data_[index(draw, chain, d)]; }
  T energy(int draw, int chain) const { return data_[index(draw, chain, dim_)]; }

  /// Coordinate d as the diagnostics take it. A Trace<float> is converted to double at the first call after a draw.
  diag::Series series(int d) const {
    const double* p;
    if constexpr (std::is_same_v<T, double>) {
      p = data_.data();
    } else {
      if (converted_.size() != data_.size()) converted_.assign(data_.begin(), data_.end());
      p = converted_.data();
    }
    return {p + static_cast<std::ptrdiff_t>(d) * n_chains_, n_draws_, n_chains_, static_cast<std::ptrdiff_t>(per_draw()), 1};
  }
  diag::Series energies() const { return series(dim_); }

  void save(io::Writer& w) const {
    w.put(n_draws_);
    w.put_vector(data_);
  }
  void load(io::Reader& r) {
    r.get(n_draws_);
    const auto capacity = data_.capacity();
    r.get_vector(data_);
    converted_.clear();
    data_.reserve(capacity);
  }

 private:
  std::size_t per_draw() const { return static_cast<std::size_t>(dim_ + 1) * static_cast<std::size_t>(n_chains_); }
  std::size_t index(int draw, int chain, int column) const {
    return static_cast<std::size_t>(draw) * per_draw() + static_cast<std::size_t>(column) * static_cast<std::size_t>(n_chains_) + static_cast<std::size_t>(chain);
  }

  int n_draws_ = 0, n_chains_ = 0, dim_ = 0;
  std::vector<T> data_;
  mutable std::vector<double> converted_;
};

}  // namespace erg
