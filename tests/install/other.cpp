// SPDX-License-Identifier: BSL-1.0

// A second file that includes everything: nothing may be defined twice.
#include <websockxx/websockxx.hpp>

int other() { return static_cast<int>(websockxx::Frame::text("other").size()); }
