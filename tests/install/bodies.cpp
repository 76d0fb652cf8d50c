// SPDX-License-Identifier: BSL-1.0

// The one file of a header-only user that holds the library.
#include <websockxx/src.hpp>
