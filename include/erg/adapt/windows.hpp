// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

namespace erg::adapt {

/// The windows of warm-up: a fast start for the step size alone, windows that double in which the metric is estimated, a fast end.
///
///   | start: 75 | 25 | 50 | 100 | ... | end: 50 |, scaled to 15 % + 75 % + 10 % where warm-up is shorter than 150 steps
///
/// Source    Stan reference manual, HMC algorithm parameters, automatic parameter tuning
class Windows {
 public:
  explicit Windows(int n_warmup) : n_(n_warmup) {
    start_ = n_ < 150 ? n_ * 15 / 100 : 75;
    end_ = n_ - (n_ < 150 ? n_ * 10 / 100 : 50);
    window_ = n_ < 150 ? end_ - start_ : 25;
  }
  /// Whether positions after warm-up step i (counted from 0) belong to a metric window.
  bool collects(int i) const { return i >= start_ && i < end_; }
  /// Whether a metric window closes after step i.
  bool closes(int i) const {
    int first = start_, length = window_;
    while (first < end_) {
      // The last window takes in what would be too short for a window of twice its length.
      int last = first + length;
      if (last + 2 * length > end_) last = end_;
      if (i == last - 1) return true;
      first = last;
      length *= 2;
    }
    return false;
  }

 private:
  int n_, start_ = 0, end_ = 0, window_ = 0;
};

}  // namespace erg::adapt
