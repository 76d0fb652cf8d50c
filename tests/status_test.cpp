// SPDX-License-Identifier: BSL-1.0
#include <websockxx/status.hpp>

#include "support/test.hpp"

#include <sstream>

using namespace websockxx;
using namespace std::chrono_literals;

namespace {

std::string printed(const Status& status)
{
    std::ostringstream out;
    out << status;
    return out.str();
}

} // namespace

TEST_CASE("WX-117 a status prints the connection, and what the client says of itself, as lines", "[status]")
{
    Status status{.client = 12, .name = "feed", .state = Status::State::connected, .url = "wss://h/"};
    status.attempts = 3;
    status.endpoint = "192.0.2.1:443";
    status.tls_version = "TLSv1.3";
    status.tls_cipher = "TLS_AES_256_GCM_SHA384";
    status.subprotocol = "v2";
    status.deflate = true;
    status.uptime = 1500ms;
    status.bytes_received = 10;
    status.bytes_sent = 20;
    status.round_trip = {.count = 1, .last = 2ms, .mean = 2ms, .max = 2ms};
    status.details = "rooms: 2\nlast: \x1B[2J";
    CHECK(printed(status) == "Status of client feed\n"
                             "  connection: connected, wss://h/, attempt 3\n"
                             "  server: 192.0.2.1:443\n"
                             "  TLS: TLSv1.3, TLS_AES_256_GCM_SHA384\n"
                             "  subprotocol: v2\n"
                             "  extensions: permessage-deflate\n"
                             "  up for: 1.5 s\n"
                             "  waiting: 0 bytes to be sent, 0 frames, 0 messages, 0 timers\n"
                             "  bytes: 10 received, 20 sent\n"
                             "  round trip: last 2 ms, mean 2 ms, max 2 ms\n"
                             "  rooms: 2\n"
                             "  last: \\x1B[2J\n");
}

TEST_CASE("a status says why a connection is closing, or how the one before ended", "[status]")
{
    Status status{.name = "#1", .state = Status::State::closing};
    status.reason = CloseReason{.by = CloseReason::By::local, .sent = CloseFrame{}};
    CHECK_THAT(printed(status), ContainsSubstring("reason: closed by us\n"));
    status.state = Status::State::waiting;
    CHECK_THAT(printed(status), ContainsSubstring("before: closed by us\n"));
    CHECK(to_string(Status::State::connecting) == "connecting");
    CHECK(to_string(Status::State::ended) == "ended");
    CHECK(to_string(static_cast<Status::State>(99)) == "unknown");
}

TEST_CASE("WX-117 the status of a paused client says so", "[status]")
{
    const Status status{.name = "feed", .state = Status::State::connected, .paused = true, .url = "ws://h/"};
    CHECK_THAT(printed(status), ContainsSubstring("connection: connected, paused, ws://h/"));
}

TEST_CASE("P14 a status says how many frames were dropped, if any were", "[status]")
{
    Status status{.name = "feed"};
    CHECK_THAT(printed(status), !ContainsSubstring("dropped"));
    status.frames_dropped = 3;
    CHECK_THAT(printed(status), ContainsSubstring("  dropped: 3 frames\n"));
}
