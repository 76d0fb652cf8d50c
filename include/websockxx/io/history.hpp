// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace websockxx::io {

/// What is remembered of a client's life, whether or not anybody watches: a few numbers for each attempt.
struct History {
    using Time = std::chrono::nanoseconds; ///< since any fixed moment

    std::uint64_t client = 0;
    std::string name;
    Time began_at{0};
    std::uint64_t attempts = 0;
    std::uint64_t connections = 0;
    Time attempt_at{0};
    Time connected_at{0};             ///< TCP
    Time upgraded_at{0};              ///< the WebSocket
    bool in_attempt = false;          ///< from its begin to the end of what came of it
    bool established = false;         ///< it became a connection
    std::uint64_t bytes_received = 0; ///< over connections that have ended
    std::uint64_t bytes_sent = 0;

    void begin_attempt(Time now)
    {
        ++attempts;
        attempt_at = now;
        in_attempt = true;
        established = false;
    }
    void upgraded(Time now)
    {
        ++connections;
        upgraded_at = now;
        established = true;
    }
};

/// A clock that is never put back.
[[nodiscard]] History::Time steady_clock();

} // namespace websockxx::io
