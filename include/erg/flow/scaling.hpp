// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/bijector.hpp"
#include "erg/lane/math.hpp"

#include <cmath>

namespace erg::flow {

/// Every coordinate by itself: x = exp(a) z + b, log_det = sum a.
///
/// `observe` takes b and exp(a) from the data's mean and standard deviation, so that what goes on to the latent side is standardised.
///   Whitening   a and b are constants of the flow: their Jacobian is part of its density, and refitting them makes another flow
///   ActNorm     a and b start there and are trained              Source  Kingma, Dhariwal (2018), Glow, section 3.1
/// Errors    observe: std::invalid_argument where a coordinate of the data is constant or not finite
template <bool trained>
class Scaling {
 public:
  explicit Scaling(int dim) : dim_(erg::detail::require_count("dim", dim)) {}

  int dim() const { return dim_; }
  int n_parameters() const { return 2 * dim_; }
  int n_tape() const { return 2 * dim_; }
  void describe(nn::ParameterList& list) const {
    list.add("log_scale", {dim_}, 0.0, 0.0, !trained);
    list.add("shift", {dim_}, 0.0, 0.0, !trained);
  }

  template <Way way, class L>
  void map(const Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L>) const {
    for (int d = 0; d < dim_; ++d) {
      const L a(w[d]), b(w[dim_ + d]), e = math::exp(way == Way::to_data ? a : -a);
      for (int g = 0; g < v.n_groups; ++g) {
        v.put(d, g, way == Way::to_data ? lane::mul_add(v.get(d, g), e, b) : (v.get(d, g) - b) * e);
        log_det.add(g, a);
      }
    }
  }
  template <Way way, class L>
  void back(const Real<L>* w, Block<L> v, Block<L> g, Block<const L> gl, Block<L> tape, Gradient<L> gw) const {
    for (int d = 0; d < dim_; ++d) {
      const L a(w[d]), b(w[dim_ + d]), e = math::exp(a), inverse = math::exp(-a);
      for (int i = 0; i < v.n_groups; ++i) {
        const L out = v.get(d, i), slope = g.get(d, i);
        if constexpr (way == Way::to_data) {
          const L z = (out - b) * inverse;
          tape.put(d, i, lane::mul_add(slope * e, z, gl.get(0, i)));
          tape.put(dim_ + d, i, slope);
          g.put(d, i, slope * e);
          v.put(d, i, z);
        } else {
          tape.put(d, i, lane::mul_add(-slope, out, gl.get(0, i)));
          tape.put(dim_ + d, i, -(slope * inverse));
          g.put(d, i, slope * inverse);
          v.put(d, i, lane::mul_add(out, e, b));
        }
      }
    }
    if (trained && wants(gw)) add_row_sums<L>(tape, 2 * dim_, gw);
  }
  template <class L>
  void observe(Real<L>* w, Block<L> v) const {
    for (int d = 0; d < dim_; ++d) {
      const auto* row = v.row(d);
      double mean = 0.0, square = 0.0;
      for (int c = 0; c < v.n_chains; ++c) mean += static_cast<double>(row[c]);
      mean /= v.n_chains;
      for (int c = 0; c < v.n_chains; ++c) square += (static_cast<double>(row[c]) - mean) * (static_cast<double>(row[c]) - mean);
      const double deviation = std::sqrt(square / v.n_chains);
      if (!std::isfinite(deviation)) erg::detail::reject(erg::detail::indexed("the deviation of coordinate", d), deviation, "data must be finite");
      if (!(deviation > 0.0)) {
        erg::detail::reject(erg::detail::indexed("the deviation of coordinate", d), deviation,
                            "a constant coordinate has no density; leave it out, or add noise to it");
      }
      w[d] = static_cast<Real<L>>(std::log(deviation));
      w[dim_ + d] = static_cast<Real<L>>(mean);
    }
  }

 private:
  int dim_;
};
using Whitening = Scaling<false>;
using ActNorm = Scaling<true>;

}  // namespace erg::flow
