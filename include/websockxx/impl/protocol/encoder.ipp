// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/protocol/encoder.hpp>

#include <websockxx/protocol/pipe.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket.hpp>

namespace websockxx::protocol {
namespace encoder {

namespace websocket = boost::beast::websocket;
namespace http = boost::beast::http;

// Compressed messages are cut into frames of this size.
inline constexpr std::size_t compressed_frame_bytes = 16 * 1024;

// What makes a frame longer than its payload, at most (RFC 6455 5.2).
inline constexpr std::size_t largest_header = 14;

/// A request that Beast accepts: only what it looks at.
inline http::request<http::empty_body> canonical_request(bool deflate)
{
    http::request<http::empty_body> request{http::verb::get, "/", 11};
    request.set(http::field::host, "-");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, "AAAAAAAAAAAAAAAAAAAAAA==");
    if (deflate) request.set(http::field::sec_websocket_extensions, "permessage-deflate; client_max_window_bits");
    return request;
}

} // namespace encoder

class Encoder::Beast {
public:
    Beast(OutputBuffer& output, boost::asio::execution_context& context, const std::optional<Deflate>& deflate)
        : stream(output, context)
    {
        using encoder::websocket::stream_base;

        stream.set_option(stream_base::timeout{stream_base::none(), stream_base::none(), false});
        stream.auto_fragment(false);
        if (deflate) set_deflate(*deflate);
        stream.next_layer().write_nothing();
        stream.accept(encoder::canonical_request(deflate.has_value()));
        stream.next_layer().write_frames();
        stream.compress(deflate.has_value());
    }

    encoder::websocket::stream<Pipe> stream;

private:
    // The roles are exchanged, and so are the options.
    void set_deflate(const Deflate& deflate)
    {
        encoder::websocket::permessage_deflate option;
        option.server_enable = true;
        option.server_max_window_bits = deflate.client_max_window_bits;
        option.server_no_context_takeover = deflate.client_no_context_takeover;
        option.compLevel = deflate.level;
        option.memLevel = deflate.memory_level;
        option.msg_size_threshold = deflate.threshold_bytes;
        stream.set_option(option);
        stream.write_buffer_bytes(encoder::compressed_frame_bytes);
    }
};

Encoder::Encoder(OutputBuffer& output, boost::asio::execution_context& context) : output_(&output), context_(&context)
{
}

Encoder::~Encoder() = default;

void Encoder::use_deflate(const AgreedDeflate& agreed, const Deflate& options)
{
    // Beast's deflate has no window of 8 bits: it would take 9, and the server could not inflate that.
    if (agreed.client_max_window_bits <= 8) return;
    deflate_ = options;
    deflate_->client_max_window_bits = agreed.client_max_window_bits;
    deflate_->client_no_context_takeover = agreed.client_no_context_takeover;
}

Encoder::Beast& Encoder::beast()
{
    if (!beast_) beast_ = std::make_unique<Beast>(*output_, *context_, deflate_);
    return *beast_;
}

void Encoder::write(const Frame& frame)
{
    using Type = Frame::Type;
    auto& stream = beast().stream;
    const auto payload = frame.text();
    output_->expect(payload.size() + encoder::largest_header);
    bool fin = true;
    switch (frame.type()) {
    case Type::ping: return stream.ping({payload.data(), payload.size()});
    case Type::pong: return stream.pong({payload.data(), payload.size()});
    case Type::text: stream.text(true); break;
    case Type::binary: stream.binary(true); break;
    case Type::text_fragment:
    case Type::binary_fragment:
        stream.text(frame.type() == Type::text_fragment);
        // Beast loses the beginning of a compressed message if its first part is too short to give output.
        stream.compress(false);
        inside_message_ = true;
        fin = false;
        break;
    case Type::continuation: fin = false; break;
    case Type::finish: inside_message_ = false; break;
    }
    stream.write_some(fin, boost::asio::buffer(payload.data(), payload.size()));
    if (frame.type() == Type::finish) stream.compress(deflate_.has_value());
}

void Encoder::close(const CloseFrame& close)
{
    boost::beast::websocket::close_reason reason;
    if (close.code != close_code::no_status) {
        reason.code = close.code;
        reason.reason.assign(close.text.data(), close.text.size());
    }
    // Beast writes it, and then finds nothing to read. That is its end.
    boost::beast::error_code would_block;
    beast().stream.close(reason, would_block);
}

void Encoder::trim() noexcept
{
    const bool keeps_context = deflate_ && !deflate_->client_no_context_takeover;
    if (!keeps_context && !inside_message_) beast_.reset();
}

} // namespace websockxx::protocol
