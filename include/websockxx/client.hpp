// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/action.hpp>
#include <websockxx/close.hpp>
#include <websockxx/config.hpp>
#include <websockxx/conn.hpp>
#include <websockxx/frame.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace websockxx {

namespace io {
class Mailbox;
}

/// What handle_connect() learns. Valid during the call.
struct Connected {
    const Conn& conn;             ///< where we are connected
    const Response& response;     ///< the answer to the opening handshake: status 101 and its headers
    std::string_view subprotocol; ///< the one that the server chose, or empty
    bool deflate = false;         ///< permessage-deflate was agreed on
};

/// What handle_disconnect() learns. Valid during the call.
struct Disconnect {
    const CloseReason& reason; ///< how the connection, or the attempt to open it, ended
    int attempt = 1;           ///< 1 for the loss of a connection, and one more for each failed attempt after it
    const Conn& conn;          ///< where that was
    bool established = false;  ///< a connection was lost; false: an attempt to open one failed
};

/// Your side of a connection (WebSockex's callback module).
///
/// Derive, override what you care about, and give the object to start() or start_link(). Each callback answers one
/// question, "what now?", with ok(), reply(...) or close(...). A callback should not block: nothing else happens on
/// this connection meanwhile.
///
/// Casts and infos are found by overload, and must be public: write `Action handle_cast(Say say)` for
/// `ref.cast(Say{...})`, and `Action handle_info(Tick tick)` for `ref.info(Tick{})` and `ref.send_after(1s, Tick{})`.
/// So are calls: `Action handle_call(HowMany question, ReplyTo<int> reply_to)` for `ref.call(HowMany{...})`.
///
/// Threads   All callbacks of one client run on that connection's strand, never two at once.
/// Lifetime  The connection owns the client and destroys it after terminate() has returned. The grammar of callbacks:
///
///               (handle_connect (handle_frame | handle_fragment | handle_ping | handle_pong | handle_cast |
///                handle_call | handle_info | handle_high_water | handle_drained)* handle_disconnect)* terminate
///
///           where handle_connect may be missing when an attempt fails, and handle_disconnect when a callback failed
///           or the client was stopped.
/// Errors    An exception that leaves a callback closes the connection with 1011 (RFC 6455 7.4.1), skips
///           handle_disconnect() and is handed to terminate().
class WEBSOCKXX_DECL Client {
public:
    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;

    /// The opening handshake succeeded, for the first time or again. What it replies goes out before anything else.
    virtual Action handle_connect(const Connected& connected);

    /// A whole text or binary message arrived (RFC 6455 6.2). The frame is valid during the call; copy what you keep.
    /// Default: the client ends with errc::unhandled_frame.
    virtual Action handle_frame(const Frame& frame);

    /// Part of a text or binary message arrived, in order. In place of handle_frame(), if Conn::deliver_fragments is
    /// set. Parts end where the bytes that have come end, at any byte: what the sender sees as frames is not kept (RFC
    /// 6455 5.4). When the connection is lost, the rest never comes. Default: as handle_frame().
    virtual Action handle_fragment(const Fragment& fragment);

    /// A ping arrived (RFC 6455 5.5.2). Default: replies with the pong. Overriding it without replying sends no pong.
    virtual Action handle_ping(const Frame& ping);

    /// A pong arrived, asked for or not (RFC 6455 5.5.3). Default: ok().
    virtual Action handle_pong(const Frame& pong);

    /// So many bytes wait to be sent that it is Limits::high_water_bytes or more: a server that reads slowly, or a
    /// network that is slow. Comes once, before handle_drained(); each connection begins anew. Default: ok().
    virtual Action handle_high_water(std::size_t bytes);

    /// All that waited has left, after handle_high_water(). Default: ok().
    virtual Action handle_drained();

    /// The connection was lost, or an attempt to open it failed; for the first attempt only if
    /// Options::handle_initial_conn_failure is set. Default: ask_policy(), that is Options::reconnect, which ends the
    /// client unless set.
    virtual Decision handle_disconnect(const Disconnect& why);

    /// What Ref::status() is to say of you: lines for a person (WebSockex's format_status). What it throws is logged,
    /// and left out. Default: nothing.
    [[nodiscard]] virtual std::string format_status() const;

    /// Last call, just before the client is destroyed. Not called if no connection was ever open.
    virtual void terminate(const CloseReason& reason) noexcept;

    /// Carry on; from handle_disconnect(): end.
    [[nodiscard]] static Ok ok() noexcept { return {}; }

    /// Send these, in this order, before anything else is sent.
    template <std::same_as<Frame>... More>
    [[nodiscard]] static Action reply(Frame frame, More... more)
    {
        if constexpr (sizeof...(More) == 0) return Action{std::move(frame)};
        else {
            std::vector<Frame> frames;
            frames.reserve(1 + sizeof...(More));
            frames.push_back(std::move(frame));
            (frames.push_back(std::move(more)), ...);
            return Action{std::move(frames)};
        }
    }
    /// The same for any number of frames; none is ok().
    [[nodiscard]] static Action reply(std::vector<Frame> frames) { return Action{std::move(frames)}; }

    /// Close with an empty close frame: an orderly end.
    [[nodiscard]] static Action close();

    /// Close with this code, which must be one that may be sent (close_code::may_be_sent), and this text, which is cut
    /// to 123 bytes. Another code, or a text that is not UTF-8, is a bad response: the connection is closed with 1011
    /// and the client ends with errc::bad_response.
    [[nodiscard]] static Action close(std::uint16_t code, std::string text = {});

    /// What websockxx::reconnect() and websockxx::reconnect_in() make.
    [[nodiscard]] static Decision reconnect();
    [[nodiscard]] static Decision reconnect(Conn conn);
    [[nodiscard]] static Decision reconnect_in(std::chrono::milliseconds delay);
    [[nodiscard]] static Decision reconnect_in(std::chrono::milliseconds delay, Conn conn);

    /// Let Options::reconnect decide.
    [[nodiscard]] static Decision ask_policy();

private:
    friend struct ClientAccess;
    std::weak_ptr<io::Mailbox> mailbox_; // for self()
};

} // namespace websockxx
