// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/io/archive.hpp"
#include "erg/run/moments_window.hpp"
#include "erg/run/sink.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace erg {

struct OnlineMomentsParams {
  bool covariance = false;   ///< also the pooled covariance, dim * (dim + 1) / 2 numbers and as many operations a chain and draw
};

/// Means and variances of every coordinate while the chains run, per chain and pooled; nothing is kept of the draws.
///
///   per chain   delta = x - m;  m <- m + delta / n;  S <- S + delta (x - m);  variance = S / (n - 1)
///   pooled      over all draws of all chains: S = sum_c S_c + n sum_c (m_c - m)(m_c - m), variance = S / (N - 1), N = n n_chains
///
/// Memory    2 dim n_chains doubles (and dim n_chains more with the covariance), whatever the number of draws
/// Requires  coordinates in 0 .. dim - 1, chains in 0 .. n_chains - 1          Ensures  NaN where there are too few draws
/// Numerics  double whatever the scalar of the run; no square of a mean is ever subtracted
/// Source    Welford (1962), eqs. (I)-(II); Chan, Golub, LeVeque (1983) for the pooling
class OnlineMoments {
 public:
  OnlineMoments() = default;
  explicit OnlineMoments(OnlineMomentsParams params) : params_(params) {}

  void on_begin(const RunInfo& info) {
    dim_ = info.dim;
    n_chains_ = info.n_chains;
    n_draws_ = 0;
    mean_.assign(static_cast<std::size_t>(dim_) * chains(), 0.0);
    sum_.assign(mean_.size(), 0.0);
    const auto d = static_cast<std::size_t>(dim_);
    cross_.assign(params_.covariance ? d * (d + 1) / 2 : 0, 0.0);
    delta_.assign(params_.covariance ? mean_.size() : 0, 0.0);
  }
  template <class T>
  void on_draw(const Draw<T>& draw) {
    ++n_draws_;
    const double inverse = 1.0 / n_draws_;
    for (int d = 0; d < dim_; ++d) {
      const T* x = draw.positions + d * draw.stride;
      double* m = mean_.data() + at(0, d);
      double* s = sum_.data() + at(0, d);
      double* delta = params_.covariance ? delta_.data() + at(0, d) : nullptr;
      for (int c = 0; c < n_chains_; ++c) {
        const double before = detail::add_to_moments(static_cast<double>(x[c]), inverse, m[c], s[c]);
        if (delta != nullptr) delta[c] = before;
      }
    }
    if (params_.covariance) add_cross(1.0 - inverse);
  }

  /// For draws that are added up where they are (run/moments_window.hpp). A covariance needs all chains of a draw at once.
  bool adds_up_moments() const { return !params_.covariance; }
  detail::MomentsWindow window() {
    return {mean_.data(), sum_.data(), n_chains_, dim_, n_draws_, std::numeric_limits<int>::max() - n_draws_};
  }
  Control advance(int n) {
    n_draws_ += n;
    return Control::proceed;
  }

  int n_draws() const { return n_draws_; }
  int n_chains() const { return n_chains_; }
  int dim() const { return dim_; }

  /// Of one chain.
  double mean(int chain, int d) const { return n_draws_ > 0 ? mean_[at(chain, d)] : nan(); }
  double variance(int chain, int d) const { return n_draws_ > 1 ? sum_[at(chain, d)] / (n_draws_ - 1) : nan(); }

  /// Of all chains together.
  double mean(int d) const {
    double sum = 0.0;
    for (int c = 0; c < n_chains_; ++c) sum += mean_[at(c, d)];
    return n_draws_ > 0 ? sum / n_chains_ : nan();
  }
  double variance(int d) const {
    double within = 0.0;
    for (int c = 0; c < n_chains_; ++c) within += sum_[at(c, d)];
    return pooled(within, d, d);
  }
  double sd(int d) const { return std::sqrt(variance(d)); }
  /// NaN unless asked for: OnlineMoments{{.covariance = true}}.
  double covariance(int i, int j) const { return params_.covariance ? pooled(cross_[pair(i, j)], i, j) : nan(); }

  void save(io::Writer& w) const {
    w.put(n_draws_);
    w.put_vector(mean_);
    w.put_vector(sum_);
    w.put_vector(cross_);
  }
  void load(io::Reader& r) {
    const auto take = [&](std::vector<double>& v) {
      const auto n = v.size();
      r.get_vector(v);
      if (v.size() != n) r.fail("holds moments of another shape (was OnlineMoments::covariance switched?)");
    };
    r.get(n_draws_);
    take(mean_), take(sum_), take(cross_);
  }

 private:
  static double nan() { return std::numeric_limits<double>::quiet_NaN(); }
  std::size_t chains() const { return static_cast<std::size_t>(n_chains_); }
  std::size_t at(int chain, int d) const { return static_cast<std::size_t>(d) * chains() + static_cast<std::size_t>(chain); }
  static std::size_t pair(int i, int j) {
    const auto a = static_cast<std::size_t>(i > j ? i : j), b = static_cast<std::size_t>(i > j ? j : i);
    return a * (a + 1) / 2 + b;
  }
  /// Sum within chains to the covariance of all draws.
  double pooled(double within, int i, int j) const {
    const double total = static_cast<double>(n_draws_) * n_chains_;
    if (!(total > 1.0)) return nan();
    const double mi = mean(i), mj = mean(j);
    double between = 0.0;
    for (int c = 0; c < n_chains_; ++c) between += (mean_[at(c, i)] - mi) * (mean_[at(c, j)] - mj);
    return (within + n_draws_ * between) / (total - 1.0);
  }
  /// S_ij <- S_ij + delta_i delta_j (1 - 1/n), summed over chains: what S's recursion is with the means after taken out.
  void add_cross(double factor) {
    for (int i = 0; i < dim_; ++i) {
      for (int j = 0; j <= i; ++j) {
        const double *a = delta_.data() + at(0, i), *b = delta_.data() + at(0, j);
        double sum = 0.0;
        for (int c = 0; c < n_chains_; ++c) sum += a[c] * b[c];
        cross_[pair(i, j)] += factor * sum;
      }
    }
  }

  OnlineMomentsParams params_;
  int n_draws_ = 0, n_chains_ = 0, dim_ = 0;
  std::vector<double> mean_, sum_, cross_, delta_;
};

}  // namespace erg
