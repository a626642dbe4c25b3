// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/tile/owned_block.hpp"

namespace erg::generator {

using erg::rows_of;

/// A table of its own memory, [chain, column], grown on demand.
template <class T>
using Table = OwnedBlock<T>;

}  // namespace erg::generator
