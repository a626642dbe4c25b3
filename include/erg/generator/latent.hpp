// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/tile/owned_block.hpp"

namespace erg::generator {

/// Standard normals at the key's address, one row a chain, from chain `first` on.      Shapes  x: [chain, n]
template <class T>
void fill_latent(BlockView<T> x, random::Key key, std::uint32_t first = 0) {
  fill_normal(x, key, first);
}

using erg::rows_of;

/// A table of its own memory, [chain, column], grown on demand.
template <class T>
using Table = OwnedBlock<T>;

}  // namespace erg::generator
