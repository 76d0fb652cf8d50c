// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/log.hpp>

#include <cstdio>
#include <string>

namespace websockxx {

void log_to_stderr(Severity severity, std::string_view line)
{
    std::string text;
    switch (severity) {
    case Severity::trace: text = "*DBG* "; break; // as Erlang's :sys begins these lines
    case Severity::warning: text = "websockxx: warning: "; break;
    case Severity::error: text = "websockxx: error: "; break;
    }
    text += line;
    text += '\n';
    // One call, so that lines of several threads do not mix.
    (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

} // namespace websockxx
