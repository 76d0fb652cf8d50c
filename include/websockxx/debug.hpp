// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/label.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace websockxx {

/// What to show of a client's inner life (WebSockex's `debug`, Erlang's :sys). Options::debug at the start,
/// Ref::debug() at any time later.
///
/// Secrets are never shown: the values of Authorization, Cookie and header fields like these, user names and passwords,
/// and the values of a URL's query. Nor are payloads, unless asked for. Control characters are escaped.
struct Debug {
    bool trace = false; ///< each event is a line for Options::log, with Severity::trace

    /// Remember the last so many lines: see Ref::trace_log(). 10 is what Erlang's `log` is; 0: none.
    std::size_t log = 0;

    bool statistics = false; ///< count: see Ref::statistics()

    Label log_to_file = {}; ///< append each line to the file of this name too; empty: to none

    bool payloads = false; ///< show the beginning of each payload, which may hold secrets

    std::vector<std::string> show_parameters = {}; ///< of a URL's query: those whose values are no secret

    friend bool operator==(const Debug&, const Debug&) = default;
};

} // namespace websockxx
