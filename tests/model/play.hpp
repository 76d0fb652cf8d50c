// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "reference.hpp"
#include "step.hpp"

#include <optional>
#include <string>

namespace websockxx::model {

/// Lets the steps happen to a client in memory, and to the reference. Returns where they differ, if they do.
[[nodiscard]] std::optional<std::string> play(const Rules& rules, const Steps& steps);

/// The fewest and simplest of the steps that still fail.
[[nodiscard]] Steps shrink(const Rules& rules, Steps steps);

} // namespace websockxx::model
