// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/frame_peek.hpp>

#include "support/frame_bytes.hpp"
#include "support/test.hpp"

#include <set>

using namespace websockxx::protocol;
namespace frames = websockxx::test::frames;

namespace {

PeekedFrame peek(std::string_view bytes, Rsv1 rsv1 = Rsv1::reserved)
{
    return peek_frame(std::as_bytes(std::span{bytes}), rsv1);
}

FrameHeader header(Opcode opcode, std::uint8_t size, std::uint64_t payload_size)
{
    return {.opcode = opcode, .fin = true, .size = size, .payload_size = payload_size};
}

} // namespace

TEST_CASE("WX-137 a header is complete with its last byte, and not before", "[protocol]")
{
    for (const std::uint64_t size : {0ull, 125ull, 126ull, 65'535ull, 65'536ull, ~0ull >> 1}) {
        const auto bytes = frames::header(frames::text, size);
        for (std::size_t cut = 0; cut < bytes.size(); ++cut) CHECK(peek(bytes.substr(0, cut)).what == Peek::incomplete);
        CHECK(peek(bytes).what == Peek::complete);
        CHECK(peek(bytes).header == header(Opcode::text, static_cast<std::uint8_t>(bytes.size()), size));
        CHECK(peek(bytes + "payload") == peek(bytes));
    }
}

TEST_CASE("FIN, RSV1 and the opcode are read", "[protocol]")
{
    CHECK(peek("\x80\x01").header == header(Opcode::continuation, 2, 1));
    CHECK(peek("\x82\x01").header == header(Opcode::binary, 2, 1));
    CHECK(peek("\x88\x02").header == header(Opcode::close, 2, 2));
    CHECK(peek("\x89\x7D").header == header(Opcode::ping, 2, 125));
    CHECK(peek("\x8A\x01").header == header(Opcode::pong, 2, 1));
    CHECK_FALSE(peek("\x01\x01").header.fin);
    CHECK(peek("\xC1\x01", Rsv1::compressed).header.compressed);
    CHECK_FALSE(peek("\x81\x01", Rsv1::compressed).header.compressed);
    CHECK(peek("\x89\x01").header.is_control());
    CHECK_FALSE(peek("\x82\x01").header.is_control());
}

TEST_CASE("WXB-03 WXB-09 WXB-10 S3 S13 WX-168 WX-169 each error is told by the first byte that shows it", "[protocol]")
{
    using namespace std::string_literals;
    const auto [bytes, what] = GENERATE(table<std::string, Peek>({
        {"\xC1"s, Peek::reserved_bits},
        {"\xA1"s, Peek::reserved_bits},
        {"\x91"s, Peek::reserved_bits},
        {"\xC9"s, Peek::reserved_bits},
        {"\x83"s, Peek::reserved_opcode},
        {"\x87"s, Peek::reserved_opcode},
        {"\x8B"s, Peek::reserved_opcode},
        {"\x8F"s, Peek::reserved_opcode},
        {"\x08"s, Peek::fragmented_control},
        {"\x09"s, Peek::fragmented_control},
        {"\x0A"s, Peek::fragmented_control},
        {"\x81\x80"s, Peek::masked},
        {"\x89\xFE"s, Peek::masked},
        {"\x88\x7E"s, Peek::large_control},
        {"\x89\x7F"s, Peek::large_control},
        {"\x81\x7F\x80"s, Peek::length_too_large},
        {"\x81\x7E\x00\x7D"s, Peek::length_not_minimal},
        {"\x81\x7F\x00\x00\x00\x00\x00\x00\xFF\xFF"s, Peek::length_not_minimal},
    }));
    CAPTURE(bytes);
    CHECK(peek(bytes).what == what);
    CHECK(peek(bytes.substr(0, bytes.size() - 1)).what == Peek::incomplete);
    CHECK_FALSE(to_string(what).empty());
}

TEST_CASE("what was seen of a frame has words of its own", "[protocol]")
{
    std::set<std::string_view> words;
    for (int what = 0; what <= static_cast<int>(Peek::length_too_large); ++what) {
        const auto of_this = to_string(static_cast<Peek>(what));
        CHECK_FALSE(of_this.empty());
        CHECK(words.insert(of_this).second);
    }
    CHECK(to_string(static_cast<Peek>(99)).empty());
}

TEST_CASE("S13 with permessage-deflate RSV1 may be set on the first frame of a message only", "[protocol]")
{
    CHECK(peek({"\xC1\x00", 2}, Rsv1::compressed).what == Peek::complete);
    CHECK(peek({"\x42\x00", 2}, Rsv1::compressed).what == Peek::complete);
    CHECK(peek("\xC0", Rsv1::compressed).what == Peek::reserved_bits);
    CHECK(peek("\xC9", Rsv1::compressed).what == Peek::reserved_bits);
    CHECK(peek("\xE1", Rsv1::compressed).what == Peek::reserved_bits);
}
