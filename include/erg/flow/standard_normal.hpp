// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/energy/concepts.hpp"
#include "erg/random/normal.hpp"

namespace erg::flow {

/// The usual base of a flow: N(0, I), normalised, of a run-time dimension.
///
///   U(z) = |z|^2 / 2 + (n / 2) log 2 pi,   dU/dz = z
///
/// Any normalised energy of the library with a `sample` can stand in its place: Gaussian, GaussianDense, GaussianMixture.
class StandardNormal {
 public:
  explicit StandardNormal(int dim) : dim_(erg::detail::require_count("dim", dim)) {}

  int dim() const { return dim_; }
  double log_z() const { return 0.0; }
  template <Lane L>
  ERG_FN ERG_INLINE L operator()(Point<const L, dynamic> z) const {
    L sum = 0.0;
    for (int d = 0; d < z.size(); ++d) sum = lane::mul_add(z[d], z[d], sum);
    return lane::mul_add(sum, L(0.5), L(0.918938533204672742 * z.size()));
  }
  template <Lane L>
  ERG_FN ERG_INLINE L value_and_gradient(Point<const L, dynamic> z, Point<L, dynamic> g) const {
    for (int d = 0; d < z.size(); ++d) g[d] = z[d];
    return (*this)(z);
  }
  template <Lane L>
  ERG_FN void sample(random::Key key, bits_t<L> chain, Point<L, dynamic> z) const {
    random::fill_normal<L>(key, chain, z, z.size());
  }

 private:
  int dim_;
};

}  // namespace erg::flow
