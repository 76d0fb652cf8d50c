// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace websockxx::protocol {

/// RFC 6455 5.2.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// The header of a frame from a server, which is never masked (RFC 6455 5.1).
struct FrameHeader {
    Opcode opcode = Opcode::continuation;
    bool fin = false;
    bool compressed = false; ///< RSV1 (RFC 7692 6)
    std::uint8_t size = 0;   ///< of the header itself: 2, 4 or 10 bytes
    std::uint64_t payload_size = 0;

    [[nodiscard]] constexpr bool is_control() const noexcept { return opcode >= Opcode::close; }

    friend constexpr bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

/// What the beginning of a frame says. All but the first two are errors of the server (RFC 6455 5.2, 5.5).
enum class Peek : std::uint8_t {
    incomplete, ///< the header has not come whole, and there is nothing wrong yet
    complete,
    reserved_bits,
    reserved_opcode,
    fragmented_control,
    large_control,
    masked,
    length_not_minimal,
    length_too_large, ///< the top bit of a 64-bit length is set
};

/// What RSV1 means on the first frame of a message: that depends on whether permessage-deflate was agreed on.
enum class Rsv1 : std::uint8_t { reserved, compressed };

struct PeekedFrame {
    Peek what = Peek::incomplete;
    FrameHeader header = {}; ///< if complete

    friend constexpr bool operator==(const PeekedFrame&, const PeekedFrame&) = default;
};

/// Part of peek_frame().
constexpr Peek check_first_byte(unsigned first, Rsv1 rsv1) noexcept
{
    const unsigned opcode = first & 0x0Fu;
    const bool control = opcode >= 8;
    const bool begins_message = opcode == 1 || opcode == 2;

    if ((first & 0x30u) != 0) return Peek::reserved_bits;
    if ((first & 0x40u) != 0 && !(begins_message && rsv1 == Rsv1::compressed)) return Peek::reserved_bits;
    if (opcode > (control ? 10u : 2u)) return Peek::reserved_opcode;
    if (control && (first & 0x80u) == 0) return Peek::fragmented_control;
    return Peek::complete;
}

/// Looks at the frame that `bytes` begins with. An error is told by the first byte that shows it.
constexpr PeekedFrame peek_frame(std::span<const std::byte> bytes, Rsv1 rsv1) noexcept
{
    const auto at = [bytes](std::size_t index) { return std::to_integer<unsigned>(bytes[index]); };

    if (bytes.empty()) return {};
    const unsigned first = at(0);
    if (const auto fault = check_first_byte(first, rsv1); fault != Peek::complete) return {fault};

    if (bytes.size() < 2) return {};
    const unsigned length = at(1) & 0x7Fu;
    if ((at(1) & 0x80u) != 0) return {Peek::masked};

    FrameHeader header{static_cast<Opcode>(first & 0x0Fu), (first & 0x80u) != 0, (first & 0x40u) != 0, 2, length};
    if (length < 126) return {Peek::complete, header};
    if (header.is_control()) return {Peek::large_control};

    header.size = length == 126 ? 4 : 10;
    if (header.size == 10 && bytes.size() > 2 && (at(2) & 0x80u) != 0) return {Peek::length_too_large};
    if (bytes.size() < header.size) return {};
    header.payload_size = 0;
    for (std::size_t index = 2; index < header.size; ++index)
        header.payload_size = header.payload_size << 8 | at(index);
    if (header.payload_size < (length == 126 ? 126u : 65536u)) return {Peek::length_not_minimal};
    return {Peek::complete, header};
}

/// An error's words, short enough for a close frame.
constexpr std::string_view to_string(Peek what) noexcept
{
    switch (what) {
    case Peek::incomplete: return "incomplete frame header";
    case Peek::complete: return "frame header";
    case Peek::reserved_bits: return "reserved bits are set in a frame";
    case Peek::reserved_opcode: return "frame with a reserved opcode";
    case Peek::fragmented_control: return "fragmented control frame";
    case Peek::large_control: return "control frame of more than 125 bytes";
    case Peek::masked: return "masked frame from a server";
    case Peek::length_not_minimal: return "frame length not in its shortest form";
    case Peek::length_too_large: return "frame length of 64 bits";
    }
    return "";
}

} // namespace websockxx::protocol
