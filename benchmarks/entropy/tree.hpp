// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "support/pairs.hpp"

namespace bench {

/// The k nearest of m points to n others by nanoflann as its users call it: float, points row by row, squared distances. x and y hold
/// [point, dim] column-major. Empty where nanoflann.hpp is not installed.
Work tree_searches(const std::vector<float>& x, int n, const std::vector<float>& y, int m, int dim, int k, bool build_too);

}  // namespace bench
