// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>
#include <websockxx/config.hpp>
#include <websockxx/frame.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace websockxx {

/// The callbacks of a Client, as an Observer is told of them.
enum class Callback : std::uint8_t {
    handle_connect,
    handle_frame,
    handle_fragment,
    handle_ping,
    handle_pong,
    handle_high_water,
    handle_drained,
    handle_message, ///< handle_cast, handle_call, handle_info: what comes from other parts of the program
    handle_disconnect,
    terminate,
};
/// How many Callbacks there are.
inline constexpr std::size_t callback_count = 10;

/// "handle_connect", ...
[[nodiscard]] WEBSOCKXX_DECL std::string_view to_string(Callback callback) noexcept;

/// What an Observer learns: values, with no secret and no payload in them. Views and references are valid during the
/// call. Durations are measured with a steady clock.
namespace observed {

/// Whose event it is.
struct Origin {
    std::uint64_t client = 0;   ///< a number that no other client of this process has
    std::string_view name = {}; ///< Options::name, or "#" and the number
    std::uint64_t attempt = 0;  ///< to open a connection, counted from 1 over the client's whole life
};

/// Of Observer::attempt_started().
struct AttemptStarted {
    Origin origin = {};
    std::string_view url = {}; ///< without credentials, and without the values of its query
};
/// Of Observer::resolved().
struct Resolved {
    Origin origin = {};
    std::size_t addresses = 0;
    std::chrono::nanoseconds took{0}; ///< since the attempt began
};
/// Of Observer::connected().
struct Connected {
    Origin origin = {};
    std::string_view endpoint = {};   ///< address and port of the server
    std::chrono::nanoseconds took{0}; ///< since the attempt began
};
/// Of Observer::tls_done().
struct TlsDone {
    Origin origin = {};
    std::string_view version = {};    ///< "TLSv1.3"
    std::string_view cipher = {};     ///< "TLS_AES_256_GCM_SHA384"
    std::chrono::nanoseconds took{0}; ///< since connected
};
/// Of Observer::upgraded().
struct Upgraded {
    Origin origin = {};
    bool again = false; ///< not the client's first connection
    std::string_view subprotocol = {};
    bool deflate = false;
    std::chrono::nanoseconds took{0}; ///< since the attempt began
};
/// Of Observer::disconnected().
struct Disconnected {
    Origin origin = {};
    const CloseReason& reason;
    bool established = false; ///< the connection was open; false: the attempt failed
    int attempt = 0;          ///< what handle_disconnect() is told (WebSockex's attempt_number); 0 if it is not called
    std::chrono::nanoseconds lasted{0}; ///< since upgraded, or since the attempt began
};
/// Of Observer::retry_scheduled().
struct RetryScheduled {
    Origin origin = {};
    std::chrono::milliseconds delay{0};
};
/// Of Observer::message_received() and message_sent().
struct Message {
    Origin origin = {};
    Frame::Type type = Frame::Type::text; ///< text or binary
    std::size_t bytes = 0;                ///< of its payload, not compressed
    std::size_t frames = 1;               ///< that it came, or went, in
};
/// Of Observer::control_received() and control_sent().
struct Control {
    enum class Type : std::uint8_t { ping, pong, close };

    Origin origin = {};
    Type type = Type::ping;
    std::size_t bytes = 0; ///< of its payload
};
/// Of Observer::queue_high() and queue_drained().
struct Queue {
    Origin origin = {};
    std::size_t bytes = 0; ///< that wait to be sent
};
/// Of Observer::callback_returned().
struct CallbackReturned {
    Origin origin = {};
    Callback callback = Callback::handle_frame;
    std::chrono::nanoseconds took{0};
    bool threw = false;
};
/// Of Observer::round_trip().
struct RoundTrip {
    Origin origin = {};
    std::chrono::nanoseconds took{0};
};
/// Of Observer::terminated().
struct Terminated {
    Origin origin = {};
    const CloseReason& reason;
    std::chrono::nanoseconds lived{0}; ///< since the client began
};

} // namespace observed

/// Hears what happens to a client: override what you care about. For one client: Options::observer; for all:
/// observe_all(). Ready ones: Counters.
///
/// Each thing that happens is told once, on every path. The grammar of one client's events:
///
///     (attempt_started [resolved] [connected [tls_done]] [upgraded traffic*] disconnected [retry_scheduled])*
///     terminated
///
/// where `traffic` is any of the others. The callback_returned of handle_disconnect() and terminate() come behind
/// `disconnected`.
///
/// Threads   Called on the client's strand, never for one client twice at once; an observer of several clients must
///           be able to be called by several threads. Must not block: the client waits.
/// Lifetime  Shared; kept at least until `terminated`. That one may come from the thread that destroys the executor.
/// Cost      Nothing for a client that nobody observes.
class WEBSOCKXX_DECL Observer {
public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    /// An attempt to open a connection begins, with the `prepare` hook if there is one.
    virtual void attempt_started(const observed::AttemptStarted& event) noexcept;
    /// The host's name was looked up; not told for an address.
    virtual void resolved(const observed::Resolved& event) noexcept;
    /// The TCP connection is there.
    virtual void connected(const observed::Connected& event) noexcept;
    /// The TLS handshake is over, and the certificate good.
    virtual void tls_done(const observed::TlsDone& event) noexcept;
    /// The opening handshake succeeded, for the first time or again; before handle_connect().
    virtual void upgraded(const observed::Upgraded& event) noexcept;
    /// The attempt, or the connection that came of it, is over: however it ended, and before handle_disconnect().
    virtual void disconnected(const observed::Disconnected& event) noexcept;
    /// The next attempt will begin after a delay.
    virtual void retry_scheduled(const observed::RetryScheduled& event) noexcept;

    /// A whole message arrived; or the last part of it, with Conn::deliver_fragments.
    virtual void message_received(const observed::Message& event) noexcept;
    /// A message was written: by whomever, and behind what waits to be sent. In fragments: the last one was.
    virtual void message_sent(const observed::Message& event) noexcept;
    /// A ping, a pong or a close frame arrived.
    virtual void control_received(const observed::Control& event) noexcept;
    /// One was written: by a callback, by send(), by the heartbeat, or as the answer to the server's close frame.
    virtual void control_sent(const observed::Control& event) noexcept;

    /// So much waits to be sent (Limits::send_queue_bytes) that nothing is read and sends fail.
    virtual void queue_high(const observed::Queue& event) noexcept;
    /// And all of it has left; or the connection that it waited for has ended.
    virtual void queue_drained(const observed::Queue& event) noexcept;

    /// A callback has returned, or thrown.
    virtual void callback_returned(const observed::CallbackReturned& event) noexcept;
    /// The pong for a ping of the heartbeat arrived.
    virtual void round_trip(const observed::RoundTrip& event) noexcept;
    /// The client has ended; nothing follows. Told also if no connection was ever open.
    virtual void terminated(const observed::Terminated& event) noexcept;
};

} // namespace websockxx
