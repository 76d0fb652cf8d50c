// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace websockxx::detail {

/// Whether two words are the same but for the case of ASCII letters, whatever the locale (RFC 9110 5.1).
[[nodiscard]] WEBSOCKXX_DECL bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Whether `text` is a token (RFC 9110 5.6.2): not empty, and only letters, digits and !#$%&'*+-.^_`|~
[[nodiscard]] WEBSOCKXX_DECL bool is_token(std::string_view text) noexcept;

/// Whether there is a control character of ASCII in `text`: 00 to 1F, or 7F.
[[nodiscard]] WEBSOCKXX_DECL bool has_control_character(std::string_view text) noexcept;

/// `text` as it may be printed, whoever wrote it: control characters, what is not UTF-8 and the backslash become
/// escapes such as \n and \x1B, so that nobody can forge a line of a log or steer a terminal.
[[nodiscard]] WEBSOCKXX_DECL std::string escape(std::string_view text);

/// Appends `more`, as far as `text` may have `most` bytes. Its memory doubles as it grows, but not beyond that.
WEBSOCKXX_DECL void append_up_to(std::size_t most, std::string& text, std::string_view more);

} // namespace websockxx::detail
