// SPDX-License-Identifier: BSL-1.0

// The main of a test program, compiled once: with Catch2 2.13 it costs more than most tests. Version 3 brings its own
// and does not look at this definition.
#define CATCH_CONFIG_MAIN
#include "test.hpp"
