// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/sinks/batches.hpp"

namespace erg {

struct OnlineRHatParams {
  double stop_below = 0.0;   ///< > 0: the run stops when every coordinate's R-hat is below; looked at once a batch
  int min_draws = 100;       ///< but not before so many draws
};

/// Split R-hat of every coordinate while the chains run.
///
///   R = sqrt(((n - 1)/n W + B/n) / W) over half-chains: diag::rhat_basic of the draws in full batches, without keeping them
///
/// Not rank-normalised: it sees chains that disagree in location, not those that disagree in spread alone, and means nothing for
/// densities without variance. Judge a finished run by diag::rhat where a Trace fits in memory.
/// Memory    at most 66 dim n_chains doubles               Cost  two passes of adds a draw; R-hat itself 64 n_chains a coordinate
/// Ensures   NaN before 4 draws and where nothing varies; a stop by `stop_below` makes the length of the run depend on what it drew
/// Source    Vehtari et al. (2021), section 3.1
class OnlineRHat {
 public:
  OnlineRHat() = default;
  explicit OnlineRHat(OnlineRHatParams params) : params_(params) {}

  void on_begin(const RunInfo& info) { batches_.on_begin(info); }
  template <class T>
  Control on_draw(const Draw<T>& draw) {
    batches_.on_draw(draw);
    return look();
  }
  bool adds_up_moments() const { return true; }
  detail::MomentsWindow window() { return batches_.window(); }
  Control advance(int n) {
    batches_.advance(n);
    return look();
  }

  int n_draws() const { return batches_.n_draws(); }
  int dim() const { return batches_.dim(); }
  double rhat(int d) const {
    const auto s = detail::spread(batches_, d, 2);
    if (!(s.within > 0.0)) return s.between > 0.0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    return std::sqrt((s.length - 1.0) / s.length + s.between / s.within);
  }
  /// The largest over coordinates; NaN where one is.
  double worst() const {
    double r = 0.0;
    for (int d = 0; d < dim(); ++d) {
      const double v = rhat(d);
      if (!(v <= r)) r = v;
      if (v != v) return v;
    }
    return r;
  }

  void save(io::Writer& w) const { batches_.save(w); }
  void load(io::Reader& r) { batches_.load(r); }

 private:
  Control look() const {
    const bool looks = params_.stop_below > 0.0 && n_draws() >= params_.min_draws && n_draws() % batches_.batch_length() == 0;
    return looks && worst() < params_.stop_below ? Control::stop : Control::proceed;
  }

  OnlineRHatParams params_;
  detail::Batches batches_;
};

}  // namespace erg
