// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"
#include "erg/run/moments_window.hpp"
#include "erg/run/sink.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace erg::detail {

/// The draws of a run cut into at most 32 batches of equal length, of each of which mean and sum of squares are kept: what the
/// streaming diagnostics are made of.
///
/// The number of batches is the even one from 20 to 32 that leaves the fewest draws over, the length follows from the planned number
/// of draws; below 40 draws every draw is a batch (an odd last one is left over). Draws left over at the end are not used.
/// Memory    at most 66 dim n_chains doubles, whatever the number of draws
class Batches {
 public:
  void on_begin(const RunInfo& info) {
    dim_ = info.dim;
    n_chains_ = info.n_chains;
    n_ = 0;
    plan(info.n_draws);
    const auto size = static_cast<std::size_t>(dim_) * static_cast<std::size_t>(n_chains_);
    mean_.assign(size * static_cast<std::size_t>(capacity_), 0.0);
    sum_.assign(mean_.size(), 0.0);
  }
  template <class T>
  void on_draw(const Draw<T>& draw) {
    const int batch = n_ / length_;
    if (batch < capacity_) {
      const double inverse = 1.0 / (n_ % length_ + 1);
      for (int d = 0; d < dim_; ++d) {
        const T* x = draw.positions + d * draw.stride;
        double* m = mean_.data() + at(batch, 0, d);
        double* s = sum_.data() + at(batch, 0, d);
        for (int c = 0; c < n_chains_; ++c) add_to_moments(static_cast<double>(x[c]), inverse, m[c], s[c]);
      }
    }
    ++n_;
  }

  MomentsWindow window() {
    const int batch = n_ / length_, count = n_ % length_, left = length_ - count;
    if (batch >= capacity_) return {nullptr, nullptr, n_chains_, dim_, count, left};
    return {mean_.data() + at(batch, 0, 0), sum_.data() + at(batch, 0, 0), n_chains_, dim_, count, left};
  }
  void advance(int n) { n_ += n; }

  int n_draws() const { return n_; }
  int n_chains() const { return n_chains_; }
  int dim() const { return dim_; }
  int batch_length() const { return length_; }
  /// Batches that are full, an even number of them.
  int n_batches() const {
    const int full = n_ / length_ < capacity_ ? n_ / length_ : capacity_;
    return full - full % 2;
  }
  double mean(int batch, int chain, int d) const { return mean_[at(batch, chain, d)]; }

  /// Mean and sum of squared deviations of batches [first, last) of a chain.
  struct Moments {
    double mean = 0.0, sum = 0.0;
  };
  Moments moments(int first, int last, int chain, int d) const {
    Moments r;
    for (int b = first; b < last; ++b) r.mean += mean(b, chain, d);
    r.mean /= last - first;
    for (int b = first; b < last; ++b) {
      const double off = mean(b, chain, d) - r.mean;
      r.sum += sum_[at(b, chain, d)] + length_ * off * off;
    }
    return r;
  }

  void save(io::Writer& w) const {
    w.put(n_);
    w.put_vector(mean_);
    w.put_vector(sum_);
  }
  void load(io::Reader& r) {
    r.get(n_);
    r.get_vector(mean_);
    r.get_vector(sum_);
  }

 private:
  void plan(int n_draws) {
    if (n_draws < 40) {
      length_ = 1;
      capacity_ = n_draws > 1 ? n_draws : 2;
      return;
    }
    int least = n_draws;
    for (int m = 20; m <= 32; m += 2) {
      if (n_draws % m > least) continue;
      least = n_draws % m;
      capacity_ = m;
      length_ = n_draws / m;
    }
  }
  std::size_t at(int batch, int chain, int d) const {
    return (static_cast<std::size_t>(batch) * static_cast<std::size_t>(dim_) + static_cast<std::size_t>(d)) * static_cast<std::size_t>(n_chains_) +
           static_cast<std::size_t>(chain);
  }

  int dim_ = 0, n_chains_ = 0, n_ = 0, length_ = 1, capacity_ = 2;
  std::vector<double> mean_, sum_;
};

/// Between-chain and within-chain variance of `groups` runs of batches per chain, and what both say of the whole.
struct BatchSpread {
  double between = std::numeric_limits<double>::quiet_NaN();  ///< variance of the means
  double within = between;                                    ///< mean of the variances
  double length = 0.0;                                        ///< draws in each
};
inline BatchSpread spread(const Batches& b, int d, int groups) {
  BatchSpread r;
  const int per_group = b.n_batches() / groups, n = groups * b.n_chains();
  r.length = static_cast<double>(per_group) * b.batch_length();
  if (r.length < 2.0 || n < 2) return r;
  const auto each = [&](auto&& f) {
    for (int c = 0; c < b.n_chains(); ++c) {
      for (int g = 0; g < groups; ++g) f(b.moments(g * per_group, (g + 1) * per_group, c, d));
    }
  };
  double mean = 0.0;
  r.between = r.within = 0.0;
  each([&](const Batches::Moments& m) { mean += m.mean, r.within += m.sum; });
  mean /= n;
  each([&](const Batches::Moments& m) { r.between += (m.mean - mean) * (m.mean - mean); });
  r.between /= n - 1;
  r.within /= n * (r.length - 1.0);
  return r;
}

}  // namespace erg::detail
