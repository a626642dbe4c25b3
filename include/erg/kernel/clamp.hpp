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
    for (const bool h : held) scale_.push_back(h ? 0.0 : 1.0);
    scale_float_.assign(scale_.begin(), scale_.end());
  }
  void prepare(int dim) const { detail::require_size("held", scale_, dim, "one flag a coordinate of the energy"); }
  template <class T>
  DiagonalMetricView<T> view() const {
    return view<T>([](const T* p, std::size_t) { return p; });
  }
  /// The same where place(p, n) says that the n numbers at p are.
  template <class T, class Place>
  DiagonalMetricView<T> view(Place&& place) const {
    DiagonalMetricView<T> v;
    if constexpr (sizeof(T) == 4) {
      v.scale = place(scale_float_.data(), scale_float_.size());
    } else {
      v.scale = place(scale_.data(), scale_.size());
    }
    return v;
  }

 private:
  std::vector<double> scale_;
  std::vector<float> scale_float_;
};

}  // namespace erg
