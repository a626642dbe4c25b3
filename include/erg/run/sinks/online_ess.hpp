// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/sinks/batches.hpp"

namespace erg {

/// Effective sample size for the mean of every coordinate while the chains run, by batch means.
///
///   ESS = S s^2 / (b v),  v the variance of the means of batches of b draws about the mean of all chains, s^2 the variance of a draw,
///   S the draws in full batches; at most S log10 S
///
/// Chains that disagree lower it. Biased upwards by about tau / b, tau the autocorrelation time, until batches are much longer than
/// tau; its own relative standard deviation is about sqrt(2 / (n_batches n_chains)) (20 to 32 batches). diag::ess_basic on a Trace has
/// neither limit.
/// Memory    at most 66 dim n_chains doubles               Cost  two passes of adds a draw
/// Ensures   NaN before 4 draws and where nothing varies
/// Source    Flegal, Jones (2010), Batch means and spectral variance estimators in Markov chain Monte Carlo
class OnlineEss {
 public:
  void on_begin(const RunInfo& info) { batches_.on_begin(info); }
  template <class T>
  void on_draw(const Draw<T>& draw) {
    batches_.on_draw(draw);
  }
  bool adds_up_moments() const { return true; }
  detail::MomentsWindow window() { return batches_.window(); }
  Control advance(int n) {
    batches_.advance(n);
    return Control::proceed;
  }

  int n_draws() const { return batches_.n_draws(); }
  int dim() const { return batches_.dim(); }
  double ess(int d) const {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const int m = batches_.n_batches(), chains = batches_.n_chains();
    const double n = static_cast<double>(m) * chains, b = batches_.batch_length(), total = n * b;
    if (m < 4) return nan;
    double mean = 0.0, batch = 0.0, sum = 0.0;
    const auto each = [&](auto&& f) {
      for (int c = 0; c < chains; ++c) {
        for (int i = 0; i < m; ++i) f(batches_.moments(i, i + 1, c, d));
      }
    };
    each([&](const detail::Batches::Moments& v) { mean += v.mean; });
    mean /= n;
    each([&](const detail::Batches::Moments& v) {
      batch += (v.mean - mean) * (v.mean - mean);
      sum += v.sum;
    });
    const double of_means = batch / (n - 1.0);
    const double of_draws = (sum + b * batch) / (total - 1.0);
    if (!(of_draws > 0.0)) return nan;
    const double ess = total * of_draws / (b * of_means), most = total * std::log10(total);
    return ess < most ? ess : most;
  }
  /// The smallest over coordinates; NaN where one is.
  double least() const {
    double r = std::numeric_limits<double>::infinity();
    for (int d = 0; d < dim(); ++d) {
      const double v = ess(d);
      if (!(v >= r)) r = v;
      if (v != v) return v;
    }
    return r;
  }
  /// Monte Carlo standard error of the mean of coordinate d: sd / sqrt(ESS).
  double mcse(int d) const {
    double sum = 0.0;
    const int m = batches_.n_batches(), chains = batches_.n_chains();
    double mean = 0.0;
    for (int c = 0; c < chains; ++c) mean += batches_.moments(0, m > 0 ? m : 1, c, d).mean / chains;
    for (int c = 0; c < chains; ++c) {
      const auto v = batches_.moments(0, m > 0 ? m : 1, c, d);
      sum += v.sum + m * batches_.batch_length() * (v.mean - mean) * (v.mean - mean);
    }
    const double total = static_cast<double>(m) * chains * batches_.batch_length();
    return std::sqrt(sum / (total - 1.0) / ess(d));
  }

  void save(io::Writer& w) const { batches_.save(w); }
  void load(io::Reader& r) { batches_.load(r); }

 private:
  detail::Batches batches_;
};

}  // namespace erg
