// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/client.hpp>
#include <websockxx/error.hpp>

#include <boost/system/system_error.hpp>

#include <utility>

namespace websockxx {

Action Client::handle_connect(const Connected&) { return ok(); }

Action Client::handle_frame(const Frame& frame)
{
    throw boost::system::system_error(make_error_code(errc::unhandled_frame),
        "no handle_frame() for a " + std::string(to_string(frame.type())) + " message");
}

Action Client::handle_fragment(const Fragment& fragment)
{
    throw boost::system::system_error(make_error_code(errc::unhandled_frame),
        "no handle_fragment() for a " + std::string(to_string(fragment.type)) + " message");
}

Action Client::handle_ping(const Frame& ping) { return reply(Frame::pong(ping.text())); }

Action Client::handle_pong(const Frame&) { return ok(); }

Action Client::handle_high_water(std::size_t) { return ok(); }

Action Client::handle_drained() { return ok(); }

Decision Client::handle_disconnect(const Disconnect&) { return ask_policy(); }

std::string Client::format_status() const { return {}; }

void Client::terminate(const CloseReason&) noexcept {}

Action Client::close() { return Action{Action::Close{}}; }

Action Client::close(std::uint16_t code, std::string text) { return Action{Action::Close{code, std::move(text)}}; }

Decision Client::reconnect() { return websockxx::reconnect(); }

Decision Client::reconnect(Conn conn) { return websockxx::reconnect(std::move(conn)); }

Decision Client::reconnect_in(std::chrono::milliseconds delay) { return websockxx::reconnect_in(delay); }

Decision Client::reconnect_in(std::chrono::milliseconds delay, Conn conn)
{
    return websockxx::reconnect_in(delay, std::move(conn));
}

Decision Client::ask_policy() { return Decision{Decision::Kind::ask_policy}; }

} // namespace websockxx
