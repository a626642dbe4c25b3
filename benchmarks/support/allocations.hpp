// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

namespace bench {

/// Calls of any operator new by any thread since the program began. Linking this in replaces the global allocation functions.
long allocations();

}  // namespace bench
