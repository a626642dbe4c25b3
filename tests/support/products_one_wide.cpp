// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// A file of its own: without a SIMD instruction set the lanes of double are these.
#include "support/compiled_products.hpp"

ERG_TEST_PRODUCTS_ONE_WIDE()
