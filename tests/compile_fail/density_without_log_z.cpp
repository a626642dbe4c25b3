// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
// expect: erg: an upper bound of an entropy needs a normalised density: a flow, or an energy that knows its log_z\(\)
#include <erg/entropy/bounds.hpp>

struct Square {
  static constexpr int dim = 1;
#ifndef ERG_FAIL
  double log_z() const { return 0.9189385332046727; }
#endif
  template <erg::Lane L>
  ERG_FN L operator()(erg::Point<const L, 1> x) const {
    return 0.5 * x[0] * x[0];
  }
};
auto bound(erg::BlockView<const double> x) { return erg::entropy::cross_entropy(Square{}, x).value; }
