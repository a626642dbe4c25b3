// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/diagnostics/ood.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

/// How good a classifier is, how well it knows it, and how well a score tells two kinds of points apart.
namespace erg {

/// Accuracy and calibration of predictions.
struct Calibration {
  struct Bin {
    int n = 0;
    double confidence = 0.0, accuracy = 0.0;   ///< means
  };
  double accuracy = 0.0;
  double error = 0.0;       ///< expected calibration error, sum_bins (n / N) |accuracy - confidence|
  std::vector<Bin> bins;    ///< of the confidence, equally wide on [0, 1]
};

/// Calibration of class probabilities p(i, k) of n points against labels.
///
/// Errors    std::invalid_argument: no labels, a probability that is not finite
/// Source    Naeini, Cooper, Hauskrecht (2015); Guo, Pleiss, Sun, Weinberger (2017), On calibration of modern neural networks, eq. (3)
template <class P>
Calibration calibration(P&& p, int n_classes, std::span<const int> labels, int n_bins = 20) {
  detail::require_count("n_bins", n_bins);
  detail::require_count("n_classes", n_classes);
  detail::require_count("number of labels", static_cast<int>(labels.size()));
  Calibration out;
  out.bins.resize(static_cast<std::size_t>(n_bins));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    int best = 0;
    for (int k = 0; k < n_classes; ++k) {
      const double v = static_cast<double>(p(static_cast<int>(i), k));
      if (!std::isfinite(v)) detail::reject("p(" + std::to_string(i) + ", " + std::to_string(k) + ")", v, "must be finite: a probability");
      if (p(static_cast<int>(i), k) > p(static_cast<int>(i), best)) best = k;
    }
    const double confidence = static_cast<double>(p(static_cast<int>(i), best));
    auto& bin = out.bins[static_cast<std::size_t>(std::clamp(confidence * n_bins, 0.0, n_bins - 1.0))];
    bin.n += 1;
    bin.confidence += confidence;
    bin.accuracy += best == labels[i] ? 1.0 : 0.0;
  }
  const double n = static_cast<double>(labels.size());
  for (auto& bin : out.bins) {
    out.accuracy += bin.accuracy / n;
    out.error += std::fabs(bin.accuracy - bin.confidence) / n;
    if (bin.n > 0) bin.confidence /= bin.n, bin.accuracy /= bin.n;
  }
  return out;
}

}  // namespace erg
