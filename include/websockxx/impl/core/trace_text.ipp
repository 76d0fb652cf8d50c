// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/core/trace_text.hpp>

#include <websockxx/core/redact.hpp>
#include <websockxx/debug.hpp>
#include <websockxx/detail/text.hpp>
#include <websockxx/detail/utf8.hpp>
#include <websockxx/observer.hpp>

#include <algorithm>

namespace websockxx::core::trace_text {

namespace words {

inline constexpr std::size_t most_shown_bytes = 256;

inline std::string bytes(std::size_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

inline std::string hex(std::string_view payload)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : payload) {
        const auto byte = static_cast<unsigned char>(c);
        text += {digits[byte / 16], digits[byte % 16]};
    }
    return text;
}

inline std::string payload(std::string_view payload, bool is_binary)
{
    if (is_binary) {
        const auto shown = payload.substr(0, most_shown_bytes / 2);
        return "<" + hex(shown) + (shown.size() < payload.size() ? "...>" : ">");
    }
    const auto shown = detail::utf8_prefix(payload, most_shown_bytes);
    return '"' + detail::escape(shown) + '"' + (shown.size() < payload.size() ? "..." : "");
}

inline std::string describe(std::string_view type, std::string_view text, bool is_binary, const Debug& debug)
{
    auto line = std::string{type} + ", " + bytes(text.size());
    if (debug.payloads && !text.empty()) line += ": " + payload(text, is_binary);
    return line;
}

inline bool is_binary(Frame::Type type)
{
    return type == Frame::Type::binary || type == Frame::Type::binary_fragment || type == Frame::Type::continuation ||
           type == Frame::Type::finish;
}

/// Whatever wrote a line: it stays one line, and steers no terminal.
inline std::string one_line(std::string line)
{
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    std::replace_if(line.begin(), line.end(), is_control, '?');
    return line;
}

} // namespace words

std::string connecting(const Conn& conn, const Debug& debug)
{
    return "attempting to connect to " + redact_url(conn, debug.show_parameters);
}

std::string connected(bool again) { return again ? "successfully reconnected" : "successfully connected"; }

std::string not_connected(const CloseReason& reason)
{
    return words::one_line("failed to connect: " + reason.error.message());
}

std::string reconnecting(std::chrono::milliseconds delay)
{
    return "attempting to reconnect in " + std::to_string(delay.count()) + " ms";
}

std::string describe(const Frame& frame, const Debug& debug)
{
    return words::describe(to_string(frame.type()), frame.text(), words::is_binary(frame.type()), debug);
}

std::string received(const Frame& frame, std::size_t frames, const Debug& debug)
{
    return (frames > 1 ? "completed fragmented frame: " : "received frame: ") + describe(frame, debug);
}

std::string received_part(const Fragment& fragment, const Debug& debug)
{
    const auto type = fragment.first ? to_string(fragment.type) : fragment.last ? "finish" : "continuation";
    return "received part: " + words::describe(type, fragment.text, fragment.type == Frame::Type::binary, debug);
}

std::string received_message(std::string_view type) { return "received msg: " + detail::escape(type); }

std::string replying(Callback from, const Frame& frame, const Debug& debug)
{
    return "replying from " + std::string{to_string(from)} + " with " + describe(frame, debug);
}

std::string sending(const Frame& frame, const Debug& debug) { return "sending frame: " + describe(frame, debug); }

std::string closing(const CloseReason& reason)
{
    const bool remote = reason.by == CloseReason::By::remote;
    return words::one_line(
        (remote ? "closing with the remote reason: " : "closing with local reason: ") + reason.message());
}

std::string sending_close(const CloseFrame& frame, bool because_of_error)
{
    std::string line = because_of_error ? "sending error close frame" : "sending close frame";
    if (frame.code == close_code::no_status) return line;
    line += ": " + std::to_string(frame.code);
    if (!frame.text.empty()) line += " \"" + detail::escape(frame.text) + '"';
    return line;
}

std::string failing(const Error& error) { return words::one_line("closing due to error: " + error.message()); }

std::string ended(const CloseReason& reason)
{
    if (reason.error.code() == errc::close_timeout)
        return "forcefully closed the connection because the server was taking too long to close";
    if (reason.error.code() == errc::connection_lost)
        return "had the connection closed unexpectedly by the remote server";
    if (reason.clean) return "closed the connection successfully";
    return words::one_line("closed the connection: " + reason.message());
}

std::string terminating(const CloseReason& reason) { return words::one_line("terminating: " + reason.message()); }

} // namespace websockxx::core::trace_text
