// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/frame.hpp>

#include <span>
#include <vector>

namespace websockxx::test {

/// To be compared with a list.
inline std::vector<Frame> list(std::span<const Frame> frames) { return {frames.begin(), frames.end()}; }

} // namespace websockxx::test
