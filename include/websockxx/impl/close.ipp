// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/close.hpp>

#include <websockxx/detail/text.hpp>
#include <websockxx/detail/utf8.hpp>

#include <ostream>

namespace websockxx {

std::string_view close_code::name(std::uint16_t code) noexcept
{
    switch (code) {
    case normal: return "normal";
    case going_away: return "going away";
    case protocol_error: return "protocol error";
    case unknown_data: return "unknown data";
    case no_status: return "no status";
    case abnormal: return "abnormal";
    case bad_payload: return "bad payload";
    case policy_error: return "policy error";
    case too_big: return "too big";
    case needs_extension: return "needs extension";
    case internal_error: return "internal error";
    case service_restart: return "service restart";
    case try_again_later: return "try again later";
    case bad_gateway: return "bad gateway";
    case tls_handshake: return "TLS handshake";
    default: return "";
    }
}

std::string_view fit_close_text(std::string_view text) noexcept
{
    return detail::utf8_prefix(text, max_close_text_bytes);
}

namespace detail::close_reason {

/// The close frame that came first, if any.
[[nodiscard]] inline const CloseFrame* first_frame(const CloseReason& reason) noexcept
{
    switch (reason.by) {
    case CloseReason::By::local: return reason.sent ? &*reason.sent : nullptr;
    case CloseReason::By::remote: return reason.received ? &*reason.received : nullptr;
    case CloseReason::By::transport: break;
    }
    return nullptr;
}

/// The close frame that answered it, if any.
[[nodiscard]] inline const CloseFrame* second_frame(const CloseReason& reason) noexcept
{
    const auto& answer = reason.by == CloseReason::By::local ? reason.received : reason.sent;
    return reason.by != CloseReason::By::transport && answer ? &*answer : nullptr;
}

/// 1001 going away "bye"
[[nodiscard]] inline std::string describe(std::uint16_t code, std::string_view text)
{
    auto description = std::to_string(code);
    if (const auto name = close_code::name(code); !name.empty()) description.append(" ").append(name);
    if (!text.empty()) description.append(" \"").append(escape(text)).append("\"");
    return description;
}

/// The words of the exception, unless the error has them already.
[[nodiscard]] inline std::string exception_words(const CloseReason& reason)
{
    if (!reason.exception || !reason.error.detail().empty()) return {};
    try {
        std::rethrow_exception(reason.exception);
    }
    catch (const std::exception& exception) {
        return " (" + escape(exception.what()) + ')';
    }
    catch (...) {
        return " (not a std::exception)";
    }
}

/// Without a connection there was no way for it to be lost.
[[nodiscard]] inline bool was_open(Phase phase) noexcept
{
    return phase == Phase::none || phase == Phase::open || phase == Phase::closing;
}

[[nodiscard]] inline std::string transport_message(const CloseReason& reason)
{
    if (!was_open(reason.error.phase())) return "could not connect: " + reason.error.message();
    // That it was open is said by "lost", so the phase is left out.
    const Error error{reason.error.code(), Phase::none, reason.error.detail()};
    return "connection lost: " + (error ? error.message() : "no closing handshake") + " (" +
           std::to_string(close_code::abnormal) + ')';
}

} // namespace detail::close_reason

std::uint16_t CloseReason::code() const noexcept
{
    const CloseFrame* frame = detail::close_reason::first_frame(*this);
    return frame != nullptr ? frame->code : close_code::abnormal;
}

std::string_view CloseReason::text() const noexcept
{
    const CloseFrame* frame = detail::close_reason::first_frame(*this);
    return frame != nullptr ? std::string_view(frame->text) : std::string_view();
}

bool CloseReason::normal() const noexcept
{
    return (code() == close_code::normal || code() == close_code::no_status) && !error && !exception;
}

std::string CloseReason::message() const
{
    if (by == By::transport) return detail::close_reason::transport_message(*this);

    std::string line = by == By::local ? "closed by us" : "closed by the server";
    if (code() != close_code::no_status) line += ": " + detail::close_reason::describe(code(), text());
    if (const CloseFrame* answer = detail::close_reason::second_frame(*this); answer && answer->code != code())
        line += ", answered with " + detail::close_reason::describe(answer->code, answer->text);
    if (error) line += "; " + error.message();
    return line + detail::close_reason::exception_words(*this);
}

std::ostream& operator<<(std::ostream& out, const CloseReason& reason) { return out << reason.message(); }

} // namespace websockxx
