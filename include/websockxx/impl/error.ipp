// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/error.hpp>

#include <websockxx/detail/text.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/generic_category.hpp>
#include <boost/system/system_category.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <utility>

namespace websockxx {

namespace detail::errors {

namespace posix = boost::system::errc;

/// The conditions that an error meets: one bit for each.
using Groups = unsigned;

[[nodiscard]] constexpr Groups group(condition c) noexcept { return 1U << static_cast<unsigned>(c); }

inline constexpr Groups timeout = group(condition::timeout);
inline constexpr Groups tls = group(condition::tls);
inline constexpr Groups handshake = group(condition::handshake);
inline constexpr Groups protocol = group(condition::protocol);
inline constexpr Groups not_connected = group(condition::not_connected);
inline constexpr Groups invalid = group(condition::invalid);
inline constexpr Groups transient = group(condition::transient);
inline constexpr Groups fatal = group(condition::fatal);

/// What is known of an errc.
struct Entry {
    errc code;
    Groups groups;
    posix::errc_t nearest; ///< the default error condition
    const char* text;
};

// A refused handshake is neither transient nor fatal: that depends on the status, which a code does not tell (see
// is_retryable()).
inline constexpr std::array entries{
    Entry{errc::invalid_url, invalid | fatal, posix::invalid_argument,
        "the URL is not a ws, wss, http or https URL with a host"},
    Entry{errc::invalid_header, invalid | fatal, posix::invalid_argument, "a header may not be sent like this"},
    Entry{errc::invalid_subprotocol, invalid | fatal, posix::invalid_argument,
        "a subprotocol is not a token, or is asked for twice"},
    Entry{errc::invalid_target, invalid | fatal, posix::invalid_argument,
        "the target has a character that may not be in a request line"},
    Entry{errc::invalid_option, invalid | fatal, posix::invalid_argument, "an option is out of its range"},
    Entry{errc::invalid_frame, invalid | fatal, posix::invalid_argument, "a fragment is out of order"},
    Entry{
        errc::control_frame_too_large, invalid | fatal, posix::message_size, "a ping or pong has more than 125 bytes"},
    Entry{errc::invalid_utf8, invalid | fatal, posix::illegal_byte_sequence, "a text to send is not UTF-8"},
    Entry{errc::invalid_close_code, invalid | fatal, posix::invalid_argument, "a close code that may not be sent"},

    Entry{errc::not_connected_opening, not_connected | transient, posix::not_connected,
        "not connected: the connection is being opened"},
    Entry{errc::not_connected_closing, not_connected, posix::not_connected,
        "not connected: the connection is being closed"},
    Entry{errc::client_ended, not_connected | fatal, posix::not_connected, "the client has ended, or never began"},
    Entry{errc::calling_self, fatal, posix::resource_deadlock_would_occur,
        "the client waits for itself: return reply(frame) from the callback instead"},
    Entry{errc::blocking_in_callback, fatal, posix::resource_deadlock_would_occur,
        "a blocking call on a thread that the client needs in order to go on"},
    Entry{errc::send_queue_full, transient, posix::no_buffer_space, "the send queue is full"},
    Entry{errc::dropped, transient, posix::no_buffer_space, "dropped: the send queue is full"},
    Entry{errc::inbox_full, transient, posix::no_buffer_space, "the inbox is full"},
    Entry{errc::send_timeout, timeout | transient, posix::timed_out,
        "no answer in time: the frame is queued and may still be sent"},
    Entry{errc::not_sent_in_time, timeout | transient, posix::timed_out,
        "no answer in time: the frame was taken back and will not be sent"},
    Entry{errc::already_started, fatal, posix::file_exists, "another client has this name"},
    Entry{errc::no_such_client, fatal, posix::no_such_process, "no client has this name"},
    Entry{errc::call_timeout, timeout | transient, posix::timed_out, "no answer to the call in time"},
    Entry{errc::no_reply, fatal, posix::no_message, "the call was dropped unanswered"},

    Entry{errc::child_exists, fatal, posix::file_exists, "another child has this id"},
    Entry{errc::child_running, fatal, posix::device_or_resource_busy, "the child runs, or will"},
    Entry{errc::no_such_child, fatal, posix::no_such_process, "no child has this id"},
    Entry{errc::supervisor_ended, fatal, posix::no_such_process, "the supervisor has ended, or is ending"},

    Entry{errc::connect_timeout, timeout | transient, posix::timed_out, "connecting took too long"},
    Entry{errc::open_timeout, timeout | transient, posix::timed_out, "opening the connection took too long"},
    Entry{errc::no_address, transient, posix::address_not_available, "the name has no address"},
    Entry{errc::address_not_allowed, fatal, posix::permission_denied, "the address may not be connected to"},
    Entry{errc::port_not_allowed, invalid | fatal, posix::permission_denied, "the port may not be connected to"},
    Entry{errc::handshake_refused, handshake, posix::connection_refused, "the server refused"},
    Entry{errc::handshake_malformed, handshake | protocol | fatal, posix::protocol_error,
        "the answer is no HTTP/1.1 response"},
    Entry{errc::handshake_too_large, handshake | fatal, posix::message_size, "the head of the answer is too large"},
    Entry{errc::handshake_incomplete, handshake | transient, posix::connection_reset,
        "the connection ended inside the answer"},
    Entry{errc::bad_upgrade, handshake | protocol | fatal, posix::protocol_error,
        "the answer does not switch to WebSocket"},
    Entry{errc::bad_accept, handshake | protocol | fatal, posix::protocol_error,
        "the answer's Sec-WebSocket-Accept is missing or wrong"},
    Entry{errc::unexpected_extension, handshake | protocol | fatal, posix::protocol_error,
        "the answer has an extension that was not asked for"},
    Entry{errc::unexpected_subprotocol, handshake | protocol | fatal, posix::protocol_error,
        "the answer has a subprotocol that was not asked for"},
    Entry{errc::prepare_failed, transient, posix::operation_canceled, "the prepare hook gave up"},

    // An alert of a server that is being restarted looks like this too.
    Entry{errc::tls_failed, tls | transient, posix::protocol_error, "TLS failed"},
    Entry{errc::tls_version, tls | fatal, posix::protocol_not_supported, "the server speaks no TLS 1.2 or later"},
    Entry{errc::tls_options, tls | invalid | fatal, posix::invalid_argument,
        "a CA, certificate or key in the options cannot be read"},
    Entry{errc::certificate_expired, tls | fatal, posix::permission_denied, "the certificate has expired"},
    Entry{errc::certificate_not_yet_valid, tls | fatal, posix::permission_denied, "the certificate is not yet valid"},
    Entry{errc::certificate_self_signed, tls | fatal, posix::permission_denied,
        "the certificate is self-signed, or its root is not trusted"},
    Entry{errc::certificate_untrusted, tls | fatal, posix::permission_denied,
        "the certificate has no chain to a trusted root"},
    Entry{
        errc::certificate_host_mismatch, tls | fatal, posix::permission_denied, "the certificate is for another host"},
    Entry{errc::certificate_revoked, tls | fatal, posix::permission_denied, "the certificate is revoked"},
    Entry{errc::certificate_rejected, tls | fatal, posix::permission_denied, "the certificate is not acceptable"},

    Entry{errc::protocol_error, protocol | fatal, posix::protocol_error, "the server broke the WebSocket protocol"},
    Entry{errc::bad_payload, protocol | fatal, posix::illegal_byte_sequence, "the server sent text that is not UTF-8"},
    Entry{errc::message_too_big, fatal, posix::message_size, "the message is too big"},
    Entry{errc::too_many_fragments, fatal, posix::message_size, "the message has too many fragments"},
    Entry{errc::connection_lost, transient, posix::connection_reset, "no closing handshake"},
    Entry{errc::maybe_sent, transient, posix::connection_reset,
        "the connection was lost when the frame had left in part: it may have arrived"},
    Entry{errc::close_timeout, timeout | transient, posix::timed_out,
        "forcefully closed because the server was taking too long to close"},
    Entry{errc::heartbeat_timeout, timeout | transient, posix::timed_out, "a ping was not answered in time"},
    Entry{errc::message_timeout, timeout | transient, posix::timed_out, "a message took too long to arrive"},

    Entry{errc::stopped, fatal, posix::operation_canceled, "the client was stopped"},
    Entry{errc::aborted, fatal, posix::operation_canceled, "the client was aborted"},
    Entry{errc::bad_response, fatal, posix::invalid_argument, "a callback answered with something that cannot be done"},
    Entry{errc::callback_threw, fatal, posix::operation_canceled, "an exception left a callback"},
    Entry{errc::unhandled_frame, fatal, posix::function_not_supported, "handle_frame() is not overridden"},
    Entry{errc::restart_intensity_reached, fatal, posix::operation_canceled, "too many restarts in too short a time"},
    Entry{errc::runtime_ended, fatal, posix::operation_canceled, "the executor is gone"},
};

static_assert(
    [] {
        for (std::size_t i = 0; i < entries.size(); ++i)
            if (static_cast<std::size_t>(entries[i].code) != i + 1) return false;
        return entries.back().code == errc::runtime_ended;
    }(),
    "one entry for each errc, in its order");

[[nodiscard]] constexpr const Entry* find(int value) noexcept
{
    return value >= 1 && value <= static_cast<int>(entries.size()) ? &entries[static_cast<std::size_t>(value) - 1]
                                                                   : nullptr;
}

/// Failures of the operating system are transient but for those that come from how it was asked.
[[nodiscard]] inline Groups system_groups(const error_code& code) noexcept
{
    const auto meaning = code.default_error_condition();
    if (meaning.category() != boost::system::generic_category()) return transient;
    switch (meaning.value()) {
    case posix::timed_out: return timeout | transient;
    case posix::not_connected: return not_connected | transient;
    case posix::operation_canceled: return 0;
    case posix::invalid_argument:
    case posix::bad_file_descriptor:
    case posix::not_a_socket:
    case posix::address_family_not_supported:
    case posix::protocol_not_supported:
    case posix::function_not_supported:
    case posix::operation_not_supported: return fatal;
    default: return transient;
    }
}

/// Asio's own categories, by name, since no Asio may be included here. A name that is not found is transient: it is
/// said to be unknown also while a server is being moved, or while the name server is down.
[[nodiscard]] inline Groups asio_groups(const error_code& code) noexcept
{
    constexpr int end_of_file = 2; // boost::asio::error::eof
    const std::string_view category = code.category().name();
    if (category == "asio.misc") return code.value() == end_of_file ? transient : 0;
    if (category == "asio.netdb") return transient;
    if (category == "asio.addrinfo") return fatal;
    if (category == "asio.ssl" || category == "asio.ssl.stream") return tls | transient;
    return 0;
}

[[nodiscard]] inline Groups groups(const error_code& code) noexcept
{
    if (!code.failed()) return 0;
    if (code.category() == error_category()) {
        const Entry* entry = find(code.value());
        return entry != nullptr ? entry->groups : 0;
    }
    if (code.category() == boost::system::system_category() || code.category() == boost::system::generic_category())
        return system_groups(code);
    return asio_groups(code);
}

// Each category has a number of its own, by which it is known again in another shared library.
class ErrorCategory final : public boost::system::error_category {
public:
    constexpr ErrorCategory() noexcept : error_category(0x7e1c5a90b3d24f67) {}

