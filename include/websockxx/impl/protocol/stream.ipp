// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/stream.hpp>

#include <websockxx/protocol/deflate.hpp>
#include <websockxx/protocol/pipe.hpp>
#include <websockxx/protocol/request.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>
#include <string>

namespace websockxx::protocol {
namespace beast_stream {

namespace websocket = boost::beast::websocket;

// Deflate makes at most 258 bytes of 2 bits, and a few bits wait in the inflater. Its room must never be filled whole:
// until Boost 1.90 Beast then goes astray at the end of the message.
inline constexpr std::size_t inflated_room = 1032 * (Stream::most_inflated + 8) + 258;

/// The Sec-WebSocket-Accept that belongs to a key (RFC 6455 4.2.2).
inline std::string accept_value(boost::beast::string_view key)
{
    websocket::detail::sec_ws_accept_type accept;
    websocket::detail::make_sec_ws_accept(accept, key);
    return {accept.data(), accept.size()};
}

inline void decorate(websocket::request_type& request, const Headers& headers)
{
    // Some servers look for exactly this.
    request.set(boost::beast::http::field::connection, "Upgrade");
    request.erase(boost::beast::http::field::sec_websocket_extensions);
    for (const auto& [name, value] : headers) {
        if (boost::beast::iequals(name, "Host")) request.set(boost::beast::http::field::host, value);
        else request.insert(name, value);
    }
}

/// As small as Beast is content with, so that it never sees what else the server has sent.
inline std::string canonical_answer(const Upgrade& upgrade, const std::string& accept)
{
    std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: " +
                         accept + "\r\n";
    if (upgrade.deflate) answer += "Sec-WebSocket-Extensions: " + to_field(*upgrade.deflate) + "\r\n";
    return answer + "\r\n";
}

inline Stream::Fault to_fault(const boost::beast::error_code& ec)
{
    if (!ec) return Stream::Fault::none;
    if (ec == websocket::error::message_too_big) return Stream::Fault::too_big;
    if (ec == websocket::error::bad_frame_payload) return Stream::Fault::not_utf8;
    return Stream::Fault::broken;
}

/// Makes the service of timers, unless the context has it. Where Beast would, it cannot bear that there is no memory
/// for it: the stream that was not made stays in its list.
inline void provide_timers(OutputBuffer& output, boost::asio::execution_context& context)
{
    const Pipe pipe{output, context};
    const boost::asio::steady_timer timer{pipe.get_executor()};
}

} // namespace beast_stream

class Stream::Beast {
public:
    Beast(OutputBuffer& output, boost::asio::execution_context& context) : stream(output, context) {}

    beast_stream::websocket::stream<Pipe> stream;
    std::optional<boost::beast::error_code> handshake; // how it ended
    std::string accept;                                // that belongs to the key that was sent
    std::string beast_accept;                          // and to the one that Beast has made and expects to be answered
    std::unique_ptr<char[]> inflated;
};

Stream::Stream(OutputBuffer& output, boost::asio::execution_context& context, const Limits& limits)
    : beast_((beast_stream::provide_timers(output, context), std::make_unique<Beast>(output, context)))
{
    using beast_stream::websocket::stream_base;

    beast_->stream.set_option(stream_base::timeout{stream_base::none(), stream_base::none(), false});
    beast_->stream.read_message_max(std::max<std::size_t>(limits.message_bytes, 1)); // 0 would mean: no limit
}

Stream::~Stream() = default;

void Stream::start(const Conn& conn)
{
    namespace websocket = beast_stream::websocket;
    auto& stream = beast_->stream;

    if (conn.deflate.offer) {
        websocket::permessage_deflate deflate;
        deflate.client_enable = true;
        deflate.client_max_window_bits = conn.deflate.client_max_window_bits;
        deflate.server_max_window_bits = conn.deflate.server_max_window_bits;
        deflate.client_no_context_takeover = conn.deflate.client_no_context_takeover;
        deflate.server_no_context_takeover = conn.deflate.server_no_context_takeover;
        stream.set_option(deflate);
    }
    const auto headers = request_headers(conn);
    const auto key = make_key();
    beast_->accept = beast_stream::accept_value(key);
    stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
        // Beast's generator gives each block of 16 numbers 16 times, and the same in processes that were forked.
        beast_->beast_accept = beast_stream::accept_value(request[boost::beast::http::field::sec_websocket_key]);
        request.set(boost::beast::http::field::sec_websocket_key, key);
        beast_stream::decorate(request, headers);
    }));
    stream.async_handshake(conn.authority(), conn.target,
        [beast = beast_.get()](const boost::beast::error_code& ec) { beast->handshake = ec; });
    stream.set_option(websocket::stream_base::decorator([](websocket::request_type&) {}));
    stream.next_layer().drain();
}

bool Stream::accept(const Upgrade& upgrade)
{
    if (upgrade.accept != beast_->accept) return false;
    const auto answer = beast_stream::canonical_answer(upgrade, beast_->beast_accept);
    auto& stream = beast_->stream;
    stream.next_layer().open({}, std::as_bytes(std::span{answer}));
    stream.next_layer().drain();
    show_part({}, {});
    if (!beast_->handshake || *beast_->handshake) return false;
    // What it would write by itself, when it fails, is for the Encoder to write.
    stream.next_layer().write_nothing();
    return true;
}

void Stream::show_frames(std::span<const std::byte> frames) noexcept { beast_->stream.next_layer().open({}, frames); }

void Stream::show_part(std::span<const std::byte> header, std::span<const std::byte> payload) noexcept
{
    beast_->stream.next_layer().open(header, payload);
}

Stream::Fault Stream::read(std::span<std::byte> payload)
{
    boost::beast::error_code ec;
    const auto size = beast_->stream.read_some(boost::asio::buffer(payload.data(), payload.size()), ec);
    if (ec) return beast_stream::to_fault(ec);
    return size == payload.size() ? Fault::none : Fault::broken;
}

Stream::Fault Stream::inflate(
    std::span<const std::byte> header, std::span<const std::byte> payload, std::string_view& inflated)
{
    assert(payload.size() <= most_inflated);
    auto& room = beast_->inflated;
    if (!room) room.reset(new char[beast_stream::inflated_room]); // not filled: most is never touched
    show_part(header, payload);
    boost::beast::error_code ec;
    const auto size = beast_->stream.read_some(boost::asio::buffer(room.get(), beast_stream::inflated_room), ec);
    inflated = {room.get(), size};
    return beast_stream::to_fault(ec);
}

/// Beast puts the end of an empty block, which every message lacks (RFC 7692 7.2.2), behind a last frame as often as
/// something comes of that: of a message that was cut off, all kinds of things. So the last frame is ours. It ends the
/// message's block and begins another one, and nothing may come of either.
Stream::Fault Stream::end_inflated()
{
    static constexpr std::array header{std::byte{0x80}, std::byte{5}};
    static constexpr std::array payload{std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}, std::byte{0}};
    std::string_view inflated;
    const auto fault = inflate(header, payload, inflated);
    if (fault != Fault::none) return fault;
    return inflated.empty() && message_done() ? Fault::none : Fault::broken;
}

bool Stream::message_done() const noexcept { return beast_->stream.is_message_done(); }

void Stream::trim() noexcept { beast_->inflated.reset(); }

} // namespace websockxx::protocol
