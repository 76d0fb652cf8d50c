// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Frames by hand, on the server's side of the wire: shares nothing with the library under test, and can break every
/// rule.
namespace websockxx::test::frames {

inline constexpr unsigned continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10;

/// How a frame is written, lawful or not.
struct Bits {
    bool fin = true;
    unsigned rsv = 0;                            ///< RSV1 is 4
    unsigned length_bytes = 0;                   ///< 1, 2 or 8; 0: the shortest form
    std::optional<std::uint64_t> announced = {}; ///< instead of the payload's size
    std::optional<std::uint32_t> mask = {};      ///< which no server may use
};

inline constexpr Bits unfinished{.fin = false};
inline constexpr Bits compressed{.rsv = 4};
inline constexpr Bits compressed_unfinished{.fin = false, .rsv = 4};

inline std::string big_endian(std::uint64_t value, unsigned bytes)
{
    std::string written;
    for (unsigned index = bytes; index-- > 0;) written += static_cast<char>(value >> 8 * index & 0xFF);
    return written;
}

inline std::string header(unsigned opcode, std::uint64_t size, const Bits& bits = {})
{
    const auto length_bytes = bits.length_bytes != 0 ? bits.length_bytes : size < 126 ? 1u : size < 65536 ? 2u : 8u;
    const auto short_length = length_bytes == 1 ? size : length_bytes == 2 ? 126u : 127u;
    std::string written;
    written += static_cast<char>((bits.fin ? 0x80u : 0u) | bits.rsv << 4 | opcode);
    written += static_cast<char>((bits.mask ? 0x80u : 0u) | short_length);
    if (length_bytes > 1) written += big_endian(size, length_bytes);
    if (bits.mask) written += big_endian(*bits.mask, 4);
    return written;
}

inline std::string encode(unsigned opcode, std::string_view payload, const Bits& bits = {})
{
    auto frame = header(opcode, bits.announced.value_or(payload.size()), bits);
    const auto mask = big_endian(bits.mask.value_or(0), 4);
    for (std::size_t index = 0; index < payload.size(); ++index)
        frame += static_cast<char>(payload[index] ^ mask[index % 4]);
    return frame;
}

inline std::string encode_close(std::uint16_t code, std::string_view reason = {})
{
    return encode(close, big_endian(code, 2) + std::string(reason));
}

/// A frame as a client has written it.
struct FromClient {
    unsigned opcode = 0;
    bool fin = true;
    unsigned rsv = 0;
    bool masked = true;
    std::uint32_t mask = 0;
    unsigned length_bytes = 1;
    std::string payload; ///< without the mask
};

/// Takes the frames that `bytes` consists of. Throws if it ends inside one.
inline std::vector<FromClient> decode(std::string_view bytes)
{
    std::vector<FromClient> found;
    const auto take = [&bytes](std::size_t size) {
        if (bytes.size() < size) throw std::runtime_error("the client's bytes end inside a frame");
        const auto taken = bytes.substr(0, size);
        bytes.remove_prefix(size);
        return taken;
    };
    const auto number = [&take](std::size_t size) {
        std::uint64_t value = 0;
        for (const char byte : take(size)) value = value << 8 | static_cast<unsigned char>(byte);
        return value;
    };
    while (!bytes.empty()) {
        const auto first = number(1);
        const auto second = number(1);
        FromClient frame;
        frame.fin = (first & 0x80) != 0;
        frame.rsv = static_cast<unsigned>(first >> 4 & 7);
        frame.opcode = static_cast<unsigned>(first & 15);
        frame.masked = (second & 0x80) != 0;
        auto size = second & 0x7F;
        if (size >= 126) {
            frame.length_bytes = size == 126 ? 2 : 8;
            size = number(frame.length_bytes);
        }
        if (frame.masked) frame.mask = static_cast<std::uint32_t>(number(4));
        const auto mask = big_endian(frame.mask, 4);
        frame.payload = take(size);
        for (std::size_t index = 0; index < frame.payload.size(); ++index) frame.payload[index] ^= mask[index % 4];
        found.push_back(std::move(frame));
    }
    return found;
}

} // namespace websockxx::test::frames
