// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file The only file that names the test framework: Catch2 3, or 2.13 (Debian 12). What is spelled differently in the
/// two, and is used in the tests, has the spelling of version 3.

#if __has_include(<catch2/catch_all.hpp>)

#include <catch2/catch_all.hpp>

using Catch::Approx;

#else

#include <catch2/catch.hpp>

namespace Catch::Matchers {

inline auto ContainsSubstring(const std::string& part) { return Contains(part); }

} // namespace Catch::Matchers

#endif

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
