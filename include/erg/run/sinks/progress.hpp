// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/run/sink.hpp"

#include <chrono>
#include <cstdio>

#include <unistd.h>

namespace erg {

struct ProgressParams {
  std::FILE* stream = nullptr;   ///< null: stderr
  double line_seconds = 10.0;    ///< where the stream is no terminal, a line so often and no bar
};

/// How far a run is, at what rate, and when it will be done: a bar on a terminal, a line now and then in a log.
///
///   sampling  [###########---------]  57 %   1.2e+05 steps/s   3 s left
///
/// Steps are of all chains together, warm-up and thinning included. A run that is over before the first line stays quiet in a log.
/// Cost      a look at the clock a draw                    Resumed  nothing to keep: the rate is that of this process
class Progress {
 public:
  static constexpr bool is_stateless = true;
  static constexpr bool reads_draws = false;  // a draw is a tick

  Progress() = default;
  explicit Progress(ProgressParams params) : params_(params) {}

  void on_begin(const RunInfo& info) {
    info_ = info;
    first_ = -1.0;
    shown_ = begin_ = Clock::now();
    is_terminal_ = ::isatty(::fileno(stream())) != 0;
  }
  void on_warmup(int step, int) { show("warm-up ", step); }
  template <class T>
  void on_draw(const Draw<T>& draw) {
    show("sampling", info_.n_warmup + (draw.index + 1.0) * info_.thin);
  }
  void on_end(const RunReport& report) {
    if (is_terminal_ && first_ >= 0.0) std::fprintf(stream(), "\r%-78s\r", "");
    if (is_terminal_ || seconds_since(begin_) >= params_.line_seconds) {
      std::fprintf(stream(), "%s: %d draws of %d chains in %.3g s\n", report.kernel.c_str(), report.n_draws, report.n_chains, report.seconds);
    }
    std::fflush(stream());
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* stream() const { return params_.stream != nullptr ? params_.stream : stderr; }
  static double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

  void show(const char* phase, double step) {
    if (first_ < 0.0) {  // a resumed run starts in the middle
      first_ = step;
      begin_ = Clock::now();
    }
    if (seconds_since(shown_) < (is_terminal_ ? 0.1 : params_.line_seconds)) return;
    shown_ = Clock::now();
    const double total = info_.n_warmup + static_cast<double>(info_.n_draws) * info_.thin;
    const double seconds = seconds_since(begin_), rate = seconds > 0.0 ? (step - first_) / seconds : 0.0;
    char left[32] = "";
    if (rate > 0.0) std::snprintf(left, sizeof left, "%s left", duration((total - step) / rate).text);
    char bar[21] = "--------------------";
    for (int i = 0; i < 20 && i < 20.0 * step / total; ++i) bar[i] = '#';
    std::fprintf(stream(), "%s%s  [%s] %3.0f %%   %.3g steps/s   %-14s%s", is_terminal_ ? "\r" : "", phase, bar, 100.0 * step / total,
                 rate * info_.n_chains, left, is_terminal_ ? "" : "\n");
    std::fflush(stream());
  }
  struct Text {
    char text[24];
  };
  static Text duration(double seconds) {
    Text t;
    if (seconds < 120.0) {
      std::snprintf(t.text, sizeof t.text, "%.0f s", seconds);
    } else if (seconds < 7200.0) {
      std::snprintf(t.text, sizeof t.text, "%.0f min", seconds / 60.0);
    } else {
      std::snprintf(t.text, sizeof t.text, "%.1f h", seconds / 3600.0);
    }
    return t;
  }

  ProgressParams params_;
  RunInfo info_;
  double first_ = -1.0;
  bool is_terminal_ = false;
  Clock::time_point begin_{}, shown_{};
};

}  // namespace erg
