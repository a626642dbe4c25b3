// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/kernel/metric.hpp"

namespace erg {

/// A metric under which some coordinates have infinite mass: a kernel leaves them as they are, and moves the others under their conditional.
///
///   F_dd = 0 where coordinate d is held, else 1
///
/// Exact for every kernel of the library: a held coordinate gets no kick and no drift, and its momentum drops out of the energy error, so
/// that MALA and HMC leave p(free | held) invariant. This is how holes of images are filled and conditions kept.
///
///   Mala{{.step_size = 0.01}, ClampMetric(split.flags())}
/// Shapes    held: [dim], one flag a coordinate
class ClampMetric {
 public:
  explicit ClampMetric(const std::vector<bool>& held) {
    std::vector<double> scale;
    for (const bool h : held) scale.push_back(h ? 0.0 : 1.0);
    scale_ = detail::BothPrecisions(std::move(scale));
  }
  void prepare(int dim) const { detail::require_size("held", scale_, dim, "one flag a coordinate of the energy"); }
  /// Its numbers are where place(p, n) says that the n at p are.
  template <class T, class Place = detail::InPlace>
  DiagonalMetricView<T> view(Place&& place = {}) const {
    DiagonalMetricView<T> v;
    v.scale = scale_.placed<T>(place);
    return v;
  }

 private:
  detail::BothPrecisions scale_;
};

}  // namespace erg
