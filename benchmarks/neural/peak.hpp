// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace bench {

/// The fastest matrix product here: erg's own, 128 outputs by 128 terms by 64 chains, its operands in the caches. (At this size and
/// at all others tried it is ahead of Eigen 3.4's: see docs/design/009.)
void fastest_product(std::size_t n);
inline constexpr double product_flop = 2.0 * 128 * 128 * 64;
/// Multiply-adds on registers alone.
void bare_multiply_adds(std::size_t n);
inline constexpr double multiply_add_flop = 2.0 * 1024 * 24 * 16;  // lanes of 512 bits; see the source

}  // namespace bench
