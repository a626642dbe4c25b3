// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#include "support/compiled_products.hpp"

ERG_TEST_PRODUCTS_IN_FLOAT()
