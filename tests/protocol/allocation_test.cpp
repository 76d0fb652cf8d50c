// SPDX-License-Identifier: BSL-1.0
#include <websockxx/protocol/protocol.hpp>

#include "protocol/compressor.hpp"
#include "protocol/talk.hpp"
#include "support/allocations.hpp"
#include "support/test.hpp"

#include <cstdlib>
#include <new>

#include <malloc.h>

using namespace websockxx;
using namespace websockxx::test;
using frames::encode;

// For the whole test program. All forms, because sanitizers have their own; not inlined, because a compiler that sees
// only one half warns of free().
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    ++allocations;
    allocated_bytes += size;
    void* memory = std::malloc(size == 0 ? 1 : size);
    const auto live = live_bytes += malloc_usable_size(memory);
    if (live > most_live_bytes) most_live_bytes = live;
    return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size)
{
    if (void* memory = operator new(size, std::nothrow)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept
{
    live_bytes -= malloc_usable_size(memory);
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return operator new(size, std::nothrow); }
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace {

/// As the transport does it: as much as there is room for, then everything that happened. Until there is an error.
std::size_t feed(protocol::Protocol& protocol, std::string_view bytes)
{
    std::size_t messages = 0;
    while (!bytes.empty() && !protocol.error()) {
        const auto room = protocol.prepare();
        const auto size = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), size);
        protocol.commit(size);
        bytes.remove_prefix(size);
        for (auto event = protocol.next(); event != Event::nothing; event = protocol.next()) ++messages;
    }
    return messages;
}

} // namespace

TEST_CASE("receiving takes no memory per message", "[protocol]")
{
    const std::size_t size = GENERATE(0u, 64u, 16'384u, 100'000u);
    const std::size_t at_once = GENERATE(1u, 20u);
    const bool compresses = GENERATE(false, true);
    OpenTalk talk(compresses ? Talk::deflate_conn() : Talk::plain_conn());
    std::string bytes;
    for (std::size_t number = 0; number < at_once; ++number) {
        bytes += encode(number % 2 == 0 ? frames::text : frames::binary, std::string(size, 'x'));
        if (number == 7) bytes += encode(frames::ping, std::string(100, 'p'));
    }
    for (int times = 0; times < 20; ++times) feed(talk.protocol, bytes); // the buffers find their sizes
    std::size_t messages = 0;
    const auto count = count_allocations([&] {
        for (int times = 0; times < 100; ++times) messages += feed(talk.protocol, bytes);
    });
    CHECK(messages == 100 * (at_once + (at_once > 7 ? 1 : 0)));
    CHECK(count == 0);
}

