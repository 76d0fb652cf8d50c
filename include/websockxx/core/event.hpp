// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/action.hpp>
#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <variant>

namespace websockxx::core {

/// The deadlines of a connection. Each is armed at most once at a time.
enum class Timer : std::uint8_t {
    open,      ///< Timeouts::open: the whole attempt
    connect,   ///< Timeouts::connect: up to the TCP connection
    close,     ///< Timeouts::close: our close frame to the end of the transport
    linger,    ///< Timeouts::linger: both close frames to the end of the transport
    heartbeat, ///< Timeouts::ping_interval, then Timeouts::pong
    retry,     ///< the delay before the next attempt
    message,   ///< Timeouts::message: a message's first byte to its last
};
inline constexpr std::size_t timer_count = 7;

/// Events: what the shell tells the session. Past participles.
namespace event {

/// The client is to begin.
struct Started {};
/// The `prepare` hook answered with the Conn for this attempt.
struct Prepared {
    Conn conn;
};
/// The `prepare` hook gave up.
struct PrepareFailed {
    Error error;
};
/// The TCP connection is there.
struct TransportConnected {};
/// The transport is ready, TLS included; the opening handshake begins.
struct TransportOpened {};
/// The server accepted the opening handshake.
struct Opened {};
/// The attempt failed, in whatever phase.
struct OpenFailed {
    Error error;
};
/// handle_connect() returned, and its replies are written.
struct ConnectAnswered {};
/// A callback, or the user from outside, wants the closing handshake.
struct CloseAsked {
    std::optional<std::uint16_t> code;
    std::string text;
};
/// A callback's reply could not be encoded.
struct ReplyFailed {
    Error error;
};
/// An exception left a callback.
struct Threw {
    Error error;
    std::exception_ptr exception;
};
/// Both close frames have passed.
struct ClosePassed {
    std::optional<CloseFrame> sent;
    std::optional<CloseFrame> received;
};
/// The server broke the protocol or a limit; `sent` is what was answered.
struct ProtocolFailed {
    Error error;
    std::optional<CloseFrame> sent;
};
/// The transport ended. `unsent`: not everything that we wrote had left.
struct Lost {
    error_code ec;
    bool unsent = false;
};
/// Some of a message has come, and not all of it. Only told if Session::awaits_message_begin(), so not for each.
struct MessageBegan {};
/// A deadline passed. `quiet`: how long nothing has come from the server. `unfinished`: how long the message has been
/// coming that is not whole, if there is one.
struct Expired {
    Timer timer;
    std::chrono::milliseconds quiet{0};
    std::optional<std::chrono::milliseconds> unfinished = {};
    bool resolving = false; ///< a name is being looked up
};
/// handle_disconnect() returned. `draw` is uniform in [0, 1), for the policy.
struct Decided {
    Decision decision;
    double draw = 0.0;
};
/// The client is to end now, for `error`: errc::stopped (with a close frame) or errc::aborted (without).
struct StopAsked {
    Error error;
};

/// Nothing more is to reach the client, and nothing to be read, until ResumeAsked.
struct PauseAsked {};
/// All goes on.
struct ResumeAsked {};

} // namespace event

using Event = std::variant<event::Started, event::Prepared, event::PrepareFailed, event::TransportConnected,
    event::TransportOpened, event::Opened, event::OpenFailed, event::ConnectAnswered, event::CloseAsked,
    event::ReplyFailed, event::Threw, event::ClosePassed, event::ProtocolFailed, event::Lost, event::MessageBegan,
    event::Expired, event::Decided, event::StopAsked, event::PauseAsked, event::ResumeAsked>;

} // namespace websockxx::core
