// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
//
// The one way tests include Catch2: version 3 where it is installed, version 2 otherwise. Write only what both have:
// TEST_CASE, SECTION, REQUIRE*, CHECK*, GENERATE, TEMPLATE_*TEST_CASE, and the matchers below; no Approx, no BENCHMARK,
// no SKIP.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace erg::test {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Catch::Matchers::WithinULP;

/// A text that contains `part`: for the message of an exception.
#if __has_include(<catch2/catch_all.hpp>)
inline auto contains(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
#else
inline auto contains(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif

}  // namespace erg::test

/// The expression throws `type` and its message contains `part`.
#define ERG_CHECK_THROWS(expression, type, part)                \
  do {                                                          \
    CHECK_THROWS_AS(expression, type);                          \
    CHECK_THROWS_WITH(expression, ::erg::test::contains(part)); \
  } while (false)
