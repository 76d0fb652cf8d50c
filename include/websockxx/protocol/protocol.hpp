// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/error.hpp>
#include <websockxx/frame.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace boost::asio {
class execution_context;
}

namespace websockxx::protocol {

/// The WebSocket protocol of one connection, in memory: bytes that arrived go in, bytes to send come out (RFC 6455, RFC
/// 7692).
///
/// `boost::beast::websocket::stream` over a Pipe does the work. There is no socket, no clock and no callback here: the
/// caller puts bytes in with prepare() and commit(), asks next() until it says `nothing`, and takes what is to be sent
/// from output().
///
///     prepare/commit --> [ in ] --> next(): opened, message, ping, pong, closed, failed
///     output/consume <-- [ out ] <-- start(), write(), close(), and the protocol's own answers
///
/// One object serves one connection, from the opening to the closing handshake. Not thread-safe.
class Protocol {
public:
    enum class Event {
        nothing,  ///< more bytes are needed
        opened,   ///< the server accepted: response(), subprotocol(), deflate()
        refused,  ///< the opening handshake failed: error()
        message,  ///< a whole text or binary message: frame()
        fragment, ///< part of one, with Conn::deliver_fragments: fragment()
        ping,     ///< not answered yet: frame()
        pong,     ///< frame()
        closed,   ///< the closing handshake is over, whoever began it: received() and, if close frames went out, sent()
        failed,   ///< the server broke the protocol or a limit: error(); the close frame, sent(), is in output()
    };

    /// `context` must outlive this object; nothing is run on it (Beast wants a place for a timer that is never set).
    Protocol(const Conn& conn, boost::asio::execution_context& context);
    ~Protocol();
    Protocol(const Protocol&) = delete;
    Protocol& operator=(const Protocol&) = delete;

    /// Puts the request of the opening handshake into output(). The conn must have passed Conn::check().
    void start();

    /// Room for incoming bytes, never empty: 1 KiB at first, growing to 256 KiB while it is filled whole; inside a long
    /// payload, room in the message itself.
    [[nodiscard]] std::span<std::byte> prepare();
    /// The first `size` bytes of the room were filled.
    void commit(std::size_t size);
    /// The transport has ended: what is incomplete stays so. After it, next() gives what is still whole, then
    /// `refused` (errc::handshake_incomplete) if the opening handshake was going on, else `nothing`.
    void end_of_stream();

    /// The next thing that happened. `closed`, `refused` and `failed` come at most once; after any of them only
    /// `nothing`.
    [[nodiscard]] Event next();

    /// What `message`, `ping` and `pong` brought. Valid until the next call of next() or prepare().
    [[nodiscard]] const Frame& frame() const noexcept;
    /// What `fragment` brought, as long.
    [[nodiscard]] const Fragment& fragment() const noexcept;
    /// How many frames `message` and `fragment` came in so far.
    [[nodiscard]] std::size_t frames() const noexcept;
    /// After `nothing`: 0, or a number for the message that has begun to come and is not whole, another one for each;
    /// with Conn::deliver_fragments, for each part. 0 but between `opened` and close().
    [[nodiscard]] std::uint64_t unfinished() const noexcept;
    /// The answer to the opening handshake.
    [[nodiscard]] const Response& response() const noexcept;
    [[nodiscard]] std::string_view subprotocol() const noexcept;
    [[nodiscard]] bool deflate() const noexcept;
    [[nodiscard]] const Error& error() const noexcept;
    /// The server's close frame, if one came.
    [[nodiscard]] const std::optional<CloseFrame>& received() const noexcept;
    /// Our close frame, if one was written: by close(), as the answer to the server's, or because of an error.
    [[nodiscard]] const std::optional<CloseFrame>& sent() const noexcept;

    /// Whether `frame` could be written now; does not change anything. errc::invalid_frame, control_frame_too_large,
    /// invalid_utf8; not_connected_opening before `opened`, not_connected_closing once a close frame was written.
    [[nodiscard]] error_code check(const Frame& frame) const;
    /// Encodes the frame into output(). Fails as check() does, and has then written nothing.
    error_code write(const Frame& frame);

    /// Begins the closing handshake: the close frame goes to output(), and incoming messages are dropped from now on.
    /// next() gives `closed` when the server's close frame has come. No code: an empty close frame. The text is cut to
    /// 123 bytes. Fails with errc::invalid_close_code, invalid_utf8, or not_connected_... as check() does.
    error_code close(std::optional<std::uint16_t> code, std::string_view text);

    /// Bytes to send; valid until the next call of any member. Empty: nothing to send.
    [[nodiscard]] std::span<const std::byte> output() const noexcept;
    /// The first `size` bytes of output() were taken by the transport.
    void consume(std::size_t size);
    /// How many bytes were ever put into output().
    [[nodiscard]] std::uint64_t produced() const noexcept;

    /// The answer to the opening handshake is not needed any more: gives its memory back.
    void forget_handshake() noexcept;
    /// Gives memory back: nothing has been received or sent for a while.
    void trim() noexcept;

private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

} // namespace websockxx::protocol
