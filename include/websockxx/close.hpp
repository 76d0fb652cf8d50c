// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>
#include <websockxx/error.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace websockxx {

/// Close codes (RFC 6455 7.4.1 and the IANA registry). Any other of 3000 to 4999 may be used too: codes are plain
/// numbers everywhere.
namespace close_code {

inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unknown_data = 1003;
inline constexpr std::uint16_t no_status = 1005; ///< never sent: a close frame without a code
inline constexpr std::uint16_t abnormal = 1006;  ///< never sent: no close frame at all
inline constexpr std::uint16_t bad_payload = 1007;
inline constexpr std::uint16_t policy_error = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t needs_extension = 1010;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t service_restart = 1012;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t bad_gateway = 1014;
inline constexpr std::uint16_t tls_handshake = 1015; ///< never sent

/// Whether an endpoint may put this code into a close frame: 1000 to 1003, 1007 to 1014, 3000 to 4999.
[[nodiscard]] constexpr bool may_be_sent(std::uint16_t code) noexcept
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/// "normal", "going away", ...; "" for codes without a name.
[[nodiscard]] WEBSOCKXX_DECL std::string_view name(std::uint16_t code) noexcept;

} // namespace close_code

/// The most bytes that the text of a close frame may have (RFC 6455 5.5: 125, less two for the code).
inline constexpr std::size_t max_close_text_bytes = 123;

/// What a close frame says. `code` is 1005 (close_code::no_status) for an empty one.
struct CloseFrame {
    std::uint16_t code = close_code::no_status;
    std::string text = {};

    friend bool operator==(const CloseFrame&, const CloseFrame&) = default;
};

/// The text, cut to at most `max_close_text_bytes` without cutting a character.
[[nodiscard]] WEBSOCKXX_DECL std::string_view fit_close_text(std::string_view text) noexcept;

/// How a connection, or an attempt to open one, ended.
struct CloseReason {
    /// Who began it.
    enum class By {
        local,     ///< we closed: a callback, Ref::close(), an error that we found
        remote,    ///< the server sent a close frame first
        transport, ///< the transport ended without a closing handshake, or was never there
    };

    By by = By::transport;
    std::optional<CloseFrame> sent = {};     ///< our close frame, if one was sent
    std::optional<CloseFrame> received = {}; ///< the server's, if one came
    bool clean = false;                      ///< both close frames have passed (RFC 6455 7.1.4)
    Error error = {};                        ///< what was wrong, if anything was
    std::exception_ptr exception = {};       ///< what a callback threw, if one did

    /// The code to show a person: of the close frame that came first, or 1006 (RFC 6455 7.1.5).
    [[nodiscard]] WEBSOCKXX_DECL std::uint16_t code() const noexcept;

    /// The text that belongs to code().
    [[nodiscard]] WEBSOCKXX_DECL std::string_view text() const noexcept;

    /// Whether the end is an orderly one: closed by either side without a code or with 1000, and without an error
    /// (WebSockex: the exit reason `normal`).
    [[nodiscard]] WEBSOCKXX_DECL bool normal() const noexcept;

    /// All of it in one line, for a person.
    [[nodiscard]] WEBSOCKXX_DECL std::string message() const;
};

WEBSOCKXX_DECL std::ostream& operator<<(std::ostream& out, const CloseReason& reason);

} // namespace websockxx
