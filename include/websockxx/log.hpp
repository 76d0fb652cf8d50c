// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace websockxx {

/// How bad a line of the Log is.
enum class Severity : std::uint8_t {
    trace,   ///< happened: see Options::debug. Nothing else is of this kind
    warning, ///< works, but should not be so: TLS verification is off
    error,   ///< something is lost: a client ended abnormally, an info that nobody handles
};

/// Where the library's few lines go. Called on the client's strand; must not throw. Holds no secrets: no credentials,
/// and no payloads but in a trace with Debug::payloads.
using Log = std::function<void(Severity severity, std::string_view line)>;

/// The default: one line to the standard error stream.
WEBSOCKXX_DECL void log_to_stderr(Severity severity, std::string_view line);

} // namespace websockxx
