// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

/// @file No more of RFC 6455 than two sides need that trust each other: for the server, and for the contestant that
/// shows how fast it could be.

namespace bench {

inline constexpr std::uint8_t fin = 0x80, deflated = 0x40, text_opcode = 1, binary_opcode = 2;

using Mask = std::array<std::uint8_t, 4>;

struct FrameHeader {
    std::uint8_t first = 0; ///< FIN, RSV1 and the opcode
    bool masked = false;
    Mask mask{};
    std::size_t size = 0;   ///< of the payload
    std::size_t length = 0; ///< of the header

    [[nodiscard]] bool final() const noexcept { return (first & fin) != 0; }
    [[nodiscard]] bool compressed() const noexcept { return (first & deflated) != 0; }
    [[nodiscard]] bool control() const noexcept { return (first & 8) != 0; }
};

[[nodiscard]] inline std::uint64_t big_endian(const char* bytes, std::size_t count)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return value;
}

/// Nothing if the header is not complete.
[[nodiscard]] inline std::optional<FrameHeader> read_header(std::string_view bytes)
{
    if (bytes.size() < 2) return std::nullopt;
    FrameHeader header;
    header.first = static_cast<std::uint8_t>(bytes[0]);
    const auto second = static_cast<std::uint8_t>(bytes[1]);
    header.masked = (second & 0x80) != 0;
    header.size = second & 0x7f;
    const std::size_t extended = header.size == 126 ? 2 : header.size == 127 ? 8 : 0;
    header.length = 2 + extended + (header.masked ? 4 : 0);
    if (bytes.size() < header.length) return std::nullopt;
    if (extended != 0) header.size = big_endian(bytes.data() + 2, extended);
    if (header.masked) std::memcpy(header.mask.data(), bytes.data() + 2 + extended, 4);
    return header;
}

/// At most 14 bytes; returns how many.
inline std::size_t write_header(char* to, std::uint8_t first, std::size_t size, const Mask* mask)
{
    const std::uint8_t masked = mask ? 0x80 : 0;
    const std::size_t extended = size < 126 ? 0 : size < 65'536 ? 2 : 8;
    const std::size_t marker = extended == 0 ? size : extended == 2 ? 126 : 127;
    to[0] = static_cast<char>(first);
    to[1] = static_cast<char>(masked | marker);
    for (std::size_t i = 0; i < extended; ++i) to[2 + i] = static_cast<char>(size >> 8 * (extended - 1 - i));
    if (mask) std::memcpy(to + 2 + extended, mask->data(), 4);
    return 2 + extended + (mask ? 4 : 0);
}

/// Masks or unmasks while copying; `to` may be `from`.
inline void copy_masked(char* to, const char* from, std::size_t size, const Mask& mask)
{
    std::array<std::uint64_t, 4> key;
    for (std::size_t i = 0; i < sizeof key; i += 4)
        std::memcpy(reinterpret_cast<char*>(key.data()) + i, mask.data(), 4);
    std::array<std::uint64_t, 4> words;
    std::size_t i = 0;
    for (; i + sizeof words <= size; i += sizeof words) {
        std::memcpy(words.data(), from + i, sizeof words);
        for (std::size_t w = 0; w < words.size(); ++w) words[w] ^= key[w];
        std::memcpy(to + i, words.data(), sizeof words);
    }
    for (; i < size; ++i) to[i] = static_cast<char>(static_cast<std::uint8_t>(from[i]) ^ mask[i % 4]);
}

/// As a server sends it: not masked.
[[nodiscard]] inline std::string encode(std::uint8_t first, std::string_view payload)
{
    std::string frame(14, '\0');
    frame.resize(write_header(frame.data(), first, payload.size(), nullptr));
    return frame.append(payload);
}

} // namespace bench