    [[nodiscard]] const char* name() const noexcept override { return "websockxx"; }

    [[nodiscard]] std::string message(int value) const override
    {
        const Entry* entry = find(value);
        return entry != nullptr ? entry->text : "unknown error";
    }

    [[nodiscard]] boost::system::error_condition default_error_condition(int value) const noexcept override
    {
        const Entry* entry = find(value);
        if (entry == nullptr) return {value, *this};
        return {entry->nearest, boost::system::generic_category()};
    }
};

class ConditionCategory final : public boost::system::error_category {
public:
    constexpr ConditionCategory() noexcept : error_category(0x2b96f04ed8a17c35) {}

    [[nodiscard]] const char* name() const noexcept override { return "websockxx.condition"; }

    [[nodiscard]] std::string message(int value) const override
    {
        switch (static_cast<condition>(value)) {
        case condition::timeout: return "something took too long";
        case condition::tls: return "TLS, or a certificate";
        case condition::handshake: return "the opening handshake";
        case condition::protocol: return "the server broke the protocol";
        case condition::not_connected: return "not connected";
        case condition::invalid: return "wrong in itself";
        case condition::transient: return "may go away by itself";
        case condition::fatal: return "will not go away by itself";
        }
        return "unknown condition";
    }

    using error_category::equivalent;
    [[nodiscard]] bool equivalent(const error_code& code, int value) const noexcept override
    {
        if (value < static_cast<int>(condition::timeout) || value > static_cast<int>(condition::fatal)) return false;
        return (groups(code) & group(static_cast<condition>(value))) != 0;
    }
};

/// The phase and the detail, in the form "TLS handshake (the detail)"; either may be missing.
[[nodiscard]] inline std::string circumstances(const Error& error)
{
    std::string text{to_string(error.phase())};
    if (error.detail().empty()) return text;
    if (!text.empty()) text += ' ';
    return text + '(' + escape(error.detail()) + ')';
}

} // namespace detail::errors

const boost::system::error_category& error_category() noexcept
{
    static const detail::errors::ErrorCategory category;
    return category;
}

const boost::system::error_category& condition_category() noexcept
{
    static const detail::errors::ConditionCategory category;
    return category;
}

std::string_view to_string(Phase phase) noexcept
{
    switch (phase) {
    case Phase::none: return "";
    case Phase::prepare: return "prepare hook";
    case Phase::resolve: return "name lookup";
    case Phase::connect: return "TCP connect";
    case Phase::tls: return "TLS handshake";
    case Phase::handshake: return "opening handshake";
    case Phase::open: return "open connection";
    case Phase::closing: return "closing handshake";
    }
    return "";
}

struct Error::More {
    std::string detail;
    std::optional<Response> refusal;
};

Error::Error(error_code code, Phase phase, std::string_view detail)
    : code_(code),
      phase_(phase),
      more_(detail.empty() ? nullptr : std::make_shared<const More>(More{std::string(detail), std::nullopt}))
{
}

Error::Error(errc code, Phase phase, std::string_view detail) : Error(make_error_code(code), phase, detail) {}

Error Error::refused(Response response)
{
    auto detail = std::to_string(response.status);
    if (!response.reason.empty()) detail += ' ' + response.reason;

    Error error{errc::handshake_refused, Phase::handshake};
    error.more_ = std::make_shared<const More>(More{std::move(detail), std::move(response)});
    return error;
}

std::string_view Error::detail() const noexcept { return more_ ? std::string_view(more_->detail) : std::string_view(); }

const Response* Error::refusal() const noexcept { return more_ && more_->refusal ? &*more_->refusal : nullptr; }

std::string Error::message() const
{
    if (!*this) return "no error";
    std::string text{to_string(phase_)};
    if (!text.empty()) text += ": ";
    text += code_.message();
    if (!detail().empty()) text += " (" + detail::escape(detail()) + ')';
    return text;
}

std::ostream& operator<<(std::ostream& out, const Error& error) { return out << error.message(); }

void throw_exception_from_error(const Error& error, const boost::source_location& where)
{
    const auto prefix = detail::errors::circumstances(error);
    boost::throw_with_location(
        prefix.empty() ? boost::system::system_error(error.code()) : boost::system::system_error(error.code(), prefix),
        where);
}

} // namespace websockxx
