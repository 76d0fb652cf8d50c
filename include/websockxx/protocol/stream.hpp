// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/protocol/output_buffer.hpp>
#include <websockxx/protocol/pipe.hpp>
#include <websockxx/protocol/upgrade.hpp>

#include <boost/beast/websocket/stream.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace websockxx::protocol {

/// Beast's stream over a Pipe. The only class that calls it, and the only file that instantiates it is stream.ipp.
///
/// The opening handshake is an asynchronous operation, which waits in the Pipe for the answer. After it there are synchronous calls
/// only, and none that would have to wait: each is shown exactly the bytes that it needs. So no operation is ever pending beside
/// another one, nothing is posted per message, and nothing is left behind when the stream is destroyed.
///
/// What Beast is shown has passed Receiver: whole headers without errors, of data frames that are not empty, or final.
class Stream {
public:
    /// Of a message that Beast has failed on. The close frame is written already, but for `broken`.
    enum class Fault {
        none,
        too_big,  ///< inflated, it is larger than the limit
        not_utf8,
        broken,   ///< its compression
    };

    Stream(OutputBuffer& output, boost::asio::execution_context& context, const Limits& limits);

    /// Writes the request. Throws std::length_error for a header field that is larger than Beast can hold.
    void start(const Conn& conn);
    /// Ends the opening handshake. False if the Sec-WebSocket-Accept is wrong.
    [[nodiscard]] bool accept(const Upgrade& upgrade);

    /// The most bytes of frames that show_frames() takes, and read() reads with one copy to spare: Beast's own buffer.
    static constexpr std::size_t most_shown = 1536;
    /// Shows whole uncompressed messages of one frame each. Each is then read with a read() of its own.
    void show_frames(std::span<const std::byte> frames) noexcept { stream_.next_layer().open({}, frames); }
    /// Shows the payload of an uncompressed frame, or the next part of it, with the header if it begins there. One read() follows.
    void show_part(std::span<const std::byte> header, std::span<const std::byte> payload) noexcept
    {
        stream_.next_layer().open(header, payload);
    }
    /// Reads and checks a payload where it lies.
    [[nodiscard]] Fault read(std::span<std::byte> payload);

    /// The most bytes of a compressed payload that inflate() takes at once.
    static constexpr std::size_t most_inflated = 256;
    /// As show_part() and read(), for a compressed frame: gives what came of it, valid until the next call. After the end of the
    /// final frame it may be called with nothing, until the message is done.
    [[nodiscard]] Fault inflate(
        std::span<const std::byte> header, std::span<const std::byte> payload, std::string_view& inflated);

    [[nodiscard]] bool message_done() const noexcept { return stream_.is_message_done(); }

    /// Encodes a frame that may be sent.
    void write(const Frame& frame);
    /// Encodes a close frame, once. Nothing is read or written after it.
    void close(const CloseFrame& close);

private:
    void write_part(const Frame& frame, bool fin);

    OutputBuffer* output_;
    boost::beast::websocket::stream<Pipe> stream_;
    std::optional<boost::beast::error_code> handshake_; // how it ended
    std::unique_ptr<char[]> inflated_;
    bool compresses_ = false;
};

} // namespace websockxx::protocol
