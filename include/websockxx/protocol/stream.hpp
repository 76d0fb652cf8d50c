// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/frame.hpp>
#include <websockxx/protocol/output_buffer.hpp>
#include <websockxx/protocol/upgrade.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace boost::asio {
class execution_context;
}

namespace websockxx::protocol {

/// Beast's stream over a Pipe, for the opening handshake and for reading.
///
/// The opening handshake is an asynchronous operation, which waits in the Pipe for the answer. After it there are
/// synchronous calls only, and none that would have to wait: each is shown exactly the bytes that it needs. So no
/// operation is ever pending beside another one, nothing is posted per message, and nothing is left behind when the
/// stream is destroyed.
///
/// What Beast is shown has passed Receiver: whole headers without errors, of data frames that are not empty, or final.
class Stream {
public:
    /// Of a message that Beast has failed on.
    enum class Fault {
        none,
        too_big, ///< inflated, it is larger than the limit
        not_utf8,
        broken, ///< its compression
    };

    Stream(OutputBuffer& output, boost::asio::execution_context& context, const Limits& limits);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Writes the request. Throws std::length_error for a header field that is larger than Beast can hold.
    void start(const Conn& conn);
    /// Ends the opening handshake. False if the Sec-WebSocket-Accept is wrong.
    [[nodiscard]] bool accept(const Upgrade& upgrade);

    /// The most bytes of frames that show_frames() takes, and read() reads with one copy to spare: Beast's own buffer.
    static constexpr std::size_t most_shown = 1536;
    /// Shows whole uncompressed messages of one frame each. Each is then read with a read() of its own.
    void show_frames(std::span<const std::byte> frames) noexcept;
    /// Shows the payload of an uncompressed frame, or the next part of it, with the header if it begins there. One
    /// read() follows.
    void show_part(std::span<const std::byte> header, std::span<const std::byte> payload) noexcept;
    /// Reads and checks a payload where it lies.
    [[nodiscard]] Fault read(std::span<std::byte> payload);

    /// The most bytes of a compressed payload that inflate() takes at once.
    static constexpr std::size_t most_inflated = 256;
    /// As show_part() and read(), for a compressed frame, which is not to be the last one: gives what came of it, valid
    /// until the next call.
    [[nodiscard]] Fault inflate(
        std::span<const std::byte> header, std::span<const std::byte> payload, std::string_view& inflated);
    /// Ends a compressed message. Broken, if its last block was not whole.
    [[nodiscard]] Fault end_inflated();

    [[nodiscard]] bool message_done() const noexcept;

    /// Gives memory back that is needed only while messages come and go.
    void trim() noexcept;

private:
    class Beast;
    std::unique_ptr<Beast> beast_;
};

} // namespace websockxx::protocol
