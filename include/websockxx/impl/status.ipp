// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/status.hpp>

#include <websockxx/detail/text.hpp>

#include <ostream>

namespace websockxx {

namespace status_detail {

inline double milliseconds(std::chrono::nanoseconds time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

inline void print_connection(std::ostream& out, const Status& status)
{
    if (!status.endpoint.empty()) out << "  server: " << status.endpoint << '\n';
    if (!status.tls_version.empty()) out << "  TLS: " << status.tls_version << ", " << status.tls_cipher << '\n';
    if (!status.subprotocol.empty()) out << "  subprotocol: " << detail::escape(status.subprotocol) << '\n';
    if (status.deflate) out << "  extensions: permessage-deflate\n";
    if (status.state == Status::State::connected) out << "  up for: " << milliseconds(status.uptime) / 1000 << " s\n";
}

/// Lines of their own, each indented.
inline void print_details(std::ostream& out, std::string_view details)
{
    while (!details.empty()) {
        const auto end = details.find('\n');
        out << "  " << detail::escape(details.substr(0, end)) << '\n';
        details.remove_prefix(end == std::string_view::npos ? details.size() : end + 1);
    }
}

} // namespace status_detail

std::string_view to_string(Status::State state) noexcept
{
    switch (state) {
    case Status::State::connecting: return "connecting";
    case Status::State::connected: return "connected";
    case Status::State::closing: return "closing";
    case Status::State::waiting: return "waiting";
    case Status::State::ended: return "ended";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, const Status& status)
{
    out << "Status of client " << detail::escape(status.name) << '\n';
    out << "  connection: " << to_string(status.state) << (status.paused ? ", paused, " : ", ") << status.url
        << ", attempt " << status.attempts << '\n';
    if (status.reason) {
        out << (status.state == Status::State::closing ? "  reason: " : "  before: ") << status.reason->message()
            << '\n';
    }
    status_detail::print_connection(out, status);
    out << "  waiting: " << status.send_queue_bytes << " bytes to be sent, " << status.frames_waiting << " frames, "
        << status.messages_waiting << " messages, " << status.timers << " timers\n";
    if (status.frames_dropped > 0) out << "  dropped: " << status.frames_dropped << " frames\n";
    out << "  bytes: " << status.bytes_received << " received, " << status.bytes_sent << " sent\n";
    if (const auto& times = status.round_trip; times.count > 0) {
        out << "  round trip: last " << status_detail::milliseconds(times.last) << " ms, mean "
            << status_detail::milliseconds(times.mean) << " ms, max " << status_detail::milliseconds(times.max)
            << " ms\n";
    }
    status_detail::print_details(out, status.details);
    return out;
}

} // namespace websockxx
