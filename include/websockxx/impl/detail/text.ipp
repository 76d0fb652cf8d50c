// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/detail/text.hpp>

#include <websockxx/detail/utf8.hpp>

#include <algorithm>
#include <cstddef>

namespace websockxx::detail {

namespace characters {

[[nodiscard]] constexpr char to_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool is_token_character(char c) noexcept
{
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

[[nodiscard]] constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// U+0080 to U+009F: control characters too, in two bytes.
[[nodiscard]] constexpr bool is_wide_control(std::string_view character) noexcept
{
    return character.size() == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
}

inline void append_escaped_byte(std::string& out, char c)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\\': out += "\\\\"; return;
    default: break;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += digits[byte / 16];
    out += digits[byte % 16];
}

} // namespace characters

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
        [](char x, char y) { return characters::to_lower(x) == characters::to_lower(y); });
}

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), characters::is_token_character);
}

bool has_control_character(std::string_view text) noexcept
{
    return std::any_of(text.begin(), text.end(), characters::is_control);
}

std::string escape(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto character = text.substr(0, std::max<std::size_t>(utf8_character_size(text), 1));
        const bool broken = character.size() == 1 && static_cast<unsigned char>(character[0]) >= 0x80;
        if (broken || characters::is_control(character[0]) || character == "\\" ||
            characters::is_wide_control(character))
            for (const char c : character) characters::append_escaped_byte(out, c);
        else out += character;
        text.remove_prefix(character.size());
    }
    return out;
}

void append_up_to(std::size_t most, std::string& text, std::string_view more)
{
    const auto size = std::min(more.size(), most - std::min(most, text.size()));
    const auto needed = text.size() + size;
    if (needed > text.capacity()) {
        // Asked to grow, a string may take more than it was asked for; a fresh one does not.
        std::string larger;
        larger.reserve(std::min(most, std::max(needed, 2 * text.capacity())));
        larger = text;
        text.swap(larger);
    }
    text.append(more.substr(0, size));
}

} // namespace websockxx::detail
