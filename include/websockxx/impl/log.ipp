// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/log.hpp>

#include <cstdio>
#include <string>

namespace websockxx {

void log_to_stderr(Severity severity, std::string_view line)
{
    std::string text{severity == Severity::error ? "websockxx: error: " : "websockxx: warning: "};
    text += line;
    text += '\n';
    // One call, so that lines of several threads do not mix.
    (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

} // namespace websockxx
