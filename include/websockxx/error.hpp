// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>
#include <websockxx/headers.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace websockxx {

using boost::system::error_code;

/// What went wrong, in the library's own words. Failures of the operating system and of name lookup keep their own
/// codes (`connection_refused`, `host_not_found`, ...); Error::phase() says when they happened.
enum class errc {
    // What the program asked for cannot be done.
    invalid_url = 1,         ///< not a `ws`, `wss`, `http` or `https` URL with a host
    invalid_header,          ///< a header's name or value may not be sent (RFC 9110 5.5), or it may not be there twice
    invalid_subprotocol,     ///< a subprotocol is no token, or is asked for twice (RFC 6455 4.1)
    invalid_target,          ///< the path or query has a character that may not be in a request line
    invalid_option,          ///< an option is out of its range
    invalid_frame,           ///< a frame that cannot be encoded: a fragment out of order
    control_frame_too_large, ///< a ping or pong of more than 125 bytes (RFC 6455 5.5)
    invalid_utf8,            ///< a text to send is not UTF-8 (RFC 6455 5.6)
    invalid_close_code,      ///< a close code that an endpoint may not send (RFC 6455 7.4)

    // The client is not in a state to do it.
    not_connected_opening, ///< the connection is being opened, for the first time or again
    not_connected_closing, ///< the closing handshake is going on
    client_ended,          ///< the client has ended, or never began
    calling_self,          ///< a blocking call from the client's own callback: return `reply(frame)` instead
    blocking_in_callback,  ///< a blocking call on a thread that the client needs in order to go on
    send_queue_full,       ///< Limits::send_queue_bytes or send_queue_messages would be exceeded
    dropped,               ///< thrown out of the send queue: see SendQueuePolicy
    inbox_full,            ///< Limits::inbox_messages would be exceeded
    send_timeout,          ///< no answer in time; the frame was queued already and may still be sent
    not_sent_in_time,      ///< no answer in time; the frame was taken back and will not be sent
    already_started,       ///< another client has this name: see Options::name
    no_such_client,        ///< no client has this name, or it is of another type
    call_timeout,          ///< no answer to a call in time
    no_reply,              ///< a call was not answered, and never will be: its ReplyTo is gone

    // The supervisor is not in a state to do it.
    child_exists,     ///< another child has this id
    child_running,    ///< the child runs, or will: restart_child() and delete_child() are for those that are down
    no_such_child,    ///< no child has this id, or not any more
    supervisor_ended, ///< the supervisor has ended, or is ending

    // The connection could not be opened.
    connect_timeout,        ///< Timeouts::connect passed
    open_timeout,           ///< Timeouts::open passed
    no_address,             ///< the name has no address
    address_not_allowed,    ///< Reach allows none of the addresses
    port_not_allowed,       ///< the port is not one of Reach::ports
    handshake_refused,      ///< an answer other than 101: see Error::refusal()
    handshake_malformed,    ///< the answer is no HTTP/1.1 response
    handshake_too_large,    ///< the answer's head is larger than Limits::handshake_bytes, or has too many fields
    handshake_incomplete,   ///< the connection ended inside the answer
    bad_upgrade,            ///< the answer's Upgrade is not `websocket`, or its Connection lacks `upgrade`
    bad_accept,             ///< the answer's Sec-WebSocket-Accept is missing or wrong
    unexpected_extension,   ///< the answer has an extension, or a parameter, that was not asked for
    unexpected_subprotocol, ///< the answer has a subprotocol that was not asked for
    prepare_failed,         ///< the `prepare` hook gave up, or forgot to answer

    // TLS.
    tls_failed,                ///< the TLS handshake failed: see Error::detail()
    tls_version,               ///< the server speaks no TLS 1.2 or later
    tls_options,               ///< a CA, certificate or key in Tls cannot be read
    certificate_expired,       ///< the certificate's time is over
    certificate_not_yet_valid, ///< the certificate's time has not come
    certificate_self_signed,   ///< self-signed, or its root is not trusted
    certificate_untrusted,     ///< no chain to a trusted root: an intermediate is missing, or the root unknown
    certificate_host_mismatch, ///< the certificate is for another host
    certificate_revoked,       ///< the certificate is on a revocation list
    certificate_rejected,      ///< not acceptable for another reason: wrong purpose, weak key, bad signature

    // The connection ended.
    protocol_error,     ///< the server broke RFC 6455: closed with 1002
    bad_payload,        ///< a text or close reason is not UTF-8: closed with 1007
    message_too_big,    ///< larger than Limits::message_bytes: closed with 1009
    too_many_fragments, ///< more than Limits::fragments in one message: closed with 1009
    connection_lost,    ///< the transport ended without a closing handshake (RFC 6455 7.1.5: 1006). Of a frame: before
                        ///< any byte of it had left
    maybe_sent,         ///< the connection was lost when some bytes of the frame had left: it may have arrived
    close_timeout,      ///< forcefully closed because the server was taking too long to close
    heartbeat_timeout,  ///< a ping was not answered in time
    message_timeout,    ///< a message was not whole within Timeouts::message: closed with 1008

