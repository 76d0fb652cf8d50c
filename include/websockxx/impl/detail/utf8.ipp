// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <websockxx/detail/utf8.hpp>

#include <cstdint>
#include <cstring>

namespace websockxx::detail {

namespace utf8 {

[[nodiscard]] constexpr std::uint8_t byte_at(std::string_view text, std::size_t index) noexcept
{
    return static_cast<std::uint8_t>(text[index]);
}

[[nodiscard]] constexpr bool is_continuation(std::uint8_t byte) noexcept { return (byte & 0xC0) == 0x80; }

/// The size that a lead byte announces; 0 for a byte that leads nothing.
[[nodiscard]] constexpr std::size_t announced_size(std::uint8_t lead) noexcept
{
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0; // a continuation, or C0 and C1, which could only be overlong
    if (lead < 0xE0) return 2;
    if (lead < 0xF0) return 3;
    if (lead < 0xF5) return 4;
    return 0; // above U+10FFFF
}

/// The second byte alone tells overlong characters, surrogates and what is above U+10FFFF (RFC 3629 4).
[[nodiscard]] constexpr bool may_follow(std::uint8_t lead, std::uint8_t second) noexcept
{
    switch (lead) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return is_continuation(second);
    }
}

/// How many bytes of ASCII, in steps of 32 and then of eight, `text` begins with.
[[nodiscard]] inline std::size_t skip_ascii(std::string_view text) noexcept
{
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::size_t size = 0;
    for (std::uint64_t words[4]; text.size() - size >= sizeof words; size += sizeof words) {
        std::memcpy(words, text.data() + size, sizeof words);
        if (((words[0] | words[1] | words[2] | words[3]) & high_bits) != 0) break;
    }
    for (std::uint64_t word = 0; text.size() - size >= sizeof word; size += sizeof word) {
        std::memcpy(&word, text.data() + size, sizeof word);
        if ((word & high_bits) != 0) break;
    }
    return size;
}

} // namespace utf8

std::size_t utf8_character_size(std::string_view text) noexcept
{
    if (text.empty()) return 0;
    const auto lead = utf8::byte_at(text, 0);
    const auto size = utf8::announced_size(lead);
    if (size <= 1) return size;
    if (text.size() < size || !utf8::may_follow(lead, utf8::byte_at(text, 1))) return 0;
    for (std::size_t i = 2; i < size; ++i)
        if (!utf8::is_continuation(utf8::byte_at(text, i))) return 0;
    return size;
}

bool is_valid_utf8(std::string_view text) noexcept
{
    for (;;) {
        text.remove_prefix(utf8::skip_ascii(text));
        if (text.empty()) return true;
        // At least the eight bytes that stopped the fast path, so that it is not tried again for each character.
        for (std::size_t done = 0; done < sizeof(std::uint64_t) && !text.empty();) {
            const auto size = utf8_character_size(text);
            if (size == 0) return false;
            text.remove_prefix(size);
            done += size;
        }
    }
}

std::string_view utf8_prefix(std::string_view text, std::size_t size) noexcept
{
    if (text.size() <= size) return text;
    // A character has at most three continuations: more of them are no UTF-8, and then any cut is as good.
    constexpr std::size_t most_continuations = 3;
    for (std::size_t back = 0; back <= most_continuations && back <= size; ++back)
        if (!utf8::is_continuation(utf8::byte_at(text, size - back))) return text.substr(0, size - back);
    return text.substr(0, size);
}

} // namespace websockxx::detail
