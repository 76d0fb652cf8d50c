// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/talk.hpp"
#include "support/allocations.hpp"
#include "support/test.hpp"

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

/// What messages of 64 MiB cost, by counting and not by the clock.

namespace {

constexpr std::size_t large = 64 << 20;

/// A server whose bytes are made when they are read, so that the test itself needs no memory for them.
class Source {
public:
    explicit Source(protocol::Protocol& protocol) : protocol_(protocol) {}

    /// Gives `size` bytes, in pieces of at most `piece` as the kernel would; `fill` makes them from a room and the
    /// number of those that came before. Returns false when the protocol has failed.
    template <class Fill>
    bool give(std::size_t size, std::size_t piece, const Fill& fill)
    {
        for (std::size_t at = 0; at < size;) {
            const auto room = protocol_.prepare();
            const auto count = std::min({room.size(), size - at, piece});
            fill(room.first(count), at);
            protocol_.commit(count);
            at += count;
            given += count;
            ++reads;
            for (auto event = protocol_.next(); event != Event::nothing; event = protocol_.next()) {
                ++events;
                if (event == Event::message) size_of_message = protocol_.frame().size();
                if (event == Event::fragment) size_of_message += protocol_.fragment().text.size();
                if (event == Event::failed) return false;
            }
        }
        return true;
    }
    bool give(std::string_view bytes)
    {
        return give(bytes.size(), bytes.size(), [bytes](std::span<std::byte> room, std::size_t at) {
            std::memcpy(room.data(), bytes.data() + at, room.size());
        });
    }

    std::size_t given = 0;
    std::size_t reads = 0;
    std::size_t events = 0;
    std::size_t size_of_message = 0;

private:
    protocol::Protocol& protocol_;
};

void fill_with_x(std::span<std::byte> room, std::size_t) { std::memset(room.data(), 'x', room.size()); }

Conn that_allows(std::size_t bytes)
{
    auto conn = Talk::plain_conn();
    conn.limits.message_bytes = bytes;
    return conn;
}

} // namespace

TEST_CASE("S4 a message of 64 MiB in fragments of one byte is refused as soon as the limit of fragments is passed",
    "[protocol]")
{
    auto conn = that_allows(large);
    conn.deliver_fragments = GENERATE(false, true);
    OpenTalk talk(conn);
    Source source(talk.protocol);
    CHECK(source.give(encode(frames::binary, "x", frames::unfinished)));
    const auto one = encode(frames::continuation, "x", frames::unfinished);
    bool accepted = true;
    const auto cost = count_bytes([&] {
        accepted = source.give(3 * large, 4096, [&one](std::span<std::byte> room, std::size_t at) {
            for (auto& byte : room) byte = static_cast<std::byte>(one[at++ % one.size()]);
        });
    });
    CHECK_FALSE(accepted);
    CHECK(talk.protocol.error().code() == errc::too_many_fragments);
    CHECK(talk.protocol.sent()->code == close_code::too_big);
    // Each frame is of three bytes, and one read may have brought more than was looked at.
    const auto allowed = 3 * conn.limits.fragments;
    CHECK(source.given >= allowed);
    CHECK(source.given <= allowed + 2 * 4096);
    CHECK(source.events <= conn.limits.fragments + 1);
    // 128 KiB of payload, in memory that has doubled, and what the input has grown to.
    CHECK(cost < 3 * conn.limits.fragments + 64 * 1024);
}

TEST_CASE("a message of 64 MiB takes twice its size in all, and as many reads as it has pieces", "[protocol]")
{
    const std::size_t piece = GENERATE(std::size_t{8 * 1024}, std::size_t{64 * 1024}, std::string::npos);
    const auto opcode = GENERATE(frames::text, frames::binary);
    OpenTalk talk(that_allows(large));
    Source source(talk.protocol);
    std::size_t allocated = 0;
    const auto count = count_allocations([&] {
        allocated = count_bytes([&] {
            source.give(frames::header(opcode, large));
            source.give(large, piece, fill_with_x);
        });
    });
    CHECK(source.events == 1);
    CHECK(source.size_of_message == large);
    CHECK(allocated > large);
    CHECK(allocated < 2 * large + (2 << 20)); // the input, as well
    CHECK(count < 32);                        // each larger than the one before
    const auto pieces = piece == std::string::npos ? 0 : large / piece;
    // What fills the memory is cut where that ends, each time that it has grown.
    CHECK(source.reads <= pieces + 32);

    // The next one has all the memory that it needs, but for an input that finds its size.
    CHECK(count_allocations([&] {
        source.give(frames::header(opcode, large));
        source.give(large, piece, fill_with_x);
    }) <= 1);
    CHECK(source.events == 2);
}

TEST_CASE("a message of 64 MiB in frames of 64 KiB takes twice its size in all", "[protocol]")
{
    constexpr std::size_t frame = 64 * 1024;
    OpenTalk talk(that_allows(large));
    Source source(talk.protocol);
    const auto allocated = count_bytes([&] {
        for (std::size_t at = 0; at < large; at += frame) {
            source.give(
                frames::header(at == 0 ? frames::binary : frames::continuation, frame, {.fin = at + frame == large}));
            source.give(frame, frame, fill_with_x);
        }
    });
    CHECK(source.size_of_message == large);
    CHECK(allocated < 2 * large + (2 << 20));
    CHECK(source.reads <= 4 * large / frame);
}

TEST_CASE("a message of 64 MiB that is handed over in parts takes no more memory than the input", "[protocol]")
{
    auto conn = that_allows(large);
    conn.deliver_fragments = true;
    OpenTalk talk(conn);
    Source source(talk.protocol);
    const auto live = most_live([&] {
        source.give(frames::header(frames::binary, large));
        source.give(large, std::string::npos, fill_with_x);
    });
    CHECK(source.size_of_message == large);
    CHECK(live > 100 * 1024);
    CHECK(live < 512 * 1024);
    CHECK(source.events <= source.reads + 1);
    CHECK(source.reads < 2 * large / (256 * 1024));
}
