// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/frame.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace websockxx {
struct Conn;
struct Debug;
enum class Callback : std::uint8_t;
} // namespace websockxx

/// @file The words of a trace: WebSockex's, spelled correctly. Each is one line without control characters and, unless
/// Debug::payloads is set, without anything of a payload.
namespace websockxx::core::trace_text {

[[nodiscard]] std::string connecting(const Conn& conn, const Debug& debug);
[[nodiscard]] std::string connected(bool again);
[[nodiscard]] std::string not_connected(const CloseReason& reason);
[[nodiscard]] std::string reconnecting(std::chrono::milliseconds delay);

[[nodiscard]] std::string received(const Frame& frame, std::size_t frames, const Debug& debug);
[[nodiscard]] std::string received_part(const Fragment& fragment, const Debug& debug);
[[nodiscard]] std::string received_message(std::string_view type);
[[nodiscard]] std::string replying(Callback from, const Frame& frame, const Debug& debug);
[[nodiscard]] std::string sending(const Frame& frame, const Debug& debug);

/// Whoever closes: `by` says it.
[[nodiscard]] std::string closing(const CloseReason& reason);
[[nodiscard]] std::string sending_close(const CloseFrame& frame, bool because_of_error);
[[nodiscard]] std::string failing(const Error& error);

/// How a connection that was open ended.
[[nodiscard]] std::string ended(const CloseReason& reason);
[[nodiscard]] std::string terminating(const CloseReason& reason);

/// "text, 5 bytes", and with Debug::payloads the beginning of what it holds.
[[nodiscard]] std::string describe(const Frame& frame, const Debug& debug);

} // namespace websockxx::core::trace_text
