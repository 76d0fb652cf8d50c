// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/config.hpp>

#include <cstddef>
#include <string_view>

namespace websockxx::detail {

/// The size in bytes of the UTF-8 character that `text` begins with (RFC 3629 4): 1 to 4, or 0 if there is none.
[[nodiscard]] WEBSOCKXX_DECL std::size_t utf8_character_size(std::string_view text) noexcept;

/// Whether all of `text` is UTF-8: no surrogates, nothing longer than needed, nothing above U+10FFFF (RFC 3629 3).
[[nodiscard]] WEBSOCKXX_DECL bool is_valid_utf8(std::string_view text) noexcept;

/// The longest beginning of `text` of at most `size` bytes that does not end inside a character.
[[nodiscard]] WEBSOCKXX_DECL std::string_view utf8_prefix(std::string_view text, std::size_t size) noexcept;

} // namespace websockxx::detail
