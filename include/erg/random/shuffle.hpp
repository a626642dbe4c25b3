// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/random/uniform.hpp"

#include <cstddef>
#include <span>
#include <utility>

namespace erg::random {

/// Reorders numbers, every order as likely as any other: a function of the key and their number.
///
/// Source    Fisher and Yates; Durstenfeld (1964), Algorithm 235
inline void shuffle(std::span<int> order, Key key) {
  for (int i = static_cast<int>(order.size()) - 1; i > 0; --i) {
    const int j = static_cast<int>(uniform<double>(key, 0, i) * (i + 1));
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
}

}  // namespace erg::random
