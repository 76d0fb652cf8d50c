// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace websockxx {

/// How long it takes from a ping of the heartbeat to its pong. None was measured while `count` is 0.
struct RoundTripTimes {
    std::uint64_t count = 0;
    std::chrono::nanoseconds last{0};
    std::chrono::nanoseconds mean{0};
    std::chrono::nanoseconds max{0};

    friend bool operator==(const RoundTripTimes&, const RoundTripTimes&) = default;
};

/// A client at one moment (WebSockex: :sys.get_status). A value: see Ref::status(). It holds no secret.
///
/// All of it is known without an Observer, and costs nothing for each message: bytes are counted for each read and
/// write of the transport. To count messages too, set Debug::statistics or observe with Counters.
struct Status {
    /// What its connection is doing.
    enum class State : std::uint8_t {
        connecting, ///< an attempt is going on, the first one or a later one
        connected,
        closing, ///< a close frame has passed, and the connection has not ended yet
        waiting, ///< for the next attempt
        ended,   ///< terminate() is being called
    };

    std::uint64_t client = 0; ///< a number that no other client of this process has
    std::string name = {};    ///< Options::name, or "#" and the number
    State state = State::connecting;
    bool paused = false;  ///< by Ref::pause()
    std::string url = {}; ///< without credentials, and without the values of its query

    /// Closing: why. Waiting, and connecting once more: how the connection or attempt before ended.
    std::optional<CloseReason> reason = {};
    std::uint64_t attempts = 0; ///< to open a connection, so far

    // Of the connection, or of the attempt that is going on.
    std::string endpoint = {};    ///< the server's address and port
    std::string tls_version = {}; ///< "TLSv1.3"; empty without TLS
    std::string tls_cipher = {};
    std::string subprotocol = {};
    bool deflate = false;                ///< permessage-deflate was agreed on
    std::chrono::milliseconds uptime{0}; ///< since the opening handshake
    std::size_t send_queue_bytes = 0;    ///< to be sent, and not yet taken by the kernel
    std::size_t frames_waiting = 0;      ///< of them, from outside and not yet encoded
    std::size_t messages_waiting = 0;    ///< casts and infos that have not been delivered
    std::size_t timers = 0;              ///< of send_after()

    // Over the client's whole life.
    std::uint64_t bytes_received = 0; ///< of the WebSocket and its handshakes, without TLS
    std::uint64_t bytes_sent = 0;
    std::uint64_t frames_dropped = 0; ///< by Limits::send_queue_policy
    RoundTripTimes round_trip = {};

    std::string details = {}; ///< what Client::format_status() said
};

/// "connecting", ...
[[nodiscard]] WEBSOCKXX_DECL std::string_view to_string(Status::State state) noexcept;

/// For a person: a line for each thing that there is to say.
WEBSOCKXX_DECL std::ostream& operator<<(std::ostream& out, const Status& status);

} // namespace websockxx