TEST_CASE("receiving fragments takes no memory per message", "[protocol]")
{
    OpenTalk talk;
    const auto bytes = encode(frames::text, std::string(64, 'x'), frames::unfinished) +
                       encode(frames::continuation, "", frames::unfinished) +
                       encode(frames::continuation, std::string(20'000, 'x'));
    for (int times = 0; times < 20; ++times) feed(talk.protocol, bytes);
    CHECK(count_allocations([&] { feed(talk.protocol, bytes); }) == 0);
}

TEST_CASE("receiving compressed messages takes no memory per message", "[protocol]")
{
    OpenTalk talk(Talk::deflate_conn());
    Compressor compressor;
    const auto one = encode(frames::text, compressor.message(std::string(5000, 'x')), frames::compressed);
    compressor.reset();
    for (int times = 0; times < 20; ++times) feed(talk.protocol, one);
    CHECK(count_allocations([&] { feed(talk.protocol, one); }) == 0);
}

TEST_CASE("writing takes no memory per message", "[protocol]")
{
    const std::size_t size = GENERATE(0u, 64u, 16'384u);
    const bool compresses = GENERATE(false, true);
    OpenTalk talk(compresses ? Talk::deflate_conn() : Talk::plain_conn());
    const auto text = Frame::text(std::string(size, 'x'));
    const auto binary = Frame::binary(std::string(size, 'x'));
    const auto ping = Frame::ping("p");
    const auto write = [&] {
        (void)talk.protocol.write(text);
        (void)talk.protocol.write(binary);
        (void)talk.protocol.write(ping);
        talk.protocol.consume(talk.protocol.output().size());
    };
    for (int times = 0; times < 10; ++times) write();
    const auto count = count_allocations([&] {
        for (int times = 0; times < 100; ++times) write();
    });
    CHECK(count == 0);
}

TEST_CASE("S2 a length that is announced takes no memory", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.limits.message_bytes = std::size_t{1} << 62;
    OpenTalk talk(conn);
    const auto bytes = frames::header(frames::binary, std::uint64_t{1} << 62) + std::string(1000, 'x');
    CHECK(count_bytes([&] { feed(talk.protocol, bytes); }) < 16 * 1024);
}

TEST_CASE("S4 fragments of one byte take no more memory than what they bring", "[protocol]")
{
    auto conn = Talk::plain_conn();
    conn.limits.fragments = 1'000'000;
    OpenTalk talk(conn);
    constexpr std::size_t count = 200'000;
    std::string bytes = encode(frames::binary, "x", frames::unfinished);
    const auto one = encode(frames::continuation, "x", frames::unfinished);
    for (std::size_t number = 0; number < count; ++number) bytes += one;
    // The sum of all sizes that the growing buffers have had, each twice the one before.
    CHECK(count_bytes([&] { feed(talk.protocol, bytes); }) < 4 * count + 256 * 1024);
}

TEST_CASE("S5 an answer without an end takes no more memory than its limit", "[protocol]")
{
    Talk talk;
    const auto bytes = "HTTP/1.1 101 Switching\r\nX: " + std::string(10'000'000, 'x');
    // All sizes that the input has had while it grew to 64 KiB, and the head to its limit.
    CHECK(count_bytes([&] { feed(talk.protocol, bytes); }) < 192 * 1024);
    CHECK(talk.protocol.error().code() == errc::handshake_too_large);
}

TEST_CASE("memory that one large message needed is given back after a while of small ones", "[protocol]")
{
    OpenTalk talk;
    const auto what = GENERATE(frames::binary, frames::ping);
    const auto small = encode(what, "small");
    const auto large = encode(frames::binary, std::string(1'000'000, 'x'));
    const std::size_t before = live_bytes;
    feed(talk.protocol, large);
    CHECK(live_bytes >= before + 1'000'000);
    for (int times = 0; times < 20; ++times) feed(talk.protocol, small);
    CHECK(live_bytes <= before + 64 * 1024);
}

TEST_CASE("an idle connection gives all memory back that messages needed, and goes on", "[protocol]")
{
    Conn conn = Talk::plain_conn();
    conn.limits.message_bytes = 4 * 1024 * 1024;
    OpenTalk talk(conn);
    const auto large = encode(frames::binary, std::string(1'000'000, 'x'));
    const auto small = encode(frames::text, "small");
    const auto reply = Frame::text(std::string(100'000, 'r'));
    // Beast has a list of its streams in each context, which grows with the first second one.
    (void)talk.protocol.write(reply);
    talk.protocol.consume(talk.protocol.output().size());
    talk.protocol.trim();
    const std::size_t before = live_bytes;
    feed(talk.protocol, large);
    (void)talk.protocol.write(reply);
    talk.protocol.consume(talk.protocol.output().size());
    talk.protocol.trim();
    const std::size_t after = live_bytes; // before CHECK takes memory
    CHECK(after <= before);

    CHECK(feed(talk.protocol, small) == 1);
    CHECK(talk.protocol.frame() == Frame::text("small"));
    CHECK_FALSE(talk.protocol.write(Frame::text("reply")));
    CHECK(talk.protocol.output().size() == 11);
}