    // The client ended itself.
    stopped,         ///< Ref::stop(), or the end of its Link
    aborted,         ///< Ref::abort()
    bad_response,    ///< a callback answered with something that cannot be done, such as an invalid close code
    callback_threw,  ///< an exception left a callback: see CloseReason::exception
    unhandled_frame, ///< a message arrived and handle_frame() is not overridden
    restart_intensity_reached, ///< a supervisor ended since its children ended too often: see Intensity
    runtime_ended,             ///< the executor was destroyed before the client could answer
};

/// Groups of errors, for `if (error.code() == condition::transient)`. An error may be in several groups.
enum class condition {
    timeout = 1,   ///< something took too long
    tls,           ///< TLS, or a certificate
    handshake,     ///< the server's answer to the opening handshake was not accepted
    protocol,      ///< the server broke the protocol
    not_connected, ///< nothing can be sent now
    invalid,       ///< what the program asked for is wrong in itself
    transient,     ///< may go away by itself, as failures of the network and of name lookup do
    fatal,         ///< will not go away by itself: trying again is pointless
};

/// The category of errc: its name is "websockxx".
[[nodiscard]] WEBSOCKXX_DECL const boost::system::error_category& error_category() noexcept;

/// The category of condition.
[[nodiscard]] WEBSOCKXX_DECL const boost::system::error_category& condition_category() noexcept;

[[nodiscard]] inline error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), error_category()}; }

[[nodiscard]] inline boost::system::error_condition make_error_condition(condition c) noexcept
{
    return {static_cast<int>(c), condition_category()};
}

/// The part of opening or using a connection in which an error happened.
enum class Phase { none, prepare, resolve, connect, tls, handshake, open, closing };

/// The phase's name, as it is printed: "name lookup", "TCP connect", "TLS handshake", ...
[[nodiscard]] WEBSOCKXX_DECL std::string_view to_string(Phase phase) noexcept;

/// An HTTP answer that refused the opening handshake (RFC 6455 4.1), or accepted it (see Connected).
struct Response {
    int status = 0;     ///< the HTTP status code
    std::string reason; ///< the reason phrase; may be empty
    Headers headers;    ///< in the order of arrival
    std::string body;   ///< what arrived of it, at most Limits::refusal_body_bytes

    friend bool operator==(const Response&, const Response&) = default;
};

/// An error with what a person needs to understand it. A value, cheap to copy.
class WEBSOCKXX_DECL Error {
public:
    Error() = default;
    Error(error_code code, Phase phase = Phase::none, std::string_view detail = {});
    Error(errc code, Phase phase = Phase::none, std::string_view detail = {});

    /// A refused handshake: errc::handshake_refused with the answer.
    [[nodiscard]] static Error refused(Response response);

    /// Of errc, of the operating system, or of name lookup.
    [[nodiscard]] const error_code& code() const noexcept { return code_; }
    /// In what it happened.
    [[nodiscard]] Phase phase() const noexcept { return phase_; }

    /// More words, if there are any: the certificate's subject and what is wrong with it, the offending header, ...
    [[nodiscard]] std::string_view detail() const noexcept;

    /// The answer that refused the handshake, or nullptr.
    [[nodiscard]] const Response* refusal() const noexcept;

    /// All of it in one line, for a person.
    [[nodiscard]] std::string message() const;

    /// Whether there is an error.
    [[nodiscard]] explicit operator bool() const noexcept { return code_.failed(); }

    friend bool operator==(const Error& a, const Error& b) noexcept
    {
        return a.code_ == b.code_ && a.phase_ == b.phase_ && a.detail() == b.detail();
    }

private:
    struct More;

    error_code code_;
    Phase phase_ = Phase::none;
    std::shared_ptr<const More> more_;
};

WEBSOCKXX_DECL std::ostream& operator<<(std::ostream& out, const Error& error);

/// Called by result<T>::value() when it holds an error: throws boost::system::system_error.
[[noreturn]] WEBSOCKXX_DECL void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// A value, or why there is none. `value()` throws boost::system::system_error; `error()` has the details.
template <class T = void>
using result = boost::system::result<T, Error>;

} // namespace websockxx

template <>
struct boost::system::is_error_code_enum<websockxx::errc> : std::true_type {};
template <>
struct boost::system::is_error_condition_enum<websockxx::condition> : std::true_type {};
