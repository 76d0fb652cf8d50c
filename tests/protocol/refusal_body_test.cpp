// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/refusal_body.hpp>

#include "support/test.hpp"

#include <algorithm>
#include <string>
#include <string_view>

using websockxx::protocol::RefusalBody;
using Framing = RefusalBody::Framing;

namespace {

struct Read {
    std::string body;
    std::size_t used; ///< bytes until it was over; npos: it never was
};

constexpr auto never = std::string_view::npos;

/// In pieces, the first and then all others of these sizes.
Read read(RefusalBody reader, std::string_view bytes, std::size_t first, std::size_t others)
{
    Read found{{}, never};
    for (std::size_t at = 0; at < bytes.size();) {
        const auto piece = bytes.substr(at, at == 0 ? first : others);
        at += piece.size();
        if (!reader.read(piece, found.body)) continue;
        found.used = at;
        break;
    }
    return found;
}

/// However it comes, cut anywhere: the same. Byte by byte, it is over with its last byte.
void check(const RefusalBody& reader, std::string_view bytes, std::string_view body, std::size_t used)
{
    CAPTURE(bytes);
    for (std::size_t cut = 1; cut <= bytes.size(); ++cut) {
        CAPTURE(cut);
        const auto found = read(reader, bytes, cut, bytes.size());
        CHECK(found.body == body);
        CHECK((found.used == never) == (used == never));
    }
    const auto found = read(reader, bytes, 1, 1);
    CHECK(found.body == body);
    CHECK(found.used == used);
}

} // namespace

TEST_CASE("a refusal's body of chunks is put together, however it is cut", "[protocol]")
{
    const auto [bytes, body] = GENERATE(table<std::string_view, std::string_view>({
        {"0\r\n", ""}, {"0\n", ""}, {"5\r\nHello\r\n0\r\n", "Hello"},
        {"00000005\r\nHello\r\n1\r\n!\r\n00\r\n", "Hello!"}, {"a;name=value\r\n0123456789\r\n0;x\r\n", "0123456789"},
        {"A \r\n0123456789\r\n0\r\n", "0123456789"},
        {"5\r\n\r\n0\r\n\r\n0\r\n", "\r\n0\r\n"}, // what looks like framing is data
    }));
    check({Framing::chunks, 0, 1000}, bytes, body, bytes.size());
}

TEST_CASE("a refusal's body ends where its chunks are broken", "[protocol]")
{
    const auto [good, bad, body] = GENERATE(table<std::string, std::string, std::string>({
        {"", "x", ""},
        {"", "\r", ""},
        {"", ";", ""},
        {"5", "x", ""},
        {"5\r\nHello", "x", "Hello"},
        {"5\r\nHello\r", "x", "Hello"},
        {"5\r\nHello\r\n", "-", "Hello"},
        {"0000000000000000", "0", ""}, // more digits than a length has
        {"1;" + std::string(4094, 'e'), "e", ""},
    }));
    check({Framing::chunks, 0, 1000}, good + bad, body, good.size() + 1);
    check({Framing::chunks, 0, 1000}, good, body, never);
}

TEST_CASE("a refusal's body of a known length ends there", "[protocol]")
{
    check({Framing::length, 5, 1000}, "Hello", "Hello", 5);
    check({Framing::length, 5, 1000}, "Hello, world", "Hello", 5);
    check({Framing::length, 6, 1000}, "Hello", "Hello", never);
    check({Framing::length, 0xFFFF'FFFF'FFFF'FFFF, 1000}, "Hello", "Hello", never);
}

TEST_CASE("a refusal's body without a length goes on to the end of the stream", "[protocol]")
{
    check({Framing::end_of_stream, 0, 1000}, "Hello\r\n0\r\n\r\n", "Hello\r\n0\r\n\r\n", never);
}

TEST_CASE("S5 no more is kept of a refusal's body than was asked for", "[protocol]")
{
    check({Framing::end_of_stream, 0, 3}, "Hello", "Hel", 3);
    check({Framing::length, 5, 3}, "Hello", "Hel", 3);
    check({Framing::chunks, 0, 3}, "2\r\nHe\r\n3\r\nllo\r\n0\r\n", "Hel", 11);
    check({Framing::chunks, 0, 3}, "3\r\nHel\r\n0\r\n", "Hel", 6);
    check({Framing::chunks, 0, 3}, "FFFFFFFFFFFFFFFF\r\nHello", "Hel", 21);
    check({Framing::end_of_stream, 0, 0}, "Hello", "", 1);
}
