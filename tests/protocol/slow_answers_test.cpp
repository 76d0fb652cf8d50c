// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/talk.hpp"
#include "support/allocations.hpp"
#include "support/test.hpp"

#include <string>

using namespace websockxx;
using namespace websockxx::test;

namespace {

constexpr std::size_t kib = 1024;

std::string filled(std::string_view text, std::size_t size)
{
    std::string filled;
    while (filled.size() < size) filled += text;
    filled.resize(size);
    return filled;
}

Conn asking_for_much()
{
    auto conn = Talk::deflate_conn();
    for (int number = 0; number < 100; ++number) conn.subprotocols.push_back("protocol-" + std::to_string(number));
    return conn;
}

/// Reads an answer with these fields. Returns the memory that it took, over all.
std::size_t memory_of(const std::string& fields, const Conn& conn, Pieces pieces)
{
    Talk talk(conn, pieces);
    const auto answer = talk.answer(fields);
    const auto memory = count_bytes([&] { talk.feed(answer); });
    CHECK(talk.happenings.size() == 1);
    CHECK(talk.protocol.error().detail().size() <= 300);
    return memory;
}

} // namespace

TEST_CASE("S17 an answer that is made to be slow costs no more than its length", "[protocol]")
{
    const std::string name = GENERATE(as<std::string>(), "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Accept", "Sec-WebSocket-Version", "Upgrade", "Connection", "X-Other");
    const std::string trick = GENERATE(as<std::string>(), ",", ";", " ", "\t ", "=", "\"", "\\\"", "a", "a,", "a;",
        " ,", " ;", "a=\"b\";", "a=\"\\\"", "protocol-1,", "permessage-deflate,", "permessage-deflate;",
        "permessage-deflate; server_max_window_bits=10,", "client_no_context_takeover;", "websocket,", "Upgrade,");
    const auto pieces = GENERATE(Pieces::whole, Pieces::random);
    CAPTURE(name, trick);
    const auto conn = asking_for_much();
    const auto field = [&](std::size_t size) { return name + ": " + filled(trick, size) + "\r\n"; };
    CHECK(memory_of(field(15 * kib), conn, pieces) < 256 * kib);

    // As many fields as are allowed, beside those of a good answer; and lists that begin well.
    std::string fields;
    while (fields.size() + field(150).size() < 14 * kib) fields += field(150);
    CHECK(memory_of(fields, conn, pieces) < 256 * kib);
    CHECK(memory_of(name + ": permessage-deflate; " + filled(trick, 15 * kib) + "\r\n", conn, pieces) < 256 * kib);
}

TEST_CASE("S17 an answer of megabytes, if they are allowed, that comes byte by byte is no slower", "[protocol]")
{
    auto conn = asking_for_much();
    conn.limits.handshake_bytes = 4 * kib * kib;
    conn.limits.handshake_fields = 1'000'000;
    const std::string fields = GENERATE("Sec-WebSocket-Extensions: " + filled("a=\"\\\"", 2 * kib * kib) + "\r\n",
        "Sec-WebSocket-Protocol: " + filled(" ,", 2 * kib * kib) + "\r\n",
        filled("Sec-WebSocket-Protocol: x\r\n", 27 * 40'000));
    Talk talk(conn, Pieces::bytes);
    talk.feed(talk.answer(fields));
    CHECK(talk.happenings == Happenings{refused});
}
