// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "support/figure.hpp"

namespace bench {

/// CPU seconds that g++ -O2 takes for example 01, and for a file that includes <Eigen/Dense> alone.
Measurement measure_compile_time();

}  // namespace bench
